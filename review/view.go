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
	"vigie/storage"
)

// scriptWords are the keys of the texts that the scripts of a page need.
var scriptWords = []string{"toast.done", "toast.undone", "toast.failed", "toast.undo", "toast.new", "chart.level", "chart.quality", "chart.best", "chart.count",
	"chart.band", "chart.time", "chart.cell", "chart.reset", "verdict.benign", "verdict.suspicious", "verdict.unsure", "map.label", "map.stays"}

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

// Coverage describes what was seen of a day, or of several; of several sensors, what each saw.
func (p *page) Coverage(d day) string {
	var w []string
	if d.Quiet > 0 {
		w = append(w, p.Count("cover.quiet", d.Quiet))
	}
	if len(d.Covers) < 2 || d.Quiet > 1 {
		return strings.Join(append(w, p.covered(d.Watched, d.Blind, d.Off)), ", ")
	}
	for _, c := range d.Covers {
		w = append(w, c.Sensor+" "+p.covered(c.Watched, c.Blind, c.Off))
	}
	return strings.Join(w, " · ")
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
