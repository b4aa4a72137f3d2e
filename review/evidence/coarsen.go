package evidence

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"

	"vigie/analyzer"
	"vigie/cell"
)

// Precision is how much of a place a report or bundle gives away.
type Precision string

// The precisions. With a list of cells, a cell identity is a place: everything but Exact replaces identities too, and leaves out the
// modem's lines, what else is known of the cells, and what people wrote.
const (
	Exact   Precision = "exact"
	Coarse  Precision = "coarse"  // positions to a tenth of a degree, about 10 km
	Nowhere Precision = "nowhere" // no positions
)

// Coarsener replaces what names a place. The same thing gets the same name throughout one report or bundle, so that its events can
// still be followed, and another name in the next: the random key is not kept.
type Coarsener struct {
	how     Precision
	key     [32]byte
	sensors []string
}

// NewCoarsener returns a coarsener with a key of its own; nil for Exact.
func NewCoarsener(how Precision) *Coarsener {
	if how == Exact {
		return nil
	}
	c := &Coarsener{how: how}
	rand.Read(c.key[:])
	return c
}

func (c *Coarsener) mac(kind string, value string) []byte {
	m := hmac.New(sha256.New, c.key[:])
	m.Write([]byte(kind + "\x00" + value))
	return m.Sum(nil)
}

// other is another number for a number of a kind, in 1 to most-1.
func (c *Coarsener) other(kind string, v, most uint64) uint64 {
	if most < 2 {
		return 0
	}
	return 1 + binary.BigEndian.Uint64(c.mac(kind, fmt.Sprint(v)))%(most-1)
}

// Sensor is another name for a sensor.
func (c *Coarsener) Sensor(name string) string {
	i := slices.Index(c.sensors, name)
	if i < 0 {
		i = len(c.sensors)
		c.sensors = append(c.sensors, name)
	}
	return fmt.Sprintf("sensor-%d", i+1)
}

func (c *Coarsener) cell(k cell.Cell) cell.Cell {
	rat := k.RAT.String()
	if id, ok := k.ID.Get(); ok {
		k.ID = cell.Some(c.other("cell "+rat, id, max(k.RAT.MaxCellID(), 1<<16)))
	}
	if a, ok := k.Area.Get(); ok {
		k.Area = cell.Some(c.area(a))
	}
	if p, ok := k.PCI.Get(); ok {
		k.PCI = cell.Some(uint16(c.other("pci "+rat, uint64(p), uint64(max(k.RAT.MaxPCI(), 63)))))
	}
	k.TA = cell.Opt[uint16]{} // a distance
	return k
}

func (c *Coarsener) area(a cell.Area) cell.Area {
	return cell.Area(c.other("area", uint64(a), 0xFFFD))
}

func (c *Coarsener) cells(ks []cell.Cell) []cell.Cell {
	ks = slices.Clone(ks)
	for i := range ks {
		ks[i] = c.cell(ks[i])
	}
	return ks
}

// measured are the numbers of a sentence that name no place: levels, durations, counts of days, generations, versions.
var measured = regexp.MustCompile(`-?\d+(?:[.,]\d+)? ?(?:dBm?\b|ms\b|s\b|min\b|h\b|seconds?\b|minutes?\b|hours?\b|days?\b|times?\b|%|G\b)|\bv\d+\b|\b[2345]G\b|[0-9A-Za-z_.:+-]*\d(?:[0-9A-Za-z_.:+-]*[0-9A-Za-z_])?`)
var unit = regexp.MustCompile(`^(?:-?\d{1,4}(?:[.,]\d+)? ?(?:dBm?|ms|s|min|h|seconds?|minutes?|hours?|days?|times?|%)|[2345]G|v\d{1,3})$`)

// places are the numbers of a sentence that may name a place: all that are not plainly a measurement. Start and end, in bytes.
func places(s string) [][]int {
	return slices.DeleteFunc(measured.FindAllStringIndex(s, -1), func(at []int) bool { return unit.MatchString(s[at[0]:at[1]]) })
}

// text replaces every number of a sentence that may name a place.
func (c *Coarsener) text(s string) string {
	for _, at := range slices.Backward(places(s)) {
		s = s[:at[0]] + "…" + s[at[1]:]
	}
	return s
}

// Event is a copy of an event without what names a place, and without the modem's lines.
func (c *Coarsener) Event(e analyzer.Event) analyzer.Event {
	e.ID = hex.EncodeToString(c.mac("event", e.ID)[:8])
	e.Sensor, e.Summary, e.Cells = c.Sensor(e.Sensor), c.text(e.Summary), c.cells(e.Cells)
	e.InnocentCauses, e.Findings = slices.Clone(e.InnocentCauses), slices.Clone(e.Findings)
	for i := range e.InnocentCauses {
		e.InnocentCauses[i] = c.text(e.InnocentCauses[i])
	}
	for i := range e.Findings {
		f := &e.Findings[i]
		f.Summary, f.Evidence = c.text(f.Summary), slices.Clone(f.Evidence)
		for j := range f.Evidence {
			f.Evidence[j].Raw = []string{}
		}
	}
	e.HidePhrases(places)
	return e
}

// Record is a copy of a record without what names a place, and without the modem's lines.
func (c *Coarsener) Record(r cell.Record) cell.Record {
	switch r := r.(type) {
	case *cell.Source:
		s := *r
		s.Sensor, s.Set = c.Sensor(s.Sensor), ""
		return &s
	case *cell.Gap:
		g := *r
		g.Sensor, g.Reason = c.Sensor(g.Sensor), c.text(g.Reason)
		return &g
	case *cell.Health:
		h := *r
		h.Sensor, h.Reason, h.Detail, h.Raw = c.Sensor(h.Sensor), c.text(h.Reason), "", nil
		return &h
	case *cell.Clock:
		k := *r
		k.Sensor = c.Sensor(k.Sensor)
		return &k
	case *cell.Observation:
		o := *r
		o.Sensor, o.Raw = c.Sensor(o.Sensor), nil
		if o.Serving != nil {
			k := c.cell(*o.Serving)
			o.Serving = &k
		}
		o.Neighbours, o.Secondary = c.cells(o.Neighbours), c.cells(o.Secondary)
		o.Registration = slices.Clone(o.Registration)
		for i := range o.Registration {
			g := &o.Registration[i]
			if a, ok := g.Area.Get(); ok {
				g.Area = cell.Some(c.area(a))
			}
			if id, ok := g.CellID.Get(); ok {
				rat := cmp.Or(g.RAT(), cell.LTE) // so that the cell gets the name that it has as serving cell
				g.CellID = cell.Some(c.other("cell "+rat.String(), id, max(rat.MaxCellID(), 1<<16)))
			}
		}
		o.Position = c.position(o.Position)
		return &o
	}
	return r
}

func (c *Coarsener) position(p *cell.Position) *cell.Position {
	if p == nil || c.how == Nowhere {
		return nil
	}
	grid := func(f float64) float64 { return math.Round((math.Floor(f*10)/10+0.05)*100) / 100 }
	return &cell.Position{Lat: grid(p.Lat), Lon: grid(p.Lon), Accuracy: cell.Some(10000.0)}
}
