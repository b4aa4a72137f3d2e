package rules

import (
	"fmt"
	"slices"
	"sync"

	"vigie/analyzer"
	"vigie/words"
)

// Words are what people read about a rule, in one language.
type Words struct {
	Title    string   // a few words for a list
	Reason   string   // one sentence: why it matters
	Innocent []string // causes that have nothing to do with an attack, in the order of analyzer.Rule.Innocent
	Next     []string // what to look at next, one sentence each
}

// byID holds every rule: the list is made from tables, once.
var byID = sync.OnceValue(func() map[string]analyzer.Rule {
	all := map[string]analyzer.Rule{}
	for _, r := range All() {
		all[r.ID] = r
	}
	return all
})

// WordsOf are the words of a rule in a language ("en", "fr"), from its file in words/rules; ok is false for another rule or
// language.
func WordsOf(lang, rule string) (w Words, ok bool) {
	r, ok := byID()[rule]
	if !ok || !slices.Contains(words.Languages, lang) {
		return w, false
	}
	w.Title, w.Reason = words.Translate(lang, r.Title), words.Translate(lang, r.ID+".reason")
	for _, cause := range r.Innocent {
		w.Innocent = append(w.Innocent, words.Translate(lang, cause))
	}
	for n := 1; words.Has(nextKey(r.ID, n)); n++ {
		w.Next = append(w.Next, words.Translate(lang, nextKey(r.ID, n)))
	}
	return w, true
}

func nextKey(rule string, n int) string { return fmt.Sprintf("%s.next.%d", rule, n) }

// Next is what to look at next after an event, the advice of each of its rules once.
func Next(lang string, e *analyzer.Event) (all []string) {
	for _, f := range e.Findings {
		w, _ := WordsOf(lang, f.Rule)
		for _, n := range w.Next {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}
