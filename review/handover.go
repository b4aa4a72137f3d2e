package review

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/storage"
)

// handover is what is to be reported, bundled or run again: one event, or a period of one sensor or all.
type handover struct {
	id       string
	from, to time.Time
	sensors  []chosenSensor
	events   []analyzer.Event // cleaned, at the times that really were
	stored   []analyzer.Event // the same as they are stored, cleaned
	leaving                   // see trim
}

// chosenSensor is a sensor with its store.
type chosenSensor struct {
	alive
	store Store
}

// longestPeriod is how much may be handed on at once; longer ones are for the command line.
const longestPeriod = 31 * 24 * time.Hour

// chosen reads from an address what is meant.
func (d *Desk) chosen(r *http.Request) (*handover, error) {
	ctx := r.Context()
	if id := r.PathValue("id"); id != "" {
		return d.eventHandover(ctx, id)
	}
	q, z := r.URL.Query(), zone(r)
	from, ok1 := readTime(q.Get("from"), z, false)
	to, ok2 := readTime(q.Get("to"), z, true)
	if !ok1 || !ok2 || !to.After(from) || to.Sub(from) > longestPeriod {
		return nil, fmt.Errorf("period %q to %q: %w", plainTo(q.Get("from"), 40), plainTo(q.Get("to"), 40), storage.ErrNotFound)
	}
	return d.periodHandover(ctx, q.Get("sensor"), from, to)
}

func (d *Desk) eventHandover(ctx context.Context, id string) (*handover, error) {
	own, s, err := d.lookup(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := s.Event(ctx, own.key)
	if err != nil {
		return nil, err
	}
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	is, _ := cs.Event(e)
	h := &handover{id: id, events: []analyzer.Event{d.cleanEvent(is)}, stored: []analyzer.Event{d.cleanEvent(e)}}
	h.from, h.to = spanOf(&is)
	h.sensors = []chosenSensor{{alive{Name: plainTo(d.scrub(e.Sensor), 80), key: e.Sensor}, s}}
	return h, nil
}

func (d *Desk) periodHandover(ctx context.Context, sensor string, from, to time.Time) (*handover, error) {
	h := &handover{from: from, to: to}
	all, err := d.sensors(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if sensor != "" && a.Name != sensor {
			continue
		}
		s := d.o.Stores[a.Store]
		h.sensors = append(h.sensors, chosenSensor{a, s})
		events, err := d.stored(ctx, s, a.key, from, to)
		if err != nil {
			return nil, err
		}
		cs, err := d.corrections(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			h.stored = append(h.stored, d.cleanEvent(e))
			is, _ := cs.Event(e)
			h.events = append(h.events, d.cleanEvent(is))
		}
	}
	slices.SortStableFunc(h.events, func(a, b analyzer.Event) int { return a.Opened.Compare(b.Opened) })
	return h, nil
}

// handing reads what is to be handed on and how, and lets send do it while there is a place for a long answer.
func (d *Desk) handing(send func(http.ResponseWriter, *http.Request, *handover, BundleOptions)) http.HandlerFunc {
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
		h, err := d.chosen(r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		if err := d.trim(r.Context(), h, o); errors.Is(err, ErrTrimmed) {
			d.refuse(w, r, http.StatusForbidden, "refuse.trimmed")
			return
		} else if err != nil {
			d.fail(w, r, err)
			return
		}
		send(w, r, h, o)
	}
}

// periodPage offers what can be done with a period.
type periodPage struct {
	From, To string
	Sensor   string
	Sensors  []alive
	Query    string // what a report or bundle of this period is asked with
	Rerun    bool
	Events   int
}

func (d *Desk) showPeriod(w http.ResponseWriter, r *http.Request) {
	sensors, err := d.sensors(r.Context())
	if err != nil {
		d.fail(w, r, err)
		return
	}
	q, z := r.URL.Query(), zone(r)
	p := &periodPage{From: plainTo(q.Get("from"), 40), To: plainTo(q.Get("to"), 40), Sensor: q.Get("sensor"), Sensors: sensors, Rerun: d.o.Rerun != nil}
	if !slices.ContainsFunc(sensors, func(a alive) bool { return a.Name == p.Sensor }) {
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
		h, err := d.periodHandover(r.Context(), p.Sensor, from, to)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		p.Events = len(h.events)
	}
	d.render(w, r, http.StatusOK, "period", "period.title", p)
}
