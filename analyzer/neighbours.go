package analyzer

import (
	"math"

	"vigie/cell"
)

// Neighbour is one cell of a list of neighbours.
type Neighbour struct {
	Ident
	Level    float32 // dBm; minus infinity: none
	Priority int8    // of cell reselection, 0 to 7; -1: none
}

const maxNeighbours = 32

func (s *site) neighbours(v *View, list []cell.Cell) {
	e := v.engine
	s.Seen |= cell.FieldNeighbours
	v.Neighbours = e.neighbours[:0]
	for i := range list[:min(len(list), maxNeighbours)] {
		n := Neighbour{Ident: e.ident(&list[i]), Level: float32(math.Inf(-1)), Priority: -1}
		if l, ok := e.level(&list[i]); ok {
			n.Level = l
		}
		if p, ok := list[i].Priority.Get(); ok && p <= 7 {
			n.Priority = int8(p)
			s.Seen |= cell.FieldNeighbourPriority
		}
		if n.Known() {
			s.Seen |= cell.FieldNeighbourIdentity
		}
		v.Neighbours = append(v.Neighbours, n)
	}
	v.Asked = true
	if s.Camped && len(s.Stays) > 0 {
		if len(v.Neighbours) == 0 {
			s.Stays[0].Empty++
		} else {
			s.Stays[0].Listed++
			v.Strangers = s.strangers(v.Neighbours)
		}
	}
}

// strangers reports whether none of the neighbours was ever heard before.
func (s *site) strangers(list []Neighbour) bool {
	named := false
	for i := range list {
		n := &list[i]
		k, ok := n.key()
		if !ok {
			continue
		}
		if s.Base.Heard.Get(k) != nil || s.Base.Cells.Get(k) != nil {
			return false
		}
		if p, ok := n.phys(); ok && s.Base.Phys.Get(p) != nil {
			return false
		}
		named = true
	}
	return named
}
