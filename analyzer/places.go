package analyzer

import (
	"slices"
	"time"

	"github.com/golang/geo/s2"

	"vigie/cell"
)

// Places is what a sensor has learned of where things are, for a map. It is empty for a sensor that never knew its position.
type Places struct {
	Tiles []Tile
	Cells []CellPlace
}

// Tile is an area about 2 km across in which a moving sensor has camped on cells.
type Tile struct {
	Corners [4][2]float64 // latitude, longitude in degrees
	Stays   uint32        // changes of cell
	New     uint32        // of those, to a cell that was new then
	Seen    time.Time
}

// CellPlace is where a cell was camped on.
type CellPlace struct {
	Cell     cell.Cell // its identity
	Lat, Lon float64   // degrees: where it was first heard
	Radius   float64   // metres around it within which it was heard
	Count    uint32    // stays with a position
	Suspect  bool      // it was part of an alert, and is not learned
}

// Places returns where a sensor has been and where it has heard cells, oldest first.
func (e *Engine) Places(sensor string) (p Places) {
	i := slices.IndexFunc(e.sites, func(s *site) bool { return s.Sensor == sensor })
	if i < 0 {
		return p
	}
	b := &e.sites[i].Base
	for i, k := range b.Tiles.Keys {
		c, v := s2.CellFromCellID(s2.CellID(k)), &b.Tiles.Vals[i]
		t := Tile{Stays: v.Stays, New: v.New, Seen: at(v.Seen)}
		for j := range t.Corners {
			ll := s2.LatLngFromPoint(c.Vertex(j))
			t.Corners[j] = [2]float64{ll.Lat.Degrees(), ll.Lng.Degrees()}
		}
		p.Tiles = append(p.Tiles, t)
	}
	for i := range b.Cells.Vals {
		if r := &b.Cells.Vals[i]; r.Places > 0 {
			p.Cells = append(p.Cells, CellPlace{e.nets.cell(&r.Ident), r.Lat, r.Lon, float64(r.Radius), r.Places, r.Suspect})
		}
	}
	return p
}
