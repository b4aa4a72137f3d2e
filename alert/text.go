package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"vigie/analyzer"
	"vigie/words"
)

// catalogue is the prefix of the keys in words/alert.json. The name of a rule for people is in words/rules. A rule, or the reason of a gap
// or failure, that has no text there is not named in a message.
const catalogue = "alert."

// Message is what a destination receives: a text for people, and the notices for programs.
type Message struct {
	ID       string            `json:"id"` // the same when it is sent again, so that a receiver can drop duplicates
	Kind     Kind              `json:"kind"`
	Sensor   string            `json:"sensor"`
	Severity analyzer.Severity `json:"severity"` // the highest of its notices
	Title    string            `json:"title"`
	Text     string            `json:"text"`
	Notices  []Notice          `json:"notices"`
	Earlier  int               `json:"earlier,omitempty"` // how many more notices are only counted
	Link     string            `json:"link,omitempty"`    // of the event on the review desk; of several notices, of its inbox. Only with Options.Review
}

// Urgent reports whether the message should wake somebody.
func (m *Message) Urgent() bool { return m.Severity == analyzer.High && m.Kind != Closed }

const (
	maxText  = 1500 // bytes: Signal takes 2,000, ntfy 4,096
	maxLines = 6    // of a summary
)

// compose writes the message of a batch.
func compose(b *batch, w *policy, now time.Time) Message {
	r := reader{w.Language, w.zone, now, w.Review}
	first := b.notices[0]
	m := Message{ID: first.ID, Kind: first.Kind, Sensor: clean(first.Sensor), Notices: slices.Clone(b.notices), Earlier: b.over.N}
	for i := range m.Notices { // programs show these to people too
		n := &m.Notices[i]
		n.Sensor, n.Reason = clean(n.Sensor), clean(n.Reason)
		m.Severity = max(m.Severity, n.Severity)
	}
	if !b.folded() {
		m.Title, m.Text, m.Link = r.title(&first), cut(r.text(&first), maxText), r.link(first.Event)
		if first.Event != "" && m.Link != "" {
			m.Text += "\n" + m.Link
		}
		return m
	}
	m.Kind, m.ID = Summary, b.id()
	all := b.over
	for _, n := range b.notices {
		all.add(n)
	}
	for s, n := range b.over.BySeverity {
		if n > 0 {
			m.Severity = max(m.Severity, analyzer.Severity(s))
		}
	}
	m.Title = r.format("title.fold", all.N)
	lines := []string{r.format("text.fold."+b.why, all.N, r.when(all.From), r.when(now))}
	if g := all.BySeverity; g != [4]int{} {
		lines = append(lines, r.format("text.fold.severities", g[3], g[2], g[1]+g[0]))
	}
	newest := b.notices[max(0, len(b.notices)-maxLines):]
	for i := range newest {
		lines = append(lines, "- "+r.when(newest[i].Time)+" "+r.title(&newest[i]))
	}
	if rest := all.N - len(newest); rest > 0 {
		lines = append(lines, r.format("text.fold.rest", rest))
	}
	m.Text = cut(strings.Join(lines, "\n"), maxText)
	if m.Link = r.link(""); m.Link != "" {
		m.Text += "\n" + m.Link
	}
	return m
}

// link is the address of an event on the review desk, or of its inbox; empty if the desk has none.
func (r *reader) link(event string) string {
	switch {
	case r.review == "":
		return ""
	case event == "":
		return r.review + "/"
	}
	return r.review + "/event/" + url.PathEscape(event)
}

// id identifies a summary: the same for the same notices, another one as soon as a notice is added, so that a receiver that drops
// duplicates does not drop that.
func (b *batch) id() string {
	sum := sha256.New()
	for _, n := range b.notices {
		fmt.Fprintf(sum, "%s\n", n.ID)
	}
	fmt.Fprintf(sum, "%d", b.over.N)
	return "summary " + hex.EncodeToString(sum.Sum(nil)[:12])
}

// reader is the reader of a message: language, zone and time.
type reader struct {
	lang string
	zone *time.Location
	now  time.Time

	review string // address of the review desk, without a slash at its end; empty: none
}

// format is a text of the catalogue, filled with args.
func (r *reader) format(key string, args ...any) string {
	return words.Format(r.lang, catalogue+key, args...)
}

// gap is why nothing was received, for a reason of cell.Gap.
func (r *reader) gap(reason string) string {
	if words.Has(catalogue + "gap." + reason) {
		return r.format("gap." + reason)
	}
	return r.format("gap.")
}

// rule is what a rule is called for people who know none by its name.
func (r *reader) rule(id string) string {
	if key := id + ".plain"; words.Has(key) {
		return words.Translate(r.lang, key)
	}
	return r.format("rule.", clean(id))
}

func (r *reader) title(n *Notice) string {
	sensor := clean(n.Sensor)
	switch n.Kind {
	case Opened, Escalated, Repeated:
		return r.format("title."+string(n.Kind), sensor, r.format("severity."+n.Severity.String()))
	case Test:
		return r.format("title.test")
	}
	return r.format("title."+string(n.Kind), sensor)
}

func (r *reader) text(n *Notice) string {
	switch n.Kind {
	case Blind:
		return r.format("text.blind", r.when(n.Time), r.gap(n.Reason))
	case Seeing:
		return r.format("text.seeing", r.when(n.Time), r.when(n.Until), n.Until.Sub(n.Time).Round(time.Second), r.gap(n.Reason))
	case Health:
		text := r.format("health." + n.Reason)
		if n.Detail != "" {
			text += "\n" + r.format("text.technical", clean(n.Detail))
		}
		return text
	case Clock:
		return r.format("text.clock", n.Reason)
	case Test:
		return r.format("text.test", clean(n.Sensor))
	}
	var lines []string
	add := func(key string, args ...any) { lines = append(lines, r.format(key, args...)) }
	var seen []string
	for _, id := range n.Rules {
		seen = append(seen, r.rule(id))
	}
	switch {
	case len(seen) > 3:
		add("text.noticed.more", strings.Join(seen[:3], r.format("list")), len(seen)-3)
	case len(seen) > 0:
		add("text.noticed", strings.Join(seen, r.format("list")))
	}
	if n.Until.IsZero() {
		add("text.since", r.when(n.Time))
	} else {
		lines = append(lines, r.format("text.between", r.when(n.Time), r.when(n.Until))+" "+r.format("text.ended"))
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

// when formats a time in the reader's zone, with the offset from UTC, and with the date if it is not today.
func (r *reader) when(t time.Time) string {
	t, now := t.In(r.zone), r.now.In(r.zone)
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

// clean makes untrusted text safe in a message: one line of at most 300 characters, without invisible characters, changes of text
// direction, markup, links and mentions.
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

// safer replaces characters that some program reads as markup or a mention with similar ones.
var safer = map[rune]rune{'<': '‹', '>': '›', '[': '(', ']': ')', '{': '(', '}': ')', '`': '\'', '*': '∗', '|': '¦', '\\': '/', '@': '＠'}

// cut shortens a text to a number of bytes, at the end of a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len("…")], "") + "…"
}
