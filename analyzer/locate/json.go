package locate

import (
	"encoding/json"
	"math"

	"vigie/cell"
)

// Place is a cell with where it may stand.
type Place struct {
	Cell   cell.Cell
	Result Result
}

// Places are those of several cells.
type Places []Place

// multiPolygon is GeoJSON (RFC 7946): longitude first.
type multiPolygon struct {
	Type        string           `json:"type"`
	Coordinates [][][][2]float64 `json:"coordinates"`
}

func (r *Region) geometry() multiPolygon {
	g := multiPolygon{"MultiPolygon", make([][][][2]float64, 0, len(r.Polygons))}
	for _, rings := range r.Polygons {
		var polygon [][][2]float64
		for _, ring := range rings {
			line := make([][2]float64, len(ring))
			for i, p := range ring {
				line[i] = [2]float64{round(p.Lon, 6), round(p.Lat, 6)}
			}
			polygon = append(polygon, line)
		}
		g.Coordinates = append(g.Coordinates, polygon)
	}
	return g
}

// round keeps digits decimals. Six of a degree are a tenth of a metre.
func round(v float64, digits int) float64 {
	f := math.Pow10(digits)
	return math.Round(v*f) / f
}

type regionJSON struct {
	P        float64      `json:"p"`
	Area     float64      `json:"area_km2"`
	Geometry multiPolygon `json:"geometry"`
}

type pointJSON struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type placeJSON struct {
	Cell    cell.Cell    `json:"cell"`
	Samples int          `json:"samples"`
	Loudest *float64     `json:"loudest_dbm"`
	Regions []regionJSON `json:"regions"`
	Best    *pointJSON   `json:"best"`
	Mirror  bool         `json:"mirror"`
	Widened *Widened     `json:"widened"`
	NoPlace *NoPlace     `json:"no_place"`
}

// JSON is one object a place, each on a line. best is null where the region is too large to show a point, unless debugBest is set.
func (p Places) JSON(debugBest bool) []byte {
	var out []byte
	for i := range p {
		out = append(append(out, encode(p[i].json(debugBest))...), '\n')
	}
	return out
}

// encode writes what holds no value that JSON cannot say: every number of a Result is finite.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func (p *Place) json(debugBest bool) placeJSON {
	r := &p.Result
	out := placeJSON{Cell: p.Cell, Samples: r.Samples, Regions: []regionJSON{}, Mirror: r.Mirror}
	if l, ok := r.Loudest.Get(); ok {
		v := round(float64(l), 1)
		out.Loudest = &v
	}
	for i := range r.Regions {
		out.Regions = append(out.Regions, regionJSON{r.Regions[i].P, round(r.Regions[i].Area, 3), r.Regions[i].geometry()})
	}
	if r.Loudest.Known() && (r.ShowBest || debugBest) {
		out.Best = &pointJSON{round(r.Best.Lat, 6), round(r.Best.Lon, 6)}
	}
	if r.Widened != "" {
		out.Widened = &r.Widened
	}
	if r.NoPlace != "" {
		out.NoPlace = &r.NoPlace
	}
	return out
}

type feature struct {
	Type       string       `json:"type"`
	Properties properties   `json:"properties"`
	Geometry   multiPolygon `json:"geometry"`
}

type properties struct {
	Cell cell.Cell `json:"cell"`
	P    float64   `json:"p"`
	Area float64   `json:"area_km2"`
}

// GeoJSON is a FeatureCollection (RFC 7946) of the regions, for a map program: the larger region of each cell first, so that the smaller
// one is drawn over it. A cell without a place has no features. Like the pages it holds no pin.
func (p Places) GeoJSON() []byte {
	features := []feature{}
	for i := range p {
		for k := len(p[i].Result.Regions) - 1; k >= 0; k-- {
			g := &p[i].Result.Regions[k]
			features = append(features, feature{"Feature", properties{p[i].Cell, g.P, round(g.Area, 3)}, g.geometry()})
		}
	}
	return append(encode(struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}{"FeatureCollection", features}), '\n')
}
