package analyzer

import (
	"strings"

	"vigie/cell"
)

// Ident is the identity of a cell in a form that can be compared, learned and saved: a cell.Cell without its measurements,
// whose network is an index. Has holds the fields that were reported; the others are zero and mean nothing.
type Ident struct {
	Has   cell.Fields
	RAT   cell.RAT
	PLMN  uint16 // index in the engine's table of networks; 0: not known
	Area  cell.Area
	ID    uint64
	PCI   uint16
	ARFCN uint32
}

// Known reports whether the cell's own identity (CI, UCI, ECI or NCI) was reported.
func (i *Ident) Known() bool { return i.Has.Has(cell.FieldCellID) }

// cellKey is the key under which a cell is learned: its identity if it has one, else its channel and physical identity.
type cellKey struct {
	RAT  cell.RAT
	Phys bool // ID holds channel and PCI
	PLMN uint16
	ID   uint64
}

type physKey struct {
	RAT   cell.RAT
	PCI   uint16
	ARFCN uint32
}

type areaKey struct {
	RAT  cell.RAT
	PLMN uint16
	Area cell.Area
}

type channelKey struct {
	RAT   cell.RAT
	PLMN  uint16
	ARFCN uint32
}

const physFields = cell.FieldPCI | cell.FieldARFCN

func (i *Ident) key() (cellKey, bool) {
	switch {
	case i.Has.Has(cell.FieldCellID):
		return cellKey{RAT: i.RAT, PLMN: i.PLMN, ID: i.ID}, true
	case i.Has.Has(physFields):
		return cellKey{RAT: i.RAT, PLMN: i.PLMN, Phys: true, ID: uint64(i.ARFCN)<<16 | uint64(i.PCI)}, true
	}
	return cellKey{}, false
}

func (i *Ident) phys() (physKey, bool) {
	return physKey{i.RAT, i.PCI, i.ARFCN}, i.Has.Has(physFields)
}

// SameIdentity is cell.SameIdentity of two cells whose networks are in one table.
func (i *Ident) SameIdentity(j *Ident) bool {
	if i.RAT != j.RAT || i.PLMN != j.PLMN && i.PLMN != 0 && j.PLMN != 0 {
		return false
	}
	if i.Known() || j.Known() {
		return i.Known() && j.Known() && i.ID == j.ID
	}
	return i.Has&physFields == j.Has&physFields && i.PCI == j.PCI && i.ARFCN == j.ARFCN
}

// SamePhys reports whether both have a channel and a physical identity, and they are equal.
func (i *Ident) SamePhys(j *Ident) bool {
	p, ok := i.phys()
	q, ok2 := j.phys()
	return ok && ok2 && p == q
}

// SameArea reports whether nothing tells the areas apart: both are equal, or one is not reported.
func (i *Ident) SameArea(j *Ident) bool {
	return !i.Has.Has(cell.FieldArea) || !j.Has.Has(cell.FieldArea) || i.Area == j.Area
}

// merge fills in what j reports and i does not.
func (i *Ident) merge(j *Ident) {
	miss := j.Has &^ i.Has
	if miss&cell.FieldArea != 0 {
		i.Area = j.Area
	}
	if miss&cell.FieldPCI != 0 {
		i.PCI = j.PCI
	}
	if miss&cell.FieldARFCN != 0 {
		i.ARFCN = j.ARFCN
	}
	if i.PLMN == 0 && j.PLMN != 0 {
		i.PLMN = j.PLMN
	}
	i.Has |= j.Has
}

// ident reads the identity of a cell, without values that are out of range.
func (e *Engine) ident(c *cell.Cell) Ident {
	i := Ident{RAT: c.RAT}
	if c.RAT != cell.UnknownRAT {
		i.Has |= cell.FieldRAT
	}
	if c.MCC != "" {
		i.Has |= cell.FieldMCC
	}
	if c.MNC != "" {
		i.Has |= cell.FieldMNC
	}
	i.PLMN = e.nets.index(c.MCC, c.MNC)
	if a, ok := c.Area.Get(); ok && !a.Reserved(c.RAT) {
		if a <= c.RAT.MaxArea() || c.RAT == cell.UnknownRAT {
			i.Area = a
			i.Has |= cell.FieldArea
		} else {
			e.note("area code out of range")
		}
	}
	if id, ok := c.ID.Get(); ok {
		if c.RAT == cell.UnknownRAT || id < c.RAT.MaxCellID() {
			i.ID = id
			i.Has |= cell.FieldCellID
		} else {
			e.note("cell id out of range")
		}
	}
	if p, ok := c.PCI.Get(); ok {
		if c.RAT == cell.UnknownRAT || p <= c.RAT.MaxPCI() {
			i.PCI = p
			i.Has |= cell.FieldPCI
		} else {
			e.note("physical identity out of range")
		}
	}
	if n, ok := c.ARFCN.Get(); ok {
		i.ARFCN = n
		i.Has |= cell.FieldARFCN
	}
	return i
}

// networks is the table of PLMNs seen, each once however its MNC was printed. Index 0 means not known.
type networks struct {
	List []cell.PLMN // as it was printed first
	last cell.PLMN   // the last one looked up
	at   uint16
}

const maxNetworks = 4096 // far more than any country allots; a network beyond that counts as not known

func (n *networks) index(mcc, mnc string) uint16 {
	if mcc == n.last.MCC && mnc == n.last.MNC {
		return n.at
	}
	if len(n.List) == 0 {
		n.List = append(n.List, cell.PLMN{})
	}
	p := cell.PLMN{MCC: mcc, MNC: mnc}
	at := uint16(0)
	if p.Known() {
		for i := 1; i < len(n.List) && at == 0; i++ {
			if n.List[i].Same(p) {
				at = uint16(i)
			}
		}
		if at == 0 && len(n.List) < maxNetworks && len(mcc) <= 4 && len(mnc) <= 4 {
			p = cell.PLMN{MCC: strings.Clone(mcc), MNC: strings.Clone(mnc)}
			n.List = append(n.List, p)
			at = uint16(len(n.List) - 1)
		}
	}
	n.last, n.at = p, at
	return at
}

func (n *networks) plmn(i uint16) cell.PLMN {
	if int(i) < len(n.List) {
		return n.List[i]
	}
	return cell.PLMN{}
}

// cell returns the identity in the form that events print.
func (n *networks) cell(i *Ident) cell.Cell {
	p := n.plmn(i.PLMN)
	c := cell.Cell{RAT: i.RAT, MCC: p.MCC, MNC: p.MNC}
	if i.Has.Has(cell.FieldArea) {
		c.Area = cell.Some(i.Area)
	}
	if i.Has.Has(cell.FieldCellID) {
		c.ID = cell.Some(i.ID)
	}
	if i.Has.Has(cell.FieldPCI) {
		c.PCI = cell.Some(i.PCI)
	}
	if i.Has.Has(cell.FieldARFCN) {
		c.ARFCN = cell.Some(i.ARFCN)
	}
	return c
}

// String describes the cell as the sentences of findings do: "LTE cell 11016962 (area 4660)". It is stored text: it does not
// change. For people, cell.Describe says more.
func (i *Ident) String() string {
	a := cellArg(i)
	return a.cellIn("en")
}
