package locate

import (
	"cmp"
	"slices"
)

// Region is the smallest area that holds the place with a probability.
type Region struct {
	P        float64
	Area     float64      // km2
	Polygons [][][]LatLon // each an outer ring, counter-clockwise, then its holes, clockwise; a ring ends where it begins
}

// LatLon is a place in WGS 84 degrees. Longitudes may be a little outside -180 to 180, so that a region stays in one piece.
type LatLon struct{ Lat, Lon float64 }

// order lists the fine cells that matter, the most likely first.
func (s *surface) order() []int {
	d := s.density
	var order []int
	for i, v := range d {
		if v > -worth {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(d[b], d[a]), cmp.Compare(a, b)) })
	return order
}

// region takes the most likely cells, until their mass is p.
func (s *surface) region(p float64, order []int) (inside []bool, cells int) {
	inside = make([]bool, len(s.mass))
	sum := 0.0
	for _, i := range order {
		if sum >= p {
			break
		}
		inside[i] = true
		cells++
		sum += s.mass[i]
	}
	return inside, cells
}

// parts numbers the connected parts of a region from 1; 0 is outside. Cells that only touch at a corner are not connected.
func parts(inside []bool) (label []int, n int) {
	label = make([]int, len(inside))
	var stack []int
	take := func(x, y int) {
		if k := y*fineSide + x; x >= 0 && y >= 0 && x < fineSide && y < fineSide && inside[k] && label[k] == 0 {
			label[k] = n
			stack = append(stack, k)
		}
	}
	for i := range inside {
		if !inside[i] || label[i] != 0 {
			continue
		}
		n++
		for take(i%fineSide, i/fineSide); len(stack) > 0; {
			x, y := stack[len(stack)-1]%fineSide, stack[len(stack)-1]/fineSide
			stack = stack[:len(stack)-1]
			take(x-1, y)
			take(x+1, y)
			take(x, y-1)
			take(x, y+1)
		}
	}
	return label, n
}

// corner is a corner of fine cells, counted from the south-west of the grid.
type corner struct{ x, y int }

// directions of an edge: east, north, west, south.
var directions = [4]corner{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}

// outline is the border of a region: the inside is on the left of each edge.
type outline struct {
	inside []bool
	left   []uint8 // for each corner, the directions of the edges that begin there and are still to be walked
}

// polygons are the outlines of a region, part by part.
func (g grid) polygons(inside []bool, pl plane) [][][]LatLon {
	label, n := parts(inside)
	outer, holes := make([][][]LatLon, n+1), make([][][]LatLon, n+1)
	o := outline{inside, make([]uint8, (fineSide+1)*(fineSide+1))}
	o.edges()
	for i := range inside {
		c := corner{i % fineSide, i / fineSide}
		for d := range 4 {
			if *o.at(c)&(1<<d) == 0 {
				continue
			}
			part := label[o.cellLeft(c, d)]
			for _, ring := range o.walk(c, d) {
				if signedArea(ring) > 0 {
					outer[part] = append(outer[part], g.degrees(ring, pl))
				} else {
					holes[part] = append(holes[part], g.degrees(ring, pl))
				}
			}
		}
	}
	var all [][][]LatLon
	for part := 1; part <= n; part++ {
		all = append(all, append(outer[part], holes[part]...))
	}
	return all
}

// is reports whether a cell is inside.
func (o *outline) is(x, y int) bool {
	return x >= 0 && y >= 0 && x < fineSide && y < fineSide && o.inside[y*fineSide+x]
}

func (o *outline) at(c corner) *uint8 { return &o.left[c.y*(fineSide+1)+c.x] }

// edges lists the edges between inside and outside.
func (o *outline) edges() {
	for i, in := range o.inside {
		if !in {
			continue
		}
		x, y := i%fineSide, i/fineSide
		if !o.is(x, y-1) {
			*o.at(corner{x, y}) |= 1 << 0
		}
		if !o.is(x+1, y) {
			*o.at(corner{x + 1, y}) |= 1 << 1
		}
		if !o.is(x, y+1) {
			*o.at(corner{x + 1, y + 1}) |= 1 << 2
		}
		if !o.is(x-1, y) {
			*o.at(corner{x, y + 1}) |= 1 << 3
		}
	}
}

// cellLeft is the cell on the left of an edge.
func (o *outline) cellLeft(c corner, d int) int {
	x, y := c.x, c.y
	switch d {
	case 1:
		x--
	case 2:
		x, y = x-1, y-1
	case 3:
		y--
	}
	return y*fineSide + x
}

// walk follows the border from a corner until it is back there, and takes its edges away. Where cells touch at a corner it turns left, and
// so stays with its own cell; a border that comes to a corner again is cut there, so that no ring touches itself.
func (o *outline) walk(at corner, d int) (rings [][]corner) {
	path := []corner{at}
	for {
		for more := true; more; more = *o.at(at)&(1<<d) != 0 { // straight on
			*o.at(at) &^= 1 << d
			at = corner{at.x + directions[d].x, at.y + directions[d].y}
		}
		if i := slices.Index(path, at); i >= 0 {
			rings = append(rings, append(slices.Clone(path[i:]), at))
			if path = path[:i]; i == 0 {
				return rings
			}
		}
		path = append(path, at)
		if d = (d + 1) % 4; *o.at(at)&(1<<d) == 0 { // left, else right
			d = (d + 2) % 4
		}
	}
}

// signedArea is twice the area of a ring; positive if it is counter-clockwise.
func signedArea(ring []corner) int {
	sum := 0
	for i := 1; i < len(ring); i++ {
		sum += ring[i-1].x*ring[i].y - ring[i].x*ring[i-1].y
	}
	return sum
}

func (g grid) degrees(ring []corner, pl plane) []LatLon {
	out := make([]LatLon, len(ring))
	for i, c := range ring {
		out[i].Lat, out[i].Lon = pl.degrees(point{g.corner.x + float64(c.x)*g.step, g.corner.y + float64(c.y)*g.step})
	}
	return out
}

// Holds reports whether a place is in the region.
func (r *Region) Holds(at LatLon) bool {
	inside := false
	for _, rings := range r.Polygons {
		for _, ring := range rings {
			for i := 1; i < len(ring); i++ {
				a, b := ring[i-1], ring[i]
				if (a.Lat > at.Lat) != (b.Lat > at.Lat) && at.Lon < a.Lon+(b.Lon-a.Lon)*(at.Lat-a.Lat)/(b.Lat-a.Lat) {
					inside = !inside
				}
			}
		}
	}
	return inside
}
