package review

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// The clock of a sensor may have been set while it watched, and then earlier times were wrong. The record stays as it was;
// every page, chart and report shows the times that really were, and says so. Bundles carry the record as it was.

const clocksAgain = time.Minute // how old what is known of the clocks may be

// clocks remembers, of each store, where its clocks were wrong.
type clocks struct {
	mu   sync.Mutex
	read map[*storage.Store]clocksRead
}

type clocksRead struct {
	storage.Corrections
	at time.Time
}

func (d *Desk) corrections(ctx context.Context, s Store) (storage.Corrections, error) {
	d.clocks.mu.Lock()
	defer d.clocks.mu.Unlock() // one reads, the others wait for it
	if c, ok := d.clocks.read[s.Store]; ok && d.now().Sub(c.at) < clocksAgain {
		return c.Corrections, nil
	}
	cs, err := s.Corrections(ctx)
	if err != nil {
		return nil, err
	}
	if d.clocks.read == nil {
		d.clocks.read = map[*storage.Store]clocksRead{}
	}
	d.clocks.read[s.Store] = clocksRead{cs, d.now()}
	return cs, nil
}

// recorded is where in a store to look for what really happened between two times.
func (d *Desk) recorded(ctx context.Context, s Store, sensor string, from, to time.Time) ([]storage.Stretch, error) {
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	return cs.Recorded(sensor, from, to), nil
}

// correct gives an entry of the inbox the times that really were.
func (e *entry) correct(cs storage.Corrections) {
	is, by := cs.Event(analyzer.Event{Sensor: e.sensor, First: e.was[0], Opened: e.was[1], Last: e.was[2]})
	e.First, e.Opened, e.Last, e.Shift = is.First, is.Opened, is.Last, by
}

// Was is the first sign as recorded.
func (e *entry) Was() time.Time { return e.was[0] }

// corrected are events with the times that really were, in order of those.
func corrected(cs storage.Corrections, events []analyzer.Event) []analyzer.Event {
	all := make([]analyzer.Event, len(events))
	for i, e := range events {
		all[i], _ = cs.Event(e)
	}
	slices.SortStableFunc(all, func(a, b analyzer.Event) int { return a.Opened.Compare(b.Opened) })
	return all
}

// shifted is a record at the time that really was. The record is not changed.
func shifted(r cell.Record, by time.Duration) cell.Record {
	if by == 0 {
		return r
	}
	switch r := r.(type) {
	case *cell.Observation:
		o := *r
		o.Time = o.Time.Add(by)
		return &o
	case *cell.Gap:
		g := *r
		g.Time = g.Time.Add(by)
		if !g.Until.IsZero() {
			g.Until = g.Until.Add(by)
		}
		return &g
	case *cell.Health:
		h := *r
		h.Time = h.Time.Add(by)
		return &h
	}
	return r
}
