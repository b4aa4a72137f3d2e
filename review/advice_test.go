package review

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// What a rule says to look at next, its title and its innocent causes come in the reader's language; what was asked stands
// before its answer, once.
func TestAdvice(t *testing.T) {
	tw := readTown(t, func(o *Options) {
		o.Words = func(lang, rule string) (RuleWords, bool) {
			return RuleWords{Title: lang + " title of " + rule, Reason: lang + " reason", Next: []string{lang + " look there", lang + " next of " + rule}}, rule != "downgrade-2g"
		}
		o.Translate = func(lang, text string) (string, bool) {
			return lang + " cause", strings.HasPrefix(text, "the subscription")
		}
		o.Asked = func(s *cell.Source, line string) (string, string) {
			require.Equal(t, "EC25", s.Model)
			if line[:5] == "+QENG" {
				return "AT+QENG", "cells"
			}
			return "", ""
		}
	})
	for _, path := range []string{"/event/" + tw.events[0].ID, "/event/" + tw.events[0].ID + "/report"} {
		fr := get(tw.review, path, cookie("vigie-lang", "fr")).Body.String()
		for _, want := range []string{"Fr title of registration-rejected", "Forced down to 2G", "fr look there", "fr next of area-code-mismatch", "<li>fr cause</li>",
			`<li lang="en">a roaming agreement does not hold in this area</li>`, `title="cells">AT&#43;QENG</code>`, "1 événement avec cette règle ici, 1 jour sur 9"} {
			require.Contains(t, fr, want, path)
		}
		require.NotContains(t, fr, "En title", path)
		require.Contains(t, get(tw.review, path).Body.String(), "En title of registration-rejected", path)
	}

}
