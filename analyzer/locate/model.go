package locate

import (
	"math"

	"vigie/cell"
)

// The model: level = power - 10 n log10(max(d, 10 m)) + antenna(bearing) + offset of the sensor + shadowing + noise.
const (
	exponentMean, exponentSD = 3.2, 0.5 // n
	offsetSD                 = 4.0      // dB, between modems
	noiseSD                  = 2.0      // dB, of one sample: fast fading and steps of a level
	roughSD                  = 1.0      // dB, of a block, however many samples it has
	limitSD                  = 2.0      // dB, of the level from which on a modem lists a cell
	closest                  = 10.0     // metres
	antennaSD1, antennaSD2   = 7.0, 3.0 // dB, of each coefficient of the first and second harmonic of the antenna pattern
)

// shadowing is a setting of what is not known: how much levels vary around the path loss, and over which distance.
type shadowing struct {
	sd    float64 // dB
	reach float64 // metres, d_c
}

var (
	usual = []shadowing{{6, 30}, {8, 60}, {8, 200}, {11, 300}}
	wide  = []shadowing{{13, 50}, {13, 200}, {16, 400}}
)

// Prior probabilities of what the suspect is.
const (
	priorAntenna = 0.2
	priorMoving  = 0.15
)

// power is the prior of the level at one metre, in dBm: of a resource element, of the pilot of a UMTS carrier, of a whole GSM carrier.
type power struct{ mean, sd float64 }

func priorPower(rat cell.RAT) power {
	switch rat {
	case cell.GSM:
		return power{-12, 14}
	case cell.UMTS:
		return power{-20, 13}
	}
	return power{-30, 10}
}

// setting is a shadowing, and all that can be computed before the place is known.
type setting struct {
	speed  float64   // of the suspect, m/s: shadowing changes with its movement too
	factor []float64 // rows of heard blocks: Cholesky factor; rows of unheard blocks: see forward
	white  []float64 // heard: levels less the mean power, whitened; unheard: what they have left of it
	left   []float64 // covariance of the unheard, given the heard
	square float64   // of white, heard
	logDet float64   // of the covariance of the heard
}

// model is the samples of one cell, ready to be asked about places.
type model struct {
	heard, unheard []block
	all            []block // both, heard first
	power          power
	sensors        int
	step           float64 // metres of a unit of timing advance; 0: the RAT has none
	taWeight       float64
}

func newModel(heard, unheard []block, rat cell.RAT, sensors int) *model {
	m := &model{heard: heard, unheard: unheard, power: priorPower(rat), sensors: sensors, step: taStep(rat)}
	m.all = append(append(m.all, heard...), unheard...)
	n := 0
	for i := range heard {
		if heard[i].ta.Known() {
			n++
		}
	}
	m.taWeight = min(1, 5/math.Max(1, float64(n))) // their errors have one cause, the streets between: at most five count
	return m
}

// setting prepares a shadowing for a suspect of a speed.
func (m *model) setting(sh shadowing, speed float64) *setting {
	n, rows := len(m.heard), len(m.all)
	s := &setting{speed: speed, factor: make([]float64, rows*rows), white: make([]float64, rows)}
	for i := range m.all {
		for j := range i + 1 {
			s.factor[i*rows+j] = m.covariance(sh, speed, i, j)
		}
		s.white[i] = m.all[i].level - m.power.mean
	}
	u := rows - n
	s.left = make([]float64, u*u)
	for i := range u {
		for j := range i + 1 {
			s.left[i*u+j] = s.factor[(n+i)*rows+n+j]
		}
	}
	s.logDet = cholesky(s.factor, n, rows, rows)
	for i := range u {
		for j := range i + 1 {
			for k := range n {
				s.left[i*u+j] -= s.factor[(n+i)*rows+k] * s.factor[(n+j)*rows+k]
			}
		}
	}
	forwardOne(s.factor, s.white, n, rows)
	for _, v := range s.white[:n] {
		s.square += v * v
	}
	return s
}

// covariance is that of the levels of two blocks, power and offsets integrated.
func (m *model) covariance(sh shadowing, speed float64, i, j int) float64 {
	a, b := &m.all[i], &m.all[j]
	moved := speed * math.Abs(a.seconds-b.seconds)
	sum := 0.0
	for _, p := range a.members {
		for _, q := range b.members {
			sum += math.Exp(-(distance(p, q) + moved) / sh.reach)
		}
	}
	c := m.power.sd*m.power.sd + sh.sd*sh.sd*sum/float64(len(a.members)*len(b.members))
	if m.sensors > 1 && a.sensor == b.sensor {
		c += offsetSD * offsetSD
	}
	if i == j {
		c += noiseSD*noiseSD/float64(a.count) + roughSD*roughSD
		if i >= len(m.heard) {
			c += limitSD * limitSD
		}
	}
	return c
}

// taStep is the distance of one step of timing advance in metres: 16 Ts there and back in LTE and, at 15 kHz, in NR (TS 36.213 clause
// 4.2.3, TS 38.213 clause 4.2), one bit in GSM (TS 45.010 clause 5.2). UMTS has none that a modem prints.
func taStep(rat cell.RAT) float64 {
	const light = 299792458.0
	switch rat {
	case cell.GSM:
		return light * 48 / 13e6 / 2
	case cell.LTE, cell.NR:
		return light * 16 / 30.72e6 / 2
	}
	return 0
}

// logTA is the logarithm of the likelihood of the timing advances for a suspect at a place that moves by v. Vendors round or cut, so a
// step too many and half a step too few are accepted; streets lengthen the way.
func (m *model) logTA(at, v point) float64 {
	if m.step == 0 {
		return 0
	}
	const early, late = 50.0, 90.0 // metres: of the receiver, and of the way around buildings
	sum := 0.0
	for i := range m.heard {
		b := &m.heard[i]
		ta, ok := b.ta.Get()
		if !ok {
			continue
		}
		d := distance(b.centre, point{at.x + v.x*b.seconds, at.y + v.y*b.seconds})
		low, high := (float64(ta)-0.5)*m.step, (float64(ta)+1)*m.step
		p := 0.5*math.Erfc((low-d)/(late*math.Sqrt2)) - 0.5*math.Erfc((high-d)/(early*math.Sqrt2))
		sum += math.Log(0.95*p + 0.05/(1+d/m.step)) // some are of another moment, or wrong
	}
	return m.taWeight * sum
}

// placeReach is the distance from the receivers beyond which a place becomes less likely, before levels are looked at: one receiver is
// carried to where something is suspected, several stand where they stand.
const (
	placeReach     = 280.0 // metres
	placeReachMany = 380.0
)

// priorPlace is the logarithm of the prior density of a place: who looks for a cell is rather near to it. Of places around one such
// point, half lie within 280 m, and one in twelve beyond 900 m: the tail is long enough for a mast at some kilometres if levels say so.
// Whether a receiver heard the cell does not matter here.
func (m *model) priorPlace(at point) float64 {
	reach := placeReach
	if m.sensors > 1 {
		reach = placeReachMany
	}
	r := nearest(m.all, at) / reach
	return -2 * math.Log1p(r*r)
}

// nearest is the distance to the nearest block.
func nearest(blocks []block, at point) float64 {
	least := math.Inf(1)
	for i := range blocks {
		dx, dy := at.x-blocks[i].centre.x, at.y-blocks[i].centre.y
		least = math.Min(least, dx*dx+dy*dy)
	}
	return math.Sqrt(least)
}
