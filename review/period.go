package review

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"vigie/review/evidence"
	"vigie/storage"
)

// longestPeriod is how much may be handed on at once; longer ones are for the command line.
const longestPeriod = 31 * 24 * time.Hour

// selected reads from an address which event or period is meant.
func (d *Desk) selected(r *http.Request) (*evidence.Selection, error) {
	ctx := r.Context()
	if id := r.PathValue("id"); id != "" {
		return d.evidence.SelectEvent(ctx, id)
	}
	q, z := r.URL.Query(), zone(r)
	from, ok1 := readTime(q.Get("from"), z, false)
	to, ok2 := readTime(q.Get("to"), z, true)
	if !ok1 || !ok2 || !to.After(from) || to.Sub(from) > longestPeriod {
		return nil, fmt.Errorf("period %q to %q: %w", evidence.PlainTo(q.Get("from"), 40), evidence.PlainTo(q.Get("to"), 40), storage.ErrNotFound)
	}
	return d.evidence.SelectPeriod(ctx, q.Get("sensor"), from, to)
}

// handing reads what is to be handed on and how, and lets send do it while there is a place for a long answer.
func (d *Desk) handing(send func(http.ResponseWriter, *http.Request, *evidence.Selection, BundleOptions)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, ok := d.takeHeavy(w, r)
		if !ok {
			return
		}
		defer done()
		o, err := d.optionsOf(r)
		if err != nil {
			d.refuse(w, r, http.StatusBadRequest, "refuse.form")
			return
		}
		x, err := d.selected(r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		if err := d.evidence.Trim(r.Context(), x, o.Trim, o.WithHomes); errors.Is(err, evidence.ErrTrimmed) {
			d.refuse(w, r, http.StatusForbidden, "refuse.trimmed")
			return
		} else if err != nil {
			d.fail(w, r, err)
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
	Query    string // what a report or bundle of this period is asked with
	Rerun    bool
	Events   int
}

func (d *Desk) showPeriod(w http.ResponseWriter, r *http.Request) {
	sensors, err := d.evidence.Sensors(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	q, z := r.URL.Query(), zone(r)
	p := &periodPage{From: evidence.PlainTo(q.Get("from"), 40), To: evidence.PlainTo(q.Get("to"), 40), Sensor: q.Get("sensor"), Sensors: sensors, Rerun: d.evidence.CanRerun()}
	if !slices.ContainsFunc(sensors, func(a evidence.Sensor) bool { return a.Name == p.Sensor }) {
		p.Sensor = ""
	}
	if p.From == "" && len(sensors) > 0 {
		last := sensors[0].Last.In(z)
		p.From, p.To = last.Format(time.DateOnly), last.Format(time.DateOnly)
	}
	from, ok1 := readTime(p.From, z, false)
	to, ok2 := readTime(p.To, z, true)
	if ok1 && ok2 && to.After(from) && to.Sub(from) <= longestPeriod {
		p.Query = url.Values{"from": {p.From}, "to": {p.To}, "sensor": {p.Sensor}}.Encode()
		x, err := d.evidence.SelectPeriod(r.Context(), p.Sensor, from, to)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		p.Events = len(x.Events)
	}
	d.render(w, r, http.StatusOK, "period", "period.title", p)
}
