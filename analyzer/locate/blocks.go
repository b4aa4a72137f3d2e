package locate

import (
	"math"
	"slices"
	"time"

	"vigie/cell"
)

// block is what one sensor heard at about one place and time: the mean of its samples. Neighbouring samples share their shadowing,
// so little is lost, and the work grows with the square of the number of blocks.
type block struct {
	sensor  int
	members []point // a few of the places, evenly chosen; distances and correlations are means over them
	centre  point
	seconds float64 // from the middle of all samples
	level   float64 // dBm, mean; of unheard ones the lowest limit
	count   int
	ta      cell.Opt[uint16] // median
}

const (
	maxHeard   = 44
	maxUnheard = 14
	members    = 4 // most places of a block
)

// group makes blocks of the samples of each sensor that follow each other within reach metres and within a time, and widens both
// until there are at most n. Those nearly as loud as the loudest get a quarter of both: near to the suspect, metres matter. Samples are
// sorted by sensor and time.
func group(samples []Sample, sensors map[string]int, pl plane, origin time.Time, n int) []block {
	reach, span := 12.0, 45*time.Second
	for {
		cuts := cut(samples, pl, reach, span)
		if len(cuts) > n && reach < 4*farthest {
			reach, span = reach*1.25, span*5/4
			continue
		}
		blocks := make([]block, 0, len(cuts))
		for _, part := range cuts {
			b := newBlock(part, pl, origin)
			b.sensor = sensors[part[0].Sensor]
			blocks = append(blocks, b)
		}
		if len(blocks) > n { // more sensors than blocks
			blocks = spread(blocks, n)
		}
		return blocks
	}
}

// nearlyAsLoud is how far below the loudest level a sample counts as near, dB.
const nearlyAsLoud = 15

// cut splits the samples into runs.
func cut(samples []Sample, pl plane, reach float64, span time.Duration) [][]Sample {
	var parts [][]Sample
	loudest := cell.DBm(math.Inf(-1))
	for _, s := range samples {
		loudest = max(loudest, s.Level.Or(loudest))
	}
	from := 0
	for i := range samples {
		a, s := samples[from], samples[i]
		most, longest := reach, span
		if s.Level.Or(loudest-2*nearlyAsLoud) > loudest-nearlyAsLoud {
			most, longest = reach/4, span/4
		}
		if s.Sensor != a.Sensor || s.Time.Sub(a.Time) > longest || distance(pl.point(s.Lat, s.Lon), pl.point(a.Lat, a.Lon)) > most {
			parts = append(parts, samples[from:i])
			from = i
		}
	}
	if len(samples) > 0 {
		parts = append(parts, samples[from:])
	}
	return parts
}

func newBlock(samples []Sample, pl plane, origin time.Time) block {
	b := block{count: len(samples), level: math.Inf(1)}
	sum := 0.0
	var tas []uint16
	for _, s := range samples {
		p := pl.point(s.Lat, s.Lon)
		b.centre = b.centre.plus(p)
		b.seconds += s.Time.Sub(origin).Seconds()
		if level, heard := s.Level.Get(); heard {
			sum += float64(level)
		} else {
			b.level = math.Min(b.level, float64(s.Limit))
		}
		if ta, ok := s.TA.Get(); ok {
			tas = append(tas, ta)
		}
	}
	n := float64(len(samples))
	b.centre = point{b.centre.x / n, b.centre.y / n}
	b.seconds /= n
	if math.IsInf(b.level, 1) {
		b.level = sum / n
	}
	for _, s := range evenly(samples, members) {
		b.members = append(b.members, pl.point(s.Lat, s.Lon))
	}
	if len(tas) > 0 {
		slices.Sort(tas)
		b.ta = cell.Some(tas[len(tas)/2])
	}
	return b
}

// spread chooses n blocks that are as far from each other as possible, the first one first. Which are chosen depends on where
// they are and not on what was heard there.
func spread(blocks []block, n int) []block {
	if len(blocks) <= n {
		return blocks
	}
	nearest := make([]float64, len(blocks))
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	chosen := make([]int, 0, n)
	for next := 0; len(chosen) < n; {
		chosen = append(chosen, next)
		nearest[next] = -1
		far := -1
		for i := range blocks {
			if nearest[i] < 0 {
				continue
			}
			nearest[i] = math.Min(nearest[i], distance(blocks[i].centre, blocks[next].centre))
			if far < 0 || nearest[i] > nearest[far] {
				far = i
			}
		}
		next = far
	}
	slices.Sort(chosen)
	out := make([]block, n)
	for i, c := range chosen {
		out[i] = blocks[c]
	}
	return out
}
