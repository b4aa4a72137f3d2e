package locate

import "math"

// surface is the posterior on the fine cells of a grid.
type surface struct {
	grid    grid
	density []float64 // logarithm, largest 0, in steps of quantum, of each fine cell
	mass    []float64 // of each fine cell; they add up to 1
	antenna float64   // posterior probability of a directional antenna
	moving  float64   // of a moving suspect
}

const (
	worth   = 12.0 // natural logarithms below the best place, at which a place no longer matters
	close   = 0.15 // natural logarithms: where interpolation is as good as this, nothing more is computed
	quantum = 1.0 / (1 << 20)
)

// hypotheses are the settings that are integrated over.
type hypotheses struct {
	still []*setting
	ways  []way
}

// way is a velocity, with its setting.
type way struct {
	setting *setting
	v       point
}

// newHypotheses prepares the settings. Velocities are tried where the samples span a minute or more.
func (m *model) newHypotheses(shadows []shadowing) *hypotheses {
	h := &hypotheses{}
	for _, sh := range shadows {
		h.still = append(h.still, m.setting(sh, 0))
	}
	first, last := math.Inf(1), math.Inf(-1)
	for _, b := range m.heard {
		first, last = math.Min(first, b.seconds), math.Max(last, b.seconds)
	}
	if last-first < 60 || last-first > 3600 {
		return h
	}
	for _, speed := range []float64{1.5, 5} {
		s := m.setting(shadows[1], speed)
		for k := range 8 {
			sin, cos := math.Sincos(float64(k) * math.Pi / 4)
			h.ways = append(h.ways, way{s, point{speed * cos, speed * sin}})
		}
	}
	return h
}

// value is the posterior density of a place: its logarithm, and what part of it is that of directional antennas and of moving
// suspects.
type value struct{ log, antenna, moving float64 }

// value computes the density of a place.
func (m *model) value(h *hypotheses, at point, w *scratch) value {
	omni, antenna, moving := math.Inf(-1), math.Inf(-1), math.Inf(-1)
	for _, s := range h.still {
		o, a := m.still(s, at, w)
		omni, antenna = logAdd(omni, o), logAdd(antenna, a)
	}
	for _, way := range h.ways {
		moving = logAdd(moving, m.moving(way.setting, at, way.v, w)+m.logTA(at, way.v))
	}
	moves := 0.0
	if len(h.ways) > 0 {
		moves = priorMoving
		moving += math.Log(priorMoving / float64(len(h.ways)))
	}
	still := m.logTA(at, point{}) - math.Log(float64(len(h.still)))
	omni += still + math.Log(1-priorAntenna-moves)
	antenna += still + math.Log(priorAntenna)
	sum := logAdd(logAdd(omni, antenna), moving)
	return value{sum + m.priorPlace(at), math.Exp(antenna - sum), math.Exp(moving - sum)}
}

// surface computes the posterior: on a wide lattice, and finer wherever that matters.
func (m *model) surface(shadows []shadowing) *surface {
	p := &patches{m: m, h: m.newHypotheses(shadows), w: m.scratch(), grid: m.newGrid(), best: math.Inf(-1),
		nodes: make([]value, (fineSide+1)*(fineSide+1)), cells: make([]value, fineSide*fineSide)}
	for i := range p.nodes {
		p.nodes[i].log = math.NaN()
	}
	for y := 0; y <= fineSide; y += wideStep {
		for x := 0; x <= fineSide; x += wideStep {
			p.node(x, y)
		}
	}
	for i := range m.heard { // what is likely is rather near to where it was heard
		at := m.heard[i].centre
		p.node(int((at.x-p.grid.corner.x)/p.grid.step), int((at.y-p.grid.corner.y)/p.grid.step))
	}
	for y := 0; y < fineSide; y += wideStep {
		for x := 0; x < fineSide; x += wideStep {
			p.fill(x, y, wideStep)
		}
	}
	return p.surface()
}

// patches is a surface while it is computed: squares of the grid are divided until their corners tell what is between them.
type patches struct {
	m     *model
	h     *hypotheses
	w     *scratch
	grid  grid
	nodes []value // of the corners of fine cells; NaN: not yet computed
	cells []value // of the middles of fine cells
	best  float64 // logarithm, so far
}

// node is the value of a corner of fine cells.
func (p *patches) node(x, y int) value {
	v := &p.nodes[y*(fineSide+1)+x]
	if math.IsNaN(v.log) {
		*v = p.m.value(p.h, p.grid.node(x, y), p.w)
		p.best = math.Max(p.best, v.log)
	}
	return *v
}

// fill fills the fine cells of a square.
func (p *patches) fill(x, y, size int) {
	c := [4]value{p.node(x, y), p.node(x+size, y), p.node(x, y+size), p.node(x+size, y+size)}
	if size > 1 && p.divide(x, y, size, &c) {
		half := size / 2
		p.fill(x, y, half)
		p.fill(x+half, y, half)
		p.fill(x, y+half, half)
		p.fill(x+half, y+half, half)
		return
	}
	for j := range size {
		for i := range size {
			u, v := (float64(i)+0.5)/float64(size), (float64(j)+0.5)/float64(size)
			between := func(a, b, c, d float64) float64 { return (a*(1-u)+b*u)*(1-v) + (c*(1-u)+d*u)*v }
			p.cells[(y+j)*fineSide+x+i] = value{between(c[0].log, c[1].log, c[2].log, c[3].log),
				between(c[0].antenna, c[1].antenna, c[2].antenna, c[3].antenna), between(c[0].moving, c[1].moving, c[2].moving, c[3].moving)}
		}
	}
}

// divide reports whether a square is worth dividing: it is likely enough, and near to where the cell was heard, or not what its corners
// tell.
func (p *patches) divide(x, y, size int, c *[4]value) bool {
	half := size / 2
	near := nearest(p.m.heard, p.grid.node(x+half, y+half)) < 1.5*float64(size)*p.grid.step
	top, low := math.Inf(-1), math.Inf(1)
	for i := range c {
		top, low = math.Max(top, c[i].log), math.Min(low, c[i].log)
	}
	if top < p.best-worth && !(near && size > 4) {
		return false
	}
	if near || top-low > 4 {
		return true
	}
	return math.Abs(p.node(x+half, y+half).log-(c[0].log+c[1].log+c[2].log+c[3].log)/4) > close
}

// surface makes the largest density 0, and masses that add up to 1. Densities are rounded, so that processors whose last bits
// differ, and places that mirror each other, come in the same order.
func (p *patches) surface() *surface {
	s := &surface{grid: p.grid, density: make([]float64, len(p.cells)), mass: make([]float64, len(p.cells))}
	best, sum := math.Inf(-1), 0.0
	for i := range p.cells {
		best = math.Max(best, p.cells[i].log)
	}
	for i := range p.cells {
		s.density[i] = math.Round((p.cells[i].log-best)/quantum) * quantum
		s.mass[i] = math.Exp(s.density[i])
		sum += s.mass[i]
	}
	for i := range s.mass {
		s.mass[i] /= sum
		s.antenna += s.mass[i] * p.cells[i].antenna
		s.moving += s.mass[i] * p.cells[i].moving
	}
	return s
}

// logAdd is log(exp(a) + exp(b)).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if d := b - a; d > -40 {
		return a + math.Log1p(math.Exp(d))
	}
	return a
}
