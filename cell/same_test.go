package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// anyCell draws cells from few values, so that two of them often agree.
func anyCell(t *rapid.T) Cell {
	c := Cell{RAT: rapid.SampledFrom([]RAT{UnknownRAT, GSM, LTE}).Draw(t, "rat")}
	p := rapid.SampledFrom([]PLMN{{}, {"272", ""}, {"1", "1"}, {"001", "01"}, {"310", "26"}, {"310", "260"}}).Draw(t, "plmn")
	c.MCC, c.MNC = p.MCC, p.MNC
	c.Area = few[Area](t, "area")
	c.ID, c.PCI, c.ARFCN = few[uint64](t, "id"), few[uint16](t, "pci"), few[uint32](t, "arfcn")
	return c
}

func few[T ~uint16 | ~uint32 | ~uint64](t *rapid.T, label string) Opt[T] {
	n := rapid.IntRange(0, 2).Draw(t, label)
	if n == 0 {
		return Opt[T]{}
	}
	return Some(T(n))
}

// less is a cell of which some fields were not reported.
func less(t *rapid.T, c Cell) Cell {
	drop := func(label string) bool { return rapid.Bool().Draw(t, "without "+label) }
	if drop("rat") {
		c.RAT = UnknownRAT
	}
	if drop("plmn") {
		c.MCC, c.MNC = "", ""
	}
	if drop("area") {
		c.Area = Opt[Area]{}
	}
	if drop("id") {
		c.ID = Opt[uint64]{}
	}
	if drop("pci") {
		c.PCI = Opt[uint16]{}
	}
	if drop("arfcn") {
		c.ARFCN = Opt[uint32]{}
	}
	return c
}

func TestSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyCell(t), anyCell(t)
		require.True(t, Same(&a, &a))
		require.Equal(t, Same(&a, &b), Same(&b, &a))
		require.Equal(t, SameIdentity(&a, &b), SameIdentity(&b, &a))
		part := less(t, a)
		require.True(t, Same(&a, &part), "%+v %+v", a, part)
		if !Same(&a, &b) {
			return
		}
		filled := b
		filled.Fill(&a)
		require.True(t, Same(&a, &filled))
		require.True(t, Same(&b, &filled))
		for _, f := range []Fields{FieldRAT, FieldArea, FieldCellID, FieldPCI, FieldARFCN} {
			require.Equal(t, (a.Fields() | b.Fields()).Has(f), filled.Fields().Has(f), "%s", f)
		}
		require.Equal(t, a.PLMN().Known() || b.PLMN().Known(), filled.PLMN().Known())
	})
}

var camped = Cell{RAT: LTE, MCC: "272", MNC: "03", Area: Some(Area(4660)), ID: Some(uint64(11016962)), PCI: Some(uint16(101)), ARFCN: Some(uint32(1300)), Band: Some(Band(3))}

// A clone of an id that differs in the PLMN, PCI or channel is another cell, which carries the same identity unless its PLMN
// differs.
func TestCloneIsAnotherCell(t *testing.T) {
	for what, clone := range map[string]func(*Cell){
		"PLMN":    func(c *Cell) { c.MNC = "01" },
		"area":    func(c *Cell) { c.Area = Some(Area(9)) },
		"PCI":     func(c *Cell) { c.PCI = Some(uint16(3)) },
		"channel": func(c *Cell) { c.ARFCN = Some(uint32(3600)) },
	} {
		c := camped
		clone(&c)
		require.False(t, Same(&camped, &c), what)
		require.Equal(t, what != "PLMN", SameIdentity(&camped, &c), what)
	}
	heard := Cell{RAT: LTE, PCI: camped.PCI, ARFCN: camped.ARFCN}
	require.False(t, SameIdentity(&camped, &heard), "one of them has no id")
	other := heard
	other.PCI = Some(uint16(3))
	require.True(t, SameIdentity(&heard, &heard))
	require.False(t, SameIdentity(&heard, &other))
}

// Rows that name the cell by fewer fields are no moves, and do not hide one.
func TestCamp(t *testing.T) {
	named := Cell{RAT: LTE, Area: camped.Area, ID: camped.ID}
	heard := Cell{RAT: LTE, PCI: camped.PCI, ARFCN: camped.ARFCN, RSRP: Some(DBm(-96))}
	clone := named
	clone.ID = Some(uint64(2))
	var camp Camp
	for i, step := range []struct {
		cell  Cell
		moved bool
	}{{named, false}, {heard, false}, {named, false}, {camped, false}, {heard, false}, {clone, true}, {heard, false}, {named, true}, {camped, false}} {
		require.Equal(t, step.moved, camp.Next(&step.cell), "step %d", i)
		require.Equal(t, step.cell.RSRP, camp.On.RSRP, "levels are those of the newest description")
	}
	require.Equal(t, camped, *camp.On)
}
