package analyzer

import (
	"slices"

	"vigie/cell"
)

// registration is the last registration status of one domain.
type registration struct {
	Status  uint8
	Has     bool
	Cause   uint16
	HasWhy  bool
	At      int64
	Changed int64 // when Status changed
	Why     int64 // when Cause last appeared or changed
}

// domains are in the order of View.Domain.
var domains = [...]cell.Domain{cell.CS, cell.PS, cell.EPS, cell.FGS}

func (s *site) register(v *View, r *cell.Registration) {
	i := slices.Index(domains[:], r.Domain)
	st, ok := r.Status.Get()
	if i < 0 || !ok {
		return
	}
	s.Seen |= cell.FieldRegistration
	g := &s.Regs[i]
	if !g.Has || g.Status != st {
		g.Changed = s.Now
	}
	cause, why := r.Cause.Get()
	if kind, given := r.CauseType.Get(); given && kind != 0 {
		why = false // a number of the manufacturer's own
	}
	if why {
		s.Seen |= cell.FieldCause
	}
	if !v.Rejected && (st == 3 || why && !r.Registered()) {
		v.Rejected, v.Domain, v.Cause, v.HasCause = true, i, cause, why
	}
	if why && (!g.HasWhy || g.Cause != cause) {
		g.Why = s.Now
	}
	*g = registration{Status: st, Has: true, Cause: cause, HasWhy: why, At: s.Now, Changed: g.Changed, Why: g.Why}
}
