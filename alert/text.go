package alert

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"vigie/analyzer"
	"vigie/cell"
)

// catalogue holds every word that is sent: key, English, French. A rule, a reason of a gap and a reason of a health line are
// told in these words or, where there are none, not named.
//
//go:embed words.json
var catalogue []byte

var words = sync.OnceValue(func() (all map[string]map[string]string) {
	if err := json.Unmarshal(catalogue, &all); err != nil {
		panic(err) // a test reads it
	}
	return all
})

func known(key string) bool { _, ok := words()[key]; return ok }

// Message is what a destination gets: words for people, and the notices for machines.
type Message struct {
	ID      string            `json:"id"` // the same when it is sent again, so that who cares can drop the second
	Kind    Kind              `json:"kind"`
	Sensor  string            `json:"sensor"`
	Grave   analyzer.Severity `json:"severity"` // the gravest of its notices
	Title   string            `json:"title"`
	Text    string            `json:"text"`
	Notices []Notice          `json:"notices"`
	Earlier int               `json:"earlier,omitempty"` // that are not among Notices for their number
}

// Urgent tells that it should wake somebody.
func (m *Message) Urgent() bool { return m.Grave == analyzer.High && m.Kind != Closed }

const (
	mostText  = 1500 // bytes: Signal takes 2,000, ntfy 4,096
	mostLines = 6    // of a summary
)

// compose writes a message.
func compose(b *bundle, w *wishes, now time.Time) Message {
	v := voice{w.Language, w.zone, now}
	first := b.notices[0]
	m := Message{ID: first.ID, Kind: first.Kind, Sensor: clean(first.Sensor), Notices: slices.Clone(b.notices), Earlier: b.over.N}
	for i := range m.Notices { // a machine shows them to people too
		n := &m.Notices[i]
		n.Sensor, n.Reason = clean(n.Sensor), clean(n.Reason)
		m.Grave = max(m.Grave, n.Severity)
	}
	if !b.folded() {
		m.Title, m.Text = v.title(&first), cut(v.text(&first), mostText)
		return m
	}
	m.Kind, m.ID = Summary, b.id()
	all := b.over
	for _, n := range b.notices {
		all.add(n)
	}
	for s, n := range b.over.Grave {
		if n > 0 {
			m.Grave = max(m.Grave, analyzer.Severity(s))
		}
	}
	m.Title = v.say("title.fold", all.N)
	lines := []string{v.say("text.fold."+b.why, all.N, v.when(all.From), v.when(now))}
	if g := all.Grave; g != [4]int{} {
		lines = append(lines, v.say("text.fold.severities", g[3], g[2], g[1]+g[0]))
	}
	newest := b.notices[max(0, len(b.notices)-mostLines):]
	for i := range newest {
		lines = append(lines, "- "+v.when(newest[i].Time)+" "+v.title(&newest[i]))
	}
	if rest := all.N - len(newest); rest > 0 {
		lines = append(lines, v.say("text.fold.rest", rest))
	}
	m.Text = cut(strings.Join(lines, "\n"), mostText)
	return m
}

// id is the same for the same notices in the same form, and another as soon as one more is among them: who drops what it has
// already must not drop that one.
func (b *bundle) id() string {
	sum := sha256.New()
	for _, n := range b.notices {
		fmt.Fprintf(sum, "%s\n", n.ID)
	}
	fmt.Fprintf(sum, "%d", b.over.N)
	return "summary " + hex.EncodeToString(sum.Sum(nil)[:12])
}

// voice says things in a language and a zone.
type voice struct {
	lang string
	zone *time.Location
	now  time.Time
}

func (v *voice) say(key string, args ...any) string {
	text, ok := words()[key][v.lang]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// or is the first key that has words.
func (v *voice) or(key, otherwise string, args ...any) string {
	if known(key) {
		return v.say(key)
	}
	return v.say(otherwise, args...)
}

func (v *voice) title(n *Notice) string {
	sensor := clean(n.Sensor)
	switch n.Kind {
	case Opened, Escalated, Repeated:
		return v.say("title."+string(n.Kind), sensor, v.say("severity."+n.Severity.String()))
	case Test:
		return v.say("title.test")
	}
	return v.say("title."+string(n.Kind), sensor)
}

func (v *voice) text(n *Notice) string {
	switch n.Kind {
	case Blind:
		return v.say("text.blind", v.when(n.Time), v.or("gap."+n.Reason, "gap."))
	case Seeing:
		return v.say("text.seeing", v.when(n.Time), v.when(n.Until), n.Until.Sub(n.Time).Round(time.Second), v.or("gap."+n.Reason, "gap."))
	case Health:
		text := v.say("health." + n.Reason)
		if n.Detail != "" {
			text += "\n" + v.say("text.technical", clean(n.Detail))
		}
		return text
	case Clock:
		return v.say("text.clock", n.Reason)
	case Test:
		return v.say("text.test", clean(n.Sensor))
	}
	var lines []string
	add := func(key string, args ...any) { lines = append(lines, v.say(key, args...)) }
	var seen []string
	for _, r := range n.Rules {
		seen = append(seen, v.or("rule."+r, "rule.", clean(r)))
	}
	switch {
	case len(seen) > 3:
		add("text.noticed.more", strings.Join(seen[:3], v.say("list")), len(seen)-3)
	case len(seen) > 0:
		add("text.noticed", strings.Join(seen, v.say("list")))
	}
	if n.Until.IsZero() {
		add("text.since", v.when(n.Time))
	} else {
		lines = append(lines, v.say("text.between", v.when(n.Time), v.when(n.Until))+" "+v.say("text.ended"))
	}
	if n.Detail != "" {
		add("text.detail", clean(n.Detail))
	}
	for _, c := range n.Cells {
		add("text.cell", clean(c))
	}
	if n.Position != "" {
		add("text.position", clean(n.Position))
	}
	add("text.honest", clean(n.Event))
	if n.Kind == Repeated {
		add("text.verdict")
	}
	return strings.Join(lines, "\n")
}

// when is a time of the day in the reader's zone, with the offset that makes it unambiguous, and the date if it is not
// today's.
func (v *voice) when(t time.Time) string {
	t, now := t.In(v.zone), v.now.In(v.zone)
	form := "15:04"
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		form = "2006-01-02 15:04"
	}
	_, off := t.Zone()
	if off == 0 {
		return t.Format(form) + " UTC"
	}
	return t.Format(form) + " UTC" + strings.TrimSuffix(t.Format("-07:00"), ":00")
}

// clean makes a text from outside harmless in a message: one line, nothing invisible or that turns the direction of
// writing, no markup, no link, nobody called by name, at most 300 characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || unicode.Is(unicode.Zs, r):
			return ' '
		case !unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector), r == unicode.ReplacementChar, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0:
			return '?'
		case strings.ContainsRune("<>[]{}`*|\\@", r):
			return safer[r]
		}
		return r
	}, s)
	s = strings.ReplaceAll(s, "://", ":/ /")
	if runes := []rune(s); len(runes) > 300 {
		s = string(runes[:300]) + "…"
	}
	return s
}

// safer are characters that look like those that some program takes for markup or a mention.
var safer = map[rune]rune{'<': '‹', '>': '›', '[': '(', ']': ')', '{': '(', '}': ')', '`': '\'', '*': '∗', '|': '¦', '\\': '/', '@': '＠'}

// cut shortens a text to at most so many bytes, at the end of a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}

// cellName names a cell in one line.
func cellName(c *cell.Cell, lang string) string {
	v := voice{lang: lang}
	w := []string{c.RAT.String()}
	add := func(key string, n any) { w = append(w, v.say(key, n)) }
	if p := c.PLMN().String(); p != "" {
		w = append(w, p)
	}
	if a, ok := c.Area.Get(); ok {
		add("cell.area", a)
	}
	if id, ok := c.ID.Get(); ok {
		add("cell.id", id)
	}
	if p, ok := c.PCI.Get(); ok {
		add("cell.pci", p)
	}
	if n, ok := c.ARFCN.Get(); ok {
		add("cell.channel", n)
	}
	return clean(strings.Join(w, " "))
}
