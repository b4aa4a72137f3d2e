package locate

import (
	"time"

	"vigie/cell"
)

// Finder locates several cells from one pass over records.
type Finder struct {
	From, To   time.Time // only records in this time; zero: without bound
	Sensor     string    // only records of this sensor; empty: of all, which locate together
	collectors []*Collector
}

// NewFinder returns a Finder for the cells that have an identity, RAT and ID.
func NewFinder(cells ...cell.Cell) *Finder {
	f := &Finder{}
	for _, c := range cells {
		if c.RAT != cell.UnknownRAT && c.ID.Known() {
			f.collectors = append(f.collectors, NewCollector(cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID}))
		}
	}
	return f
}

// around is what belongs to an event before and after it.
const around = 10 * time.Minute

// Event returns a Finder for the cells of an event, in its time unless another is set. It is nil if none has an identity.
func (f *Finder) Event(cells []cell.Cell, first, last time.Time) *Finder {
	e := NewFinder(cells...)
	if len(e.collectors) == 0 {
		return nil
	}
	e.From, e.To, e.Sensor = f.From, f.To, f.Sensor
	if e.From.IsZero() {
		e.From = first.Add(-around)
	}
	if e.To.IsZero() {
		e.To = last.Add(around)
	}
	return e
}

// Add takes the next records. Those of one sensor come in order of time.
func (f *Finder) Add(records ...cell.Record) {
	for _, r := range records {
		if t := r.When(); f.Sensor != "" && r.From() != f.Sensor || t.Before(f.From) || !f.To.IsZero() && !t.Before(f.To) {
			continue
		}
		for _, c := range f.collectors {
			c.Add(r)
		}
	}
}

// Places locates each cell.
func (f *Finder) Places() Places {
	var places Places
	for _, c := range f.collectors {
		places = append(places, Place{c.Cell(), Locate(c.Samples(), c.Cell().RAT)})
	}
	return places
}
