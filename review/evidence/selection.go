package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Selection is what is reported, bundled or compared: an event, or a period of one sensor or of all.
type Selection struct {
	ID       string // of the event; empty for a period and a case
	Case     string // id of the case; empty for an event and a period
	From, To time.Time
	Sensors  []Sensor
	Events   []Selected

	parts []Portion // nil: the whole time of each sensor
	trims trims     // see Library.Trim
}

// Portion is a time of a sensor in a selection.
type Portion struct {
	Sensor   *Sensor
	From, To time.Time
}

// Parts are the times that are selected of each sensor, in order.
func (x *Selection) Parts() []Portion {
	if x.parts != nil {
		return x.parts
	}
	var all []Portion
	for i := range x.Sensors {
		all = append(all, Portion{&x.Sensors[i], x.From, x.To})
	}
	return all
}

// SelectCase selects the events of a case, and the time around each. The error wraps storage.ErrNotFound if there is no such case, or if no
// store has any of its events.
func (l *Library) SelectCase(ctx context.Context, id string) (*Selection, error) {
	c, err := l.Case(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", PlainTo(id, 64), err)
	}
	x := &Selection{Case: c.ID}
	for event := range c.events {
		for _, s := range l.stores {
			stored, err := s.Event(ctx, event)
			if errors.Is(err, storage.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if err := x.add(ctx, l, s, stored); err != nil {
				return nil, err
			}
		}
	}
	if len(x.Events) == 0 {
		return nil, fmt.Errorf("the case has no event: %w", storage.ErrNotFound)
	}
	slices.SortFunc(x.Events, func(a, b Selected) int {
		return cmp.Or(a.Event.Opened.Compare(b.Event.Opened), cmp.Compare(a.Entry.ID, b.Entry.ID))
	})
	x.partsOfEvents()
	return x, nil
}

// add adds an event to a selection.
func (x *Selection) add(ctx context.Context, l *Library, s *Store, stored analyzer.Event) error {
	entry, err := l.entryOf(ctx, s, &stored)
	if err != nil {
		return err
	}
	cs, err := s.Corrections(ctx)
	if err != nil {
		return err
	}
	is, _ := cs.Event(stored)
	x.Events = append(x.Events, Selected{entry, l.CleanEvent(is), l.CleanEvent(stored)})
	if slices.ContainsFunc(x.Sensors, func(o Sensor) bool { return o.Store == s && o.Key == stored.Sensor }) {
		return nil
	}
	sensor, err := s.sensor(ctx, stored.Sensor)
	if err == nil {
		x.Sensors = append(x.Sensors, *sensor)
	}
	return err
}

// partsOfEvents makes the parts: the time around each event, those of a sensor that touch as one.
func (x *Selection) partsOfEvents() {
	slices.SortFunc(x.Sensors, func(a, b Sensor) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Store.index, b.Store.index))
	})
	for i := range x.Sensors {
		s := &x.Sensors[i]
		var spans []Portion
		for j := range x.Events {
			if e := &x.Events[j]; e.Entry.Store == s.Store && e.Entry.sensor == s.Key {
				p := Portion{Sensor: s}
				p.From, p.To = Around(&e.Event)
				spans = append(spans, p)
			}
		}
		slices.SortFunc(spans, func(a, b Portion) int { return a.From.Compare(b.From) })
		for j, p := range spans {
			if last := len(x.parts) - 1; j > 0 && !p.From.After(x.parts[last].To) {
				x.parts[last].To = Later(x.parts[last].To, p.To)
			} else {
				x.parts = append(x.parts, p)
			}
		}
	}
	x.From, x.To = x.parts[0].From, x.parts[0].To
	for _, p := range x.parts {
		x.From, x.To = Earlier(x.From, p.From), Later(x.To, p.To)
	}
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
		for _, p := range x.Parts() {
			for r, err := range p.Sensor.records(ctx, p.From, p.To, raw) {
				if err == nil {
					if at := r.When(); !at.IsZero() && !x.trims.may(p.Sensor.Store, at, at) {
						continue
					}
					r = p.Sensor.Store.clean.CleanRecord(r)
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
