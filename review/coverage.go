package review

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Blind time is drawn in the same timeline as events: a quiet night and a dead sensor never look alike. What was watched
// is known in steps of ten minutes from the records themselves, and blind spans to the second from the gaps that the
// collector recorded.

const step = 10 * time.Minute

// heardCache remembers which steps of past days have observations; past days do not change.
type heardCache struct {
	mu   sync.Mutex
	days map[heardKey]heardDay
}

type heardKey struct {
	store  int
	sensor string
	from   int64 // Unix seconds
	n      int
}

type heardDay struct {
	steps []bool
	read  time.Time // when; final days stay
	final bool
}

const (
	mostHeard  = 20000            // days of sensors: 3 MB
	heardAgain = 15 * time.Second // how old the present day may be
)

// heardSteps tells for each of n steps whether a sensor observed in it, by the times that really were.
func (d *Desk) heardSteps(ctx context.Context, store int, sensor string, from time.Time, n int) ([]bool, error) {
	stretches, err := d.recorded(ctx, d.o.Stores[store], sensor, from, from.Add(time.Duration(n)*step))
	if err != nil {
		return nil, err
	}
	if len(stretches) == 1 && stretches[0].Offset == 0 && stretches[0].To.Sub(stretches[0].From) == time.Duration(n)*step {
		return d.recordedSteps(ctx, store, sensor, from, n)
	}
	steps := make([]bool, n)
	for _, part := range stretches {
		was := from.Add(-part.Offset)
		heard, err := d.recordedSteps(ctx, store, sensor, was, n)
		if err != nil {
			return nil, err
		}
		for i, h := range heard {
			at := was.Add(time.Duration(i) * step)
			steps[i] = steps[i] || h && at.Before(part.To) && at.Add(step).After(part.From)
		}
	}
	return steps, nil
}

// recordedSteps is the same by the times that were recorded.
func (d *Desk) recordedSteps(ctx context.Context, store int, sensor string, from time.Time, n int) ([]bool, error) {
	key, now := heardKey{store, sensor, from.Unix(), n}, d.now()
	d.heard.mu.Lock()
	h, ok := d.heard.days[key]
	d.heard.mu.Unlock()
	if ok && (h.final || now.Sub(h.read) < heardAgain) {
		return h.steps, nil
	}
	steps, err := d.o.Stores[store].Heard(ctx, sensor, from, step, n)
	if err != nil {
		return nil, err
	}
	end := from.Add(time.Duration(n) * step)
	d.heard.mu.Lock()
	defer d.heard.mu.Unlock()
	if d.heard.days == nil || len(d.heard.days) >= mostHeard {
		d.heard.days = map[heardKey]heardDay{}
	}
	// A day that ended some time ago is final, unless a recording of it is replayed into the store: then a restart shows it.
	d.heard.days[key] = heardDay{steps, now, now.Sub(end) > 24*time.Hour && slices.Contains(steps, true)}
	return steps, nil
}

// blind is a time in which a sensor saw nothing.
type blind struct {
	From, To time.Time // To zero: it lasts
	Reason   string    // of the gap; "": no records at all
}

// gaps are the recorded gaps of a sensor that touch a time, in order.
func (d *Desk) gaps(ctx context.Context, s Store, sensor string, from, to time.Time) ([]blind, error) {
	cs, err := d.corrections(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []blind
	const reach = 31 * 24 * time.Hour // a gap that began earlier shows as time without records
	stretches := cs.Recorded(sensor, from.Add(-reach), to)
	for _, part := range stretches {
		for e, err := range s.Records(ctx, storage.Query{Sensor: sensor, From: part.From, To: part.To, Kinds: storage.Gaps}) {
			if err != nil {
				return nil, err
			}
			g, ok := e.Record.(*cell.Gap)
			if !ok {
				continue
			}
			b := blind{cs.At(sensor, g.Time), g.Until, plainTo(d.scrub(g.Reason), 60)}
			if !b.To.IsZero() {
				b.To = cs.At(sensor, b.To)
			}
			if n := len(all); n > 0 && all[n-1].From.Equal(b.From) { // the end of the gap that was told last
				if all[n-1].To.IsZero() {
					all[n-1] = b
				}
				continue
			}
			all = append(all, b)
		}
	}
	if len(stretches) > 1 {
		slices.SortStableFunc(all, func(a, b blind) int { return a.From.Compare(b.From) })
	}
	return slices.DeleteFunc(all, func(b blind) bool { return !b.To.IsZero() && !b.To.After(from) }), nil
}

// stretch is a part of a strip, in minutes from its beginning.
type stretch struct {
	X, W   int
	Kind   string // "seen", "blind" (a recorded gap) or "off" (no records)
	Reason string
}

// cover is what a sensor saw in a time.
type cover struct {
	Sensor  string
	Parts   []stretch
	Watched time.Duration
	Blind   time.Duration // recorded gaps
	Off     time.Duration // no records, after the sensor's first and before now
	Gaps    []blind
}

// cover looks at a time of a sensor, of which gaps are the recorded ones at least of that time. known is since when there
// are records at all; before it nothing is said.
func (d *Desk) cover(ctx context.Context, store int, sensor string, from, to, known time.Time, gaps []blind) (cover, error) {
	c := cover{Sensor: sensor}
	n := int(to.Sub(from) / step)
	steps, err := d.heardSteps(ctx, store, sensor, from, n)
	if err != nil {
		return c, err
	}
	now := d.now()
	minute := int(step / time.Minute)
	add := func(x, w int, kind, reason string) {
		if n := len(c.Parts); n > 0 && c.Parts[n-1].Kind == kind && c.Parts[n-1].X+c.Parts[n-1].W == x && kind != "blind" {
			c.Parts[n-1].W += w
			return
		}
		c.Parts = append(c.Parts, stretch{x, w, kind, reason})
	}
	for i, heard := range steps {
		at := from.Add(time.Duration(i) * step)
		switch {
		case heard:
			add(i*minute, minute, "seen", "")
			c.Watched += step
		case at.Add(step).After(known) && at.Add(step).Before(now):
			add(i*minute, minute, "off", "")
			c.Off += step
		}
	}
	for _, g := range gaps {
		end := g.To
		if end.IsZero() { // it lasts until something was heard again
			end = now
			for i, heard := range steps {
				if at := from.Add(time.Duration(i) * step); heard && at.After(g.From) {
					end = at
					break
				}
			}
		}
		a, b := maxTime(g.From, from), minTime(end, to)
		if !b.After(a) {
			continue
		}
		x := int(a.Sub(from) / time.Minute)
		c.Parts = append(c.Parts, stretch{x, max(int(b.Sub(from)/time.Minute)-x, 2), "blind", g.Reason})
		c.Gaps = append(c.Gaps, blind{a, b, g.Reason})
		c.Blind += b.Sub(a)
		for i, heard := range steps { // what was counted as watched or off is blind
			at := from.Add(time.Duration(i) * step)
			p, q := maxTime(a, at), minTime(b, at.Add(step))
			if !q.After(p) {
				continue
			}
			if heard {
				c.Watched -= q.Sub(p)
			} else {
				c.Off = max(c.Off-q.Sub(p), 0)
			}
		}
	}
	c.Watched = max(c.Watched, 0)
	return c, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
