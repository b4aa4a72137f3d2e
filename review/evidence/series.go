package evidence

import (
	"math"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// Series is a window as a chart draws it: a value for each moment, and runs of what stays the same for a while. All times are Unix
// seconds; levels are in dBm, qualities in dB; nil is no value.
type Series struct {
	From    float64    `json:"from"`
	To      float64    `json:"to"`
	Time    []float64  `json:"time"`
	Level   []*float64 `json:"level"`   // RSRP, RSCP or RSSI of the serving cell
	Quality []*float64 `json:"quality"` // RSRQ or Ec/Io of it
	Best    []*float64 `json:"best"`    // level of the strongest neighbour
	Count   []*float64 `json:"count"`   // neighbours heard
	Cells   []Run      `json:"cells"`   // serving cells
	RATs    []Run      `json:"rats"`
	States  []Run      `json:"states"`
	Regs    []Instant  `json:"registrations"`
	Blind   []Run      `json:"blind"`
	Event   [2]float64 `json:"event"`    // its beginning and end; 0: none
	Suspect []Suspect  `json:"suspects"` // the cells that the event is about
	Spots   []Spot     `json:"positions"`
	Ways    []Way      `json:"suspect_ways"` // of them, where the suspects were heard
	Break   float64    `json:"-"`            // seconds without a value that break a line; 0: Hole

	cells    map[string]int
	suspects suspects
	regs     map[cell.Domain]Status // as last reported
}

// Suspect is a cell that an event is about.
type Suspect struct {
	Name  string       `json:"name"`
	Kind  int          `json:"kind"`  // its number among the serving cells; -1: it did not serve
	Heard [][2]float64 `json:"heard"` // as a neighbour: when, and its level in dBm
}

// Run is a time in which something stays the same.
type Run struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Name string  `json:"name"`
	Kind int     `json:"kind"` // of cells: their number in the series, -1 for none; of RATs: the generation

	Suspect bool `json:"suspect,omitempty"` // a cell that the event is about
}

// Instant is a moment at which the registration of a domain changed, or was first reported.
type Instant struct {
	At     float64 `json:"at"`
	Text   string  `json:"text"` // English
	Denied bool    `json:"bad"`
	Status Status  `json:"-"`
}

// Spot is a position at a moment.
type Spot struct {
	At       float64  `json:"at"`
	Lat      float64  `json:"lat"`
	Lon      float64  `json:"lon"`
	Accuracy *float64 `json:"accuracy_m,omitempty"`
	Level    *float64 `json:"level_dbm,omitempty"` // of the serving cell there, the strongest
	Until    float64  `json:"until"`               // the sensor reported this position for the last time
}

// Hole is how many seconds without a record are a hole and not a line: two rounds of the slowest asking.
const Hole = 150

// Bounds of a series. Of more moments, positions and runs than these no two can be told apart on a screen.
const (
	maxPoints = 2400
	maxRuns   = 2000
	maxSpots  = 2000
	maxRegs   = 400 // and as many again for refusals
	maxHeard  = 2400
)

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Value is a finite measurement; nil if there is none.
func Value[T ~float64](o cell.Opt[T]) *float64 {
	v, ok := o.Get()
	f := float64(v)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// quality of a cell in dB.
func quality(c *cell.Cell) cell.Opt[cell.DB] {
	if c.RSRQ.Known() {
		return c.RSRQ
	}
	return c.EcIo
}

// Series returns the window as a chart draws it, with the time of an event; e may be nil.
func (w *Window) Series(e *analyzer.Event) *Series {
	s := &Series{From: unix(w.From), To: unix(w.To), cells: map[string]int{}, regs: map[cell.Domain]Status{},
		Time: []float64{}, Level: []*float64{}, Quality: []*float64{}, Best: []*float64{}, Count: []*float64{}}
	if e != nil {
		s.Event = [2]float64{unix(e.First), unix(e.Last)}
		s.suspects = suspectsOf(e)
		for i := range s.suspects {
			s.Suspect = append(s.Suspect, Suspect{Name: shortName(&s.suspects[i]), Kind: -1})
		}
	}
	records := w.Records
	if len(w.Minutes) > 0 {
		records = slices.Concat(w.Records, w.Minutes)
		sortByTime(records)
	}
	thin := len(records)/maxPoints + 1
	last, lastName := 0.0, ""
	for n, r := range records {
		at := unix(r.When())
		switch r := r.(type) {
		case *cell.Gap:
			s.gap(at, r)
		case *cell.Observation:
			if r.Survey {
				continue
			}
			if last != 0 && at-last > Hole {
				s.point(at-1, nil, nil, nil, nil)
			}
			last = at
			s.observe(at, r)
			name := lastName
			if r.Serving != nil {
				name = shortName(r.Serving)
			}
			if n%thin == 0 || name != lastName || denied(r) {
				s.values(at, r)
			}
			if r.Serving == nil && lost(r) { // no line goes on over a time without a serving cell
				if k := len(s.Time); k > 0 && s.Level[k-1] != nil {
					s.point(at, nil, nil, nil, nil)
				}
			}
			lastName = name
		}
	}
	s.endGaps()
	s.findWays()
	return s
}

// gap adds a recorded gap, or the end of the one before.
func (s *Series) gap(at float64, g *cell.Gap) {
	to := unix(g.Until)
	if g.Until.IsZero() {
		to = at
	}
	if k := len(s.Blind); k > 0 && s.Blind[k-1].From == at {
		s.Blind[k-1].To = max(to, s.Blind[k-1].To)
	} else {
		s.Blind = append(s.Blind, Run{From: at, To: to, Name: PlainTo(g.Reason, 60)})
	}
}

// endGaps ends a gap that has no end where something is heard again.
func (s *Series) endGaps() {
	for i := range s.Blind {
		b := &s.Blind[i]
		if b.To != b.From {
			continue
		}
		b.To = s.To
		for _, t := range s.Time {
			if t > b.From {
				b.To = t
				break
			}
		}
	}
}

func denied(o *cell.Observation) bool {
	return slices.ContainsFunc(o.Registration, func(r cell.Registration) bool { return r.Status.Or(0) == regDenied })
}

func (s *Series) point(at float64, level, quality, best, count *float64) {
	s.Time, s.Level, s.Quality = append(s.Time, at), append(s.Level, level), append(s.Quality, quality)
	s.Best, s.Count = append(s.Best, best), append(s.Count, count)
}

// values adds the measurements of an observation.
func (s *Series) values(at float64, o *cell.Observation) {
	var level, q, best, count *float64
	if o.Serving != nil {
		level, q = Value(o.Serving.Level()), Value(quality(o.Serving))
	}
	if o.Neighbours != nil {
		n := float64(len(o.Neighbours))
		count = &n
		for i := range o.Neighbours {
			if v := Value(o.Neighbours[i].Level()); v != nil && (best == nil || *v > *best) {
				best = v
			}
		}
	}
	if level == nil && q == nil && count == nil {
		return
	}
	s.point(at, level, q, best, count)
}

// lost reports whether the modem had no cell.
func lost(o *cell.Observation) bool { return o.State == cell.NoService || o.State == cell.Searching }

// At is where the event began: the last position before that, or else the first one after it; nil: none is known.
func (s *Series) At() *Spot {
	var near *Spot
	for i := range s.Spots {
		p := &s.Spots[i]
		if p.At <= s.Event[0] || near == nil {
			near = p
		}
	}
	return near
}

// suspects are the cells that an event is about.
type suspects []cell.Cell

func suspectsOf(e *analyzer.Event) suspects { return e.Cells[:min(len(e.Cells), maxEventCells)] }

// find is the number of a cell among the suspects; -1: it is none of them. A clone differs from the cell that it repeats in what it is
// suspected for, so everything that both report has to agree.
func (s suspects) find(c *cell.Cell) int {
	return slices.IndexFunc(s, func(x cell.Cell) bool {
		named := x.ID.Known() && c.ID.Known() || x.PCI.Known() && c.PCI.Known() && x.ARFCN.Known() && c.ARFCN.Known()
		return named && cell.Same(&x, c)
	})
}

// Concerns reports whether a cell is one that an event is about.
func Concerns(e *analyzer.Event, c *cell.Cell) bool { return suspectsOf(e).find(c) >= 0 }

// near adds the levels of suspects that are neighbours.
func (s *Series) near(at float64, o *cell.Observation) {
	for i := range o.Neighbours {
		k := s.suspects.find(&o.Neighbours[i])
		v := Value(o.Neighbours[i].Level())
		if k >= 0 && v != nil && len(s.Suspect[k].Heard) < maxHeard {
			s.Suspect[k].Heard = append(s.Suspect[k].Heard, [2]float64{at, *v})
		}
	}
}

// observe adds what an observation says of the serving cell, the state, registrations and the position.
func (s *Series) observe(at float64, o *cell.Observation) {
	if c := o.Serving; c != nil {
		name := shortName(c)
		kind, ok := s.cells[name]
		if !ok {
			kind = len(s.cells)
			s.cells[name] = kind
		}
		s.Cells = extend(s.Cells, at, name, kind)
		if k := s.suspects.find(c); k >= 0 {
			s.Cells[len(s.Cells)-1].Suspect = s.Cells[len(s.Cells)-1].Kind == kind
			s.Suspect[k].Kind, s.Suspect[k].Name = kind, name
		}
		s.RATs = extend(s.RATs, at, c.RAT.String(), c.RAT.Generation())
	}
	if lost(o) {
		s.Cells, s.RATs = extend(s.Cells, at, "", -1), extend(s.RATs, at, "", 0)
	}
	if o.State != "" {
		s.States = extend(s.States, at, PlainTo(string(o.State), 20), 0)
	}
	for _, r := range o.Registration {
		is := StatusOf(r)
		bad := is.Denied()
		was, known := s.regs[r.Domain]
		if n := len(s.Regs); known && was == is || n >= maxRegs && !bad || n >= 2*maxRegs {
			continue
		}
		s.regs[r.Domain] = is
		s.Regs = append(s.Regs, Instant{at, is.In("en"), bad, is})
	}
	s.near(at, o)
	if p := o.Position; p != nil && len(s.Spots) < maxSpots && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 {
		lat, lon := degrees(p.Lat), degrees(p.Lon)
		spot := Spot{At: at, Lat: lat, Lon: lon, Accuracy: Value(p.Accuracy), Until: at}
		if o.Serving != nil {
			spot.Level = Value(o.Serving.Level())
		}
		if n := len(s.Spots); n > 0 && s.Spots[n-1].Lat == lat && s.Spots[n-1].Lon == lon {
			last := &s.Spots[n-1]
			if last.Until = at; spot.Level != nil {
				last.Level = stronger(last.Level, *spot.Level)
			}
			return
		}
		s.Spots = append(s.Spots, spot)
	}
}

// extend makes the last run longer, or begins another.
func extend(rs []Run, at float64, name string, kind int) []Run {
	n := len(rs)
	if n > 0 && rs[n-1].Name == name && at-rs[n-1].To < Hole {
		rs[n-1].To = at
		return rs
	}
	if n > 0 && at-rs[n-1].To < Hole {
		rs[n-1].To = at
	}
	if n >= maxRuns {
		return rs
	}
	return append(rs, Run{From: at, To: at, Name: name, Kind: kind})
}

// shortName is a serving cell in a legend, without its network.
func shortName(c *cell.Cell) string {
	short := *c
	short.MCC, short.MNC, short.Band = "", "", cell.Opt[cell.Band]{}
	return cell.Describe(&short)
}
