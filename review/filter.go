package review

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/review/evidence"
	"vigie/storage"
)

// filter selects the events of the inbox. It is part of the address, so that a view can be bookmarked and shared.
type filter struct {
	From, To time.Time // of the reader's zone
	Severity analyzer.Severity
	Sensor   string
	Place    string
	Near     *evidence.Circle // a place that is a position
	State    string
	Rule     string
	Text     string
	Verdict  string // empty: undecided; "all"; or a judgement
	values   url.Values
	search   evidence.Search                    // Text
	words    func(*evidence.Entry) []string     // what the reader sees of an event; nil: nothing else
	wrote    func(*evidence.Entry, string) bool // whether people wrote a text next to an event; nil: it is not looked for
}

// pageSize is how many events the inbox shows at once.
const pageSize = 50

func readFilter(v url.Values, zone *time.Location) filter {
	f := filter{Sensor: v.Get("sensor"), Place: evidence.PlainTo(strings.TrimSpace(v.Get("place")), 40), State: v.Get("state"), Rule: v.Get("rule"),
		Text: evidence.PlainTo(strings.TrimSpace(v.Get("text")), 100), values: url.Values{}}
	f.search, f.Verdict = evidence.ParseSearch(f.Text), tabOf(v, f.Text)
	if n, ok := readCircle(f.Place); ok {
		f.Near = &n
	}
	f.From, _ = readTime(v.Get("from"), zone, false)
	f.To, _ = readTime(v.Get("to"), zone, true)
	f.Severity = analyzer.Low
	if s := v.Get("severity"); s != "" {
		_ = f.Severity.UnmarshalText([]byte(s)) // an unknown one leaves the default
	}
	switch f.Verdict {
	case "", "all", onServer, string(storage.Benign), string(storage.Suspicious), string(storage.Unsure):
	default:
		f.Verdict = ""
	}
	for _, k := range []string{"from", "to", "severity", "sensor", "place", "state", "rule", "text", "verdict"} {
		if s := v.Get(k); s != "" {
			f.values.Set(k, s)
		}
	}
	if f.Text == "" && f.Verdict != "" {
		f.values.Set("verdict", f.Verdict)
	}
	return f
}

// tabOf is the verdict of the events that an address asks for. A search without one looks everywhere; another filter stays on the tab of the
// page that the form was on.
func tabOf(v url.Values, text string) string {
	switch verdict := v.Get("verdict"); {
	case verdict == evidence.Undecided:
		return ""
	case verdict == "" && text != "":
		return "all"
	case verdict == "":
		return v.Get("tab")
	default:
		return verdict
	}
}

// readTime reads a date, or a date and time, in a zone. A date as an end is the end of that day.
func readTime(s string, zone *time.Location, end bool) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return time.Time{}, false
	}
	if end {
		t = t.AddDate(0, 0, 1)
	}
	return t, true
}

// matches reports whether an event is selected, apart from its verdict.
func (f *filter) matches(ctx context.Context, e *evidence.Entry) (bool, error) {
	switch {
	case e.Severity < f.Severity,
		!f.From.IsZero() && e.Last.Before(f.From),
		!f.To.IsZero() && !e.First.Before(f.To),
		f.Sensor != "" && e.Sensor != f.Sensor,
		f.Rule != "" && !slices.Contains(e.Rules, f.Rule),
		f.Place != "" && f.Near == nil && !slices.ContainsFunc(e.Places, f.isPlace),
		f.Text != "" && !f.says(e):
		return false, nil
	case f.State != "":
		going, err := e.GoesOn(ctx)
		if err != nil || going != (f.State == string(analyzer.Open)) {
			return false, err
		}
	}
	if f.Near != nil {
		return e.In(ctx, f.Near)
	}
	return true, nil
}

// isPlace reports whether a place is the selected one: a network, an area code of it, or an area code alone.
func (f *filter) isPlace(place string) bool {
	return place == f.Place || strings.HasSuffix(place, "-"+f.Place) && strings.Count(place, "-") == 2
}

// says reports whether the words that are looked for are in an event.
func (f *filter) says(e *evidence.Entry) bool {
	var more []string
	if f.words != nil {
		more = f.words(e)
	}
	return e.Finds(f.search, more...) || f.wrote != nil && f.wrote(e, strings.ToLower(f.Text))
}

// onServer selects, in place of a verdict, the events that cannot be decided here.
const onServer = "elsewhere"

// outcome is the verdict of an event as a filter names it: empty for none.
func outcome(e *evidence.Entry) string {
	if e.Elsewhere() {
		return onServer
	}
	if e.Verdict == nil {
		return ""
	}
	return string(e.Verdict.Judgement)
}

// with is the address of the inbox with one part of the filter changed; an empty value removes it.
func (f *filter) with(key, value string) string {
	v := url.Values{}
	for k, s := range f.values {
		v[k] = s
	}
	if value == "" {
		v.Del(key)
	} else {
		v.Set(key, value)
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}
