package review

import (
	"slices"

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
			return w
		}
	}
	if r, ok := p.desk.rules[id]; ok {
		return RuleWords{Title: r.Title, Innocent: r.Innocent}
	}
	return RuleWords{Title: plainTo(id, 80)}
}

// Cause is an innocent cause.
func (p *page) Cause(text string) said {
	if p.Lang == "en" {
		return said{Text: plain(text)}
	}
	if p.desk.o.CauseIn != nil {
		if t, ok := p.desk.o.CauseIn(p.Lang, text); ok {
			return said{Text: t}
		}
	}
	return said{plain(text), true}
}

// Titles are what the rules of an event are called, for readers whose language is not that of its sentence.
func (p *page) Titles(rules []string) (all []string) {
	if p.Lang == "en" {
		return nil
	}
	for _, id := range rules[:min(len(rules), 6)] {
		if t := p.Rule(id).Title; !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// Next is what the rules of an event say to look at next, each thing once.
func (p *page) Next(e analyzer.Event) (all []string) {
	for _, f := range e.Findings[:min(len(e.Findings), 40)] {
		for _, n := range p.Rule(f.Rule).Next {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}
