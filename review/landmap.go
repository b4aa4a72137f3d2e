package review

import (
	"fmt"
	"math"
	"strings"

	"vigie/review/evidence"
	"vigie/review/gazetteer"
)

// landMap is the way of a sensor as an SVG drawing, for reports and for pages without scripts: its whole way in grey, the stretches along
// which the suspects were heard in their colour, how exact positions are, and the towns around. North is up.
type landMap struct {
	W, H   int
	Way    string // path
	Ways   []landWay
	Rings  []ring // how exact the positions of the stretches are
	Towns  []landTown
	Scale  int    // width of the bar
	Length string // that it stands for
}

// landWay is a stretch: a path, or a dot for a single position.
type landWay struct {
	evidence.Way
	Path  string
	Class string
	X, Y  int // of its beginning
}

type ring struct{ X, Y, R int }

type landTown struct {
	X, Y int
	Name string
}

const (
	landWidth, landHeight = 960, 480
	landLeast             = 400.0    // metres that are drawn from side to side at least
	metresDegree          = 111200.0 // of latitude
	mostTowns             = 12
)

// landMapOf draws where a series was; nil if no position is known. Ways may be empty: then all positions are what the map is about.
func landMapOf(s *evidence.Series) *landMap {
	if len(s.Spots) == 0 {
		return nil
	}
	m := &landMap{W: landWidth, H: landHeight}
	v := viewOf(s)
	m.Way = v.path(s.Spots)
	names := map[string]int{}
	for _, w := range s.Ways {
		n, known := names[w.Name]
		if !known {
			n = len(names)
			names[w.Name] = n
		}
		x, y := v.at(w.Spots[0])
		m.Ways = append(m.Ways, landWay{w, v.path(w.Spots), fmt.Sprintf("suspect d%d", n%dashes), x, y})
		for _, p := range w.Spots[:min(len(w.Spots), 40)] {
			if p.Accuracy != nil && *p.Accuracy > 0 {
				x, y := v.at(p)
				m.Rings = append(m.Rings, ring{x, y, min(max(int(*p.Accuracy/v.metres), 2), 4*landWidth)})
			}
		}
	}
	for _, t := range gazetteer.In(v.lat-v.height()/2, v.lat+v.height()/2, v.lon-v.width()/2, v.lon+v.width()/2, mostTowns) {
		x, y := v.at(evidence.Spot{Lat: t.Lat, Lon: t.Lon})
		m.Towns = append(m.Towns, landTown{x, y, t.Name})
	}
	m.scale(v)
	return m
}

// scale draws a bar of a round length, about a fifth of the map.
func (m *landMap) scale(v landView) {
	length := math.Pow(10, math.Floor(math.Log10(v.metres*landWidth/5)))
	for _, f := range []float64{5, 2} {
		if length*f <= v.metres*landWidth/5 {
			length *= f
			break
		}
	}
	m.Scale, m.Length = int(length/v.metres), fmt.Sprintf("%.0f m", length)
	if length >= 1000 {
		m.Length = fmt.Sprintf("%.0f km", length/1000)
	}
}

// landView is a part of the land: its middle in degrees, and how many metres a unit of the drawing is.
type landView struct{ lat, lon, metres float64 }

func (v landView) shrink() float64 { return max(math.Cos(v.lat*math.Pi/180), .01) }
func (v landView) height() float64 { return landHeight * v.metres / metresDegree }
func (v landView) width() float64  { return landWidth * v.metres / metresDegree / v.shrink() }

// viewOf shows the stretches of the suspects with as much land around as they are long, or else all positions.
func viewOf(s *evidence.Series) landView {
	spots, around := s.Spots, 1.2
	if len(s.Ways) > 0 {
		spots, around = nil, 2.5
		for _, w := range s.Ways {
			spots = append(spots, w.Spots...)
		}
	}
	south, north, west, east := spots[0].Lat, spots[0].Lat, spots[0].Lon, spots[0].Lon
	for _, p := range spots {
		south, north, west, east = min(south, p.Lat), max(north, p.Lat), min(west, p.Lon), max(east, p.Lon)
	}
	v := landView{lat: (south + north) / 2, lon: (west + east) / 2}
	v.metres = around * max((north-south)*metresDegree/landHeight, (east-west)*metresDegree*v.shrink()/landWidth, landLeast/landWidth/around)
	return v
}

// at is where a position is drawn.
func (v landView) at(p evidence.Spot) (x, y int) {
	const far = 100 * landWidth // so that no number is too large for a drawing
	in := func(f float64) int { return int(math.Round(max(-far, min(far, f)))) }
	return in(landWidth/2 + (p.Lon-v.lon)*metresDegree*v.shrink()/v.metres), in(landHeight/2 - (p.Lat-v.lat)*metresDegree/v.metres)
}

func (v landView) path(spots []evidence.Spot) string {
	var b strings.Builder
	px, py := math.MinInt, 0
	for _, p := range spots {
		x, y := v.at(p)
		switch {
		case b.Len() == 0:
			fmt.Fprintf(&b, "M%d %dh0", x, y) // one position is a dot
		case x != px || y != py:
			fmt.Fprintf(&b, "L%d %d", x, y)
		}
		px, py = x, y
	}
	return b.String()
}

// townJSON is a town on the map that scripts draw.
type townJSON struct {
	Name string  `json:"name"`
	Lat  float64 `json:"lat"`
	Lon  float64 `json:"lon"`
}

// townsAround are the towns around the positions of a series.
func townsAround(s *evidence.Series) []townJSON {
	all := []townJSON{}
	if len(s.Spots) == 0 {
		return all
	}
	const margin = 0.1 // degrees
	south, north, west, east := s.Spots[0].Lat, s.Spots[0].Lat, s.Spots[0].Lon, s.Spots[0].Lon
	for _, p := range s.Spots {
		south, north, west, east = min(south, p.Lat), max(north, p.Lat), min(west, p.Lon), max(east, p.Lon)
	}
	for _, t := range gazetteer.In(south-margin, north+margin, west-margin, east+margin, 60) {
		all = append(all, townJSON{t.Name, t.Lat, t.Lon})
	}
	return all
}
