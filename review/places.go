package review

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/review/evidence"
)

// mapJSON is what is known of the land around an event.
type mapJSON struct {
	Tiles []tileJSON  `json:"tiles"`
	Cells []placeJSON `json:"cells"`
}

type tileJSON struct {
	Corners [4][2]float64 `json:"corners"` // latitude, longitude
	Stays   uint32        `json:"stays"`   // changes of cell in it
	New     uint32        `json:"new"`     // of them to a cell never seen before
}

type placeJSON struct {
	Name    string  `json:"name"`
	Lat     float64 `json:"lat"`
	Lon     float64 `json:"lon"`
	Radius  float64 `json:"radius_m"`
	Count   uint32  `json:"stays"`
	Suspect bool    `json:"suspect"` // part of an alert
}

func (rv api) places(r *http.Request) (any, error) {
	x, win, err := rv.eventWindow(r)
	if err != nil {
		return nil, err
	}
	s := x.Sensors[0]
	near, err := s.Store.PlacesNear(r.Context(), s.Key, win.Series(nil).Spots)
	if err != nil {
		return nil, err
	}
	m := mapJSON{Tiles: []tileJSON{}, Cells: []placeJSON{}}
	for _, t := range near.Tiles {
		m.Tiles = append(m.Tiles, tileJSON{t.Corners, t.Stays, t.New})
	}
	for _, c := range near.Cells {
		m.Cells = append(m.Cells, placeJSON{cell.Describe(&c.Cell), c.Lat, c.Lon, c.Radius, c.Count, c.Suspect})
	}
	return m, nil
}

// readCircle reads "LAT, LON" or "LAT, LON, KM"; without the last it is a kilometre.
func readCircle(s string) (c evidence.Circle, ok bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 2 && len(parts) != 3 {
		return c, false
	}
	c.Radius = 1
	for i, v := range []*float64{&c.Lat, &c.Lon, &c.Radius}[:len(parts)] {
		f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(parts[i]), "km")), 64)
		if err != nil || math.IsNaN(f) {
			return c, false
		}
		*v = f
	}
	return c, math.Abs(c.Lat) <= 90 && math.Abs(c.Lon) <= 180 && c.Radius > 0 && c.Radius <= 20000
}
