package analyzer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/cell"
	"vigie/words"
)

// Phrase is a sentence as a format and its arguments, so that it can be shown in another language. Its English text is part of the
// Summary of an event or finding. The Summary is authoritative: phrases that do not produce it are not used.
type Phrase struct {
	Format string `json:"format"`         // English, with the verbs of package fmt: the key of its translations in package words
	Args   []Arg  `json:"args,omitempty"` // one for each verb
}

// ArgKind is what an argument of a phrase is, by which it is written in each language.
type ArgKind string

// The kinds of arguments. There are no others.
const (
	TextArg     ArgKind = "text"     // Text: a key of package words, or a name that is the same in every language
	NumberArg   ArgKind = "number"   // Number, rounded as in the sentence
	CellArg     ArgKind = "cell"     // Cell: only RAT, ID or else PCI and ARFCN, and Area
	DurationArg ArgKind = "duration" // Number, in seconds
	TimeArg     ArgKind = "time"     // Number, in seconds since 1970; shown in UTC
	PLMNArg     ArgKind = "plmn"     // Text, as cell.PLMN.String returns it
)

// ArgKinds are all kinds.
var ArgKinds = []ArgKind{TextArg, NumberArg, CellArg, DurationArg, TimeArg, PLMNArg}

// Arg is the argument of one verb of a phrase. Kind says which fields it has.
type Arg struct {
	Kind   ArgKind   `json:"kind"`
	Text   string    `json:"text,omitempty"`
	Number float64   `json:"number,omitempty"`
	Cell   cell.Cell `json:"cell,omitzero"`
	Hidden bool      `json:"hidden,omitempty"` // its numbers were removed, for a report without places: they are shown as …
}

const hidden = "…"

// phrase returns a format with its arguments. It copies what pointers refer to.
func phrase(format string, args ...any) Phrase {
	p := Phrase{Format: format}
	_, verbs := split(format)
	for i, v := range verbs[:min(len(verbs), len(args))] {
		p.Args = append(p.Args, argOf(v, args[i]))
	}
	return p
}

func argOf(verb string, v any) Arg {
	switch v := v.(type) {
	case *Ident:
		return cellArg(v)
	case Ident:
		return cellArg(&v)
	case cell.PLMN:
		return Arg{Kind: PLMNArg, Text: v.String()}
	case time.Duration:
		return Arg{Kind: DurationArg, Number: v.Seconds()}
	case time.Time:
		return Arg{Kind: TimeArg, Number: float64(v.Unix())}
	}
	text := fmt.Sprintf(verb, v)
	if kind := reflect.TypeOf(v).Kind(); verb != "%s" && kind >= reflect.Int && kind <= reflect.Float64 {
		if n, err := strconv.ParseFloat(text, 64); err == nil && number(verb, n) == text { // finite, and not rounded by float64
			return Arg{Kind: NumberArg, Number: n}
		}
	}
	return Arg{Kind: TextArg, Text: text}
}

// cellArg holds what a sentence names of a cell.
func cellArg(i *Ident) Arg {
	c := cell.Cell{RAT: i.RAT}
	switch {
	case i.Known():
		c.ID = cell.Some(i.ID)
	case i.Has.Has(physFields):
		c.PCI, c.ARFCN = cell.Some(i.PCI), cell.Some(i.ARFCN)
	}
	if i.Has.Has(cell.FieldArea) {
		c.Area = cell.Some(i.Area)
	}
	return Arg{Kind: CellArg, Cell: c}
}

// known caches the parts of formats that are in the catalogue. Other formats may come from anywhere, so they are not kept.
var known sync.Map // of formatParts by format

type formatParts struct{ parts, verbs []string }

// split returns the constant parts of a format, and the verbs between them: there is one more part than verbs.
func split(format string) (parts, verbs []string) {
	if f, ok := known.Load(format); ok {
		f := f.(formatParts)
		return f.parts, f.verbs
	}
	parts, verbs = parse(format)
	if words.Has(format) {
		known.Store(format, formatParts{parts, verbs})
	}
	return parts, verbs
}

func parse(format string) (parts, verbs []string) {
	part := ""
	for {
		before, rest, ok := strings.Cut(format, "%")
		part += before
		if !ok {
			return append(parts, part), verbs
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789.+-# []", r) })
		switch {
		case n < 0:
			return append(parts, part+"%"+rest), verbs
		case n == 0 && rest[0] == '%':
			part += "%"
		default:
			parts, verbs, part = append(parts, part), append(verbs, "%"+rest[:n+1]), ""
		}
		format = rest[n+1:]
	}
}

// String returns the phrase in English, without a full stop.
func (p *Phrase) String() string {
	text, _ := p.spans()
	return text
}

// spans returns the phrase in English, and the start and end of each argument in it, in bytes.
func (p *Phrase) spans() (text string, at [][2]int) {
	parts, verbs := split(p.Format)
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(verbs) && i < len(p.Args) {
			from := b.Len()
			arg, _ := p.Args[i].in("en", verbs[i])
			b.WriteString(arg)
			at = append(at, [2]int{from, b.Len()})
		}
	}
	return b.String(), at
}

// In returns the phrase in a language, without a full stop; ok is false if any part of it has no translation.
func (p *Phrase) In(lang string) (text string, ok bool) {
	_, verbs := split(p.Format)
	format, ok := words.Lookup(lang, p.Format)
	if !ok || len(verbs) != len(p.Args) {
		return "", false
	}
	if lang == "en" {
		return p.String(), true
	}
	args := make([]any, len(verbs))
	for i := range args {
		if args[i], ok = p.Args[i].in(lang, verbs[i]); !ok {
			return "", false
		}
	}
	return fmt.Sprintf(format, args...), true
}

// in returns the argument in a language; ok is false for words without a translation.
func (a *Arg) in(lang, verb string) (text string, ok bool) {
	switch {
	case a.Kind == CellArg:
		return a.cellIn(lang), true
	case a.Kind == TextArg:
		text, ok = words.Lookup(lang, a.Text)
		ok = ok || lang == "en" || !strings.ContainsAny(a.Text, "abcdefghijklmnopqrstuvwxyz")
		if a.Hidden {
			text = hideDigits(text)
		}
		return text, ok
	case a.Hidden && a.Kind == TimeArg:
		return hidden + " " + hidden, true
	case a.Hidden:
		return hidden, true
	case a.Kind == NumberArg:
		return strings.Replace(number(verb, a.Number), ".", words.Translate(lang, "decimal.point"), 1), true
	case a.Kind == DurationArg:
		return durationIn(lang, a.Number), true
	case a.Kind == TimeArg:
		return time.Unix(int64(a.Number), 0).UTC().Format(time.DateTime), true
	}
	return a.Text, true
}

// number formats a number as a verb says: %d, or %.1f.
func number(verb string, n float64) string {
	places := 0
	if point := strings.IndexByte(verb, '.'); point >= 0 {
		places, _ = strconv.Atoi(strings.TrimRight(verb[point+1:], "f"))
	}
	places = min(places, 20) // the format may come from a file
	return strconv.FormatFloat(n, 'f', places, 64)
}

func durationIn(lang string, seconds float64) string {
	text := (time.Duration(seconds) * time.Second).String()
	if lang == "en" {
		return text
	}
	unit := func(key string) string { return words.Translate(lang, "findings."+key) }
	return strings.TrimSpace(strings.NewReplacer("h", unit("hours"), "m", unit("minutes"), "s", unit("seconds")).Replace(text))
}

// cellIn returns the name of a cell in a sentence: "LTE cell 11016962 (area 4660)".
func (a *Arg) cellIn(lang string) string {
	of := func(n uint64) Arg { return Arg{Kind: NumberArg, Number: float64(n), Hidden: a.Hidden} }
	part := func(format string, args ...Arg) string {
		p := Phrase{format, args}
		text, ok := p.In(lang)
		if !ok {
			return p.String()
		}
		return text
	}
	name := part("cell")
	if rat := a.Cell.RAT.String(); rat != "" {
		name = part("%s cell", Arg{Kind: TextArg, Text: rat})
	}
	if id, ok := a.Cell.ID.Get(); ok && a.Hidden {
		name += " " + hidden
	} else if ok {
		name += " " + strconv.FormatUint(id, 10)
	} else if a.Cell.PCI.Known() {
		name += " " + part("with PCI %d on channel %d", of(uint64(a.Cell.PCI.Or(0))), of(uint64(a.Cell.ARFCN.Or(0))))
	}
	if area, ok := a.Cell.Area.Get(); ok {
		name += " " + part("(area %d)", of(uint64(area)))
	}
	return name
}

var (
	withDigits = regexp.MustCompile(`[\w.:+-]*\d(?:[\w.:+-]*\w)?`)
	generation = regexp.MustCompile(`^[2345]G$`)
)

// hideDigits replaces every word with digits, except the name of a generation such as 2G.
func hideDigits(s string) string {
	return withDigits.ReplaceAllStringFunc(s, func(n string) string {
		if generation.MatchString(n) {
			return n
		}
		return hidden
	})
}

// HidePhrases applies to the phrases of an event what was done to its summaries, when parts of these were replaced by …. cut returns
// the start and end, in bytes, of each part to replace in the English text of a phrase; nil: none. The numbers of every argument that
// overlaps such a part are removed. Phrases that do not produce the summary afterwards are dropped, so that they never reveal more
// than it. e.Findings must not be shared; phrases may be.
func (e *Event) HidePhrases(cut func(english string) [][]int) {
	e.Phrases = hidePhrases(e.Summary, e.Phrases, "; ", cut)
	for i := range e.Findings {
		f := &e.Findings[i]
		f.Phrases = hidePhrases(f.Summary, f.Phrases, ". ", cut)
	}
}

func hidePhrases(summary string, phrases []Phrase, between string, cut func(string) [][]int) []Phrase {
	all := make([]Phrase, len(phrases))
	for n, p := range phrases {
		args := make([]Arg, len(p.Args))
		for i := range args {
			args[i] = p.Args[i].bare()
		}
		all[n] = Phrase{p.Format, args}
		if cut == nil {
			continue
		}
		text, at := p.spans()
		for _, part := range cut(text) {
			for i, span := range at {
				if part[0] < span[1] && span[0] < part[1] {
					args[i].hide()
				}
			}
		}
	}
	if len(all) == 0 || join(all, between) != summary {
		return nil
	}
	return all
}

// bare returns the argument with the fields of its kind, and no others.
func (a Arg) bare() Arg {
	b := Arg{Kind: a.Kind, Hidden: a.Hidden}
	switch a.Kind {
	case TextArg, PLMNArg:
		b.Text = a.Text
	case NumberArg, DurationArg, TimeArg:
		b.Number = a.Number
	case CellArg:
		b.Cell = cell.Cell{RAT: a.Cell.RAT, Area: a.Cell.Area, ID: a.Cell.ID}
		if !a.Cell.ID.Known() {
			b.Cell.PCI, b.Cell.ARFCN = a.Cell.PCI, a.Cell.ARFCN
		}
	}
	return b
}

// hide removes the numbers of an argument.
func (a *Arg) hide() {
	a.Hidden, a.Number = true, 0
	if a.Kind == TextArg && !words.Has(a.Text) || a.Kind == PLMNArg {
		a.Text = hideDigits(a.Text)
	}
	c := cell.Cell{RAT: a.Cell.RAT}
	if a.Cell.ID.Known() {
		c.ID = cell.Some[uint64](0)
	}
	if a.Cell.PCI.Known() {
		c.PCI, c.ARFCN = cell.Some[uint16](0), cell.Some[uint32](0)
	}
	if a.Cell.Area.Known() {
		c.Area = cell.Some[cell.Area](0)
	}
	a.Cell = c
}

// join returns the English text of phrases, with a full stop.
func join(phrases []Phrase, between string) string {
	var b strings.Builder
	for i := range phrases {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(phrases[i].String())
	}
	b.WriteByte('.')
	return b.String()
}

// SummaryIn returns the summary of an event in a language. Without phrases that produce the summary, or without a translation, it
// returns the English summary and false. Events that were stored by older versions have no phrases.
func (e Event) SummaryIn(lang string) (text string, ok bool) {
	return summaryIn(lang, e.Summary, e.Phrases, "; ", words.Translate(lang, "findings.and"))
}

// SummaryIn returns the summary of a finding in a language; see Event.SummaryIn.
func (f Finding) SummaryIn(lang string) (text string, ok bool) {
	return summaryIn(lang, f.Summary, f.Phrases, ". ", ". ")
}

func summaryIn(lang, summary string, phrases []Phrase, between, there string) (string, bool) {
	if lang == "en" {
		return summary, true
	}
	if len(phrases) == 0 || join(phrases, between) != summary {
		return summary, false
	}
	all := make([]string, len(phrases))
	for i := range phrases {
		var ok bool
		if all[i], ok = phrases[i].In(lang); !ok {
			return summary, false
		}
	}
	return strings.Join(all, there) + ".", true
}

// Worded is the JSON of an event in copies of a store: with its phrases, which the JSON of Event leaves out.
type Worded struct {
	Event
	Phrases *Phrases `json:"phrases,omitempty"` // nil if it has none
}

// Phrases are those of an event and of each of its findings, in their order.
type Phrases struct {
	Summary  []Phrase   `json:"summary"`
	Findings [][]Phrase `json:"findings"`
}

// Wording returns the event in the form that has the phrases in its JSON.
func (e Event) Wording() Worded {
	w := Worded{Event: e}
	p := Phrases{Summary: e.Phrases}
	some := len(e.Phrases) > 0
	for i := range e.Findings {
		p.Findings = append(p.Findings, e.Findings[i].Phrases)
		some = some || len(e.Findings[i].Phrases) > 0
	}
	if some {
		w.Phrases = &p
	}
	return w
}

// Take returns the event with the phrases of w. Those of findings are left out if their number is not that of the findings.
func (w Worded) Take() Event {
	e := w.Event
	p := w.Phrases
	if p == nil {
		p = &Phrases{}
	}
	e.Phrases = p.Summary
	e.Findings = slices.Clone(e.Findings)
	for i := range e.Findings {
		e.Findings[i].Phrases = nil
		if len(p.Findings) == len(e.Findings) {
			e.Findings[i].Phrases = p.Findings[i]
		}
	}
	return e
}

// GobEncode writes the phrase as JSON, for the saved state of the engine.
func (p Phrase) GobEncode() ([]byte, error) {
	type plain Phrase
	return json.Marshal(plain(p))
}

// GobDecode reads what GobEncode wrote.
func (p *Phrase) GobDecode(text []byte) error {
	type plain Phrase
	return json.Unmarshal(text, (*plain)(p))
}
