package locatetest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"vigie/analyzer/locate"
	"vigie/cell"
)

// Row is a kind of situation, a row of the table of make locate.
type Row struct {
	Name    string
	Matched bool // the truth is of the kind that the model integrates over in its plain form
	Make    func(rng *rand.Rand) (samples []locate.Sample, truth XY)
}

// Run makes the run of a row with a seed. The same seed gives the same run.
func (r *Row) Run(seed uint64) ([]locate.Sample, XY) {
	return r.Make(rand.New(rand.NewPCG(seed, 19)))
}

// Named makes the first run, from a seed on, in which a place is named.
func (r *Row) Named(seed uint64) ([]locate.Sample, XY) {
	for ; ; seed++ {
		samples, truth := r.Run(seed)
		if got := locate.Locate(samples, cell.LTE); got.NoPlace == "" {
			return samples, truth
		}
	}
}

// Rows are the situations, those of a plain suspect first.
var Rows = []Row{
	{"walk 10 min", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		return hear(rng, suspect(rng, XY{}, 400), Walk(rng, 600))
	}},
	{"walk 10 min, with timing advance", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		s := suspect(rng, XY{}, 400)
		s.TA = true
		return hear(rng, s, Walk(rng, 600))
	}},
	{"walk 10 min, guided by the map", true, guided},
	{"walk 30 min", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		return hear(rng, suspect(rng, XY{}, 400), Walk(rng, 1800))
	}},
	{"drive-by 60 s", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		return hear(rng, suspect(rng, XY{}, 400), Drive(60, XY{-360, 0}, 0))
	}},
	{"drive-by 60 s, with timing advance", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		s := suspect(rng, XY{}, 400)
		s.TA = true
		return hear(rng, s, Drive(60, XY{-360, 0}, 0))
	}},
	{"drive of two streets, 80 s", true, func(rng *rand.Rand) ([]locate.Sample, XY) {
		first := Drive(40, XY{-480, 0}, 0)
		second := Drive(40, XY{0, 12}, math.Pi/2)
		for i := range second {
			second[i].Second += 40
		}
		return hear(rng, suspect(rng, XY{}, 400), append(first, second...))
	}},
	{"5 fixed sensors in 4 km2", true, func(rng *rand.Rand) ([]locate.Sample, XY) { return fixed(rng, 5, 1000, 4) }},
	{"20 fixed sensors in 4 km2", true, func(rng *rand.Rand) ([]locate.Sample, XY) { return fixed(rng, 20, 1000, 4) }},
	{"20 fixed sensors in 4 km2, offsets 2 dB", true, func(rng *rand.Rand) ([]locate.Sample, XY) { return fixed(rng, 20, 1000, 2) }},
	{"sector antenna, walk 10 min", false, func(rng *rand.Rand) ([]locate.Sample, XY) {
		s := suspect(rng, XY{}, 400)
		s.Sector, s.Aim = true, 2*math.Pi*rng.Float64()
		return hear(rng, s, Walk(rng, 600))
	}},
	{"suspect walks at 1.5 m/s, walk 10 min", false, func(rng *rand.Rand) ([]locate.Sample, XY) {
		s := suspect(rng, XY{}, 400)
		sin, cos := math.Sincos(2 * math.Pi * rng.Float64())
		s.VX, s.VY = 1.5*cos, 1.5*sin
		return hear(rng, s, Walk(rng, 600))
	}},
}

func hear(rng *rand.Rand, s Suspect, r []Receiver) ([]locate.Sample, XY) {
	return Hear(rng, s, r), s.At
}

// suspect draws a transmitter in a disc: with 20 to 40 dBm EIRP on 5 to 20 MHz, as what is carried or stands in a car has, a resource
// element has about -42 to -18 dBm at 1 m.
func suspect(rng *rand.Rand, centre XY, radius float64) Suspect {
	r, a := radius*math.Sqrt(rng.Float64()), 2*math.Pi*rng.Float64()
	return Suspect{At: XY{centre.X + r*math.Cos(a), centre.Y + r*math.Sin(a)}, Power: -42 + 24*rng.Float64(), Exponent: 2.7 + 1.1*rng.Float64()}
}

// block is the length of a block of houses, in metres.
const block = 90.0

// Walk walks along blocks from the origin at 1.3 m/s, turning at random, never back. It is asked each 10 s.
func Walk(rng *rand.Rand, seconds float64) []Receiver {
	w := walker{heading: rng.IntN(4)}
	for w.second < seconds {
		w.block()
		w.heading += rng.IntN(3) - 1
	}
	return w.asked
}

type walker struct {
	at      XY
	heading int // quarter turns
	second  float64
	asked   []Receiver
}

// block walks one block.
func (w *walker) block() {
	const speed, every = 1.3, 10.0
	sin, cos := math.Sincos(float64(w.heading) * math.Pi / 2)
	for end := w.second + block/speed; w.second < end; w.second += every {
		w.asked = append(w.asked, Receiver{Sensor: "kit", At: w.at, Second: w.second})
		w.at = XY{w.at.X + speed*every*cos, w.at.Y + speed*every*sin}
	}
}

// guided walks ten minutes, each block towards the best place so far. The suspect's shadowing is the same at each look.
func guided(rng *rand.Rand) ([]locate.Sample, XY) {
	s := suspect(rng, XY{}, 400)
	seed := rng.Uint64()
	w := walker{heading: rng.IntN(4)}
	var samples []locate.Sample
	for {
		w.block()
		samples = Hear(rand.New(rand.NewPCG(seed, 1)), s, w.asked)
		if w.second >= 600 {
			return samples, s.At
		}
		if r := locate.Locate(samples, cell.LTE); r.Loudest.Known() && len(samples) > 14 {
			best := Place(r.Best)
			w.heading = int(math.Round(math.Atan2(best.Y-w.at.Y, best.X-w.at.X)/(math.Pi/2))) + 4
		} else {
			w.heading += rng.IntN(3) - 1
		}
	}
}

// Drive drives straight at 12 m/s and is asked each second.
func Drive(seconds int, from XY, heading float64) []Receiver {
	const speed = 12
	sin, cos := math.Sincos(heading)
	var out []Receiver
	for t := range seconds {
		d := speed * float64(t)
		out = append(out, Receiver{Sensor: "car", At: XY{from.X + d*cos, from.Y + d*sin}, Second: float64(t)})
	}
	return out
}

// fixed puts sensors into a square of twice a half width, and the suspect too.
func fixed(rng *rand.Rand, n int, half, offset float64) ([]locate.Sample, XY) {
	s := suspect(rng, XY{}, 0)
	s.At = XY{half * (2*rng.Float64() - 1), half * (2*rng.Float64() - 1)}
	var at []Receiver
	for i := range n {
		at = append(at, Receiver{fmt.Sprintf("roof-%d", i+1), XY{half * (2*rng.Float64() - 1), half * (2*rng.Float64() - 1)}, offset * rng.NormFloat64(), 0})
	}
	return hear(rng, s, at)
}
