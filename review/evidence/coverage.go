package evidence

import (
	"context"
	"slices"
	"sync"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// Step is the resolution of coverage: whether anything was watched is known in steps of ten minutes, from the records themselves.
// Gaps that the collector recorded are known to the second.
const Step = 10 * time.Minute

// cache holds what was read of a store, for several goroutines. It forgets everything when it is full.
type cache[K comparable, V any] struct {
	mu  sync.Mutex
	all map[K]V
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok = c.all[key]
	return v, ok
}

func (c *cache[K, V]) put(key K, v V, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil || len(c.all) >= most {
		c.all = map[K]V{}
	}
	c.all[key] = v
}

// dayKey is a period of recorded time of a sensor.
type dayKey struct {
	sensor string
	from   int64 // Unix seconds
	n      int   // steps
}

// heardDay says which steps of a day have observations; past days do not change.
type heardDay struct {
	steps []bool
	read  time.Time
	final bool
}

const (
	maxHeardDays = 20000            // days of sensors of a store: 3 MB
	presentAge   = 15 * time.Second // how long what was read of the present day is used
	finalAfter   = 24 * time.Hour   // after its end a day is final
)

// heardSteps tells for each of n steps of a length whether a sensor, as the store names it, observed anything in it.
func (s *Store) heardSteps(ctx context.Context, sensor string, from time.Time, step time.Duration, n int) ([]bool, error) {
	to := from.Add(time.Duration(n) * step)
	stretches, err := s.Recorded(ctx, sensor, from, to)
	if err != nil {
		return nil, err
	}
	if len(stretches) == 1 && stretches[0].Offset == 0 && stretches[0].To.Sub(stretches[0].From) == to.Sub(from) {
		return s.recordedSteps(ctx, sensor, from, step, n)
	}
	steps := make([]bool, n)
	for _, part := range stretches {
		was := from.Add(-part.Offset)
		heard, err := s.recordedSteps(ctx, sensor, was, step, n)
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

// recordedSteps is heardSteps in recorded time.
func (s *Store) recordedSteps(ctx context.Context, sensor string, from time.Time, step time.Duration, n int) ([]bool, error) {
	key, now := dayKey{sensor, from.Unix(), n}, s.o.Now()
	h, ok := s.heard.get(key)
	if ok && (h.final || now.Sub(h.read) < presentAge) {
		return h.steps, nil
	}
	steps, err := s.Heard(ctx, sensor, from, step, n)
	if err != nil {
		return nil, err
	}
	end := from.Add(time.Duration(n) * step)
	// A recording of a day that is imported after the day became final shows after a restart.
	s.heard.put(key, heardDay{steps, now, now.Sub(end) > finalAfter && slices.Contains(steps, true)}, maxHeardDays)
	return steps, nil
}

// Gap is a period in which a sensor saw nothing, as the collector recorded it.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`     // zero: it lasts
	Reason string    `json:"reason"` // safe to show
}

// gapReach is how long before a period its gaps are looked for; one that began earlier shows as time without records.
const gapReach = 31 * 24 * time.Hour

// Gaps lists the recorded gaps that touch a period, in order.
func (s *Sensor) Gaps(ctx context.Context, from, to time.Time) ([]Gap, error) {
	cs, err := s.Store.Corrections(ctx)
	if err != nil {
		return nil, err
	}
	var all []Gap
	stretches := cs.Recorded(s.Key, from.Add(-gapReach), to)
	for _, part := range stretches {
		for e, err := range s.Store.Records(ctx, storage.Query{Sensor: s.Key, From: part.From, To: part.To, Kinds: storage.Gaps}) {
			if err != nil {
				return nil, err
			}
			r, ok := e.Record.(*cell.Gap)
			if !ok {
				continue
			}
			g := Gap{cs.At(s.Key, r.Time), r.Until, PlainTo(s.Store.clean.Scrub(r.Reason), 60)}
			if !g.To.IsZero() {
				g.To = cs.At(s.Key, g.To)
			}
			if n := len(all); n > 0 && all[n-1].From.Equal(g.From) { // the record of the end of a gap follows that of its beginning
				if all[n-1].To.IsZero() {
					all[n-1] = g
				}
				continue
			}
			all = append(all, g)
		}
	}
	if len(stretches) > 1 {
		slices.SortStableFunc(all, func(a, b Gap) int { return a.From.Compare(b.From) })
	}
	return slices.DeleteFunc(all, func(g Gap) bool { return !g.To.IsZero() && !g.To.After(from) }), nil
}

// Coverage is what a sensor saw in a period.
type Coverage struct {
	Sensor  string // safe to show
	Parts   []Part
	Watched time.Duration // the sum of what was: 14 seconds are 14 seconds
	Blind   time.Duration // recorded gaps
	Off     time.Duration // no records, after the sensor's first and before now, in whole steps
	Gaps    []Gap         // cut to the period
}

// Part is a part of a period of which one thing is known; those that are Blind are drawn over the others.
type Part struct {
	Start, Minutes int // since the beginning of the period
	Kind           PartKind
	Reason         string // of a gap
}

// PartKind says what is known of a part of a period.
type PartKind string

// The kinds of parts.
const (
	Seen  PartKind = "seen"
	Blind PartKind = "blind" // a recorded gap
	Off   PartKind = "off"   // no records
)

// Coverage returns what the sensor saw in a period of whole steps. gaps are its recorded ones, at least those of the period.
// Nothing is claimed of the time before the sensor's first record.
func (s *Sensor) Coverage(ctx context.Context, from, to time.Time, gaps []Gap) (*Coverage, error) {
	heard, err := s.Store.heardSteps(ctx, s.Key, from, fine, int(to.Sub(from)/fine))
	if err != nil {
		return nil, err
	}
	watched, err := s.watchedIn(ctx, from, heard)
	if err != nil {
		return nil, err
	}
	now := s.Store.o.Now()
	c := &Coverage{Sensor: s.Name}
	for _, w := range watched {
		c.Watched += w.length()
	}
	steps := make([]bool, len(heard)/finePerStep)
	for i := range steps {
		steps[i] = slices.Contains(heard[i*finePerStep:(i+1)*finePerStep], true)
		end := from.Add(time.Duration(i+1) * Step)
		switch {
		case steps[i]:
			c.extend(i, Seen)
		case end.After(s.First) && end.Before(now):
			c.extend(i, Off)
			c.Off += Step
		}
	}
	for _, g := range gaps {
		g.From, g.To = Later(g.From, from), Earlier(s.endOf(g, from, steps), to)
		if g.To.After(g.From) {
			c.cover(g, from, steps, watched)
		}
	}
	c.Watched = max(c.Watched, 0)
	return c, nil
}

// CoverageOf is Coverage with the gaps read from the store.
func (s *Sensor) CoverageOf(ctx context.Context, from, to time.Time) (*Coverage, error) {
	gaps, err := s.Gaps(ctx, from, to)
	if err != nil {
		return nil, err
	}
	return s.Coverage(ctx, from, to, gaps)
}

// endOf is the end of a gap; one that has none lasts until something was heard again, or until now.
func (s *Sensor) endOf(g Gap, from time.Time, steps []bool) time.Time {
	if !g.To.IsZero() {
		return g.To
	}
	for i, heard := range steps {
		if at := from.Add(time.Duration(i) * Step); heard && at.After(g.From) {
			return at
		}
	}
	return s.Store.o.Now()
}

// extend makes the last part a step longer, or begins another one.
func (c *Coverage) extend(step int, kind PartKind) {
	const minutes = int(Step / time.Minute)
	if n := len(c.Parts); n > 0 && c.Parts[n-1].Kind == kind && c.Parts[n-1].Start+c.Parts[n-1].Minutes == step*minutes {
		c.Parts[n-1].Minutes += minutes
		return
	}
	c.Parts = append(c.Parts, Part{step * minutes, minutes, kind, ""})
}

// cover adds a gap: what was counted as watched or off in its time is blind.
func (c *Coverage) cover(g Gap, from time.Time, steps []bool, watched []stretchOfTime) {
	start := int(g.From.Sub(from) / time.Minute)
	const least = 2 // minutes, so that it can be seen
	c.Parts = append(c.Parts, Part{start, max(int(g.To.Sub(from)/time.Minute)-start, least), Blind, g.Reason})
	c.Gaps = append(c.Gaps, g)
	c.Blind += g.To.Sub(g.From)
	for _, w := range watched {
		c.Watched -= w.common(g.From, g.To)
	}
	for i, heard := range steps {
		at := from.Add(time.Duration(i) * Step)
		if common := Earlier(g.To, at.Add(Step)).Sub(Later(g.From, at)); common > 0 && !heard {
			c.Off = max(c.Off-common, 0)
		}
	}
}
