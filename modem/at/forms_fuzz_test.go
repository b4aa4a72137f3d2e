package at

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator/hostile"
)

// FuzzForms plants a form of an identity between any two texts, under any stamp: it never survives. Whatever the texts are, a line is
// scrubbed once and for all, and stays text.
func FuzzForms(f *testing.F) {
	f.Add(uint64(1), uint16(0), uint8(0), "+XID: ", ",7")
	f.Add(uint64(2), uint16(300), uint8(3), "\x1b[31m", "\x00")
	f.Add(uint64(3), uint16(77), uint8(9), `+QENG: "servingcell","NOCONN","LTE","FDD",`, `,-93,-11,-61`)
	for i, line := range realLines {
		f.Add(uint64(i), uint16(i*13), uint8(i), line, "")
	}
	f.Fuzz(func(t *testing.T, seed uint64, which uint16, stamp uint8, before, after string) {
		line := strings.ToValidUTF8(before, broken) + strings.ToValidUTF8(after, broken)
		once, n := Scrub(line)
		twice, _ := Scrub(once)
		require.Equal(t, once, twice, "%q", line)
		require.Equal(t, once != line, n > 0, "%q", line)
		require.True(t, utf8.ValidString(once))
		require.True(t, strings.HasSuffix(line, Unstamped(line)))

		forms := hostile.NewPerson(rand.New(rand.NewPCG(seed, 1))).Forms()
		form := forms[int(which)%len(forms)]
		if form.Whole || form.Loose || strings.Contains(form.Text, "\n") {
			return
		}
		// Digits, letters and separators of groups next to it would be a part of something else.
		before, after = tame(before), tame(after)
		if before != "" {
			before += `;"`
		}
		if after != "" {
			after = `",;` + after
		}
		planted := stamps[int(stamp)%len(stamps)] + before + form.Text + after
		out, _ := Scrub(planted)
		require.Empty(t, hostile.Leaks(out, form), "%q becomes %q", planted, out)
	})
}

// tame is a text without digits and line ends: what is left of it cannot hold a secret.
func tame(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r >= '0' && r <= '9' || r >= 0x80 {
			return -1
		}
		return r
	}, s)
}
