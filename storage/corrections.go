package storage

import (
	"context"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Corrections are the periods in which the clocks of sensors were wrong, by sensor; the periods of one sensor do not overlap.
// A store keeps the times that were recorded. What people are shown is corrected, and says so.
type Corrections map[string][]Stretch

// Stretch is a period of recorded time, and the error of the clock in it.
type Stretch struct {
	From, To time.Time     // as recorded; To is exclusive
	Offset   time.Duration // true time minus recorded time
}

// mostCorrections is how many clock changes of one sensor are used, the newest; earlier times stay uncorrected. It bounds the
// memory that a clock which is set all the time can take.
const mostCorrections = 1000

// Corrections reads when clocks were set. Clock lines that do not say since when the clock was wrong are left out.
func (s *Store) Corrections(ctx context.Context) (Corrections, error) {
	sets := map[string][]cell.Clock{}
	for e, err := range s.Records(ctx, Query{Kinds: Clocks}) {
		if err != nil {
			return nil, err
		}
		if c, ok := e.Record.(*cell.Clock); ok && !c.Since.IsZero() {
			all := append(sets[c.Sensor], *c)
			sets[c.Sensor] = all[max(len(all)-mostCorrections, 0):]
		}
	}
	cs := Corrections{}
	for sensor, clocks := range sets {
		cs[sensor] = Stretches(clocks)
	}
	return cs, nil
}

// Stretches returns the periods in which the clock of a sensor was wrong, from the lines that say when it was set. A clock
// that was set several times while it was observed was wrong by the sum of all later steps. If two lines cover the same time,
// the first one counts.
func Stretches(sets []cell.Clock) (all []Stretch) {
	sets = sets[max(len(sets)-mostCorrections, 0):]
	for i, c := range sets {
		offset, until := c.Offset, c.Time
		for _, next := range sets[i+1:] {
			if next.Since.Equal(until) {
				offset, until = offset+next.Offset, next.Time
			}
		}
		if offset != 0 {
			all = append(all, without([]Stretch{{c.Since, c.Time.Add(-c.Offset), offset}}, all...)...)
		}
	}
	return all
}

// At returns the true time of a recorded time.
func (cs Corrections) At(sensor string, t time.Time) time.Time {
	for _, s := range cs[sensor] {
		if !t.Before(s.From) && t.Before(s.To) {
			return t.Add(s.Offset)
		}
	}
	return t
}

// Event returns an event with its true times, and by how much the first wrong one of them was wrong; 0 if none was.
func (cs Corrections) Event(e analyzer.Event) (fixed analyzer.Event, by time.Duration) {
	if len(cs[e.Sensor]) == 0 {
		return e, 0
	}
	fix := func(t *time.Time) {
		now := cs.At(e.Sensor, *t)
		if by == 0 {
			by = now.Sub(*t)
		}
		*t = now
	}
	fix(&e.First)
	fix(&e.Opened)
	fix(&e.Last)
	e.Findings = slices.Clone(e.Findings)
	for i := range e.Findings {
		f := &e.Findings[i]
		fix(&f.First)
		fix(&f.Last)
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			fix(&f.Evidence[j].Time)
		}
	}
	return e, by
}

// Recorded returns where in recorded time to look for what really happened from one time to another, in order of recorded
// time.
func (cs Corrections) Recorded(sensor string, from, to time.Time) []Stretch {
	found := without([]Stretch{{From: from, To: to}}, cs[sensor]...) // recorded with these times, which were right
	for _, s := range cs[sensor] {
		s.From, s.To = later(s.From, from.Add(-s.Offset)), earlier(s.To, to.Add(-s.Offset))
		if s.To.After(s.From) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b Stretch) int { return a.From.Compare(b.From) })
	return found
}

// without returns what is left of some periods when others are taken out.
func without(of []Stretch, out ...Stretch) (left []Stretch) {
	for _, o := range out {
		left = nil
		for _, s := range of {
			if before := (Stretch{s.From, earlier(s.To, o.From), s.Offset}); before.To.After(before.From) {
				left = append(left, before)
			}
			if after := (Stretch{later(s.From, o.To), s.To, s.Offset}); after.To.After(after.From) {
				left = append(left, after)
			}
		}
		of = left
	}
	return slices.DeleteFunc(of, func(s Stretch) bool { return !s.To.After(s.From) })
}

func earlier(a, b time.Time) time.Time { return slices.MinFunc([]time.Time{a, b}, time.Time.Compare) }

func later(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }
