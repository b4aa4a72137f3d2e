package evidence

import (
	"math"
	"slices"
	"strings"

	"vigie/analyzer"
	"vigie/cell"
)

// Cleaner removes identities of subscribers and devices from what leaves a store. The collector removes them before anything is
// stored; a store may hold what came another way (an imported file), so everything that leaves passes here once more.
type Cleaner struct {
	scrub func(string) (string, int)
}

// Scrub is a text without identities.
func (c Cleaner) Scrub(s string) string {
	s, _ = c.scrub(s)
	return s
}

// SensorName is the name of a sensor as it is shown.
func (c Cleaner) SensorName(s string) string { return PlainTo(c.Scrub(s), 80) }

func (c Cleaner) lines(lines []string) []string {
	if lines == nil {
		return nil
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = c.Scrub(l)
	}
	return out
}

// CleanEvent is a copy of an event without identities.
func (c Cleaner) CleanEvent(e analyzer.Event) analyzer.Event {
	e = c.texts(e)
	e.HidePhrases(nil) // drop those that say more than what is left
	return e
}

// texts is CleanEvent, but for phrases that say more than the sentences: SummaryIn does not use those.
func (c Cleaner) texts(e analyzer.Event) analyzer.Event {
	e.Sensor, e.Summary = c.Scrub(e.Sensor), c.Scrub(e.Summary)
	e.ID, e.State = c.id(e.ID), analyzer.State(c.Scrub(string(e.State)))
	e.InnocentCauses = c.lines(e.InnocentCauses)
	e.Cells = cleanCells(e.Cells)
	e.Findings = slices.Clone(e.Findings)
	for i := range e.Findings {
		f := &e.Findings[i]
		f.Rule, f.Summary = c.Scrub(f.Rule), c.Scrub(f.Summary)
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			f.Evidence[j].Raw = c.lines(f.Evidence[j].Raw)
		}
	}
	return e
}

// id keeps an id as the analyzer makes it, 16 hexadecimal digits of a digest, and scrubs anything else.
func (c Cleaner) id(id string) string {
	if len(id) == 16 && strings.Trim(id, "0123456789abcdef") == "" {
		return id
	}
	return c.Scrub(id)
}

func (c Cleaner) source(s *cell.Source) *cell.Source {
	out := *s
	out.Sensor, out.Model, out.Firmware, out.Set, out.Mode = c.Scrub(s.Sensor), c.Scrub(s.Model), c.Scrub(s.Firmware), c.Scrub(s.Set), cell.Mode(c.Scrub(string(s.Mode)))
	return &out
}

// CleanRecord is a copy of a record without identities.
func (c Cleaner) CleanRecord(r cell.Record) cell.Record {
	switch r := r.(type) {
	case *cell.Source:
		return c.source(r)
	case *cell.Gap:
		g := *r
		g.Sensor, g.Reason = c.Scrub(g.Sensor), c.Scrub(g.Reason)
		return &g
	case *cell.Health:
		h := *r
		h.Sensor, h.Reason, h.Detail, h.Raw = c.Scrub(h.Sensor), c.Scrub(h.Reason), c.Scrub(h.Detail), c.lines(h.Raw)
		return &h
	case *cell.Clock:
		k := *r
		k.Sensor = c.Scrub(k.Sensor)
		return &k
	case *cell.Observation:
		return c.observation(r)
	}
	return r
}

func (c Cleaner) observation(r *cell.Observation) *cell.Observation {
	o := *r
	o.Sensor, o.State, o.Raw = c.Scrub(o.Sensor), cell.State(c.Scrub(string(o.State))), c.lines(o.Raw)
	if o.Serving != nil {
		k := cleanCell(*o.Serving)
		o.Serving = &k
	}
	o.Neighbours, o.Secondary = cleanCells(o.Neighbours), cleanCells(o.Secondary)
	o.Registration = slices.Clone(o.Registration)
	for i := range o.Registration {
		g := &o.Registration[i]
		g.Domain = cell.Domain(c.Scrub(string(g.Domain)))
		if id, ok := g.CellID.Get(); ok && id > 1<<36-1 {
			g.CellID = cell.Opt[uint64]{}
		}
	}
	if p := o.Position; p != nil {
		q := *p
		q.Source, q.Lat, q.Lon = c.Scrub(q.Source), degrees(q.Lat), degrees(q.Lon)
		q.Accuracy, q.Speed = tenths(q.Accuracy), tenths(q.Speed)
		o.Position = &q
	}
	return &o
}

func cleanCells(cs []cell.Cell) []cell.Cell {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i] = cleanCell(cs[i])
	}
	return cs
}

// cleanCell keeps the numbers that its RAT can have; what is longer is not of a cell, and may be an identity.
func cleanCell(c cell.Cell) cell.Cell {
	c.MCC, c.MNC = ShortDigits(c.MCC), ShortDigits(c.MNC)
	if id, ok := c.ID.Get(); ok && id > max(c.RAT.MaxCellID(), 1<<36-1) {
		c.ID = cell.Opt[uint64]{}
	}
	return c
}

// ShortDigits is s if it is short enough for an MCC or MNC, else empty.
func ShortDigits(s string) string {
	if len(s) > 3 {
		return ""
	}
	return s
}

// degrees rounds to about a centimetre: more digits are not a measurement, and could hide an identity.
func degrees(f float64) float64 { return math.Round(f*1e7) / 1e7 }

func tenths(o cell.Opt[float64]) cell.Opt[float64] {
	if f, ok := o.Get(); ok {
		return cell.Some(math.Round(f*10) / 10)
	}
	return o
}
