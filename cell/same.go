package cell

// Same reports whether a and b may describe one cell: nothing that both report tells them apart, of RAT, PLMN, area, id, PCI
// and channel. A modem names a cell by all of these in an answer and by a few in an unsolicited line; a clone repeats some of
// them and differs in the others. Same is symmetric but not transitive: follow a sequence of descriptions with Camp.
func Same(a, b *Cell) bool {
	return (a.RAT == b.RAT || a.RAT == UnknownRAT || b.RAT == UnknownRAT) && samePLMN(a, b) &&
		agree(a.Area, b.Area) && agree(a.ID, b.ID) && agree(a.PCI, b.PCI) && agree(a.ARFCN, b.ARFCN)
}

// SameIdentity reports whether a and b carry the same identity: RAT, PLMN where both report it, and cell id; PCI and channel
// where neither has an id. It asks what a cell claims to be, not which transmitter it is: a clone carries the identity of
// another cell, and a cell that changes its area, PCI or channel keeps its own.
func SameIdentity(a, b *Cell) bool {
	if a.RAT != b.RAT || !samePLMN(a, b) || a.ID != b.ID {
		return false
	}
	return a.ID.Known() || a.PCI == b.PCI && a.ARFCN == b.ARFCN
}

func samePLMN(a, b *Cell) bool {
	p, q := a.PLMN(), b.PLMN()
	return !p.Known() || !q.Known() || p.Same(q)
}

func agree[T comparable](a, b Opt[T]) bool { return !a.Known() || !b.Known() || a == b }

// Fill takes over what an earlier description of the same cell reports of its name and place on the air, and c does not.
// Measurements are not taken over: they were those of another moment.
func (c *Cell) Fill(before *Cell) {
	if c.RAT == UnknownRAT {
		c.RAT = before.RAT
	}
	if !c.PLMN().Known() && before.PLMN().Known() {
		c.MCC, c.MNC = before.MCC, before.MNC
	}
	fill(&c.Area, before.Area)
	fill(&c.ID, before.ID)
	fill(&c.PCI, before.PCI)
	fill(&c.ARFCN, before.ARFCN)
	fill(&c.Band, before.Band)
}

func fill[T any](now *Opt[T], before Opt[T]) {
	if !now.Known() {
		*now = before
	}
}

// Camp follows the serving cell of one modem through the descriptions of it. Each is compared with all that was reported
// since the last move, because an answer without an id is the Same as either of two cells that differ in their id alone.
type Camp struct {
	On *Cell // the newest description, filled from those before it; nil before the first
}

// Next takes the next description, and reports whether it is another cell than the one before. The first is no move.
func (p *Camp) Next(c *Cell) (moved bool) {
	now := *c
	if p.On != nil {
		if moved = !Same(p.On, c); !moved {
			now.Fill(p.On)
		}
	}
	p.On = &now
	return moved
}
