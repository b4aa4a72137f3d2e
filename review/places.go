package review

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Where things are: what a sensor has learned of the land around an event, and the filter for events near a position.

const (
	learnedAgain = time.Minute // how old what was learned may be
	mapReach     = 0.05        // degrees around the positions of an event that its map shows
	mostOnMap    = 1000        // tiles, and cells
	mostWhere    = 50000       // positions of events that are remembered
)

// learned is what sensors had learned when it was read.
type learned struct {
	mu   sync.Mutex
	read map[string]learnedAt
}

type learnedAt struct {
	analyzer.Places
	at time.Time
}

func (d *Desk) places(ctx context.Context, s Store, sensor string) (analyzer.Places, error) {
	if d.o.Learned == nil {
		return analyzer.Places{}, nil
	}
	d.learned.mu.Lock()
	defer d.learned.mu.Unlock() // one reads, the others wait for it
	key := s.Name + "\x00" + sensor
	if l, ok := d.learned.read[key]; ok && d.now().Sub(l.at) < learnedAgain {
		return l.Places, nil
	}
	p, err := d.o.Learned(ctx, s.Store, sensor)
	if err != nil {
		return p, err
	}
	if d.learned.read == nil || len(d.learned.read) > 16 {
		d.learned.read = map[string]learnedAt{}
	}
	d.learned.read[key] = learnedAt{p, d.now()}
	return p, nil
}

// mapJSON is what is known around an event.
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

func (d *Desk) apiPlaces(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	h, err := d.eventHandover(ctx, r.PathValue("id"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	s := h.sensors[0]
	win, err := d.window(ctx, s.store, s.key, h.from, h.to, false)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	m := mapJSON{Tiles: []tileJSON{}, Cells: []placeJSON{}}
	spots := draw(win, nil).Spots
	if len(spots) == 0 {
		writeJSON(w, http.StatusOK, m)
		return
	}
	p, err := d.places(ctx, s.store, s.key)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	south, north, west, east := spots[0].Lat, spots[0].Lat, spots[0].Lon, spots[0].Lon
	for _, s := range spots {
		south, north, west, east = min(south, s.Lat), max(north, s.Lat), min(west, s.Lon), max(east, s.Lon)
	}
	near := func(lat, lon float64) bool {
		return lat > south-mapReach && lat < north+mapReach && lon > west-mapReach && lon < east+mapReach
	}
	for _, t := range p.Tiles {
		if near(t.Corners[0][0], t.Corners[0][1]) && len(m.Tiles) < mostOnMap {
			m.Tiles = append(m.Tiles, tileJSON{t.Corners, t.Stays, t.New})
		}
	}
	for i := range p.Cells {
		if c := &p.Cells[i]; near(c.Lat, c.Lon) && len(m.Cells) < mostOnMap {
			known := d.cleanCell(c.Cell)
			m.Cells = append(m.Cells, placeJSON{cell.Describe(&known), degrees(c.Lat), degrees(c.Lon), math.Round(c.Radius), c.Count, c.Suspect})
		}
	}
	writeJSON(w, http.StatusOK, m)
}

// nearby is a circle on the land.
type nearby struct{ lat, lon, km float64 }

// readNearby reads "LAT, LON" or "LAT, LON, KM"; without the last it is a kilometre.
func readNearby(s string) (n nearby, ok bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 2 && len(parts) != 3 {
		return n, false
	}
	n.km = 1
	for i, v := range []*float64{&n.lat, &n.lon, &n.km}[:len(parts)] {
		f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(parts[i]), "km")), 64)
		if err != nil || math.IsNaN(f) {
			return n, false
		}
		*v = f
	}
	return n, math.Abs(n.lat) <= 90 && math.Abs(n.lon) <= 180 && n.km > 0 && n.km <= 20000
}

func (n *nearby) holds(p cell.Position) bool {
	const rad, earth = math.Pi / 180, 6371.0 // km
	a := math.Pow(math.Sin((p.Lat-n.lat)*rad/2), 2) + math.Cos(n.lat*rad)*math.Cos(p.Lat*rad)*math.Pow(math.Sin((p.Lon-n.lon)*rad/2), 2)
	return 2*earth*math.Asin(math.Min(1, math.Sqrt(a))) <= n.km
}

// where remembers the positions of events: what was recorded does not change.
type where struct {
	mu sync.Mutex
	of map[string]*cell.Position // nil: none was recorded
}

// near tells whether an event began in a circle.
func (d *Desk) near(ctx context.Context, e *entry, n *nearby) (bool, error) {
	p, err := d.position(ctx, e)
	return p != nil && n.holds(*p), err
}

// position is where an event began; nil where that was not recorded, or not here.
func (d *Desk) position(ctx context.Context, e *entry) (*cell.Position, error) {
	if e.Elsewhere() {
		return nil, nil
	}
	key := strconv.Itoa(e.Store) + " " + e.key
	d.where.mu.Lock()
	p, known := d.where.of[key]
	d.where.mu.Unlock()
	if !known {
		var err error
		if p, err = d.o.Stores[e.Store].PositionAt(ctx, e.sensor, e.was[0]); err != nil {
			return nil, err
		}
		d.where.mu.Lock()
		if d.where.of == nil || len(d.where.of) >= mostWhere {
			d.where.of = map[string]*cell.Position{}
		}
		d.where.of[key] = p
		d.where.mu.Unlock()
	}
	return p, nil
}
