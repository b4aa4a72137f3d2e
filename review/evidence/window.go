package evidence

import (
	"context"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Window is what a sensor recorded in a period, without identities and at the corrected times.
type Window struct {
	From, To time.Time
	Source   *cell.Source  // of the sensor; nil: unknown
	Records  []cell.Record // in order of time
	Cut      bool          // there are more records than these
	Minutes  []cell.Record // of minutes of which only summaries are left, in order of time

	store *Store
}

const (
	// Margin is how much of the time before and after an event is shown with it.
	Margin      = 10 * time.Minute
	longestView = 2 * time.Hour // of an event that lasted longer the first part is shown
	maxRecords  = 12000         // in one window
)

// Around is the period that is shown with an event.
func Around(e *analyzer.Event) (from, to time.Time) {
	from, to = e.First.Add(-Margin), Later(e.First, e.Last).Add(Margin) // a store of somebody else may have it end before it began
	if to.Sub(from) > longestView {
		to = from.Add(longestView)
	}
	return from, to
}

// Window reads what a sensor, as the store names it, recorded in a period. With raw, the records have the modem's lines, as they are
// stored: Exchanges removes identities from those that it returns.
func (s *Store) Window(ctx context.Context, sensor string, from, to time.Time, raw bool) (*Window, error) {
	w := &Window{From: from, To: to, store: s}
	stretches, err := s.Recorded(ctx, sensor, from, to)
	if err != nil {
		return nil, err
	}
	for _, part := range stretches {
		q := storage.Query{Sensor: sensor, From: part.From, To: part.To, Limit: maxRecords + 1, NoRaw: !raw}
		if err := w.read(ctx, q, part.Offset); err != nil {
			return nil, err
		}
		for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: part.To}) {
			if err != nil {
				return nil, err
			}
			if w.Source == nil && m.Source != nil {
				w.Source = s.clean.source(m.Source)
			}
			for _, o := range observationsOf(&m, part.Offset) {
				w.Minutes = append(w.Minutes, o)
			}
		}
	}
	if len(stretches) > 1 {
		sortByTime(w.Records)
		sortByTime(w.Minutes)
	}
	return w, nil
}

// observed passes on what a sensor, as the store names it, observed in a period: each observation, at most that many in a stretch (0:
// all), and each summary where observations are gone; with what to add to their times.
func (s *Store) observed(ctx context.Context, sensor string, from, to time.Time, most int, record func(*cell.Observation, time.Duration), minute func(*storage.Summary, time.Duration)) error {
	stretches, err := s.Recorded(ctx, sensor, from, to)
	if err != nil {
		return err
	}
	for _, part := range stretches {
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor, From: part.From, To: part.To, Kinds: storage.Observations, Limit: most, NoRaw: true}) {
			if err != nil {
				return err
			}
			if o, ok := e.Record.(*cell.Observation); ok {
				record(o, part.Offset)
			}
		}
		for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: sensor, From: part.From, To: part.To}) {
			if err != nil {
				return err
			}
			minute(&m, part.Offset)
		}
	}
	return nil
}

func sortByTime(rs []cell.Record) {
	slices.SortStableFunc(rs, func(a, b cell.Record) int { return a.When().Compare(b.When()) })
}

// read adds the records that a query finds, at their time plus an offset.
func (w *Window) read(ctx context.Context, q storage.Query, by time.Duration) error {
	for e, err := range w.store.Records(ctx, q) {
		if err != nil {
			return err
		}
		r := shifted(e.Record, by)
		if src, ok := r.(*cell.Source); ok {
			if w.Source == nil {
				w.Source = w.store.clean.source(src)
			}
			continue
		}
		if len(w.Records) == maxRecords {
			w.Cut = true
			break
		}
		if o, ok := r.(*cell.Observation); ok && !q.NoRaw { // few of its lines are shown: those are scrubbed then
			lines := o.Raw
			o.Raw = nil
			o = w.store.clean.observation(o)
			o.Raw = lines
			w.Records = append(w.Records, o)
			continue
		}
		w.Records = append(w.Records, w.store.clean.CleanRecord(r))
	}
	return nil
}

// observationsOf are the observations that stand for a summary of a minute: one for each serving cell, spread over the minute in an
// unknown order, the first with all neighbours.
func observationsOf(m *storage.Summary, by time.Duration) []*cell.Observation {
	var all []*cell.Observation
	var near []cell.Cell
	for i := range m.Cells {
		c := storage.CleanCell(withLevel(m.Cells[i].Cell, m.Cells[i].Median))
		switch m.Cells[i].Role {
		case storage.RoleServing:
			all = append(all, &cell.Observation{Sensor: m.Sensor, Serving: &c})
		case storage.RoleNeighbour:
			near = append(near, c)
		}
	}
	if len(all) == 0 && near != nil {
		all = append(all, &cell.Observation{Sensor: m.Sensor})
	}
	for i, o := range all {
		o.Time = m.Time.Add(by + time.Duration(i+1)*time.Minute/time.Duration(len(all)+1))
		if i == 0 {
			o.Neighbours = near
		}
	}
	return all
}

// withLevel is a cell of a summary, heard at a level.
func withLevel(c cell.Cell, level cell.Opt[cell.DBm]) cell.Cell {
	switch c.RAT {
	case cell.LTE, cell.NR:
		c.RSRP = level
	case cell.UMTS:
		c.RSCP = level
	default:
		c.RSSI = level
	}
	return c
}

// trim removes the records that may not be handed on. They are later than recorded by an offset, or not at all where the clock was
// set among them: what may not leave at either time does not.
func (w *Window) trim(t trims, by time.Duration) {
	if !t.any(w.store) {
		return
	}
	withheld := func(r cell.Record) bool {
		at := r.When()
		return !t.may(w.store, at, at) || !t.may(w.store, at.Add(-by), at.Add(-by))
	}
	w.Records = slices.DeleteFunc(w.Records, withheld)
	w.Minutes = slices.DeleteFunc(w.Minutes, withheld)
}

// coarsen replaces what names a place.
func (w *Window) coarsen(c *Coarsener) {
	for _, rs := range [][]cell.Record{w.Records, w.Minutes} {
		for i := range rs {
			rs[i] = c.Record(rs[i])
		}
	}
}
