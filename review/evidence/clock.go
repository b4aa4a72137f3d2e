package evidence

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// correctionsMaxAge is how long the corrections that were read are used.
const correctionsMaxAge = time.Minute

// clockCache holds the corrections of a store as last read.
type clockCache struct {
	mu    sync.Mutex
	known storage.Corrections
	read  time.Time // zero: never
}

// Corrections are the times at which the clocks of a store's sensors were wrong, and by how much.
func (s *Store) Corrections(ctx context.Context) (storage.Corrections, error) {
	s.clocks.mu.Lock()
	defer s.clocks.mu.Unlock() // one reads, the others wait for it
	now := s.o.Now()
	if !s.clocks.read.IsZero() && now.Sub(s.clocks.read) < correctionsMaxAge {
		return s.clocks.known, nil
	}
	cs, err := s.Store.Corrections(ctx)
	if err != nil {
		return nil, err
	}
	s.clocks.known, s.clocks.read = cs, now
	return cs, nil
}

// Recorded lists the stretches of recorded time that hold what really happened from one time to another.
func (s *Store) Recorded(ctx context.Context, sensor string, from, to time.Time) ([]storage.Stretch, error) {
	cs, err := s.Corrections(ctx)
	if err != nil {
		return nil, err
	}
	return cs.Recorded(sensor, from, to), nil
}

// correctAll returns events at their corrected times, in that order.
func correctAll(cs storage.Corrections, events []analyzer.Event) []analyzer.Event {
	all := make([]analyzer.Event, len(events))
	for i, e := range events {
		all[i], _ = cs.Event(e)
	}
	slices.SortStableFunc(all, func(a, b analyzer.Event) int { return a.Opened.Compare(b.Opened) })
	return all
}

// shifted is a copy of a record at a later time; a record without a time, and every record for an offset of 0, is returned as it is.
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
	case *cell.Message:
		m := *r
		m.Time = m.Time.Add(by)
		return &m
	case *cell.Broadcast:
		b := *r
		b.Time = b.Time.Add(by)
		return &b
	}
	return r
}
