package analyzer

import (
	"vigie/cell"
)

// How networks number their cells. An operator gives the base stations of a region numbers from a few ranges, and the cells
// of every base station the same few numbers (TS 23.003 clause 19.6: an E-UTRAN cell identity is 20 bits of eNodeB and
// 8 of cell; TS 25.401 clause 6.1.5: a UTRAN one is RNC and cell; in GSM the last decimal digit is the sector by custom).
// A transmitter that makes up an identity fits neither, unless it took the trouble to look.

// numberKey is one fact about the numbers of a network: that a base station of a range exists, or a cell number on one.
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

// siteShifts are the ranges in which base stations are compared: the same one, within 8, 64, 512, 4096, 32768. What lies
// further from every known one is of the last class, len(siteShifts).
var siteShifts = [...]uint{0, 3, 6, 9, 12, 15}

const (
	maxNumbers  = 1 << 15
	numberedMin = 5 // cells of a network from which its habits can be told
)

// numbering is what was learned of one network's numbers.
type numbering struct {
	Cells   uint32 // distinct cells learned
	Judged  uint32 // of them, those that came when numberedMin were known
	Unheard uint32 // of those, the ones with a cell number that no other cell had had
	Class   [len(siteShifts) + 1]uint32
}

type numberingKey struct {
	RAT  cell.RAT
	PLMN uint16
}

// numbers splits an identity into the number of its base station and of its cell; ok tells which of the two it has.
func (i *Ident) numbers() (station, number uint32, hasStation, hasNumber bool) {
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

// stationClass is how far the nearest known base station of the same network lies, as an index in siteShifts.
func (b *baseline) stationClass(i *Ident, station uint32) int {
	for c, shift := range siteShifts {
		at := station >> shift
		for _, near := range [...]uint32{at, at - 1, at + 1} {
			if (near == at || shift > 0) && b.hasNumber(numberKey{i.RAT, i.PLMN, siteKind + uint8(c), near}) {
				return c
			}
		}
	}
	return len(siteShifts)
}

// What Known.Numbered holds beside the class of the base station plus one, so that it can be taken back.
const (
	numbered = 1 << 7 // its numbers were learned
	judged   = 1 << 6 // and counted as those of a new cell
	unheard  = 1 << 5 // its number on the base station was a new one
)

// learnNumber learns the numbers of a cell that is seen for the first time, unless it is under suspicion.
func (s *site) learnNumber(r *Known) {
	i := &r.Ident
	station, number, hasStation, hasNumber := i.numbers()
	if !hasNumber || r.Suspect || r.Numbered != 0 {
		return
	}
	b := &s.Base
	n, _ := b.Numberings.put(numberingKey{i.RAT, i.PLMN}, maxNetsHere, func(n *numbering) int64 { return int64(n.Cells) })
	r.Numbered = numbered
	if n.Cells >= numberedMin {
		n.Judged++
		r.Numbered |= judged
		if hasStation {
			class := b.stationClass(i, station)
			n.Class[class]++
			r.Numbered |= uint8(class + 1)
		}
	}
	n.Cells++
	if s.number(i, cellKind, number).N == 1 && r.Numbered&judged != 0 {
		n.Unheard++
		r.Numbered |= unheard
	}
	if hasStation {
		for c, shift := range siteShifts {
			s.number(i, siteKind+uint8(c), station>>shift)
		}
	}
}

// number counts one more cell that has a number.
func (s *site) number(i *Ident, kind uint8, value uint32) *numberRecord {
	r, _ := s.Base.Numbers.put(numberKey{i.RAT, i.PLMN, kind, value}, maxNumbers, func(r *numberRecord) int64 { return r.Seen })
	r.Seen = s.Now
	r.N++
	return r
}

// unlearnNumber takes back what was learned of a cell's numbers: an alert has come of it, and it shall not teach its own habits.
func (s *site) unlearnNumber(r *Known) {
	i := &r.Ident
	n := s.Base.Numberings.get(numberingKey{i.RAT, i.PLMN})
	if r.Numbered == 0 || n == nil {
		return
	}
	station, number, hasStation, _ := i.numbers()
	less := func(n *uint32) { *n = max(*n, 1) - 1 } // what was forgotten in between is not counted below nothing
	less(&n.Cells)
	if r.Numbered&judged != 0 {
		less(&n.Judged)
		if class := r.Numbered & 15; class > 0 {
			less(&n.Class[class-1])
		}
		if r.Numbered&unheard != 0 {
			less(&n.Unheard)
		}
	}
	r.Numbered = 0
	take := func(kind uint8, value uint32) {
		if r := s.Base.Numbers.get(numberKey{i.RAT, i.PLMN, kind, value}); r != nil {
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

// hasNumber tells whether a cell that is not under suspicion has a number.
func (b *baseline) hasNumber(k numberKey) bool {
	r := b.Numbers.get(k)
	return r != nil && r.N > 0
}

// Numbering says how the number of a cell fits those of its network here.
type Numbering struct {
	P       float64 // how probable it was that a new cell here fits so badly
	Cells   uint32  // of the network that were known
	Far     uint32  // no known base station's number is nearer than this; 0: there is one within a few
	Unheard bool    // its number on the base station is one that no cell here has
	Number  uint32  // that number
}

// stationPrior is the share of new cells whose base station is at least so far from every known one: measured on the
// benign traces of networks that name themselves (545 cells), rounded up.
var stationPrior = [len(siteShifts) + 1]float64{1, 0.5, 0.4, 0.25, 0.1, 0.05, 0.02}

// unheardPrior is the share of new cells that bring a number on the base station not seen before: in LTE and UMTS one in five
// when few cells are known; of 120 new GSM cells one had another last digit.
func unheardPrior(r cell.RAT) float64 {
	if r == cell.GSM {
		return 0.04
	}
	return 0.2
}

const numberWeight = 15 // how many new cells the priors count as

// Numbering compares the number of a new cell with those of its network; false when too little is known of it.
func (v *View) Numbering(i *Ident) (n Numbering, ok bool) {
	station, number, hasStation, hasNumber := i.numbers()
	b := &v.site.Base
	known := b.Numberings.get(numberingKey{i.RAT, i.PLMN})
	if !hasNumber || known == nil || known.Cells < numberedMin || i.PLMN == 0 {
		return n, false
	}
	n = Numbering{P: 1, Cells: known.Cells, Number: number}
	judged := float64(known.Judged) + numberWeight
	if hasStation {
		class := b.stationClass(i, station)
		as := 0.0
		for c := class; c < len(known.Class); c++ {
			as += float64(known.Class[c])
		}
		few := 1 + 10/float64(known.Cells) // what is known of a network with few cells says less
		n.P = min(1, few*(as+numberWeight*stationPrior[class])/judged)
		if class > 1 {
			n.Far = 1 << siteShifts[class-1]
		}
	}
	if !b.hasNumber(numberKey{i.RAT, i.PLMN, cellKind, number}) {
		n.Unheard = true
		n.P *= (float64(known.Unheard) + numberWeight*unheardPrior(i.RAT)) / judged
	}
	return n, true
}
