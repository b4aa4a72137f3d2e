package review

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigie/analyzer"
	"vigie/review/evidence"
)

// What rules are called, what else could explain them and what to look at next, and the sentences of an event, in the
// reader's language.

// said is a text, and whether it is not in the reader's language.
type said struct {
	Text    string
	Foreign bool
}

// Said is a sentence or a cause of an event, safe to look at. One that is not in today's words stays in its English.
func (p *page) Said(text string) said {
	s := said{evidence.Plain(text), p.Lang != "en"}
	if s.Foreign && p.desk.o.In != nil {
		if t, ok := p.desk.o.In(p.Lang, text); ok {
			s = said{Text: t}
		}
	}
	if strings.HasSuffix(s.Text, ".") {
		s.Text = capital(s.Text)
	}
	return s
}

// Rule is the words of a rule.
func (p *page) Rule(id string) RuleWords {
	if p.desk.o.Words != nil {
		if w, ok := p.desk.o.Words(p.Lang, id); ok {
			w.Title = capital(w.Title)
			return w
		}
	}
	if r, ok := p.desk.evidence.Rule(id); ok {
		return RuleWords{Title: r.Title, Innocent: r.Innocent}
	}
	return RuleWords{Title: evidence.PlainTo(id, 80)}
}

// capital begins a text with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Causes are the innocent causes of an event.
func (p *page) Causes(e analyzer.Event) (all []said) {
	for _, text := range e.InnocentCauses[:min(len(e.InnocentCauses), 60)] {
		all = append(all, p.Said(text))
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
