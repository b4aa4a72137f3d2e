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
type translation struct {
	Text    string
	Foreign bool
}

// Said is a sentence or a cause of an event, safe to look at. One that is not in today's words stays in its English.
func (p *page) Translate(text string) translation {
	s := translation{evidence.Plain(text), p.Lang != "en"}
	if s.Foreign && p.review.o.Translate != nil {
		if t, ok := p.review.o.Translate(p.Lang, text); ok {
			s = translation{Text: t}
		}
	}
	if strings.HasSuffix(s.Text, ".") {
		s.Text = capital(s.Text)
	}
	return s
}

// Rule is the words of a rule.
func (p *page) Rule(id string) RuleWords {
	if p.review.o.Words != nil {
		if w, ok := p.review.o.Words(p.Lang, id); ok {
			w.Title = capital(w.Title)
			return w
		}
	}
	if r, ok := p.review.evidence.Rule(id); ok {
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
func (p *page) Causes(e analyzer.Event) (all []translation) {
	for _, text := range e.InnocentCauses[:min(len(e.InnocentCauses), 60)] {
		all = append(all, p.Translate(text))
	}
	return all
}

// Advice is what to look at next: what the rules of an event say, each thing once, and the given words.
func (p *page) Advice(e analyzer.Event, words []string) (all []translation) {
	for _, f := range e.Findings[:min(len(e.Findings), 40)] {
		for _, n := range p.Rule(f.Rule).Next {
			if !slices.Contains(all, translation{Text: n}) {
				all = append(all, translation{Text: n})
			}
		}
	}
	for _, w := range words {
		all = append(all, translation{Text: p.Format(w)})
	}
	return all
}
