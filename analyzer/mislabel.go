package analyzer

import "vigie/cell"

// What a source says of a cell may be of two moments: the label of one RAT, and the identity of a cell of another that the modem
// was on a moment ago, or will be on in a moment. Loggers on telephones do this for one to six seconds after a change of RAT, and
// so does a driver that puts two answers together, or reads a field in the wrong base. Such an observation says nothing of the
// air: it is counted, and no rule sees its cell. An identity that stays is believed after mislabelMs, since an operator, or an
// attacker, may number cells of two RATs alike.

const mislabelMs = 15_000

// Disagree is the reason under which these observations are counted.
const Disagree = "RAT and identity disagree"

// mislabelled reports whether the RAT of a serving cell that the modem was not on before and its identity are of different moments.
func (s *site) mislabelled(e *Engine, id *Ident) bool {
	if id.RAT == cell.UnknownRAT || s.Assume.Has(cell.FieldRAT) || !strayChannel(id) && !s.echoes(id) {
		return false
	}
	if s.OddFrom == 0 {
		s.OddFrom = s.Now
	}
	if s.Now-s.OddFrom > mislabelMs {
		return false
	}
	s.Mislabelled++
	e.note(Disagree)
	return true
}

// strayChannel reports whether a cell is on a channel that its RAT does not have, and another does. A modem that hears GSM is on no
// channel of UMTS, so nobody can send that.
func strayChannel(id *Ident) bool {
	if !id.Has.Has(cell.FieldARFCN) || cell.ChannelExists(id.RAT, id.ARFCN) {
		return false
	}
	for r := cell.GSM; r <= cell.NR; r++ {
		if r != id.RAT && cell.ChannelExists(r, id.ARFCN) {
			return true
		}
	}
	return false
}

// echoes reports whether an identity is that of the cell that the modem was on until a moment ago, in another RAT: whole, or, in
// GSM, the low 16 bits of it.
func (s *site) echoes(id *Ident) bool {
	if k, _ := id.key(); !id.Known() || s.Base.Cells.Get(k) != nil {
		return false // or it is a cell that is known here
	}
	for i := range s.Stays {
		was := &s.Stays[i]
		if s.Now-was.Last > mislabelMs {
			return false
		}
		if was.Cell.RAT != id.RAT && sameNumber(&was.Cell, id) && id.SameArea(&was.Cell) {
			return true
		}
	}
	return false
}

// sameNumber reports whether a cell has the number of a true one in another RAT, whole or, in GSM, cut to its 16 bits.
func sameNumber(real, odd *Ident) bool {
	if !real.Known() || !odd.Known() {
		return false
	}
	return real.ID == odd.ID || odd.RAT == cell.GSM && real.ID&0xffff == odd.ID
}

// unsay takes back a stay of the last seconds that the one beginning now shows to have been mislabelled: a cell of GSM with the
// low 16 bits of its identity, in its area. What was found in it and has not been reported is dropped.
func (s *site) unsay(e *Engine, id *Ident) {
	if len(s.Stays) == 0 || id.RAT == cell.GSM {
		return
	}
	was := &s.Stays[0]
	if was.Cell.RAT != cell.GSM || s.Now-was.From > mislabelMs || !sameNumber(id, &was.Cell) || !id.SameArea(&was.Cell) {
		return
	}
	s.Mislabelled += int64(was.N)
	e.note(Disagree)
	keep := s.Candidates[:0]
	for i := range s.Candidates {
		cand := &s.Candidates[i]
		if cand.State == Pending && cand.First >= was.From && cand.suspects([]Ident{was.Cell}) {
			continue
		}
		keep = append(keep, *cand)
	}
	clear(s.Candidates[len(keep):])
	s.Candidates = keep
	s.Stays = append(s.Stays[:0], s.Stays[1:]...)
}

// Mislabelled is how many observations of a sensor had the RAT of one moment and the identity of another. They are in no score.
func (e *Engine) Mislabelled(sensor string) int64 {
	if s := e.byName[sensor]; s != nil {
		return s.Mislabelled
	}
	return 0
}
