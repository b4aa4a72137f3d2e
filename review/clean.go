package review

import (
	"math"
	"slices"
	"strings"

	"vigie/analyzer"
	"vigie/cell"
)

// The session takes identities out before anything is stored. A store may hold what came another way (a file that was
// replayed), so everything that leaves the desk, as page, answer, report or bundle, passes through here once more.

func (d *Desk) scrub(s string) string {
	s, _ = d.o.Scrub(s)
	return s
}

func (d *Desk) scrubAll(lines []string) []string {
	if lines == nil {
		return nil
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = d.scrub(l)
	}
	return out
}

func (d *Desk) cleanEvent(e analyzer.Event) analyzer.Event {
	e.Sensor, e.Summary = d.scrub(e.Sensor), d.scrub(e.Summary)
	e.ID, e.State = d.cleanID(e.ID), analyzer.State(d.scrub(string(e.State)))
	e.InnocentCauses = d.scrubAll(e.InnocentCauses)
	e.Cells = d.cleanCells(e.Cells)
	e.Findings = slices.Clone(e.Findings)
	for i := range e.Findings {
		f := &e.Findings[i]
		f.Rule, f.Summary = d.scrub(f.Rule), d.scrub(f.Summary)
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			f.Evidence[j].Raw = d.scrubAll(f.Evidence[j].Raw)
		}
	}
	return e
}

func (d *Desk) cleanCells(cs []cell.Cell) []cell.Cell {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i] = d.cleanCell(cs[i])
	}
	return cs
}

// cleanCell keeps the numbers that a RAT can have; a number that it cannot have is no cell's.
func (d *Desk) cleanCell(c cell.Cell) cell.Cell {
	c.MCC, c.MNC = shortDigits(c.MCC), shortDigits(c.MNC)
	if id, ok := c.ID.Get(); ok && id > max(c.RAT.MaxCellID(), 1<<36-1) {
		c.ID = cell.Opt[uint64]{}
	}
	return c
}

// shortDigits keeps what can be an MCC or MNC.
func shortDigits(s string) string {
	if len(s) > 3 {
		return ""
	}
	return s
}

// cleanRecord returns a record that may leave the desk. What it shares with r is not changed.
func (d *Desk) cleanRecord(r cell.Record) cell.Record {
	switch r := r.(type) {
	case *cell.Source:
		s := *r
		s.Sensor, s.Model, s.Firmware, s.Set, s.Mode = d.scrub(s.Sensor), d.scrub(s.Model), d.scrub(s.Firmware), d.scrub(s.Set), cell.Mode(d.scrub(string(s.Mode)))
		return &s
	case *cell.Gap:
		g := *r
		g.Sensor, g.Reason = d.scrub(g.Sensor), d.scrub(g.Reason)
		return &g
	case *cell.Health:
		h := *r
		h.Sensor, h.Reason, h.Detail, h.Raw = d.scrub(h.Sensor), d.scrub(h.Reason), d.scrub(h.Detail), d.scrubAll(h.Raw)
		return &h
	case *cell.Clock:
		c := *r
		c.Sensor = d.scrub(c.Sensor)
		return &c
	case *cell.Observation:
		o := *r
		o.Sensor, o.State, o.Raw = d.scrub(o.Sensor), cell.State(d.scrub(string(o.State))), d.scrubAll(o.Raw)
		if o.Serving != nil {
			c := d.cleanCell(*o.Serving)
			o.Serving = &c
		}
		o.Neighbours, o.Secondary = d.cleanCells(o.Neighbours), d.cleanCells(o.Secondary)
		o.Registration = slices.Clone(o.Registration)
		for i := range o.Registration {
			g := &o.Registration[i]
			g.Domain = cell.Domain(d.scrub(string(g.Domain)))
			if id, ok := g.CellID.Get(); ok && id > 1<<36-1 {
				g.CellID = cell.Opt[uint64]{}
			}
		}
		if p := o.Position; p != nil {
			q := *p
			q.Source, q.Lat, q.Lon = d.scrub(q.Source), degrees(q.Lat), degrees(q.Lon)
			q.Accuracy, q.Speed = tenths(q.Accuracy), tenths(q.Speed)
			o.Position = &q
		}
		return &o
	}
	return r
}

// cleanID keeps what the analyzer makes an id of, 16 hexadecimal digits of a digest, and scrubs anything else.
func (d *Desk) cleanID(id string) string {
	if len(id) == 16 && strings.Trim(id, "0123456789abcdef") == "" {
		return id
	}
	return d.scrub(id)
}

// degrees rounds to about a centimetre: more digits are not a measurement.
func degrees(f float64) float64 { return math.Round(f*1e7) / 1e7 }

func tenths(o cell.Opt[float64]) cell.Opt[float64] {
	if f, ok := o.Get(); ok {
		return cell.Some(math.Round(f*10) / 10)
	}
	return o
}
