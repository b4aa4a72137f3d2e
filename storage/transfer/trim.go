package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
	"vigie/position"
	"vigie/storage"
)

// Home is a zone around a place where somebody lives. What was recorded in it leaves the store only when asked for.
type Home struct {
	Lat    float64 `json:"lat"` // WGS 84 degrees
	Lon    float64 `json:"lon"`
	Metres float64 `json:"metres"` // around it, at most 100 km
}

func (h Home) holds(p *cell.Position) bool {
	return position.Metres(cell.Position{Lat: h.Lat, Lon: h.Lon}, *p) <= h.Metres+p.Accuracy.Or(0)
}

// ParseHome reads a zone written as latitude,longitude,metres: "50.8467,4.3525,400".
func ParseHome(text string) (h Home, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return h, fmt.Errorf("%q is not a zone", text)
	}
	for i, v := range []*float64{&h.Lat, &h.Lon, &h.Metres} {
		if *v, err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64); err != nil {
			return h, fmt.Errorf("%q is not a number", parts[i])
		}
	}
	if !(h.Lat >= -90 && h.Lat <= 90 && h.Lon >= -180 && h.Lon <= 180 && h.Metres > 0 && h.Metres <= 1e5) {
		return h, fmt.Errorf("%q is not a zone on Earth", text)
	}
	return h, nil
}

// HomesState is the name of the home zones in a store.
const HomesState = "homes"

// LoadHomes returns the home zones of a store.
func LoadHomes(ctx context.Context, s *storage.Store) ([]Home, error) {
	text, _, err := s.LoadState(ctx, HomesState)
	var homes []Home
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &homes)
	}
	if err != nil {
		return nil, fmt.Errorf("home zones: %w", err)
	}
	return homes, nil
}

// SaveHomes replaces the home zones of a store. The store should be encrypted.
func SaveHomes(ctx context.Context, s *storage.Store, homes []Home) error {
	text, err := json.Marshal(homes)
	if err == nil {
		err = s.SaveState(ctx, HomesState, text, 0)
	}
	if err != nil {
		return fmt.Errorf("home zones: %w", err)
	}
	return nil
}

// span is a time, both ends in it.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// Trimmer decides which records and events may leave a store, by home zones and by the ends of walks.
type Trimmer struct {
	// Unplaced is how much of what may leave came after the last position of its walk, or in a walk without any. No home zone
	// can be applied to it. Zero without home zones.
	Unplaced time.Duration

	all   bool      // everything may leave
	kept  []span    // in order: what is in one of them may leave
	waits time.Time // from here on a walk is under way, of which the end is not known yet; zero: none
}

// walkBreak is how long nothing is observed between two walks.
const walkBreak = 30 * time.Minute

// NewTrimmer looks through a store for walks. ends of the start and of the end of each may not leave; where positions are known
// in a walk, nothing leaves before the first that is in no home zone, nor after one that is in one.
func NewTrimmer(ctx context.Context, s *storage.Store, ends time.Duration, homes []Home, now time.Time) (*Trimmer, error) {
	t := &Trimmer{all: ends == 0 && len(homes) == 0}
	if t.all {
		return t, nil
	}
	var w walk
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations, NoRaw: true}) {
		if err != nil {
			return nil, err
		}
		o, ok := e.Record.(*cell.Observation)
		if !ok {
			continue
		}
		if w.from.IsZero() || o.Time.Sub(w.to) > walkBreak {
			t.add(w, ends, homes)
			w = walk{span: span{o.Time, o.Time}}
		}
		w.to = o.Time
		if o.Position != nil && len(homes) > 0 {
			w.at(o.Time, slices.ContainsFunc(homes, func(h Home) bool { return h.holds(o.Position) }))
		}
	}
	t.add(w, ends, homes)
	if now.Sub(w.to) <= walkBreak {
		t.waits = w.to.Add(-ends)
		if len(homes) > 0 && !w.placed {
			t.waits = w.from
		}
	}
	return t, nil
}

// add takes what may leave of a walk.
func (t *Trimmer) add(w walk, ends time.Duration, homes []Home) {
	kept := w.kept(ends)
	t.kept = append(t.kept, kept...)
	if len(homes) == 0 {
		return
	}
	for _, s := range kept {
		from := s.from
		if w.known.After(from) {
			from = w.known
		}
		t.Unplaced += max(0, s.to.Sub(from))
	}
}

// All reports whether everything may leave.
func (t *Trimmer) All() bool { return t.all }

// May reports whether what happened from one time to another may leave.
func (t *Trimmer) May(from, to time.Time) bool {
	if t.all || to.IsZero() {
		return true
	}
	i, _ := slices.BinarySearchFunc(t.kept, from, func(s span, at time.Time) int { return s.to.Compare(at) })
	return i < len(t.kept) && t.kept[i].holds(from) && t.kept[i].holds(to)
}

// Decide decides about an entry for Sync: what belongs to a walk that is still under way is deferred.
func (t *Trimmer) Decide(e storage.Entry) Decision {
	var from, to time.Time
	if e.Event != nil {
		from, to = e.Event.First, e.Event.Last
	} else {
		from = e.Record.When()
		to = from
	}
	switch {
	case !t.waits.IsZero() && !to.IsZero() && !to.Before(t.waits):
		return Defer
	case t.May(from, to):
		return Send
	}
	return Withhold
}

// walk is a time in which records came without a long break.
type walk struct {
	span
	placed bool      // positions were known in it
	known  time.Time // the last of them
	out    []span    // times outside the home zones; the last one lasts while since is zero
	since  time.Time // outside since; zero: at home, or not known
}

// at takes a position; home says that it is in a home zone.
func (w *walk) at(t time.Time, home bool) {
	w.placed, w.known = true, t
	switch {
	case home && !w.since.IsZero():
		w.out, w.since = append(w.out, span{w.since, t.Add(-1)}), time.Time{}
	case !home && w.since.IsZero():
		w.since = t
	}
}

// kept returns what may leave of a walk.
func (w *walk) kept(ends time.Duration) (kept []span) {
	out := w.out
	if !w.placed {
		out = []span{w.span}
	} else if !w.since.IsZero() {
		out = append(out, span{w.since, w.to})
	}
	for _, s := range out {
		if from := w.from.Add(ends); s.from.Before(from) {
			s.from = from
		}
		if to := w.to.Add(-ends); s.to.After(to) {
			s.to = to
		}
		if !w.from.IsZero() && !s.to.Before(s.from) {
			kept = append(kept, s)
		}
	}
	return kept
}
