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
