package review

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vigie/review/evidence"
	"vigie/storage"
)

// longestPeriod is the longest period of a page; longer ones are for the command line.
const longestPeriod = 31 * 24 * time.Hour

// selected reads from an address which event or period is meant.
func (rv *Review) selected(r *http.Request) (*evidence.Selection, error) {
	ctx := r.Context()
	if id := r.PathValue("id"); id != "" {
		return rv.evidence.SelectEvent(ctx, id)
	}
	q, z := r.URL.Query(), zone(r)
	if strings.HasPrefix(r.URL.Path, "/case/") {
		return rv.evidence.SelectCase(ctx, q.Get("id"))
	}
	from, ok1 := readTime(q.Get("from"), z, false)
	to, ok2 := readTime(q.Get("to"), z, true)
	if !ok1 || !ok2 || !to.After(from) || to.Sub(from) > longestPeriod {
		return nil, fmt.Errorf("period %q to %q: %w", evidence.PlainTo(q.Get("from"), 40), evidence.PlainTo(q.Get("to"), 40), storage.ErrNotFound)
	}
	return rv.evidence.SelectPeriod(ctx, q.Get("sensor"), from, to)
}

// handOn reads from a request what is to be handed on and how, and calls send while holding a place for long answers.
func (rv *Review) handOn(send func(http.ResponseWriter, *http.Request, *evidence.Selection, BundleOptions)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, ok := rv.takeHeavy(w, r)
		if !ok {
			return
		}
		defer done()
		o, err := rv.optionsOf(r)
		if err != nil {
			rv.refuse(w, r, http.StatusBadRequest, "refuse.form")
			return
		}
		x, err := rv.selected(r)
		if err != nil {
			rv.fail(w, r, err)
			return
		}
		if err := rv.evidence.Trim(r.Context(), x, o.Trim, o.WithHomes); errors.Is(err, evidence.ErrTrimmed) {
			rv.refuse(w, r, http.StatusForbidden, "refuse.trimmed")
			return
		} else if err != nil {
			rv.fail(w, r, err)
			return
		}
		send(w, r, x, o)
	}
}

// periodPage offers what can be done with a period.
type periodPage struct {
	From, To string
	Sensor   string
	Sensors  []evidence.Sensor
	Query    string // of the addresses of its report and bundle
	Rerun    bool
	Only     evidence.Choice
	Told     evidence.Told
}

// choices are the verdicts by which the events of a report are chosen; empty: any.
func choices() []string {
	return []string{"", evidence.Undecided, string(storage.Suspicious), string(storage.Unsure), string(storage.Benign)}
}

// Choices lists them for a choice.
func (p *periodPage) Choices() []string { return choices() }

// readChoice reads from an address which events a report is about.
func readChoice(q url.Values) (c evidence.Choice, err error) {
	if s := q.Get("severity"); s != "" {
		if err := c.Severity.UnmarshalText([]byte(s)); err != nil {
			return c, err
		}
	}
	if c.Verdict = q.Get("verdict"); !slices.Contains(choices(), c.Verdict) {
		return evidence.Choice{}, fmt.Errorf("%q is not a verdict", evidence.PlainTo(c.Verdict, 40))
	}
	return c, nil
}

func (rv *Review) periodPage(r *http.Request) (*periodPage, error) {
	sensors, err := rv.evidence.Sensors(r.Context())
	if err != nil {
		return nil, err
	}
	q, z := r.URL.Query(), zone(r)
	p := &periodPage{From: evidence.PlainTo(q.Get("from"), 40), To: evidence.PlainTo(q.Get("to"), 40), Sensor: q.Get("sensor"), Sensors: sensors, Rerun: rv.evidence.CanRerun()}
	if !slices.ContainsFunc(sensors, func(a evidence.Sensor) bool { return a.Name == p.Sensor }) {
		p.Sensor = ""
	}
	if p.From == "" && len(sensors) > 0 {
		last := sensors[0].Last.In(z)
		p.From, p.To = last.Format(time.DateOnly), last.Format(time.DateOnly)
	}
	if p.Only, err = readChoice(q); err != nil {
		p.Only = evidence.Choice{} // of an address that was changed by hand
	}
	from, ok1 := readTime(p.From, z, false)
	to, ok2 := readTime(p.To, z, true)
	if ok1 && ok2 && to.After(from) && to.Sub(from) <= longestPeriod {
		p.Query = url.Values{"from": {p.From}, "to": {p.To}, "sensor": {p.Sensor}, "severity": {p.Only.Severity.String()}, "verdict": {p.Only.Verdict}}.Encode()
		x, err := rv.evidence.SelectPeriod(r.Context(), p.Sensor, from, to)
		if err != nil {
			return nil, err
		}
		p.Told = x.Tell(p.Only, mostReported)
	}
	return p, nil
}
