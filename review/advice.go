package review

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"vigie/analyzer"
)

// What rules are called, what else could explain them and what to look at next, in the reader's language. An event keeps
// its sentences in the English in which they were found.

// said is a text, and whether it is not in the reader's language.
type said struct {
	Text    string
	Foreign bool
}

// Rule is the words of a rule.
func (p *page) Rule(id string) RuleWords {
	if p.desk.o.Words != nil {
		if w, ok := p.desk.o.Words(p.Lang, id); ok {
			w.Title = capital(w.Title)
			return w
		}
	}
	if r, ok := p.desk.rules[id]; ok {
		return RuleWords{Title: r.Title, Innocent: r.Innocent}
	}
	return RuleWords{Title: plainTo(id, 80)}
}

// capital begins a text with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Causes are the innocent causes of an event.
func (p *page) Causes(e analyzer.Event) (all []said) {
	for _, text := range e.InnocentCauses[:min(len(e.InnocentCauses), 60)] {
		one := said{plain(text), p.Lang != "en"}
		if p.desk.o.CauseIn != nil && one.Foreign {
			if t, ok := p.desk.o.CauseIn(p.Lang, text); ok {
				one = said{Text: t}
			}
		}
		all = append(all, one)
	}
	return all
}

// Titles are what the rules of an event are called, for readers whose language is not that of its sentence.
func (p *page) Titles(rules []string) (all []string) {
	if p.Lang == "en" {
		return nil
	}
	if p.desk.o.Words == nil {
		return nil
	}
	for _, id := range rules[:min(len(rules), 6)] {
		if w, ok := p.desk.o.Words(p.Lang, id); ok && !slices.Contains(all, capital(w.Title)) {
			all = append(all, capital(w.Title))
		}
	}
	return all
}

// Advice is what to look at next: what the rules of an event say, each thing once, and the given words.
func (p *page) Advice(e analyzer.Event, words []string) (all []said) {
	for _, f := range e.Findings[:min(len(e.Findings), 40)] {
		for _, n := range p.Rule(f.Rule).Next {
			if !slices.Contains(all, said{Text: n}) {
				all = append(all, said{Text: n})
			}
		}
	}
	for _, w := range words {
		all = append(all, said{Text: p.T(w)})
	}
	return all
}
