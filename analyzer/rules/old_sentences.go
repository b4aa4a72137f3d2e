package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"vigie/words"
)

// This file translates the English sentences of events that were stored before findings carried their format and arguments: it parses
// a sentence to recover the arguments. It is frozen. New events do not need it (analyzer.Event.SummaryIn), and a sentence that no rule
// produces any more keeps its translation in words/retired.json.

// sentenceParser translates English sentences into one language.
type sentenceParser struct {
	exact     map[string]string // texts without arguments
	templates []template
	marks     map[string]string
	cell      string // the format for a cell of a RAT
}

// template matches the sentences of one English format.
type template struct {
	fixed       string // the longest constant part. This and the ends are compared first: matching is much slower
	begin       string // constant parts at the ends; may be empty
	end         string
	match       *regexp.Regexp
	verbs       []string
	translation string
}

var parsers = sync.OnceValue(func() map[string]*sentenceParser {
	ts := map[string]*sentenceParser{}
	for _, lang := range words.Languages {
		if lang != "en" {
			ts[lang] = newParser(translations(lang), punctuation(lang))
		}
	}
	return ts
})

// translations are the translations of everything that the analyzer writes in English, by the English format. Each argument is %s in
// them, or %[n]s.
func translations(lang string) map[string]string {
	all := map[string]string{}
	for _, file := range words.Files() {
		if file != "findings" && file != "retired" && !strings.HasPrefix(file, "rules/") {
			continue
		}
		for _, key := range words.Keys(file) {
			if other, ok := words.Lookup(lang, key); ok && words.Translate("en", key) == key {
				all[key] = other
			}
		}
	}
	return all
}

// punctuation maps the decimal point, the separator of sentences and the units of durations to those of a language.
func punctuation(lang string) map[string]string {
	marks := map[string]string{}
	for mark, key := range map[string]string{".": "decimal.point", "; ": "findings.and", "h": "findings.hours", "m": "findings.minutes", "s": "findings.seconds"} {
		marks[mark] = words.Translate(lang, key)
	}
	return marks
}

// The arguments of a sentence. A report without places has … for most numbers.
var (
	verb           = regexp.MustCompile(`%[.\d]*[sdf]|%%`)
	matches        = map[string]string{"%%": "%", "%s": `(.*?)`, "%d": `(-?\d+|…)`, "%.0f": `(-?\d+|…)`, "%.1f": `(-?\d+\.\d|…)`}
	cellName       = regexp.MustCompile(`^((?:[A-Z]+ )?cell)((?: (?:\d+|…))?)(?: (with PCI (?:\d+|…) on channel (?:\d+|…)))?(?: (\(area (?:\d+|…)\)))?$`)
	duration       = regexp.MustCompile(`^(?:\d+[hms])+$`)
	untranslatable = regexp.MustCompile(`^(?:[A-Z0-9]*|\d*-\d*|[\d-]+ [\d:]+|…|… …)$`) // the name of a RAT or domain, a PLMN, a time: the same in every language
	numbered       = regexp.MustCompile(`[\w.:+-]*\d(?:[\w.:+-]*\w)?`)
	generation     = regexp.MustCompile(`^[2345]G$`)
)

func newParser(sentences, marks map[string]string) *sentenceParser {
	t := &sentenceParser{exact: map[string]string{}, marks: marks, cell: sentences["%s cell"]}
	for english, other := range sentences {
		x := template{translation: other}
		var match strings.Builder
		at := 0
		for _, v := range append(verb.FindAllStringIndex(english, -1), []int{len(english), len(english)}) {
			part, spec := english[at:v[0]], english[v[0]:v[1]]
			match.WriteString(regexp.QuoteMeta(part) + matches[spec])
			if len(part) > len(x.fixed) {
				x.fixed = part
			}
			if at == 0 {
				x.begin = part
			}
			x.end = part
			if spec != "" && spec != "%%" {
				x.verbs = append(x.verbs, spec)
			}
			at = v[1]
		}
		if x.verbs == nil {
			t.add(english, other)
			continue
		}
		x.match = regexp.MustCompile("^" + match.String() + "$")
		t.templates = append(t.templates, x)
	}
	// Templates with a long constant part match few sentences: they are tried first.
	slices.SortFunc(t.templates, func(a, b template) int {
		return cmp.Or(len(b.fixed)-len(a.fixed), strings.Compare(a.translation, b.translation))
	})
	return t
}

// add adds a text without arguments, and the form that it has in a report without places.
func (p *sentenceParser) add(english, other string) {
	p.exact[english] = other
	hide := func(s string) string {
		return numbered.ReplaceAllStringFunc(s, func(n string) string {
			if generation.MatchString(n) {
				return n
			}
			return "…"
		})
	}
	p.exact[hide(english)] = hide(other)
}

// TranslateOld translates a text of an event: the summary of it or of a finding, or an innocent cause. If it does not know the text it
// returns it unchanged, and false.
func TranslateOld(lang, text string) (other string, ok bool) {
	if t := parsers()[lang]; t != nil {
		return t.translate(text)
	}
	return text, false
}

func (p *sentenceParser) translate(text string) (string, bool) {
	const longest = 4000 // bytes; real sentences have some hundreds at most
	if len(text) > longest {
		return text, false
	}
	if s, ok := p.exact[text]; ok {
		return s, true
	}
	rest, ok := strings.CutSuffix(text, ".")
	if !ok {
		return text, false
	}
	sentences := strings.Split(rest, ". ")
	for i, s := range sentences {
		parts := strings.Split(s, "; ")
		for k := range parts {
			if parts[k], ok = p.translateSentence(parts[k], false); !ok {
				return text, false
			}
		}
		sentences[i] = strings.Join(parts, p.marks["; "])
	}
	return strings.Join(sentences, ". ") + ".", true
}

// translateSentence translates one sentence or, if inner, a text argument, which has no text argument of its own.
func (p *sentenceParser) translateSentence(text string, inner bool) (string, bool) {
	if s, ok := p.exact[text]; ok {
		return s, true
	}
next:
	for i := range p.templates {
		x := &p.templates[i]
		if inner && slices.Contains(x.verbs, "%s") || !strings.HasPrefix(text, x.begin) || !strings.HasSuffix(text, x.end) || !strings.Contains(text, x.fixed) {
			continue
		}
		found := x.match.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		args := make([]any, len(x.verbs))
		for n, v := range x.verbs {
			arg, ok := p.translateArg(v, found[n+1])
			if !ok {
				continue next
			}
			args[n] = arg
		}
		return fmt.Sprintf(x.translation, args...), true
	}
	return text, false
}

// translateArg translates the argument of a verb; it returns false for text that cannot be an argument.
func (p *sentenceParser) translateArg(verb, s string) (string, bool) {
	switch {
	case verb != "%s":
		return strings.Replace(s, ".", p.marks["."], 1), true
	case duration.MatchString(s):
		return strings.TrimSpace(strings.NewReplacer("h", p.marks["h"], "m", p.marks["m"], "s", p.marks["s"]).Replace(s)), true
	case untranslatable.MatchString(s):
		return s, true
	}
	c := cellName.FindStringSubmatch(s)
	if c == nil {
		return p.translateSentence(s, true)
	}
	name, number := c[1], c[2]
	if rat, ok := strings.CutSuffix(name, " cell"); ok {
		name = fmt.Sprintf(p.cell, rat)
	} else {
		name = p.exact[name]
	}
	name += number
	for _, part := range c[3:] {
		if part != "" {
			other, _ := p.translateSentence(part, true)
			name += " " + other
		}
	}
	return name, true
}
