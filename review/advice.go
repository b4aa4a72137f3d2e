package review

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vigie/analyzer"
	"vigie/review/evidence"
)

// The names of rules, their innocent causes, what to look at next, and the sentences of an event, in the reader's language.

// translation is a text for a reader.
type translation struct {
	Text    string
	Foreign bool // it has no translation and is English, which is not the reader's language
}

// Summary is the summary of an event or finding, safe to show. One of before events had phrases is translated by Translate.
func (p *page) Summary(s evidence.Sentence) translation {
	text, ok := s.SummaryIn(p.Lang)
	if !ok {
		return p.Translate(text)
	}
	return translation{Text: capital(evidence.Plain(text))}
}

// Translate is an English text of the analyzer or of a modem, safe to show: an innocent cause, why a command is asked, a sentence of an
// older store.
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

// Rule returns the words of a rule.
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

// capital is a text with a capital letter at its beginning.
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

// Advice is what to look at next: the advice of the rules of an event, each once, and the texts of the given keys.
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
