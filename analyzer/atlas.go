package analyzer

import "vigie/cell"

// Atlas is a public list of cells that the user has imported. Such lists lack many real cells and contain wrong ones, so they
// are weighed by how complete they have proved to be here. The zero Atlas lists nothing and changes nothing.
type Atlas struct {
	ID   string // of its contents: a list with another ID is assessed again
	Find func(c *cell.Cell) (p Place, listed bool, err error)
}

// Place is the position of a cell in a list.
type Place struct {
	Lat, Lon float64 // degrees
	Range    float64 // metres within which it was heard; 0: not known
}

// verifiedStays is how many stays a cell needs here, without becoming part of an alert, to count as real.
const verifiedStays = 3

// chart counts how many of the real cells here the atlas lists.
type chart struct {
	ID     string // of the atlas
	Counts []chartCount
}

type chartCount struct {
	RAT             cell.RAT
	PLMN            uint16
	Cells, Unlisted uint32 // verified cells, and those of them that the atlas does not list
}

const maxCharted = 256 // networks and RATs of one sensor

func (c *chart) of(r cell.RAT, plmn uint16) *chartCount {
	for i := range c.Counts {
		if c.Counts[i].RAT == r && c.Counts[i].PLMN == plmn {
			return &c.Counts[i]
		}
	}
	return nil
}

// atlas is an Atlas with its last answer: the rules that look at one arrival ask for the same cell.
type atlas struct {
	Atlas
	asked  atlasKey
	place  Place
	listed bool
	ok     bool
}

type atlasKey struct {
	rat  cell.RAT
	plmn cell.PLMN
	area cell.Opt[cell.Area]
	id   uint64
}

// lookUp looks a cell up in the atlas; ok is false if there is none or it cannot be read.
func (e *Engine) lookUp(i *Ident) (p Place, listed, ok bool) {
	a := &e.atlas
	if a.Find == nil || !i.Known() || i.PLMN == 0 || i.RAT == cell.UnknownRAT || i.RAT == cell.GSM && !i.Has.Has(cell.FieldArea) {
		return Place{}, false, false
	}
	c := e.nets.cell(i)
	k := atlasKey{i.RAT, c.PLMN(), c.Area, i.ID}
	if k != a.asked {
		var err error
		a.asked = k
		a.place, a.listed, err = a.Find(&c)
		if a.ok = err == nil; !a.ok {
			e.note("cell database not readable")
		}
	}
	return a.place, a.listed, a.ok
}

// verify counts a cell when the stay that proves it to be real begins. When the atlas has changed, or is there for the first
// time, it looks up all verified cells once.
func (s *site) verify(v *View) {
	e := v.engine
	if !v.Arrived {
		return
	}
	if e.atlas.Find == nil {
		s.Chart = chart{} // more cells are verified meanwhile: with the next atlas all are looked up
		return
	}
	if s.Chart.ID != e.atlas.ID {
		s.Chart = chart{ID: e.atlas.ID}
		for i := range s.Base.Cells.Vals {
			if r := &s.Base.Cells.Vals[i]; r.Stays >= verifiedStays && !r.Suspect {
				s.countVerified(e, r)
			}
		}
		return
	}
	k, ok := s.Stays[0].Cell.key()
	if !ok {
		return
	}
	if r := s.Base.Cells.Get(k); r != nil && r.Stays == verifiedStays && !r.Suspect {
		s.countVerified(e, r)
	}
}

func (s *site) countVerified(e *Engine, r *Known) {
	_, listed, ok := e.lookUp(&r.Ident)
	if !ok {
		return
	}
	c := s.Chart.of(r.Ident.RAT, r.Ident.PLMN)
	if c == nil {
		if len(s.Chart.Counts) == maxCharted {
			return
		}
		s.Chart.Counts = append(s.Chart.Counts, chartCount{RAT: r.Ident.RAT, PLMN: r.Ident.PLMN})
		c = &s.Chart.Counts[len(s.Chart.Counts)-1]
	}
	c.Cells++
	if !listed {
		c.Unlisted++
	}
}

// Listed asks the atlas whether it lists a cell, and where; ok is false if there is no atlas or it cannot be read.
func (v *View) Listed(i *Ident) (p Place, listed, ok bool) { return v.engine.lookUp(i) }

// Verified is how many cells of a cell's network and RAT have proved to be real here, and how many of those the atlas lacks.
func (b Baseline) Verified(i *Ident) (cells, missing uint32) {
	if c := b.site.Chart.of(i.RAT, i.PLMN); c != nil {
		return c.Cells, c.Unlisted
	}
	return 0, 0
}

// Completeness is how many of the cells of one network and RAT that a sensor has verified are in the atlas.
type Completeness struct {
	Sensor        string
	Atlas         string // its ID
	PLMN          cell.PLMN
	RAT           cell.RAT
	Cells, Listed int
}

// Completeness returns how complete the atlas has proved to be, oldest entry first.
func (e *Engine) Completeness() []Completeness {
	var all []Completeness
	for _, s := range e.sites {
		for _, c := range s.Chart.Counts {
			all = append(all, Completeness{s.Sensor, s.Chart.ID, e.nets.plmn(c.PLMN), c.RAT, int(c.Cells), int(c.Cells - c.Unlisted)})
		}
	}
	return all
}
