package position

import (
	"fmt"
	"math"
	"sync"
	"time"

	"vigie/cell"
)

// Fresh is the greatest age of a position that is used, by the monotonic clock and by the wall clock: the first does not count
// while the computer sleeps, and the second may be set.
const Fresh = 6 * time.Second

// Sources, in the order in which they are preferred.
const (
	GNSS  = "gnss"  // the modem's own
	GPSD  = "gpsd"  //
	Phone = "phone" // the page on a phone
)

var preferred = []string{GPSD, GNSS, Phone}

// Tracker holds the newest position of each source. It is safe for concurrent use. The zero Tracker is ready to use.
type Tracker struct {
	Coarse float64 // metres: size of the grid to which attached positions are coarsened; 0 for exact positions

	mu     sync.Mutex
	fixes  map[string]fix
	told   int            // fixes
	used   map[string]int // by sensor: number of the fix that was attached last
	motion motion
}

type fix struct {
	cell.Position
	arrived time.Time
	number  int // 1 and up
}

// Set sets the position of a source, which arrived now. It returns an error if the position is not on Earth.
func (t *Tracker) Set(p cell.Position, now time.Time) error {
	if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180) { // NaN too
		return fmt.Errorf("latitude %v, longitude %v is no place on Earth", p.Lat, p.Lon)
	}
	if a, ok := p.Accuracy.Get(); ok && !(a >= 0 && a < 1e7) {
		p.Accuracy = cell.Opt[float64]{}
	}
	if v, ok := p.Speed.Get(); ok && !(v >= 0 && v < 1e4) {
		p.Speed = cell.Opt[float64]{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fixes == nil {
		t.fixes, t.used = map[string]fix{}, map[string]int{}
	}
	t.told++
	t.fixes[p.Source] = fix{p, now, t.told}
	if f, ok := t.best(now); ok && f.Source == p.Source {
		t.motion.see(p, now)
	}
	return nil
}

// Lose drops the position of a source that has no fix any more.
func (t *Tracker) Lose(source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.fixes, source)
}

// Now returns the present position, if a fresh one is known.
func (t *Tracker) Now(now time.Time) (cell.Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.best(now)
	return f.Position, ok
}

// Motion reports whether the sensor moves, by the positions so far.
func (t *Tracker) Motion(now time.Time) Motion {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.best(now); !ok {
		return Unknown
	}
	return t.motion.state
}

// Attach adds the present position to an observation, unless the modem reported one itself. Each position is attached once per
// sensor: nothing is repeated.
func (t *Tracker) Attach(o *cell.Observation, now time.Time) {
	if p := o.Position; p != nil {
		if t.Set(*p, now) != nil {
			return // the analyzer counts it
		}
		coarse := Coarsen(*p, t.Coarse)
		o.Position = &coarse
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.best(now)
	if !ok || t.used[o.Sensor] == f.number {
		return
	}
	t.used[o.Sensor] = f.number
	p := Coarsen(f.Position, t.Coarse)
	o.Position = &p
}

func (t *Tracker) best(now time.Time) (fix, bool) {
	for _, s := range preferred {
		if f, ok := t.fixes[s]; ok && fresh(f.arrived, now) {
			return f, true
		}
	}
	return fix{}, false
}

func fresh(then, now time.Time) bool {
	return now.Sub(then) <= Fresh && now.Round(0).Sub(then.Round(0)) <= Fresh // Round(0) takes the monotonic reading away
}
