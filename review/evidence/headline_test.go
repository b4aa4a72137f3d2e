package evidence

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/words"
)

// found is an event of these rules.
func found(ids ...string) *analyzer.Event {
	e := &analyzer.Event{}
	for i, id := range ids {
		e.Findings = append(e.Findings, analyzer.Finding{Rule: id, Summary: "It weighs " + string(rune('1'+i)) + ".5."})
	}
	return e
}

func TestHeadlines(t *testing.T) {
	for _, c := range []struct {
		want  string
		rules []string
	}{
		{"A known cell number appeared under another area code", []string{"loud-newcomer", "area-code-mismatch"}},
		{"A cell refused the modem, which then fell to 2G", []string{"area-code-mismatch", "registration-rejected", "downgrade-2g"}},
		{"Pulled to an older network and let go, as SMS blasters do", []string{"loud-newcomer", "downgrade-2g", "capture-release"}},
		{"An unusual cell came up, and the modem fell to 2G", []string{"new-cell", "downgrade-2g"}},
		{"A new and very loud cell", []string{"new-cell", "loud-newcomer"}},
		{"Every cell was lost, and an unusual one came after", []string{"lost-band", "new-cell"}},
		{"a known cell suddenly stronger", []string{"level-step"}},
		{"the clock of the network is wrong", []string{"level-step", "network-time"}}, // the heavier one
		{"Something unusual was noticed", []string{"<b>of another program</b>"}},
	} {
		require.Equal(t, c.want, HeadlineOf(found(c.rules...)).In("en"), c.rules)
	}
}

// Whatever is found, its headline has at most twelve words in each language.
func TestHeadlinesAreShort(t *testing.T) {
	all := []*analyzer.Event{{}}
	for _, a := range rules.All() {
		for _, b := range rules.All() {
			all = append(all, found(a.ID, b.ID))
		}
	}
	for _, p := range patterns {
		all = append(all, found(append(p.all[:len(p.all):len(p.all)], p.any...)...))
		for _, id := range append(p.all[:len(p.all):len(p.all)], p.any...) {
			require.True(t, words.Has(id+".plain"), "there is no rule %s", id)
		}
	}
	seen := map[Headline]bool{}
	for _, e := range all {
		h := HeadlineOf(e)
		seen[h] = true
		for _, lang := range words.Languages {
			text, ok := words.Lookup(lang, string(h))
			require.True(t, ok, "%s in %s", h, lang)
			require.LessOrEqual(t, len(strings.Fields(text)), 12, "%s: %s", lang, text)
		}
	}
	for _, p := range patterns {
		require.True(t, seen[p.headline], "no pair of findings gives %s", p.headline)
	}
}
