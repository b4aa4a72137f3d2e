package analyzer

import "vigie/cell"

func (s *site) observeServing(v *View, o *cell.Observation) {
	e, c := v.engine, o.Serving
	id := e.ident(c)
	s.inferPLMN(e, &id)
	if s.Skew {
		s.withholdArea(&id)
	}
	if !s.continues(&id) && s.mislabelled(e, &id) {
		v.Mislabelled = true
		return
	}
	v.Level, v.HasLevel = s.level(e, c)
	if q, ok := c.RSRQ.Get(); ok && q >= -43.5 && q <= 20 {
		v.Quality, v.HasQuality = float32(q), true
	}
	s.Seen |= id.Has | c.Fields()&measured

	wantsID := (s.Report | s.Seen).Has(cell.FieldCellID) || c.Placeholder.Has(cell.FieldCellID)
	if wantsID && !id.Known() { // half an answer: there is a cell, but not which one
		if s.OutFrom == 0 {
			s.OutFrom = s.Now
		}
		s.Camped = false
		return
	}
	s.Seen |= cell.FieldRAT
	s.OddFrom = 0
	if s.continues(&id) {
		s.continueStay(v, &s.Stays[0], &id, c)
		return
	}
	s.unsay(e, &id)
	s.beginStay(v, &id, c)
}

// continues reports whether the modem is still on the cell of the present stay.
func (s *site) continues(id *Ident) bool {
	if !s.Camped || len(s.Stays) == 0 || s.Now-s.Stays[0].Last > pauseMs {
		return false
	}
	cur := &s.Stays[0]
	return cur.Cell.SameIdentity(id) && cur.Cell.SameArea(id)
}

// inferPLMN gives a cell the network that its line did not name. An unsolicited +CEREG names a cell without its PLMN: it is the
// cell of that identity that is known here, or else one of the network that the modem was on.
func (s *site) inferPLMN(e *Engine, id *Ident) {
	if id.PLMN != 0 || !id.Known() {
		return
	}
	on := uint16(0)
	if len(s.Stays) > 0 {
		on = s.Stays[0].Cell.PLMN
	}
	id.PLMN = on
	if k, _ := id.key(); on != 0 && s.Base.Cells.Get(k) != nil {
		return
	}
	for n := 1; n < min(len(e.nets.List), 32); n++ {
		id.PLMN = uint16(n)
		if k, _ := id.key(); s.Base.Cells.Get(k) != nil {
			return
		}
	}
	id.PLMN = on
}

// withholdArea drops the area of a source that updates area and cell id at different moments, until both have been the same for
// three seconds.
func (s *site) withholdArea(id *Ident) {
	if id.ID != s.Pair.ID || id.Area != s.Pair.Area || id.RAT != s.Pair.RAT {
		s.Pair, s.SkewAt = *id, s.Now
	}
	if s.Now-s.SkewAt < skewMs {
		id.Has &^= cell.FieldArea
		id.Area = 0
	}
}

func (s *site) continueStay(v *View, cur *Stay, id *Ident, c *cell.Cell) {
	if id.Has.Has(cell.FieldARFCN) && cur.Cell.Has.Has(cell.FieldARFCN) && id.ARFCN != cur.Cell.ARFCN ||
		id.Has.Has(cell.FieldPCI) && cur.Cell.Has.Has(cell.FieldPCI) && id.PCI != cur.Cell.PCI {
		v.Retuned = true
		if id.Has.Has(cell.FieldARFCN) {
			cur.Cell.ARFCN = id.ARFCN
		}
		if id.Has.Has(cell.FieldPCI) {
			cur.Cell.PCI = id.PCI
		}
	}
	if !cur.Cell.Has.Has(id.Has) || cur.Cell.PLMN == 0 {
		learned := id.Has &^ cur.Cell.Has
		cur.Cell.merge(id)
		if learned.Has(cell.FieldArea) {
			s.compare(v, cur)
			v.AreaLearned = true
		}
	}
	s.Camped, s.OutFrom = true, 0
	s.update(v, cur, c)
}

func (s *site) update(v *View, cur *Stay, c *cell.Cell) {
	cur.Last = s.Now
	cur.N++
	if v.HasLevel {
		cur.addLevel(v.Level)
	}
	if v.HasQuality {
		cur.QSum += v.Quality
		cur.QN++
		if !cur.HasQ || v.Quality > cur.Quality {
			cur.Quality, cur.HasQ = v.Quality, true
		}
	}
	if v.Obs.State == cell.Limited {
		cur.Limited++
	}
	if v.Obs.State == cell.Connected {
		cur.Talking++
	}
	if ta, ok := c.TA.Get(); ok {
		v.TA, v.HasTA = ta, true
		if cur.TA > 0 && s.Now-cur.TAAt <= 15_000 {
			v.TABefore, v.HasTABefore = uint16(cur.TA-1), true
		}
		cur.TA, cur.TAAt = int32(ta)+1, s.Now
	}
	if c.Placeholder.Has(cell.FieldArea) {
		cur.Barred++
	}
}

// beginStay begins a stay.
func (s *site) beginStay(v *View, id *Ident, c *cell.Cell) {
	if len(s.Stays) < maxStays {
		s.Stays = append(s.Stays, Stay{})
	}
	copy(s.Stays[1:], s.Stays)
	st := &s.Stays[0]
	*st = Stay{Cell: *id, From: s.Now, Blind: s.Blind || len(s.Stays) == 1}
	if !st.Blind {
		p := &s.Stays[1]
		st.Pause = s.Now - p.Last
		st.Outage = s.OutFrom != 0 || st.Pause > longPause
		if st.Pause > longOutage {
			st.Blind = true
			s.Begun = s.Watched
		}
	}
	s.compare(v, st)
	v.Arrived = true
	s.Camped, s.Blind, s.OutFrom = true, false, 0
	s.update(v, st, c)
}

// compare compares a stay with what is normal here, before any of it is learned.
func (s *site) compare(v *View, st *Stay) {
	k, ok := st.Cell.key()
	if !ok {
		return
	}
	rec := s.Base.Cells.Get(k)
	st.NewCell = rec == nil || rec.Suspect || rec.First == st.From
	suspect := false
	if st.Cell.Has.Has(cell.FieldArea) {
		a := s.Base.Areas.Get(areaKey{st.Cell.RAT, st.Cell.PLMN, st.Cell.Area})
		suspect = a != nil && a.Suspect
		st.NewArea = a == nil || suspect
	}
	if rec != nil && !rec.Suspect && st.Cell.Has.Has(cell.FieldArea) && rec.Ident.Has.Has(cell.FieldArea) &&
		rec.Ident.Area != st.Cell.Area && (rec.AltN == 0 || rec.Alt != st.Cell.Area || suspect) {
		st.OtherArea, st.WasArea = true, rec.Ident.Area
	}
	if st.Cell.Has.Has(cell.FieldARFCN) {
		st.NewChannel = s.Base.Channels.Get(channelKey{st.Cell.RAT, st.Cell.PLMN, st.Cell.ARFCN}) == nil
	}
	if st.Cell.PLMN != 0 {
		st.NewNetwork = s.Base.Networks.Get(st.Cell.PLMN) == nil
	}
}
