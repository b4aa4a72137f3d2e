package analyzer

// NotInGroup is the cause with which a cell of a closed group refuses those who are not in it (TS 24.301 annex A.2, TS 24.008 annex
// G.2: not authorized for this CSG): a femtocell of somebody else's. It is strong, numbered apart, in an area of its own, and the
// modem leaves it within seconds.
const NotInGroup = 25

const maxClosed = 16 // the cells of closed groups that are remembered

// closeGroup remembers a cell that has said that it is one of a closed group.
func (s *site) closeGroup(v *View) {
	if !v.Rejected || !v.HasCause || v.Cause != NotInGroup || v.on == nil {
		return
	}
	for i := range s.Closed {
		if s.Closed[i].SameIdentity(&v.on.Cell) {
			return
		}
	}
	if len(s.Closed) == maxClosed {
		s.Closed = append(s.Closed[:0], s.Closed[1:]...)
	}
	s.Closed = append(s.Closed, v.on.Cell)
}

// femtocell explains what an event is about by a closed group. explained are the causes that such a cell has in common with a false
// one: a candidate that has others too is not explained.
func (e *Engine) femtocell(s *site, cand *candidate) bool {
	if len(s.Closed) == 0 || len(cand.Suspects) == 0 {
		return false
	}
	for i := range cand.Findings {
		switch e.rules[cand.Findings[i].Rule].Cause {
		case "area", "novelty", "numbering", "level", "release", "limited", "neighbours", "channel":
		default:
			return false
		}
	}
	for i := range cand.Suspects {
		closed := false
		for k := range s.Closed {
			closed = closed || s.Closed[k].SameIdentity(&cand.Suspects[i])
		}
		if !closed {
			return false
		}
	}
	return true
}
