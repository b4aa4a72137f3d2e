package evidence

import (
	"context"
	"iter"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Selection is what is reported, bundled or compared: an event, or a period of one sensor or of all.
type Selection struct {
	ID       string // of the event; empty for a period
	From, To time.Time
	Sensors  []Sensor
	Events   []Selected

	trims trims // see Library.Trim
}

// Selected is an event of a selection.
type Selected struct {
	Entry  *Entry
	Event  analyzer.Event // without identities, at the corrected times
	Stored analyzer.Event // without identities, at the recorded times
}

// SelectEvent selects an event, and the time around it. The error wraps storage.ErrNotFound if no store has it.
func (l *Library) SelectEvent(ctx context.Context, id string) (*Selection, error) {
	e, err := l.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	stored, corrected, err := e.Events(ctx)
	if err != nil {
		return nil, err
	}
	s, err := e.Store.sensor(ctx, e.sensor)
	if err != nil {
		return nil, err
	}
	x := &Selection{ID: id, Sensors: []Sensor{*s}, Events: []Selected{{e, corrected, stored}}}
	x.From, x.To = Around(&corrected)
	return x, nil
}

// SelectPeriod selects a period of the sensor of this name, or with an empty name of all.
func (l *Library) SelectPeriod(ctx context.Context, sensor string, from, to time.Time) (*Selection, error) {
	x := &Selection{From: from, To: to}
	all, err := l.Sensors(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if sensor != "" && s.Name != sensor {
			continue
		}
		x.Sensors = append(x.Sensors, s)
		events, err := s.stored(ctx, from, to)
		if err != nil {
			return nil, err
		}
		cs, err := s.Store.Corrections(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			entry, err := l.entryOf(ctx, s.Store, &e)
			if err != nil {
				return nil, err
			}
			is, _ := cs.Event(e)
			x.Events = append(x.Events, Selected{entry, l.CleanEvent(is), l.CleanEvent(e)})
		}
	}
	slices.SortStableFunc(x.Events, func(a, b Selected) int { return a.Event.Opened.Compare(b.Event.Opened) })
	return x, nil
}

// stored are the events of a period, at the recorded times.
func (s *Sensor) stored(ctx context.Context, from, to time.Time) ([]analyzer.Event, error) {
	return s.events(ctx, from, to, func(from, to time.Time) (all []analyzer.Event, err error) {
		for e, err := range s.Store.Events(ctx, storage.EventQuery{Sensor: s.Key, From: from, To: to}) {
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
		return all, nil
	})
}

// events reads events of every stretch in which a period was recorded, each event once.
func (s *Sensor) events(ctx context.Context, from, to time.Time, read func(from, to time.Time) ([]analyzer.Event, error)) (all []analyzer.Event, err error) {
	stretches, err := s.Store.Recorded(ctx, s.Key, from, to)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, part := range stretches {
		found, err := read(part.From, part.To)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if !taken[e.ID] {
				taken[e.ID], all = true, append(all, e)
			}
		}
	}
	return all, nil
}

// Records walks over what was recorded, without identities and as it was recorded, without what Trim left out; with the records that
// say how wrong a clock was, although they may have come later.
func (x *Selection) Records(ctx context.Context, raw bool) iter.Seq2[cell.Record, error] {
	return func(yield func(cell.Record, error) bool) {
		for i := range x.Sensors {
			for r, err := range x.Sensors[i].records(ctx, x.From, x.To, raw) {
				if err == nil {
					if at := r.When(); !at.IsZero() && !x.trims.may(x.Sensors[i].Store, at, at) {
						continue
					}
					r = x.Sensors[i].Store.clean.CleanRecord(r)
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// records are those of a period as they are stored, and then the clock records that their times need.
func (s *Sensor) records(ctx context.Context, from, to time.Time, raw bool) iter.Seq2[cell.Record, error] {
	return func(yield func(cell.Record, error) bool) {
		stretches, err := s.Store.Recorded(ctx, s.Key, from, to)
		if err != nil {
			yield(nil, err)
			return
		}
		wrong := false
		for _, part := range stretches {
			wrong = wrong || part.Offset != 0
			for e, err := range s.Store.Records(ctx, storage.Query{Sensor: s.Key, From: part.From, To: part.To, NoRaw: !raw}) {
				if !yield(e.Record, err) || err != nil {
					return
				}
			}
		}
		if !wrong {
			return
		}
		for e, err := range s.Store.Records(ctx, storage.Query{Sensor: s.Key, Kinds: storage.Clocks}) {
			if err == nil {
				at := e.Record.When()
				if slices.ContainsFunc(stretches, func(p storage.Stretch) bool { return !at.Before(p.From) && at.Before(p.To) }) {
					continue
				}
			}
			if !yield(e.Record, err) || err != nil {
				return
			}
		}
	}
}
