package review

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/cell"
	"vigie/review/evidence"
	"vigie/storage"
)

// scriptWords are the keys of the texts that the scripts of a page need.
var scriptWords = []string{"toast.done", "toast.undone", "toast.failed", "toast.undo", "toast.new", "chart.level", "chart.quality", "chart.best", "chart.count",
	"chart.band", "chart.time", "chart.reset", "chart.others.one", "chart.others.many", "chart.neighbour", "chart.notserving", "chart.span",
	"chart.span.event", "chart.span.two", "chart.span.all", "verdict.benign", "verdict.suspicious", "verdict.unsure", "map.label", "map.stays"}

// Script returns the texts for the scripts as JSON.
func (p *page) Script() (string, error) {
	all := map[string]string{}
	for _, k := range scriptWords {
		all[k] = p.Format(k)
	}
	b, err := json.Marshal(all)
	return string(b), err
}

// stripView is the strip of a day: a row for each sensor.
type stripView struct {
	P     *page
	D     day
	H     int
	Label string
}

// Y is the top of the row of a sensor.
func (s stripView) Y(row int) int { return row * 18 }

// Strip is the strip of a day, with a description.
func (p *page) Strip(d day) stripView {
	label := p.Day(d.From) + ": " + p.Coverage(d)
	if n := len(d.Marks); n > 0 {
		label += ", " + p.Count("cover.events", n)
	}
	return stripView{p, d, max(len(d.Covers), 1)*18 - 4, label}
}

// Coverage describes what was seen of a day, or of several.
func (p *page) Coverage(d day) string {
	var w []string
	if d.Why != "" {
		w = append(w, p.Count(d.Why, d.Empty))
	}
	if d.Sensors > 1 {
		w = append(w, p.Count("cover.sensors", d.Sensors))
	}
	if d.Why == "cover.nobody" && d.Blind+d.Off == 0 {
		return strings.Join(w, ", ")
	}
	return strings.Join(append(w, p.covered(d.Watched, d.Blind, d.Off)), ", ")
}

func (p *page) covered(watched, blind, off time.Duration) string {
	var w []string
	if watched > 0 || blind+off == 0 {
		w = append(w, p.Format("cover.watched", p.Span(watched)))
	}
	if blind > 0 {
		w = append(w, p.Format("cover.blind", p.Span(blind)))
	}
	if off > 0 {
		w = append(w, p.Format("cover.off", p.Span(off)))
	}
	return strings.Join(w, ", ")
}

// field is a hidden field of a form.
type field struct{ Name, Value string }

// Fields are the hidden fields that repeat a query in a form.
func (p *page) Fields(query string) []field {
	v, err := url.ParseQuery(query)
	if err != nil {
		return nil
	}
	var ts []field
	for k := range v {
		ts = append(ts, field{k, v.Get(k)})
	}
	slices.SortFunc(ts, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return ts
}

// Levels are the weakest and strongest level of a known cell.
func (p *page) Levels(k storage.KnownCell) string {
	low, ok := k.Weakest.Get()
	if !ok {
		return "–"
	}
	high := k.Strongest.Or(low)
	if low == high {
		return number(float64(low)) + " dBm"
	}
	return number(float64(low)) + " … " + number(float64(high)) + " dBm"
}

// Opt is a number that may be absent.
func (p *page) Opt(v any) (template.HTML, error) {
	switch v := v.(type) {
	case cell.Opt[cell.Area]:
		return opt(v), nil
	case cell.Opt[uint16]:
		return opt(v), nil
	case cell.Opt[uint32]:
		return opt(v), nil
	}
	return "", fmt.Errorf("%T is no optional number", v)
}

func opt[T any](o cell.Opt[T]) template.HTML {
	v, ok := o.Get()
	if !ok {
		return "–"
	}
	return template.HTML(template.HTMLEscapeString(fmt.Sprint(v)))
}

// Value is a part of the filter as it was entered.
func (f filter) Value(key string) string { return f.values.Get(key) }

// Tally counts events by severity in words: "2 high, 40 low".
func (p *page) Tally(t evidence.Tally) string {
	var w []string
	for _, s := range slices.Backward(p.Severities()) {
		if n := t[s]; n > 0 {
			w = append(w, fmt.Sprintf("%d %s", n, p.Format("sev."+s.String())))
		}
	}
	return strings.Join(w, ", ")
}

// Verdict is the name of a verdict by which events are chosen.
func (p *page) Verdict(v string) string {
	switch v {
	case "":
		return p.Format("filter.any")
	case evidence.Undecided:
		return p.Format("tab.")
	}
	return p.Format("verdict." + v)
}
