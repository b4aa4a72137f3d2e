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
	if id, ok := k.ID.Get(); ok {
		k.ID = cell.Some(c.id(k.RAT, id))
	}
	if a, ok := k.Area.Get(); ok {
		k.Area = cell.Some(c.area(a))
	}
	if p, ok := k.PCI.Get(); ok {
		k.PCI = cell.Some(c.pci(k.RAT, p))
	}
	k.TA = cell.Opt[uint16]{} // a distance
	return k
}

func (c *Coarsener) id(rat cell.RAT, id uint64) uint64 {
	return c.other("cell "+rat.String(), id, max(rat.MaxCellID(), 1<<16))
}

func (c *Coarsener) pci(rat cell.RAT, p uint16) uint16 {
	return uint16(c.other("pci "+rat.String(), uint64(p), uint64(max(rat.MaxPCI(), 63))))
}

func (c *Coarsener) pcis(rat cell.RAT, all []int) {
	for i := range all {
		all[i] = int(c.pci(rat, uint16(all[i])))
	}
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
	none := func(string) string { return "" }
	w := cell.Rewriter{Sensor: c.Sensor, Reason: c.text, Private: none, Lines: func([]string) []string { return nil },
		Cell: func(k *cell.Cell) { *k = c.cell(*k) }, Registration: c.registration, Position: c.position, Message: c.message, Broadcast: c.broadcast}
	return w.Record(r)
}

func (c *Coarsener) registration(g *cell.Registration) {
	if a, ok := g.Area.Get(); ok {
		g.Area = cell.Some(c.area(a))
	}
	if id, ok := g.CellID.Get(); ok {
		g.CellID = cell.Some(c.id(cmp.Or(g.RAT(), cell.LTE), id)) // so that the cell gets the name that it has as serving cell
	}
}

// message leaves out the bytes: they name cells and areas that the fields do not.
func (c *Coarsener) message(m *cell.Message) {
	m.Payload, m.Leaves = nil, nil
	if p, ok := m.PCI.Get(); ok {
		m.PCI = cell.Some(c.pci(m.RAT, p))
	}
	f := &m.Fields
	if a, ok := f.TAC.Get(); ok {
		f.TAC = cell.Some(uint16(c.area(cell.Area(a))))
	}
	if id, ok := f.CellID.Get(); ok {
		f.CellID = cell.Some(uint32(c.id(m.RAT, uint64(id))))
	}
	if p, ok := f.TargetPCI.Get(); ok {
		f.TargetPCI = cell.Some(int(c.pci(m.RAT, uint16(p))))
	}
	c.pcis(m.RAT, f.Neighbours)
	c.pcis(m.RAT, f.Heard)
}

func (c *Coarsener) broadcast(b *cell.Broadcast) {
	if p, ok := b.PCI.Get(); ok {
		b.PCI = cell.Some(c.pci(b.RAT, p))
	}
	if a, ok := b.Area.Get(); ok {
		b.Area = cell.Some(c.area(a))
	}
	if id, ok := b.CellID.Get(); ok {
		b.CellID = cell.Some(c.id(b.RAT, id))
	}
	c.pcis(b.RAT, b.Neighbours)
}

func (c *Coarsener) position(p *cell.Position) *cell.Position {
	if p == nil || c.how == Nowhere {
		return nil
	}
	grid := func(f float64) float64 { return math.Round((math.Floor(f*10)/10+0.05)*100) / 100 }
	return &cell.Position{Lat: grid(p.Lat), Lon: grid(p.Lon), Accuracy: cell.Some(10000.0)}
}
