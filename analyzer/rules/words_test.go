package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/words"
)

// Whoever adds a rule says in both languages why it matters and what to look at next.
func TestWordsOfEveryRule(t *testing.T) {
	known := map[string]bool{}
	for _, r := range All() {
		file := "rules/" + strings.ReplaceAll(r.ID, "-", "_")
		known[file] = true
		for _, lang := range []string{"en", "fr"} {
			w, ok := WordsOf(lang, r.ID)
			require.True(t, ok, "%s has no words in %q: add words/%s.json", r.ID, lang, file)
			require.Len(t, w.Innocent, len(r.Innocent), "%s: innocent causes in %q", r.ID, lang)
			require.NotEmpty(t, w.Next, "%s: what to look at next in %q", r.ID, lang)
			for _, s := range append(append([]string{w.Title, w.Reason}, w.Innocent...), w.Next...) {
				require.NotEmpty(t, strings.TrimSpace(s), "%s in %q", r.ID, lang)
			}
		}
		for i, cause := range r.Innocent {
			if untranslated(r.ID) {
				continue
			}
			fr, ok := In("fr", cause)
			require.True(t, ok)
			require.NotEqual(t, cause, fr, "%s: cause %d", r.ID, i)
		}
	}
	for _, file := range words.Files() {
		require.True(t, known[file] || !strings.HasPrefix(file, "rules/"), "words/%s.json is of no rule", file)
	}
}

func TestNextSaysEachOnce(t *testing.T) {
	e := analyzer.Event{Findings: []analyzer.Finding{{Rule: "downgrade-2g"}, {Rule: "downgrade-3g"}, {Rule: "unknown"}, {Rule: "downgrade-2g"}}}
	next := Next("en", &e)
	require.NotEmpty(t, next)
	seen := map[string]bool{}
	for _, n := range next {
		require.False(t, seen[n], n)
		seen[n] = true
	}
}
