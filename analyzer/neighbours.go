package analyzer

import (
	"math"

	"vigie/cell"
)

func (s *site) neighbours(v *View, list []cell.Cell) {
	s.Seen |= cell.FieldNeighbours
	s.Neigh, s.NeighLev, s.NeighPrio = s.Neigh[:0], s.NeighLev[:0], s.NeighPrio[:0]
	for i := range list {
		if i == 32 {
			break
		}
		id := v.engine.ident(&list[i])
		l, ok := v.engine.level(&list[i])
		if !ok {
			l = float32(math.Inf(-1))
		}
		prio := int8(-1)
		if p, ok := list[i].Priority.Get(); ok && p <= 7 {
			prio = int8(p)
			s.Seen |= cell.FieldNeighbourPriority
		}
		if id.Known() {
			s.Seen |= cell.FieldNeighbourIdentity
		}
		s.Neigh, s.NeighLev, s.NeighPrio = append(s.Neigh, id), append(s.NeighLev, l), append(s.NeighPrio, prio)
	}
	s.NeighAt = s.Now
	v.Asked = true
	if s.Camped && len(s.Stays) > 0 {
		if len(s.Neigh) == 0 {
			s.Stays[0].Empty++
		} else {
			s.Stays[0].Listed++
			v.Strangers = s.strangers()
		}
	}
}

// strangers tells whether every cell of the neighbour list is one that was never heard before.
func (s *site) strangers() bool {
	n := 0
	for i := range s.Neigh {
		k, ok := s.Neigh[i].key()
		if !ok {
			continue
		}
		if s.Base.Heard.get(k) != nil || s.Base.Cells.get(k) != nil {
			return false
		}
		if p, ok := s.Neigh[i].phys(); ok && s.Base.Phys.get(p) != nil {
			return false
		}
		n++
	}
	return n > 0
}

// Lead is by how many dB the serving cell is stronger than the strongest neighbour of its RAT in this observation; false
// where neighbours, or their levels, were not reported.
func (v *View) Lead() (float64, bool) {
	on := v.On()
	if on == nil || !v.Asked || !v.HasLevel {
		return 0, false
	}
	best := float32(math.Inf(-1))
	for i := range v.site.Neigh {
		n := &v.site.Neigh[i]
		if n.RAT != on.Cell.RAT || n.Known() && n.SameCell(&on.Cell) {
			continue
		}
		if p, ok := n.phys(); ok {
			if q, ok := on.Cell.phys(); ok && p == q {
				continue // some modems list the serving cell too
			}
		}
		best = max(best, v.site.NeighLev[i])
	}
	return float64(v.Level - best), !math.IsInf(float64(best), -1)
}

// LeadShare is the share of neighbour lists here in which the serving cell led by at least so much. The prior is a guess: one
// in ten by 15 dB, one in a hundred by 30.
func (v *View) LeadShare(r cell.RAT, by float64) float64 {
	return v.site.Base.rat(r).leadShare(by, math.Pow(10, -by/15))
}

// LonelyAreas is how many areas of a network and RAT here have one cell only, of how many that were first seen an hour ago or
// more.
func (v *View) LonelyAreas(i *Ident) (lonely, all int) {
	t := &v.site.Base.Areas
	for k := range t.Keys {
		if a := &t.Vals[k]; t.Keys[k].RAT == i.RAT && t.Keys[k].PLMN == i.PLMN && t.Keys[k].Area != i.Area && v.Now-a.First >= 3600_000 {
			all++
			if a.Cells == 1 {
				lonely++
			}
		}
	}
	return lonely, all
}
