package locate

import "math"

// scratch is memory for one place, so that a surface allocates nothing a place.
type scratch struct {
	basis  [][columns]float64
	column []float64
	gap, v []float64
	half   [][columns]float64
}

func (m *model) scratch() *scratch {
	u := len(m.unheard)
	return &scratch{make([][columns]float64, len(m.all)), make([]float64, len(m.all)), make([]float64, u), make([]float64, u*u), make([][columns]float64, u)}
}

// still returns the logarithms of the likelihood of a suspect that stays at a place, with an antenna that is the same in all directions
// and with an unknown one, for one setting.
func (m *model) still(s *setting, at point, w *scratch) (omni, antenna float64) {
	m.fill(at, w.basis)
	forward(s.factor, w.basis, len(m.heard), len(m.all))
	return m.evidence(s, w, 1), m.evidence(s, w, columns)
}

// fill writes, for each block, the terms of its mean level: path loss for an exponent of 1, and the harmonics of the direction from
// the suspect to the receiver.
func (m *model) fill(at point, basis [][columns]float64) {
	const perNat = -10 / math.Ln10 / 2 // of the squared distance
	for i := range m.all {
		b := &m.all[i]
		var loss float64
		for _, p := range b.members {
			dx, dy := p.x-at.x, p.y-at.y
			loss += math.Log(math.Max(dx*dx+dy*dy, closest*closest))
		}
		loss *= perNat / float64(len(b.members))
		dx, dy := b.centre.x-at.x, b.centre.y-at.y
		r := math.Max(math.Sqrt(dx*dx+dy*dy), closest)
		c, s := dx/r, dy/r
		basis[i] = [columns]float64{loss, c, s, c*c - s*s, 2 * c * s}
	}
}

// prior of the coefficients of the terms of fill: exponent, and harmonics.
var (
	coefficientMean = [columns]float64{exponentMean}
	coefficientVar  = [columns]float64{exponentSD * exponentSD, antennaSD1 * antennaSD1, antennaSD1 * antennaSD1, antennaSD2 * antennaSD2, antennaSD2 * antennaSD2}
)

// fit is the posterior of the coefficients of the first q terms, given what was heard: of precision RR', with R lower triangular.
type fit struct {
	q      int
	r      [columns][columns]float64
	half   [columns]float64 // R times the mean
	square float64          // of the residuals, whitened, coefficients integrated: chi-squared if the model is right
	log    float64          // logarithm of the density of what was heard
}

// fit integrates over the coefficients of the first q terms. w.basis is whitened.
func (m *model) fit(s *setting, w *scratch, q int) (f fit) {
	f.q = q
	for c := range q {
		f.r[c][c] = 1 / coefficientVar[c]
		f.half[c] = coefficientMean[c] / coefficientVar[c]
	}
	f.square = s.square + coefficientMean[0]*f.half[0]
	for i := range m.heard {
		b, e := &w.basis[i], s.white[i]
		for c := range q {
			f.half[c] += b[c] * e
			for d := range c + 1 {
				f.r[c][d] += b[c] * b[d]
			}
		}
	}
	det := 1.0
	for c := range q {
		for d := range c + 1 {
			for k := range d {
				f.r[c][d] -= f.r[c][k] * f.r[d][k]
			}
			if d < c {
				f.r[c][d] /= f.r[d][d]
			}
		}
		f.r[c][c] = math.Sqrt(f.r[c][c])
		for k := range c {
			f.half[c] -= f.r[c][k] * f.half[k]
		}
		f.half[c] /= f.r[c][c]
		f.square -= f.half[c] * f.half[c]
		det *= f.r[c][c] * f.r[c][c] * coefficientVar[c]
	}
	f.log = -0.5 * (f.square + s.logDet + math.Log(det))
	return f
}

// evidence integrates over the coefficients of the first q terms, and over the levels of what was not heard.
func (m *model) evidence(s *setting, w *scratch, q int) float64 {
	f := m.fit(s, w, q)
	if len(m.unheard) == 0 {
		return f.log
	}
	return f.log + m.silence(s, w, &f)
}

// silence is the logarithm of the probability that what was not heard is under its limits, given what was heard.
func (m *model) silence(s *setting, w *scratch, f *fit) float64 {
	n, u, q := len(m.heard), len(m.unheard), f.q
	for i := range u {
		// left of limit - mean: white has the constant part; the terms' part is basis·coefficients, with the coefficients' own
		// uncertainty in the covariance. d is the row of basis in units of that uncertainty.
		b := &w.basis[n+i]
		d := &w.half[i]
		gap := s.white[n+i]
		for c := range q {
			v := b[c]
			for k := range c {
				v -= f.r[c][k] * d[k]
			}
			d[c] = v / f.r[c][c]
			gap -= d[c] * f.half[c]
		}
		w.gap[i] = gap
		for j := range i + 1 {
			v := s.left[i*u+j]
			for c := range q {
				v += d[c] * w.half[j][c]
			}
			w.v[i*u+j] = v
		}
	}
	return logBelow(w.gap, w.v, u, u)
}

// moving is the logarithm of the likelihood of a suspect that is at a place in the middle of the time and moves by v metres a second.
func (m *model) moving(s *setting, at, v point, w *scratch) float64 {
	const perNat = -10 / math.Ln10 / 2
	for i := range m.all {
		b := &m.all[i]
		dx, dy := b.centre.x-at.x-v.x*b.seconds, b.centre.y-at.y-v.y*b.seconds
		w.column[i] = perNat * math.Log(math.Max(dx*dx+dy*dy, closest*closest))
	}
	forwardOne(s.factor, w.column, len(m.heard), len(m.all))
	for i, c := range w.column {
		w.basis[i][0] = c
	}
	return m.evidence(s, w, 1)
}
