package rules

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// found are the events of all traces, found again by the rules, with their phrases.
func found(t *testing.T) (all []analyzer.Event) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	for _, path := range files {
		ar, err := txtar.ParseFile(path)
		require.NoError(t, err)
		text := string(ar.Files[0].Data)
		all = append(all, replayWith(analyzer.Options{Atlas: atlasOf(t, text)}, expand(t, text))...)
	}
	require.NotEmpty(t, all)
	return all
}

// translated reports whether all texts of the rules of an event have their French; that of a rule may be left open until a release.
func translated(e *analyzer.Event) bool {
	for _, f := range e.Findings {
		if untranslated(f.Rule) {
			return false
		}
	}
	return true
}

func untranslated(rule string) bool {
	return slices.ContainsFunc(words.Keys("rules/"+strings.ReplaceAll(rule, "-", "_")), func(key string) bool { _, ok := words.Lookup("fr", key); return !ok })
}

func joined(phrases []analyzer.Phrase, between string) string {
	var all []string
	for i := range phrases {
		all = append(all, phrases[i].String())
	}
	return strings.Join(all, between) + "."
}

// The English of every event of every trace is what its phrases make, to the byte; its French is what the parser of old sentences
// makes of the English; and a copy has both.
func TestPhrasesOfEveryTrace(t *testing.T) {
	said := map[string]bool{}
	for _, e := range found(t) {
		require.Equal(t, e.Summary, joined(e.Phrases, "; "))
		french := translated(&e)
		if french {
			fr, ok := e.SummaryIn("fr")
			require.True(t, ok, e.Summary)
			old, ok := TranslateOld("fr", e.Summary)
			require.True(t, ok, e.Summary)
			require.Equal(t, old, fr)
		}
		for i := range e.Findings {
			f := &e.Findings[i]
			said[f.Rule] = true
			require.Equal(t, f.Summary, joined(f.Phrases, ". "))
			if french {
				fr, ok := f.SummaryIn("fr")
				require.True(t, ok, f.Summary)
				old, ok := TranslateOld("fr", f.Summary)
				require.True(t, ok, f.Summary)
				require.Equal(t, old, fr)
			}
			for _, p := range f.Phrases {
				for _, a := range p.Args {
					require.Contains(t, analyzer.ArgKinds, a.Kind)
				}
			}
		}
		plain, err := json.Marshal(e)
		require.NoError(t, err)
		require.NotContains(t, string(plain), "phrases", "an event as it is printed has none")
		text, err := json.Marshal(e.Wording())
		require.NoError(t, err)
		var again analyzer.Worded
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, e.Phrases, again.Take().Phrases)
		require.Equal(t, e.Findings, again.Take().Findings)
	}
	for _, r := range All() {
		require.True(t, said[r.ID], r.ID)
	}
}

// A phrase that does not make the English sentence is not used: what was changed since is not said in the words of before.
func TestPhrasesOfAnotherSentence(t *testing.T) {
	e := found(t)[0]
	e.Summary = strings.Replace(e.Summary, "cell", "cell …", 1)
	text, ok := e.SummaryIn("fr")
	require.False(t, ok)
	require.Equal(t, e.Summary, text)
	for _, w := range []analyzer.Worded{{Event: e}, {Event: e, Phrases: &analyzer.Phrases{Findings: [][]analyzer.Phrase{{}, {}, {}, {}, {}, {}}}}} {
		for _, f := range w.Take().Findings {
			require.Empty(t, f.Phrases)
		}
	}
}

// What Say is given comes out as fmt writes it, whatever it is, and in French as it is written there.
func TestSay(t *testing.T) {
	id := analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.LTE, ID: 11016962, Area: 4660}
	odd := analyzer.Ident{Has: cell.FieldCellID, ID: 1<<64 - 1}
	for _, one := range []struct {
		format, english, french string
		args                    []any
	}{
		{"%s had been known under area %d", "LTE cell 11016962 (area 4660) had been known under area 7", "la cellule LTE 11016962 (zone 4660) était connue sous la zone 7", []any{&id, cell.Area(7)}},
		{"%s had been known under area %d", "cell 18446744073709551615 had been known under area 0", "la cellule 18446744073709551615 était connue sous la zone 0", []any{odd, uint8(0)}},
		{"the network says that it is %s, which is %s off", "the network says that it is 2026-03-01 12:00:00, which is 3h2m10s off",
			"le réseau donne pour heure 2026-03-01 12:00:00, soit un écart de 3\u00a0h 2\u00a0min 10\u00a0s",
			[]any{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 3*time.Hour + 2*time.Minute + 10*time.Second}},
		{"%s has no neighbours, where the modem listed some in %.0f %% of its answers", "LTE cell 11016962 (area 4660) has no neighbours, where the modem listed some in 98 % of its answers",
			"la cellule LTE 11016962 (zone 4660) n’a pas de voisines, alors que le modem en listait dans 98\u00a0% de ses réponses", []any{&id, 97.6}},
		{"%s is %.1f MHz wide, as %d of the %d cells before it", "LTE cell 11016962 (area 4660) is 1.4 MHz wide, as 1 of the 300 cells before it",
			"la cellule LTE 11016962 (zone 4660) est large de 1,4\u00a0MHz, comme 1 des 300 cellules d’avant", []any{&id, float32(1.4), uint32(1), 300}},
		{"%s belongs to network %s, of another country than all that were seen here", "LTE cell 11016962 (area 4660) belongs to network 206-01, of another country than all that were seen here",
			"la cellule LTE 11016962 (zone 4660) appartient au réseau 206-01, d’un autre pays que tous ceux vus ici", []any{id, cell.PLMN{MCC: "206", MNC: "01"}}},
		{"the modem fell from %s to %s: %s", "the modem fell from LTE to a 2G cell: LTE cell 11016962 (area 4660)", "le modem est tombé de LTE vers une cellule 2G\u202f: la cellule LTE 11016962 (zone 4660)",
			[]any{cell.LTE, "a 2G cell", &id}},
	} {
		var s analyzer.Signal
		s.Say(one.format, one.args...)
		require.Equal(t, one.english, s.Text)
		got, ok := s.Phrase.In("fr")
		require.True(t, ok, one.format)
		require.Equal(t, one.french, got)
	}
	var s analyzer.Signal
	s.Say("the modem fell from %s to %s: %s", cell.LTE, "something that has no French", &id)
	_, ok := s.Phrase.In("fr")
	require.False(t, ok, "half a sentence is not French")
	s.Say("a sentence that has no French")
	_, ok = s.Phrase.In("fr")
	require.False(t, ok)
}

// What a report without places takes out of a sentence it takes out of its phrase, and both say the same, in both languages.
func TestHide(t *testing.T) {
	number := regexp.MustCompile(`[\w.:+-]*\d(?:[\w.:+-]*\w)?`)
	generation := regexp.MustCompile(`^[2345]G$`)
	cut := func(text string) [][]int {
		return slices.DeleteFunc(number.FindAllStringIndex(text, -1), func(at []int) bool { return generation.MatchString(text[at[0]:at[1]]) })
	}
	hide := func(text string) string {
		for _, at := range slices.Backward(cut(text)) {
			text = text[:at[0]] + "…" + text[at[1]:]
		}
		return text
	}
	for _, before := range found(t) {
		e := before
		e.Findings = slices.Clone(e.Findings)
		e.HidePhrases(nil)
		require.Equal(t, before, e)
		for i := range e.Findings {
			e.Findings[i].Summary = hide(e.Findings[i].Summary)
		}
		e.Summary = hide(e.Summary)
		e.HidePhrases(cut)
		require.NotNil(t, e.Phrases)
		for i := range e.Findings {
			f := e.Findings[i]
			require.Equal(t, before.Findings[i].Summary, joined(before.Findings[i].Phrases, ". "), "the phrases of before are as they were")
			require.NotNil(t, f.Phrases, f.Summary)
			if untranslated(f.Rule) {
				continue
			}
			require.NotRegexp(t, `\d{2}`, f.Summary)
			fr, ok := f.SummaryIn("fr")
			require.True(t, ok, f.Summary)
			require.NotRegexp(t, `\d{2}`, fr)
			old, ok := TranslateOld("fr", f.Summary)
			require.True(t, ok, f.Summary)
			require.Equal(t, old, fr)
			text, err := json.Marshal(f.Phrases)
			require.NoError(t, err)
			require.NotRegexp(t, `"(?:number|id|pci|arfcn|area)":[1-9]`, string(text))
		}
	}
}

// An engine that is saved in the middle of an event goes on with its phrases.
func TestPhrasesOfASavedEngine(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/downgrade_2g/fires.txtar")
	require.NoError(t, err)
	recs := expand(t, string(ar.Files[0].Data))
	whole := replay(recs)
	e := analyzer.New(All(), analyzer.Options{})
	last := map[string]analyzer.Event{}
	for _, r := range recs {
		e.Feed(r)
		state, err := e.Save()
		require.NoError(t, err)
		e = analyzer.New(All(), analyzer.Options{})
		require.NoError(t, e.Restore(state))
		for _, ev := range e.Take() {
			last[ev.ID] = ev
		}
	}
	for _, ev := range whole {
		require.Equal(t, ev.Phrases, last[ev.ID].Phrases)
		require.Equal(t, ev.Findings, last[ev.ID].Findings)
	}
}

func BenchmarkSummaryIn(b *testing.B) {
	var s analyzer.Signal
	s.Say("%s had been known under area %d", &analyzer.Ident{Has: cell.FieldCellID | cell.FieldArea, RAT: cell.LTE, ID: 11016962, Area: 4660}, 7)
	e := analyzer.Event{Phrases: []analyzer.Phrase{s.Phrase}, Summary: s.Text + "."}
	for b.Loop() {
		if _, ok := e.SummaryIn("fr"); !ok {
			b.Fatal(e.Summary)
		}
	}
}
