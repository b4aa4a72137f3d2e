package dialect

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/at"
)

// stamps are what loggers write before a line.
var stamps = []string{"12:34:56.789 -> ", "00> ", "[00:00:12.345,678] <inf> ", "[2024-01-01 12:00:00] ", "Jan 01 12:00:00 host prog[1]: ", "1704110400.123456 ", "1704110400 ",
	"2024-01-01T12:00:00.123Z ", "2024-01-01 12:00:00,123 ", "<< ", "RX: ", "<-- ", "I (12345) modem: ", "[    12.345678] ", "[12:00:00] [RX] ", "01/31/24 12:00:00 PM: "}

// Stamps before every line of every recording change nothing in what is decoded, nor in which family is recognised.
func TestStampsChangeNothing(t *testing.T) {
	for i, x := range transcripts(t) {
		d, err := ByName(x.family)
		require.NoError(t, err)
		lf := strings.ReplaceAll(x.input, "\r\n", "\n")
		lf = strings.ReplaceAll(lf, "\r", "\n")
		want, wantCounts, err := DecodeText(strings.NewReader(lf), d)
		require.NoError(t, err)
		guess := Guess(strings.Split(lf, "\n"))
		for j := range 6 { // of all, in turn
			stamp := stamps[(6*i+j)%len(stamps)]
			text := stamped(lf, stamp)
			got, gotCounts, err := DecodeText(strings.NewReader(text), d)
			require.NoError(t, err)
			require.Equal(t, want, got, "%s under %q", x.path, stamp)
			require.Equal(t, wantCounts, gotCounts, "%s under %q", x.path, stamp)
			require.Equal(t, guess, Guess(strings.Split(text, "\n")), "%s under %q", x.path, stamp)
		}
	}
}

// stamped writes a stamp before every line.
func stamped(text, stamp string) string {
	end := ""
	if body, ended := strings.CutSuffix(text, "\n"); ended {
		text, end = body, "\n"
	}
	return stamp + strings.ReplaceAll(text, "\n", "\n"+stamp) + end
}

// Every prefix of an answer that a dialect declares is one of rows of cells, or else Scrub takes long numbers in it for numbers of subscribers.
func TestRowsAreKnown(t *testing.T) {
	missing := map[string]bool{}
	for _, c := range everything(true) {
		for _, p := range append(append([]string{}, c.Prefixes...), c.After...) {
			switch p {
			case "+CGMI", "+CGMM", "+CGMR":
				continue
			}
			missing[p] = missing[p] || !at.IsRow(p)
		}
	}
	maps.DeleteFunc(missing, func(_ string, is bool) bool { return !is })
	require.Empty(t, missing, "add these prefixes to rows in modem/at/scrub.go")
}

// rawAnswers splits a text into the answers of commands, without redaction.
func rawAnswers(text string) (all []Answer) {
	var now Answer
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		line = strings.TrimSpace(line)
		upper := strings.ToUpper(line)
		switch {
		case strings.HasPrefix(upper, "AT"):
			all = append(all, now)
			now = Answer{Command: strings.TrimPrefix(upper, "AT")}
		case line == "OK" || line == "ERROR":
			now.Final = line
		case line != "":
			now.Lines = append(now.Lines, line)
		}
	}
	return append(all, now)
}

// Nothing of what a modem says of cells is taken for an identity: every recording, and thirty thousand lines made from recorded ones with other
// digits, read the same after redaction.
func TestRedactionHarmsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 2))
	all := transcripts(t)
	for _, pattern := range []string{"../at/testdata/*.txt", "../testdata/*.txt", "../emulator/testdata/*.txt"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		for _, p := range paths {
			text, err := os.ReadFile(p)
			require.NoError(t, err)
			_, n, err := DecodeText(bytes.NewReader(text), nil)
			require.NoError(t, err)
			all = append(all, transcript{path: p, family: n.Dialect.Name, input: string(text)})
		}
	}
	lines := 0
	for round := 0; lines < 30000; round++ {
		for _, x := range all {
			d, err := ByName(x.family)
			require.NoError(t, err)
			for _, a := range rawAnswers(x.input) {
				before := Answer{Command: a.Command, Final: a.Final}
				after := before
				for _, l := range a.Lines {
					if round > 0 {
						l = otherDigits(r, l)
					}
					redacted, _ := at.Scrub(l)
					before.Lines, after.Lines = append(before.Lines, l), append(after.Lines, redacted)
					stamp := stamps[r.IntN(len(stamps))]
					underStamp, _ := at.Scrub(stamp + l)
					require.Equal(t, redacted, at.Unstamped(underStamp), "%q under %q", l, stamp)
					lines++
				}
				want, got := d.Decode([]Answer{before}), d.Decode([]Answer{after})
				want.Observation.Raw, got.Observation.Raw = nil, nil
				for i := range want.Sweep {
					want.Sweep[i].Raw = nil
				}
				for i := range got.Sweep {
					got.Sweep[i].Raw = nil
				}
				require.Equal(t, want.Observation, got.Observation, "%s: %q becomes %q", x.path, before.Lines, after.Lines)
				require.Equal(t, want.Sweep, got.Sweep, "%s: %q becomes %q", x.path, before.Lines, after.Lines)
				require.Len(t, got.Rejects, len(want.Rejects), "%s: %q becomes %q", x.path, before.Lines, after.Lines)
			}
		}
	}
}

// Lists of bands stay whole, however long they are and wherever they begin.
func TestListsOfBandsStay(t *testing.T) {
	for _, bands := range []string{"1:2:3:5:7:8:12:13:14:18:20:25:26:28:38:40:41:48:66:71:75:76:77:78:79", "257:258:260:261:262:263:264", "12:20:25:28:38:40",
		"41:3:28:7:78:1:20:38:40:5:8:66:71", "78:41:66:77:28:20:12:71:38:40:25:48", "10:20:30:40:41:42:43:48"} {
		for _, format := range []string{`+QNWPREFCFG: "nr5g_band",`, `+QNWPREFCFG: "lte_band",`, "+QNWPREFCFG: \"nsa_nr5g_band\",3:"} {
			line := format + bands
			clean, n := at.Scrub(line)
			require.Equal(t, line, clean)
			require.Zero(t, n)
		}
	}
}

// otherDigits changes some of the digits of a line, and keeps how many there are. It writes no zero before a number, which would make a
// channel look like a telephone number.
func otherDigits(r *rand.Rand, line string) string {
	b := []byte(line)
	inside := false
	for i, c := range b {
		digit := '0' <= c && c <= '9'
		if digit && r.IntN(3) == 0 {
			least := 1
			if inside {
				least = 0
			}
			b[i] = byte('0' + least + r.IntN(10-least))
		}
		inside = digit
	}
	return string(b)
}

// A list of neighbours of which every row was refused is not told as an empty one.
func TestRefusedListIsNotEmpty(t *testing.T) {
	lists := 0
	for _, x := range transcripts(t) {
		d, err := ByName(x.family)
		require.NoError(t, err)
		for _, a := range rawAnswers(x.input) {
			if len(d.Decode([]Answer{a}).Observation.Neighbours) == 0 {
				continue
			}
			lists++
			for _, bad := range []string{"x", "99999999999"} {
				broken := a
				broken.Lines = nil
				for _, l := range a.Lines {
					broken.Lines = append(broken.Lines, regexp.MustCompile(`\d+`).ReplaceAllString(l, bad))
				}
				got := d.Decode([]Answer{broken})
				if len(got.Rejects) > 0 && got.Observation.Neighbours != nil {
					require.NotEmpty(t, got.Observation.Neighbours, "%s: %q", x.path, broken.Lines)
				}
			}
		}
	}
	require.Greater(t, lists, 20)
}
