package locate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"vigie/cell"
)

// Sample is one moment at which a receiver heard the cell, or asked for it and did not hear it.
type Sample struct {
	Sensor   string
	Time     time.Time
	Lat, Lon float64            // WGS 84 degrees
	Accuracy cell.Opt[float64]  // of the position, metres
	Level    cell.Opt[cell.DBm] // absent: it was asked for and not heard
	Limit    cell.DBm           // for a sample without Level: above this level it would have been heard
	TA       cell.Opt[uint16]   // timing advance in the steps of the RAT
}

// Refused counts the samples that are not used, by reason.
type Refused struct {
	NotANumber int // a position or level that is NaN or infinite
	Absurd     int // outside the range of latitude, longitude or level, at a pole, at 0/0, or far from all others
	Coarse     int // a position less accurate than 150 m
	Duplicate  int // the sensor, time and level of another sample
}

// Total is how many samples were refused.
func (r Refused) Total() int { return r.NotANumber + r.Absurd + r.Coarse + r.Duplicate }

const (
	worstAccuracy = 150.0 // metres
	maxLatitude   = 89.0  // degrees; the plane around a pole is not one
	farthest      = 100e3 // metres from the median position: no ground cell is heard over more
	maxSamples    = 20000 // used at most, evenly chosen; more tell nothing new
)

// accept returns the samples that can be used, in a fixed order, and counts the others.
func accept(samples []Sample) ([]Sample, Refused) {
	var no Refused
	var good []Sample
	for _, s := range samples {
		switch level, heard := s.Level.Get(); {
		case !finite(s.Lat) || !finite(s.Lon) || heard && !finite(float64(level)) || !heard && !finite(float64(s.Limit)):
			no.NotANumber++
		case math.Abs(s.Lat) > maxLatitude || math.Abs(s.Lon) > 180 || s.Lat == 0 && s.Lon == 0,
			heard && (level < -160 || level > 20), !heard && (s.Limit < -160 || s.Limit > 20):
			no.Absurd++
		case !(s.Accuracy.Or(0) <= worstAccuracy):
			no.Coarse++
		default:
			good = append(good, s)
		}
	}
	slices.SortStableFunc(good, compareSamples)
	n := len(good)
	good = slices.CompactFunc(good, duplicate)
	no.Duplicate = n - len(good)
	n = len(good)
	good = near(good)
	no.Absurd += n - len(good)
	return evenly(good, maxSamples), no
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func compareSamples(a, b Sample) int {
	return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), a.Time.Compare(b.Time), compareHeard(a, b), cmp.Compare(a.Lat, b.Lat), cmp.Compare(a.Lon, b.Lon))
}

// compareHeard puts the heard before the unheard, and the loud before the weak.
func compareHeard(a, b Sample) int {
	return -cmp.Compare(float64(a.Level.Or(cell.DBm(math.Inf(-1)))), float64(b.Level.Or(cell.DBm(math.Inf(-1)))))
}

// duplicate reports whether b is a again: one sensor says one thing at one moment.
func duplicate(a, b Sample) bool {
	return a.Sensor == b.Sensor && a.Time.Equal(b.Time) && a.Level == b.Level
}

// near keeps the samples that lie around their median position.
func near(samples []Sample) []Sample {
	if len(samples) == 0 {
		return samples
	}
	pl := newPlane(median(samples, func(s Sample) float64 { return s.Lat }), median(samples, func(s Sample) float64 { return s.Lon }))
	return slices.DeleteFunc(samples, func(s Sample) bool {
		p := pl.point(s.Lat, s.Lon)
		return math.Hypot(p.x, p.y) > farthest
	})
}

func median(samples []Sample, of func(Sample) float64) float64 {
	v := make([]float64, len(samples))
	for i, s := range samples {
		v[i] = of(s)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// evenly chooses at most n, evenly spread over the list.
func evenly[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	chosen := make([]T, n)
	for i := range chosen {
		chosen[i] = list[i*(len(list)-1)/(n-1)]
	}
	return chosen
}
