package console

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/words"
)

// hostile are texts in which a control character, or one that shows nothing, is more likely than it is in life.
func hostile() *rapid.Generator[string] {
	return rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\x1b[]0;m\a\b\r\n\t\u009b\u202e\u2066\u200b\ufeff\u00ad\u3164\U000e0041\x7f\u0085é"))))
}

func hidden(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return words.Hidden(r) && r != '\n' && r != '\t' })
}

// inPieces writes a text to w in pieces of any size, and cuts characters.
func inPieces(t *rapid.T, w interface{ Write([]byte) (int, error) }, text string) {
	for p := []byte(text); len(p) > 0; {
		n := min(len(p), rapid.IntRange(1, 40).Draw(t, "piece"))
		if _, err := w.Write(p[:n]); err != nil {
			t.Fatal(err)
		}
		p = p[n:]
	}
}

func TestTerminalGetsNothingHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostile().Draw(t, "text")
		var out bytes.Buffer
		inPieces(t, New(&out, "always"), text)
		if hidden(out.String()) {
			t.Fatalf("%q was printed as %q", text, out.String())
		}
		want := strings.Map(func(r rune) rune {
			if words.Hidden(r) && r != '\n' && r != '\t' {
				return '?'
			}
			return r
		}, text)
		// What ends in an escape character may be the beginning of a style, and waits.
		if got := out.String(); got != want && got+"?" != want {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestJSONKeepsItsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := hostile().Draw(t, "text")
		var plain, out bytes.Buffer
		enc := json.NewEncoder(&plain)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(map[string]string{text: text}); err != nil {
			t.Fatal(err)
		}
		inPieces(t, New(&out, "never").JSON(), plain.String())
		if hidden(out.String()) {
			t.Fatalf("%q was printed as %q", text, out.String())
		}
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got[text] != text {
			t.Fatalf("%q became %q", text, out.String())
		}
	})
}

// Our own styles pass, and those of others do not, next to each other and cut anywhere.
func TestOnlyOurOwnStyles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		term := New(&out, "always")
		inPieces(t, term, term.Paint(Red, "\x1b[31;1mred\x1b[2J")+"\n")
		if got := out.String(); got != "\x1b[31;1m?[31;1mred?[2J\x1b[0m\n" {
			t.Fatalf("%q", got)
		}
	})
}

func TestWhatIsNotUTF8(t *testing.T) {
	var out bytes.Buffer
	New(&out, "never").Printf("a\x9b31mb\xffc\n")
	require.Equal(t, "a\ufffd31mb\ufffdc\n", out.String())
}
