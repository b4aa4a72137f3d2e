package evidence

import (
	"context"
	"math"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

const (
	learnedMaxAge = time.Minute // how long what was read is used
	maxLearned    = 16          // sensors of a store whose places are kept
	maxPositions  = 50000       // positions of events that are kept
	mapMargin     = 0.05        // degrees around the positions of a window that its map shows
	maxOnMap      = 1000        // tiles, and cells
)

// learnedCache holds what was learned of the places of sensors.
type learnedCache struct {
	mu   sync.Mutex
	read map[string]learnedAt
}

type learnedAt struct {
	analyzer.Places
	at time.Time
}

// places are what a sensor, as the store names it, has learned of where things are.
func (s *Store) places(ctx context.Context, sensor string) (analyzer.Places, error) {
	if s.o.Learned == nil {
		return analyzer.Places{}, nil
	}
	s.learned.mu.Lock()
	defer s.learned.mu.Unlock() // one reads, the others wait for it
	if l, ok := s.learned.read[sensor]; ok && s.o.Now().Sub(l.at) < learnedMaxAge {
		return l.Places, nil
	}
	p, err := s.o.Learned(ctx, s.Store, sensor)
	if err != nil {
		return p, err
	}
	if s.learned.read == nil || len(s.learned.read) > maxLearned {
		s.learned.read = map[string]learnedAt{}
	}
	s.learned.read[sensor] = learnedAt{p, s.o.Now()}
	return p, nil
}

// PlacesNear are what a sensor, as the store names it, has learned of the land around some positions: tiles, and cells, without
// what could identify anybody, at most 1,000 of each.
func (s *Store) PlacesNear(ctx context.Context, sensor string, spots []Spot) (near analyzer.Places, err error) {
	if len(spots) == 0 {
		return near, nil
	}
	all, err := s.places(ctx, sensor)
	if err != nil {
		return near, err
	}
	south, north, west, east := spots[0].Lat, spots[0].Lat, spots[0].Lon, spots[0].Lon
	for _, s := range spots {
		south, north, west, east = min(south, s.Lat), max(north, s.Lat), min(west, s.Lon), max(east, s.Lon)
	}
	within := func(lat, lon float64) bool {
		return lat > south-mapMargin && lat < north+mapMargin && lon > west-mapMargin && lon < east+mapMargin
	}
	for _, t := range all.Tiles {
		if within(t.Corners[0][0], t.Corners[0][1]) && len(near.Tiles) < maxOnMap {
			near.Tiles = append(near.Tiles, t)
		}
	}
	for _, c := range all.Cells {
		if within(c.Lat, c.Lon) && len(near.Cells) < maxOnMap {
			c.Cell, c.Lat, c.Lon, c.Radius = storage.CleanCell(c.Cell), degrees(c.Lat), degrees(c.Lon), math.Round(c.Radius)
			near.Cells = append(near.Cells, c)
		}
	}
	return near, nil
}

// Circle is a circle on the land.
type Circle struct {
	Lat, Lon float64 // of its centre, degrees
	Radius   float64 // kilometres
}

// Holds reports whether a position is in the circle.
func (c *Circle) Holds(p cell.Position) bool {
	const rad, earth = math.Pi / 180, 6371.0 // km
	a := math.Pow(math.Sin((p.Lat-c.Lat)*rad/2), 2) + math.Cos(c.Lat*rad)*math.Cos(p.Lat*rad)*math.Pow(math.Sin((p.Lon-c.Lon)*rad/2), 2)
	return 2*earth*math.Asin(math.Min(1, math.Sqrt(a))) <= c.Radius
}

// In reports whether the event is known to have begun in a circle.
func (e *Entry) In(ctx context.Context, c *Circle) (bool, error) {
	p, err := e.position(ctx)
	return p != nil && c.Holds(*p), err
}

// position is where the event began; nil if that was not recorded, or not in a store here.
func (e *Entry) position(ctx context.Context) (*cell.Position, error) {
	if e.Elsewhere() {
		return nil, nil
	}
	p, known := e.Store.position.get(e.Key)
	if known {
		return p, nil
	}
	p, err := e.Store.PositionAt(ctx, e.sensor, e.was[0])
	if err != nil {
		return nil, err
	}
	e.Store.position.put(e.Key, p, maxPositions)
	return p, nil
}
