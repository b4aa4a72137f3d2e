package rules

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"vigie/analyzer"
)

// Words is what a rule is called and what a person may want to know of it, in one language. The page of a rule says more.
type Words struct {
	Title    string   `json:"title"`
	Reason   string   `json:"reason"`   // in a sentence, why it matters
	Innocent []string `json:"innocent"` // causes that have nothing to do with an attack, in the order of analyzer.Rule.Innocent
	Next     []string `json:"next"`     // what to look at next
}

// words holds them by rule and language; the English title and causes are those of the rule itself.
//
//go:embed words.json
var wordsFile []byte

var words = sync.OnceValue(func() map[string]map[string]Words {
	var all map[string]map[string]Words
	if err := json.Unmarshal(wordsFile, &all); err != nil {
		panic(fmt.Errorf("words.json: %w", err)) // a test reads it
	}
	for _, r := range All() {
		if w, ok := all[r.ID]["en"]; ok {
			w.Title, w.Innocent = r.Title, r.Innocent
			all[r.ID]["en"] = w
		}
	}
	return all
})

// WordsOf are the words of a rule in a language ("en", "fr"); ok is false where there are none.
func WordsOf(lang, rule string) (w Words, ok bool) {
	w, ok = words()[rule][lang]
	return w, ok
}

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
