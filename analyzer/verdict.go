package analyzer

import "vigie/cell"

// Verdict applies what a reviewer said of an event. Benign: its cells and areas become part of what is normal here, from now on.
// Not benign: they do not, however long they stay.
func (e *Engine) Verdict(ev *Event, benign bool) {
	s := e.byName[ev.Sensor]
	if s == nil {
		return
	}
	for i := range ev.Cells {
		id := e.ident(&ev.Cells[i])
		if k, ok := id.key(); ok {
			if r := s.Base.Cells.Get(k); r != nil {
				s.applyVerdict(r, &id, benign)
			}
		}
		if a := s.Base.Areas.Get(areaKey{id.RAT, id.PLMN, id.Area}); a != nil && id.Has.Has(cell.FieldArea) {
			a.Suspect = !benign && a.Cells < 3
		}
	}
}

// applyVerdict applies a verdict to a cell: the right area of a known cell is the one it had, unless the other one was benign.
func (s *site) applyVerdict(r *Known, id *Ident, benign bool) {
	other := id.Has.Has(cell.FieldArea) && r.Ident.Has.Has(cell.FieldArea) && id.Area != r.Ident.Area
	switch {
	case benign:
		if t := s.Base.rat(r.Ident.RAT); r.Suspect && r.Top != 0 && t.N > 0 {
			t.Top = max(t.Top, r.Top)
		}
		r.Suspect = false
		s.reconsider(r)
		if other {
			r.Ident.Area, r.Alt, r.AltN = id.Area, 0, 0
		}
	case !other:
		if r.N < 100 { // a cell that has been here for long is the victim, not the attacker
			r.Suspect = true
			s.reconsider(r)
		}
	}
}
