package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var strayNumber = analyzer.Rule{
	ID: "stray-number", Version: 2, Title: "a cell numbered unlike those of its network here",
	Needs: cell.FieldRAT | cell.FieldCellID, Cause: "numbering",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new site, a small cell or an indoor system that the operator numbers apart",
		"the first cells of a region, or of equipment by another maker",
		"a network shared by several operators, each with its own ranges",
	},
	Learns: func() analyzer.Statistic { return new(numbersSeen) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.NewNetwork {
			return false
		}
		if on.Cell.PLMN == 0 && v.Reports(cell.FieldMNC) {
			return false // which of the networks here it belongs to is not known
		}
		n, ok := v.Statistic().(*numbersSeen).fit(&on.Cell)
		if !ok || n.P > 0.05 {
			return false
		}
		s.P = n.P
		s.Suspect(&on.Cell)
		station := "base station"
		if on.Cell.RAT == cell.UMTS {
			station = "controller"
		}
		switch {
		case n.Far > 0 && n.Unheard:
			s.Say("%s has a %s number far from all, and a cell number (%d) unlike all, of the %d cells of its network known here", &on.Cell, station, n.Number, n.Cells)
		case n.Far > 0:
			s.Say("%s has a %s number far from those of all %d cells of its network known here", &on.Cell, station, n.Cells)
		case n.Unheard && on.Cell.RAT == cell.LTE:
			s.Say("%s has a cell number %d, as none of the %d cells of its network known here has", &on.Cell, n.Number, n.Cells)
		case n.Unheard:
			s.Say("%s has a cell number that ends in %d, as none of the %d cells of its network known here has", &on.Cell, n.Number, n.Cells)
		default:
			s.Say("%s has a %s number that none of the %d cells of its network known here has", &on.Cell, station, n.Cells)
		}
		return true
	},
}

// An operator numbers the base stations of a region from a few ranges, and the cells of each base station with the same few numbers
// (TS 23.003 clause 19.6: an E-UTRAN cell identity is 20 bits of eNodeB and 8 of cell; TS 25.401 clause 6.1.5: a UTRAN one is
// RNC and cell; in GSM the last decimal digit is by custom the sector). A made-up identity fits neither, unless its author took
// the trouble to look.

// numberKey is one fact about the numbers of a network: that there is a base station in a range, or a cell number.
type numberKey struct {
	RAT   cell.RAT
	PLMN  uint16
	Kind  uint8 // siteKind plus index in siteShifts, or cellKind
	Value uint32
}

type numberRecord struct {
	Seen int64
	N    uint32 // cells that have it
}

const (
	cellKind = iota
	siteKind
)

// siteShifts are the ranges, as bits, in which base stations are compared: the same one, within 8, 64, 512, 4096, 32768. One that is
// further from every known base station is of the last class, len(siteShifts).
var siteShifts = [...]uint{0, 3, 6, 9, 12, 15}

const (
	maxNumbers    = 1 << 15
	maxNumberings = 1 << 9
	numberedMin   = 5 // cells of a network from which its habits can be told
)

// numbering is what was learned of one network's numbers.
type numbering struct {
	Cells   uint32 // distinct cells learned
	Judged  uint32 // of those, the ones that came after numberedMin
	Unheard uint32 // of those, the ones with a cell number that no other cell had had
	Class   [len(siteShifts) + 1]uint32
}

type numberingKey struct {
	RAT  cell.RAT
	PLMN uint16
}

// numbers splits an identity into the numbers of its base station and its cell.
func numbers(i *analyzer.Ident) (station, number uint32, hasStation, hasNumber bool) {
	if !i.Known() {
		return
	}
	switch i.RAT {
	case cell.LTE:
		return uint32(i.ID >> 8), uint32(i.ID & 255), true, true
	case cell.UMTS:
		if i.ID > 0xffff {
			return uint32(i.ID >> 16), uint32(i.ID&0xffff) % 10, true, true
		}
		return 0, uint32(i.ID) % 10, false, true
	case cell.GSM:
		return 0, uint32(i.ID) % 10, false, true
	}
	return // the length of a gNB's number differs from network to network (TS 38.413 clause 9.3.1.6)
}

// stationClass is how far away, in numbers, the nearest known base station of the same network is, as an index in siteShifts.
func (n *numbersSeen) stationClass(i *analyzer.Ident, station uint32) int {
	for c, shift := range siteShifts {
		at := station >> shift
		for _, near := range [...]uint32{at, at - 1, at + 1} {
			if (near == at || shift > 0) && n.has(numberKey{i.RAT, i.PLMN, siteKind + uint8(c), near}) {
				return c
			}
		}
	}
	return len(siteShifts)
}

// Flags of numbersSeen.Cells, next to the class of the base station plus one: how the numbers of a cell were learned, so that
// they can be taken back.
const (
	counted = 1 << 7 // they were learned
	judged  = 1 << 6 // and counted as those of a new cell
	unheard = 1 << 5 // its number on the base station was a new one
)

// numbersSeen is what was learned of the numbers of cells and base stations.
type numbersSeen struct {
	Numbers    analyzer.Table[numberKey, numberRecord]
	Numberings analyzer.Table[numberingKey, numbering]
	Cells      analyzer.PerCell[struct{ Numbered uint8 }] // how the numbers of each were learned; 0: they were not
}

func (n *numbersSeen) Learn(v *analyzer.View, l *analyzer.Lesson) {
	n.Cells.Renew(l)
	if l.NewCell {
		n.learn(l.Cell, v.Now)
	}
}

// Reconsider takes back the numbers of a cell under suspicion, so that it does not teach its own habits, and learns those of a
// cell that was cleared.
func (n *numbersSeen) Reconsider(k *analyzer.Known, now int64) {
	if k.Suspect {
		n.unlearn(k)
	} else {
		n.learn(k, now)
	}
}

func (n *numbersSeen) learn(k *analyzer.Known, now int64) {
	i, mark := &k.Ident, &n.Cells.Of(k).Numbered
	station, number, hasStation, hasNumber := numbers(i)
	if !hasNumber || *mark != 0 {
		return
	}
	of, _ := n.Numberings.Put(numberingKey{i.RAT, i.PLMN}, maxNumberings, func(o *numbering) int64 { return int64(o.Cells) })
	*mark = counted
	if of.Cells >= numberedMin {
		of.Judged++
		*mark |= judged
		if hasStation {
			class := n.stationClass(i, station)
			of.Class[class]++
			*mark |= uint8(class + 1)
		}
	}
	of.Cells++
	if n.count(i, cellKind, number, now) == 1 && *mark&judged != 0 {
		of.Unheard++
		*mark |= unheard
	}
	if hasStation {
		for c, shift := range siteShifts {
			n.count(i, siteKind+uint8(c), station>>shift, now)
		}
	}
}

// count counts one more cell that has a number, and returns how many there are.
func (n *numbersSeen) count(i *analyzer.Ident, kind uint8, value uint32, now int64) uint32 {
	r, _ := n.Numbers.Put(numberKey{i.RAT, i.PLMN, kind, value}, maxNumbers, func(r *numberRecord) int64 { return r.Seen })
	r.Seen = now
	r.N++
	return r.N
}

func (n *numbersSeen) unlearn(k *analyzer.Known) {
	i, mark := &k.Ident, &n.Cells.Of(k).Numbered
	of := n.Numberings.Get(numberingKey{i.RAT, i.PLMN})
	if *mark == 0 || of == nil {
		return
	}
	station, number, hasStation, _ := numbers(i)
	less := func(n *uint32) { *n = max(*n, 1) - 1 } // not below zero: the table may have forgotten some in between
	less(&of.Cells)
	if *mark&judged != 0 {
		less(&of.Judged)
		if class := *mark & 15; class > 0 {
			less(&of.Class[class-1])
		}
		if *mark&unheard != 0 {
			less(&of.Unheard)
		}
	}
	*mark = 0
	take := func(kind uint8, value uint32) {
		if r := n.Numbers.Get(numberKey{i.RAT, i.PLMN, kind, value}); r != nil {
			less(&r.N)
		}
	}
	take(cellKind, number)
	if hasStation {
		for c, shift := range siteShifts {
			take(siteKind+uint8(c), station>>shift)
		}
	}
}

// has reports whether a cell that is not under suspicion has a number.
func (n *numbersSeen) has(k numberKey) bool {
	r := n.Numbers.Get(k)
	return r != nil && r.N > 0
}

// fit is how the number of a cell fits those of its network here.
type fit struct {
	P       float64 // how probable it was that a new cell here fits so badly
	Cells   uint32  // of the network that were known
	Far     uint32  // no known base station's number is nearer than this; 0: there is one within a few
	Unheard bool    // its number on the base station is one that no cell here has
	Number  uint32  // that number
}

// stationPrior is the share of new cells whose base station is at least this far from every known one: measured on the benign
// traces of networks that name themselves (545 cells), rounded up.
var stationPrior = [len(siteShifts) + 1]float64{1, 0.5, 0.4, 0.25, 0.1, 0.05, 0.02}

// unheardPrior is the share of new cells with a number on the base station not seen before: one in five in LTE and UMTS while few
// cells are known; of 120 new GSM cells one had another last digit.
func unheardPrior(r cell.RAT) float64 {
	if r == cell.GSM {
		return 0.04
	}
	return 0.2
}

const numberWeight = 15 // how many new cells the priors count as

// fit compares the number of a new cell with those of its network; false if too little is known of it.
func (n *numbersSeen) fit(i *analyzer.Ident) (f fit, ok bool) {
	station, number, hasStation, hasNumber := numbers(i)
	known := n.Numberings.Get(numberingKey{i.RAT, i.PLMN})
	if !hasNumber || known == nil || known.Cells < numberedMin {
		return f, false
	}
	f = fit{P: 1, Cells: known.Cells, Number: number}
	judged := float64(known.Judged) + numberWeight
	if hasStation {
		class := n.stationClass(i, station)
		as := 0.0
		for c := class; c < len(known.Class); c++ {
			as += float64(known.Class[c])
		}
		few := 1 + 10/float64(known.Cells) // few cells say less about a network
		f.P = min(1, few*(as+numberWeight*stationPrior[class])/judged)
		if class > 1 {
			f.Far = 1 << siteShifts[class-1]
		}
	}
	if !n.has(numberKey{i.RAT, i.PLMN, cellKind, number}) {
		f.Unheard = true
		f.P *= (float64(known.Unheard) + numberWeight*unheardPrior(i.RAT)) / judged
	}
	return f, true
}
