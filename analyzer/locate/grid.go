package locate

import "math"

// grid is a square of fine cells.
type grid struct {
	corner point   // south-west
	step   float64 // metres, side of a fine cell
}

const (
	fineSide = 320    // fine cells in a row: 8 km of 25 m
	fineStep = 25.0   // metres, at least
	wideStep = 16     // fine cells between the places that are computed first, 400 m
	aside    = 3500.0 // metres around where it was heard
)

// newGrid is the square around where the cell was heard, of 64 km2 at least; larger where it was heard over a wide area, or where
// a timing advance says that it is far.
func (m *model) newGrid() grid {
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	margin := aside
	for i := range m.heard {
		b := &m.heard[i]
		low = point{math.Min(low.x, b.centre.x), math.Min(low.y, b.centre.y)}
		high = point{math.Max(high.x, b.centre.x), math.Max(high.y, b.centre.y)}
		if ta, ok := b.ta.Get(); ok {
			margin = math.Max(margin, (float64(ta)+2)*m.step)
		}
	}
	const least = fineSide * fineStep
	width := math.Max(least, math.Max(high.x-low.x, high.y-low.y)+2*margin)
	width = math.Ceil(width/(least/8)) * (least / 8) // so that a small change of the samples changes no cell
	middle := point{(low.x + high.x) / 2, (low.y + high.y) / 2}
	g := grid{step: width / fineSide}
	g.corner = point{math.Round((middle.x-width/2)/g.step) * g.step, math.Round((middle.y-width/2)/g.step) * g.step}
	return g
}

// node is a corner of fine cells, counted from the south-west.
func (g grid) node(x, y int) point {
	return point{g.corner.x + float64(x)*g.step, g.corner.y + float64(y)*g.step}
}

// at is the middle of a fine cell.
func (g grid) at(x, y int) point {
	return point{g.corner.x + (float64(x)+0.5)*g.step, g.corner.y + (float64(y)+0.5)*g.step}
}
