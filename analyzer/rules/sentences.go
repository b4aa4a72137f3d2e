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

// The parser of English sentences, for stores of before a finding carried its format and arguments: it reads back what a sentence
// was filled with. It is frozen. What is found from now on never comes here, and a sentence that a rule no longer says keeps its
// French in words/retired.json.

// tongue is how the analyzer speaks in another language than English.
type tongue struct {
	whole     map[string]string // texts into which nothing is put
	sentences []sentence
	marks     map[string]string
	cell      string // the format for a cell of a RAT
}

// sentence is a format of a text: what of English it matches, and the format that takes over what stands in it.
type sentence struct {
	fixed string // the longest of its parts that are always the same: a text without it is another sentence
	begin string // and those at the ends: to match costs much more than to see that
	end   string
	match *regexp.Regexp
	verbs []string
	other string
}

var tongues = sync.OnceValue(func() map[string]*tongue {
	ts := map[string]*tongue{}
	for _, lang := range words.Languages {
		if lang != "en" {
			ts[lang] = newTongue(sentencesIn(lang), marksIn(lang))
		}
	}
	return ts
})

// sentencesIn are the texts that the analyzer writes in English, with their translation: by English format, what is put in
// being %s, or %[n]s in another order.
func sentencesIn(lang string) map[string]string {
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

// marksIn are how a language points numbers, writes times and strings sentences together.
func marksIn(lang string) map[string]string {
	marks := map[string]string{}
	for mark, key := range map[string]string{".": "decimal.point", "; ": "findings.and", "h": "findings.hours", "m": "findings.minutes", "s": "findings.seconds"} {
		marks[mark] = words.Translate(lang, key)
	}
	return marks
}

// What stands in a sentence. A report without places has … for most numbers.
var (
	verb       = regexp.MustCompile(`%[.\d]*[sdf]|%%`)
	matches    = map[string]string{"%%": "%", "%s": `(.*?)`, "%d": `(-?\d+|…)`, "%.0f": `(-?\d+|…)`, "%.1f": `(-?\d+\.\d|…)`}
	cellName   = regexp.MustCompile(`^((?:[A-Z]+ )?cell)((?: (?:\d+|…))?)(?: (with PCI (?:\d+|…) on channel (?:\d+|…)))?(?: (\(area (?:\d+|…)\)))?$`)
	duration   = regexp.MustCompile(`^(?:\d+[hms])+$`)
	noWords    = regexp.MustCompile(`^(?:[A-Z0-9]*|\d*-\d*|[\d-]+ [\d:]+|…|… …)$`) // the name of a RAT or domain, a PLMN, a time
	numbered   = regexp.MustCompile(`[\w.:+-]*\d(?:[\w.:+-]*\w)?`)
	generation = regexp.MustCompile(`^[2345]G$`)
)

func newTongue(sentences, marks map[string]string) *tongue {
	t := &tongue{whole: map[string]string{}, marks: marks, cell: sentences["%s cell"]}
	for english, other := range sentences {
		x := sentence{other: other}
		var match strings.Builder
		at := 0
		for _, v := range append(verb.FindAllStringIndex(english, -1), []int{len(english), len(english)}) {
			part, put := english[at:v[0]], english[v[0]:v[1]]
			match.WriteString(regexp.QuoteMeta(part) + matches[put])
			if len(part) > len(x.fixed) {
				x.fixed = part
			}
			if at == 0 {
				x.begin = part
			}
			x.end = part
			if put != "" && put != "%%" {
				x.verbs = append(x.verbs, put)
			}
			at = v[1]
		}
		if x.verbs == nil {
			t.add(english, other)
			continue
		}
		x.match = regexp.MustCompile("^" + match.String() + "$")
		t.sentences = append(t.sentences, x)
	}
	// The order spares trying first those whose fixed part is in many.
	slices.SortFunc(t.sentences, func(a, b sentence) int { return cmp.Or(len(b.fixed)-len(a.fixed), strings.Compare(a.other, b.other)) })
	return t
}

// add takes in a text into which nothing is put, and what a report without places makes of it.
func (t *tongue) add(english, other string) {
	t.whole[english] = other
	hide := func(s string) string {
		return numbered.ReplaceAllStringFunc(s, func(n string) string {
			if generation.MatchString(n) {
				return n
			}
			return "…"
		})
	}
	t.whole[hide(english)] = hide(other)
}

// In puts a text of an event into another language: a sentence of it or of a finding, an innocent cause. ok is false where
// it is not in today's words; then it is best shown as it is, in English.
func In(lang, text string) (other string, ok bool) {
	if t := tongues()[lang]; t != nil {
		return t.in(text)
	}
	return text, false
}

func (t *tongue) in(text string) (string, bool) {
	const longest = 4000 // bytes; the longest sentences have some hundreds
	if len(text) > longest {
		return text, false
	}
	if s, ok := t.whole[text]; ok {
		return s, true
	}
	rest, ok := strings.CutSuffix(text, ".")
	if !ok {
		return text, false
	}
	said := strings.Split(rest, ". ")
	for i, s := range said {
		parts := strings.Split(s, "; ")
		for k := range parts {
			if parts[k], ok = t.say(parts[k], false); !ok {
				return text, false
			}
		}
		said[i] = strings.Join(parts, t.marks["; "])
	}
	return strings.Join(said, ". ") + ".", true
}

// say is one sentence; inner, a text that stands in one, in which no other stands.
func (t *tongue) say(text string, inner bool) (string, bool) {
	if s, ok := t.whole[text]; ok {
		return s, true
	}
next:
	for i := range t.sentences {
		x := &t.sentences[i]
		if inner && slices.Contains(x.verbs, "%s") || !strings.HasPrefix(text, x.begin) || !strings.HasSuffix(text, x.end) || !strings.Contains(text, x.fixed) {
			continue
		}
		found := x.match.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		args := make([]any, len(x.verbs))
		for n, v := range x.verbs {
			put, ok := t.put(v, found[n+1])
			if !ok {
				continue next
			}
			args[n] = put
		}
		return fmt.Sprintf(x.other, args...), true
	}
	return text, false
}

// put is what stands in a sentence, as the other language writes it; ok is false for what cannot stand there.
func (t *tongue) put(verb, s string) (string, bool) {
	switch {
	case verb != "%s":
		return strings.Replace(s, ".", t.marks["."], 1), true
	case duration.MatchString(s):
		return strings.TrimSpace(strings.NewReplacer("h", t.marks["h"], "m", t.marks["m"], "s", t.marks["s"]).Replace(s)), true
	case noWords.MatchString(s):
		return s, true
	}
	c := cellName.FindStringSubmatch(s)
	if c == nil {
		return t.say(s, true)
	}
	name, number := c[1], c[2]
	if rat, ok := strings.CutSuffix(name, " cell"); ok {
		name = fmt.Sprintf(t.cell, rat)
	} else {
		name = t.whole[name]
	}
	name += number
	for _, part := range c[3:] {
		if part != "" {
			other, _ := t.say(part, true)
			name += " " + other
		}
	}
	return name, true
}
