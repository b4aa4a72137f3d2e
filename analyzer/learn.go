package analyzer

import (
	"github.com/golang/geo/s2"

	"vigie/cell"
)

const tileLevel = 12 // S2 level of an area tile: about 2 km across

// tileKey is the key of the tile where the sensor is.
func (s *site) tileKey() (uint64, bool) {
	if s.fixed() {
		return 0, false
	}
	f, ok := s.here()
	if !ok {
		return 0, false
	}
	return uint64(s2.CellIDFromLatLng(s2.LatLngFromDegrees(f.Lat, f.Lon)).Parent(tileLevel)), true
}

func (s *site) tile() *tileRecord {
	k, ok := s.tileKey()
	if !ok {
		return nil
	}
	return s.Base.Tiles.Get(k)
}

// learn adds an observation to what is normal. Cells of a running alert are not learned.
func (s *site) learn(v *View) {
	b, l := &s.Base, &v.engine.lesson
	*l = Lesson{Stay: v.On()}
	for i := range v.Neighbours {
		if k, ok := v.Neighbours[i].key(); ok {
			h, _ := b.Heard.Put(k, maxHeard, (*lastSeen).seen)
			h.Seen = s.Now
		}
	}
	st := l.Stay
	if len(v.Obs.Registration) > 0 {
		for i := range s.Regs {
			s.learnAccepted(i, st)
		}
	}
	if st == nil {
		return
	}
	k, ok := st.Cell.key()
	if !ok {
		return
	}
	rec, isNew := b.cell(k)
	l.Cell, l.NewCell = rec, isNew
	if isNew {
		rec.Ident, rec.First = st.Cell, st.From
		b.rat(st.Cell.RAT).Cells++
	}
	if v.Arrived {
		s.learnStay(v, st, rec)
	}
	rec.Seen = s.Now
	if rec.Suspect {
		if v.HasLevel && (rec.Top == 0 || v.Level > rec.Top) {
			rec.Top = v.Level // in case a reviewer calls it benign
		}
		return
	}
	if !rec.Ident.Has.Has(st.Cell.Has) {
		rec.Ident.merge(&st.Cell)
	}
	if v.Entered() || v.Retuned {
		s.learnIdentity(v, st, rec)
	}
	if v.Asked {
		r := b.rat(st.Cell.RAT)
		r.Asked++
		if len(v.Neighbours) == 0 {
			r.Empty++
		}
	}
	if v.HasLevel {
		if rec.N == 0 || v.Level > rec.Top {
			rec.Top = v.Level
		}
		r := b.rat(st.Cell.RAT)
		if low, ok := st.Lately(2); ok {
			if r.N == 0 || low > r.Top {
				r.Top = low
			}
			r.N++
		}
	}
	rec.N++
	s.learnArea(st, rec)
}

func (s *site) learnStay(v *View, st *Stay, rec *Known) {
	b := &s.Base
	b.Stays++
	rec.Stays++
	b.rat(st.Cell.RAT).Stays++
	if key, ok := s.tileKey(); ok {
		t, _ := b.Tiles.Put(key, maxTiles, func(t *tileRecord) int64 { return t.Seen })
		t.Seen = s.Now
		t.Stays++
		if st.NewCell {
			t.New++
		}
	}
	if f, ok := s.here(); ok && !rec.Suspect {
		rec.place(f)
	}
}

// place learns where a cell is heard: a centre, and how far from it.
func (r *Known) place(f fix) {
	if r.Places == 0 {
		r.Lat, r.Lon = f.Lat, f.Lon
	}
	r.Radius = max(r.Radius, float32(metres(r.Lat, r.Lon, f.Lat, f.Lon)))
	r.Places++
}

// learnIdentity learns the area, channel, physical identity and network of a stay that begins.
func (s *site) learnIdentity(v *View, st *Stay, rec *Known) {
	b, id := &s.Base, &st.Cell
	if id.Has.Has(cell.FieldArea) {
		a, isNew := b.Areas.Put(areaKey{id.RAT, id.PLMN, id.Area}, maxAreas, func(a *Area) int64 { return a.Seen })
		if isNew {
			a.First = s.Now
		}
		v.engine.lesson.NewArea = isNew
		a.Seen = s.Now
		if rec.Stays <= 1 || isNew {
			a.Cells++
		}
		if a.Cells >= 3 {
			a.Suspect = false // a false base station is one cell or two; this is part of the network
		}
		if st.OtherArea {
			a.Moved++
			if rec.Alt != id.Area {
				rec.Alt, rec.AltN = id.Area, 0
			}
			rec.AltN++
		}
	}
	if id.Has.Has(cell.FieldARFCN) {
		c, _ := b.Channels.Put(channelKey{id.RAT, id.PLMN, id.ARFCN}, maxChannels, (*lastSeen).seen)
		c.Seen = s.Now
	}
	if p, ok := id.phys(); ok {
		r, _ := b.Phys.Put(p, maxCells, (*lastSeen).seen)
		r.Seen = s.Now
		if v.Retuned {
			rec.Ident.PCI, rec.Ident.ARFCN = id.PCI, id.ARFCN
		}
	}
	if id.PLMN != 0 {
		n, isNew := b.Networks.Put(id.PLMN, maxNetsHere, func(n *Network) int64 { return n.Seen })
		if isNew {
			n.First = s.Now
		}
		n.Seen = s.Now
		n.N++
	}
}

// learnArea takes the new area of a known cell for normal once it has lasted: after half an hour of camping under it, or when
// another cell moves to the same area. An area that came with an alert is learned only in the second way, or by a reviewer's
// verdict: a clone does not become normal by staying.
func (s *site) learnArea(st *Stay, rec *Known) {
	if !st.OtherArea || rec.Alt != st.Cell.Area {
		return
	}
	a := s.Base.Areas.Get(areaKey{st.Cell.RAT, st.Cell.PLMN, st.Cell.Area})
	held := s.Now-st.From > 30*60_000 && (a == nil || !a.Suspect)
	if held || a != nil && a.Moved >= 2 {
		rec.Ident.Area, rec.AltN, rec.Alt = st.Cell.Area, 0, 0
	}
}

// learnAccepted learns that a network has registered the modem.
func (s *site) learnAccepted(domain int, st *Stay) {
	g := &s.Regs[domain]
	if !g.Has || g.At != s.Now || st == nil || st.Cell.PLMN == 0 && st.Cell.Has.Has(cell.FieldMNC) {
		return
	}
	switch g.Status {
	case 1, 5, 6, 7, 9, 10:
	default:
		return
	}
	n, isNew := s.Base.Networks.Put(st.Cell.PLMN, maxNetsHere, func(n *Network) int64 { return n.Seen })
	if isNew {
		n.First = s.Now
	}
	n.Served[domain]++
}
