package locate

import (
	"math"
	"slices"
	"time"

	"vigie/cell"
)

// NoPlace is why no place is named; empty if one is.
type NoPlace string

// The reasons for which no place is named.
const (
	NotHeard  NoPlace = "not heard"  // no sample has a level and a position
	TooWeak   NoPlace = "too weak"   // the loudest level is under Weakest
	TooFew    NoPlace = "too few"    // fewer than Fewest samples
	ShortPath NoPlace = "short path" // one receiver, and less than ShortestPath of way
)

// Limits under which no place is named.
const (
	Weakest      = -95   // dBm
	Fewest       = 5     // samples, heard or asked and unheard
	ShortestPath = 100.0 // metres
	SmallRegion  = 0.5   // km2: the point is shown where the 90 % region is no larger
)

// Widened is why the region is larger than it would be for a suspect that stands still and transmits in all directions alike.
type Widened string

// The reasons for which a region is wider.
const (
	Moving      Widened = "moving"
	Directional Widened = "directional"
)

// Result is where a cell may stand.
type Result struct {
	Samples  int     // used
	Heard    int     // of them with a level
	Refused  Refused //
	Loudest  cell.Opt[cell.DBm]
	NoPlace  NoPlace
	Regions  []Region // of 50 and of 90 %; nil where NoPlace is set
	Best     LatLon   // the most likely place; only meaningful if Loudest is known
	Within   float64  // metres around Best that hold the place with one chance in two
	ShowBest bool     // the 90 % region is small enough to show Best
	Mirror   bool     // the samples lie on a line, and a second region mirrors the first
	Widened  Widened
	Offsets  []Offset  // of each sensor, if there are several
	Middle   time.Time // for a suspect that moves, the regions are where it was at this time: the middle of the samples
	Window   float64   // km2 that were searched

	surface *surface
	plane   plane
}

// Share is the part of the result's probability that lies in a region, 0 to 1: by it, one walk judges the region of another.
func (r *Result) Share(of *Region) float64 {
	if r.surface == nil {
		return 0
	}
	sum := 0.0
	for i, mass := range r.surface.mass {
		if mass < 1e-7 {
			continue
		}
		var at LatLon
		at.Lat, at.Lon = r.plane.degrees(r.surface.grid.at(i%fineSide, i/fineSide))
		if of.Holds(at) {
			sum += mass
		}
	}
	return sum
}

// Offset is by how much the levels of a sensor are above those of all sensors, as estimated with the place.
type Offset struct {
	Sensor string
	DB     float64
}

// Locate computes where the cell of the samples may stand. Samples may come in any order, of one sensor or many. rat decides what a
// level and a timing advance mean.
func Locate(samples []Sample, rat cell.RAT) Result {
	good, refused := accept(samples)
	r := Result{Samples: len(good), Refused: refused}
	heard, unheard := split(good)
	r.Heard = len(heard)
	for _, s := range heard {
		if level, _ := s.Level.Get(); level > r.Loudest.Or(level-1) {
			r.Loudest = cell.Some(level)
		}
	}
	if len(heard) == 0 {
		r.NoPlace = NotHeard
		return r
	}
	r.NoPlace = noPlace(good, r.Loudest.Or(0))
	r.place(heard, unheard, rat)
	return r
}

// split parts the heard from the unheard.
func split(samples []Sample) (heard, unheard []Sample) {
	for _, s := range samples {
		if s.Level.Known() {
			heard = append(heard, s)
		} else {
			unheard = append(unheard, s)
		}
	}
	return heard, unheard
}

// noPlace reports why the samples cannot support a place.
func noPlace(samples []Sample, loudest cell.DBm) NoPlace {
	switch {
	case len(samples) < Fewest:
		return TooFew
	case loudest < Weakest:
		return TooWeak
	case samples[0].Sensor == samples[len(samples)-1].Sensor && pathLength(samples) < ShortestPath:
		return ShortPath
	}
	return ""
}

// pathLength is the way of one receiver, in metres. Steps under 15 m are left out, for a position that jitters is no way.
func pathLength(samples []Sample) float64 {
	pl := newPlane(samples[0].Lat, samples[0].Lon)
	length := 0.0
	at := point{}
	for _, s := range samples {
		p := pl.point(s.Lat, s.Lon)
		if d := distance(p, at); d >= 15 {
			length += d
			at = p
		}
	}
	return length
}

// place computes the regions.
func (r *Result) place(heard, unheard []Sample, rat cell.RAT) {
	all := slices.Concat(heard, unheard)
	pl := newPlane(median(heard, func(s Sample) float64 { return s.Lat }), median(heard, func(s Sample) float64 { return s.Lon }))
	r.Middle = middle(all)
	sensors := map[string]int{}
	for _, s := range all {
		if _, ok := sensors[s.Sensor]; !ok {
			sensors[s.Sensor] = len(sensors)
		}
	}
	m := newModel(group(heard, sensors, pl, r.Middle, maxHeard), spread(group(unheard, sensors, pl, r.Middle, 8*maxUnheard), maxUnheard), rat, len(sensors))
	s := m.surface(usual)
	switch misfit := m.misfit(s); {
	case misfit:
		s = m.surface(wide)
		fallthrough
	case s.moving > 0.5 || s.antenna > 0.7:
		r.Widened = Directional
		if s.moving/priorMoving > s.antenna/priorAntenna {
			r.Widened = Moving
		}
	}
	r.surface, r.plane = s, pl
	best := s.best()
	r.Best.Lat, r.Best.Lon = pl.degrees(best)
	r.Within = s.within(best)
	r.Window = math.Pow(s.grid.step*fineSide/1000, 2)
	if r.NoPlace != "" {
		return
	}
	order := s.order()
	for _, p := range []float64{0.5, 0.9} {
		inside, n := s.region(p, order)
		r.Regions = append(r.Regions, Region{P: p, Area: float64(n) * s.grid.step * s.grid.step / 1e6, Polygons: s.grid.polygons(inside, pl)})
		r.Mirror = m.mirrored(s, inside)
	}
	r.ShowBest = r.Regions[1].Area <= SmallRegion
	r.Offsets = m.offsets(best, sensors)
}

// middle is the middle of the time of the samples.
func middle(samples []Sample) time.Time {
	first, last := samples[0].Time, samples[0].Time
	for _, s := range samples {
		if s.Time.Before(first) {
			first = s.Time
		}
		if s.Time.After(last) {
			last = s.Time
		}
	}
	return first.Add(last.Sub(first) / 2)
}
