package locate

import "math"

// plane is a flat map around a place: metres east and north of it. Over the distances at which a cell is heard, its error is far
// below that of the positions.
type plane struct {
	lat, lon       float64 // degrees
	perLat, perLon float64 // metres a degree
}

type point struct{ x, y float64 } // metres east and north

// newPlane is the plane at a place. Metres a degree are those of the WGS 84 ellipsoid.
func newPlane(lat, lon float64) plane {
	const a, e2 = 6378137.0, 6.69437999014e-3
	sin, cos := math.Sincos(lat * math.Pi / 180)
	w := 1 - e2*sin*sin
	return plane{lat, lon, a * (1 - e2) / (w * math.Sqrt(w)) * math.Pi / 180, a * cos / math.Sqrt(w) * math.Pi / 180}
}

func (p plane) point(lat, lon float64) point {
	east := lon - p.lon
	switch { // the shorter way around
	case east > 180:
		east -= 360
	case east < -180:
		east += 360
	}
	return point{east * p.perLon, (lat - p.lat) * p.perLat}
}

// degrees is the inverse of point. Its longitude may be a little outside -180 to 180, so that a region stays in one piece.
func (p plane) degrees(at point) (lat, lon float64) {
	return p.lat + at.y/p.perLat, p.lon + at.x/p.perLon
}

func (a point) minus(b point) point { return point{a.x - b.x, a.y - b.y} }
func (a point) plus(b point) point  { return point{a.x + b.x, a.y + b.y} }

func distance(a, b point) float64 { return math.Hypot(a.x-b.x, a.y-b.y) }
