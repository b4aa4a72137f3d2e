package locatetest

import (
	"math"
	"math/rand/v2"
	"time"

	"vigie/analyzer/locate"
	"vigie/cell"
)

// XY is a place in metres east and north of Origin.
type XY struct{ X, Y float64 }

// Origin is where the made-up town stands, and Start when samples begin.
var (
	Origin = locate.LatLon{Lat: 50.85, Lon: 4.35}
	Start  = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
)

const (
	earth   = 6371008.8 // metres
	limit   = -118.0    // dBm, under which nothing is heard
	fading  = 1.5       // dB, of one sample
	stepLTE = 78.07     // metres of a step of timing advance
)

// LatLon is the place in degrees, on a sphere: metres differ from those of package locate by up to 0.4 %.
func (p XY) LatLon() locate.LatLon {
	perDegree := earth * math.Pi / 180
	return locate.LatLon{Lat: Origin.Lat + p.Y/perDegree, Lon: Origin.Lon + p.X/(perDegree*math.Cos(Origin.Lat*math.Pi/180))}
}

// Place is the inverse of LatLon.
func Place(at locate.LatLon) XY {
	perDegree := earth * math.Pi / 180
	return XY{(at.Lon - Origin.Lon) * perDegree * math.Cos(Origin.Lat*math.Pi/180), (at.Lat - Origin.Lat) * perDegree}
}

// Distance is in metres.
func Distance(a, b XY) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }

// Suspect is a transmitter.
type Suspect struct {
	At       XY      // at the middle of the samples
	VX, VY   float64 // m/s
	Power    float64 // dBm at 1 m
	Exponent float64
	Sector   bool    // an antenna of 65 degrees, 25 dB front to back
	Aim      float64 // radians, of the sector
	TA       bool    // samples carry a timing advance
}

// Receiver is where and when something was asked.
type Receiver struct {
	Sensor string
	At     XY
	Offset float64 // dB
	Second float64 // after Start
}

// shadow is the truth of the shadowing.
type shadow struct{ sd, reach float64 }

// Hear makes the samples of receivers: heard in steps of 1 dB, or unheard below the limit.
func Hear(rng *rand.Rand, s Suspect, receivers []Receiver) []locate.Sample {
	one := rand.New(rand.NewPCG(rng.Uint64(), 2)) // of single samples, so that a longer path begins with the same shadowing
	field := correlated(rng, receivers, shadow{8, 50}, math.Hypot(s.VX, s.VY))
	middle := (receivers[0].Second + receivers[len(receivers)-1].Second) / 2
	var out []locate.Sample
	for i, r := range receivers {
		t := r.Second - middle
		tx := XY{s.At.X + s.VX*t, s.At.Y + s.VY*t}
		d := Distance(tx, r.At)
		level := s.Power - 10*s.Exponent*math.Log10(math.Max(d, 10)) + r.Offset + field[i] + fading*one.NormFloat64()
		if s.Sector {
			off := math.Remainder(math.Atan2(r.At.Y-tx.Y, r.At.X-tx.X)-s.Aim, 2*math.Pi) * 180 / math.Pi
			level -= math.Min(12*(off/65)*(off/65), 25)
		}
		at := r.At.LatLon()
		sample := locate.Sample{Sensor: r.Sensor, Time: Start.Add(time.Duration(r.Second * float64(time.Second))), Lat: at.Lat, Lon: at.Lon, Limit: limit}
		if level >= limit {
			sample.Level = cell.Some(cell.DBm(math.Round(level)))
			if s.TA {
				sample.TA = cell.Some(uint16(math.Max(0, math.Floor((d+20*math.Abs(one.NormFloat64())+25*one.NormFloat64())/stepLTE))))
			}
		}
		out = append(out, sample)
	}
	return out
}

// correlated draws the shadowing at the receivers: Gaussian, correlation exp(-distance/reach), the way of the suspect added.
func correlated(rng *rand.Rand, at []Receiver, s shadow, speed float64) []float64 {
	n := len(at)
	l := make([][]float64, n)
	z, out := make([]float64, n), make([]float64, n)
	for i := range n {
		l[i] = make([]float64, i+1)
		z[i] = rng.NormFloat64()
		for j := range i + 1 {
			sum := s.sd * s.sd * math.Exp(-(Distance(at[i].At, at[j].At)+speed*math.Abs(at[i].Second-at[j].Second))/s.reach)
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i == j {
				l[i][i] = math.Sqrt(math.Max(sum, 1e-9))
			} else {
				l[i][j] = sum / l[j][j]
			}
			out[i] += l[i][j] * z[j]
		}
	}
	return out
}
