package locate

import (
	"cmp"
	"math"
	"slices"
)

// best is the most likely place: the middle of the mass of the best fine cell and those around it.
func (s *surface) best() point {
	top := 0
	for i, v := range s.density {
		if v > s.density[top] {
			top = i
		}
	}
	x0, y0 := top%fineSide, top/fineSide
	var sum float64
	var at point
	for y := max(0, y0-1); y <= min(fineSide-1, y0+1); y++ {
		for x := max(0, x0-1); x <= min(fineSide-1, x0+1); x++ {
			mass, p := s.mass[y*fineSide+x], s.grid.at(x, y)
			sum += mass
			at = point{at.x + mass*p.x, at.y + mass*p.y}
		}
	}
	return point{at.x / sum, at.y / sum}
}

// within is the distance from a place that holds half of the mass.
func (s *surface) within(at point) float64 {
	type ring struct{ far, mass float64 }
	var rings []ring
	for i, mass := range s.mass {
		if mass > 1e-6 {
			rings = append(rings, ring{distance(at, s.grid.at(i%fineSide, i/fineSide)), mass})
		}
	}
	slices.SortFunc(rings, func(a, b ring) int { return cmp.Compare(a.far, b.far) })
	sum := 0.0
	for _, r := range rings {
		if sum += r.mass; sum >= 0.5 {
			return r.far
		}
	}
	return rings[len(rings)-1].far
}

// misfit reports whether the levels fit no hypothesis: their residuals at the best place are, under each of the usual shadowings,
// larger than chance makes them in one of two hundred cases.
func (m *model) misfit(s *surface) bool {
	w := m.scratch()
	for _, sh := range usual {
		set := m.setting(sh, 0)
		m.fill(s.best(), w.basis)
		forward(set.factor, w.basis, len(m.heard), len(m.all))
		if m.fit(set, w, columns).square <= chiSquared995(len(m.heard)) {
			return false
		}
	}
	return true
}

// chiSquared995 is the value that chi-squared with n degrees of freedom exceeds in one of two hundred cases (Wilson and Hilferty).
func chiSquared995(n int) float64 {
	k := float64(n)
	a := 2 / (9 * k)
	return k * math.Pow(1-a+2.576*math.Sqrt(a), 3)
}

// mirrored reports whether the heard blocks lie on a line and a part of the region is the mirror image of the largest one. A region
// that reaches over the line is none.
func (m *model) mirrored(s *surface, inside []bool) bool {
	centre, axis, straight := m.line()
	if !straight {
		return false
	}
	label, n := parts(inside)
	mass, middle := make([]float64, n+1), make([]point, n+1)
	for i, l := range label {
		if l > 0 {
			p := s.grid.at(i%fineSide, i/fineSide)
			mass[l] += s.mass[i]
			middle[l] = middle[l].plus(point{p.x * s.mass[i], p.y * s.mass[i]})
		}
	}
	largest := 0
	for l := 1; l <= n; l++ {
		middle[l] = point{middle[l].x / mass[l], middle[l].y / mass[l]}
		if mass[l] > mass[largest] {
			largest = l
		}
	}
	d := middle[largest].minus(centre)
	off := d.x*-axis.y + d.y*axis.x
	image := point{middle[largest].x + 2*off*axis.y, middle[largest].y - 2*off*axis.x}
	for l := 1; l <= n; l++ {
		if l != largest && mass[l] > 0.2*mass[largest] && distance(middle[l], image) < math.Max(150, math.Abs(off)) {
			return true
		}
	}
	return false
}

// line fits a line through the heard blocks; straight if they lie within a tenth of its length, or within 40 m, of it.
func (m *model) line() (centre, axis point, straight bool) {
	n := float64(len(m.heard))
	for _, b := range m.heard {
		centre = centre.plus(point{b.centre.x / n, b.centre.y / n})
	}
	var xx, xy, yy float64
	for _, b := range m.heard {
		d := b.centre.minus(centre)
		xx, xy, yy = xx+d.x*d.x/n, xy+d.x*d.y/n, yy+d.y*d.y/n
	}
	sin, cos := math.Sincos(0.5 * math.Atan2(2*xy, xx-yy))
	axis = point{cos, sin}
	along := math.Sqrt(xx*cos*cos + 2*xy*sin*cos + yy*sin*sin)
	across := math.Sqrt(math.Max(0, xx*sin*sin-2*xy*sin*cos+yy*cos*cos))
	return centre, axis, across < math.Max(along/10, 12)
}

// offsets estimates by how much each sensor that heard the cell reads above the mean of all, for a suspect at a place.
func (m *model) offsets(at point, sensors map[string]int) []Offset {
	if len(sensors) < 2 {
		return nil
	}
	set := m.setting(usual[0], 0)
	w := m.scratch()
	m.fill(at, w.basis)
	n, stride := len(m.heard), len(m.all)
	// residual = levels - power - loss, whitened; offset = covariance with the levels, whitened, times residual.
	residual := make([]float64, n)
	loss := make([]float64, stride)
	for i := range loss {
		loss[i] = w.basis[i][0] * exponentMean
	}
	forwardOne(set.factor, loss, n, stride)
	for i := range residual {
		residual[i] = set.white[i] - loss[i]
	}
	names := make([]string, len(sensors))
	for name, i := range sensors {
		names[i] = name
	}
	var all []Offset
	mean := 0.0
	for k, name := range names {
		c := make([]float64, stride)
		heard := false
		for i := range m.heard {
			if m.heard[i].sensor == k {
				c[i], heard = offsetSD*offsetSD, true
			}
		}
		if !heard {
			continue // nothing is known of its levels
		}
		forwardOne(set.factor, c, n, stride)
		db := 0.0
		for i := range residual {
			db += c[i] * residual[i]
		}
		mean += db
		all = append(all, Offset{name, db})
	}
	for i := range all {
		all[i].DB = round(all[i].DB-mean/float64(len(all)), 2)
	}
	slices.SortFunc(all, func(a, b Offset) int { return cmp.Compare(a.Sensor, b.Sensor) })
	return all
}
