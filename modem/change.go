package modem

import "vigie/cell"

// camping is the state that the modem was in, to find out when it moves. What an observation does not report has not changed.
type camping struct {
	service      cell.State // limited, idle (also when connected) or no_service (also when searching)
	camp         cell.Camp
	registration map[cell.Domain]cell.Registration
}

// moved takes an observation, and reports whether the cell, the RAT or the registration has changed.
func (l *camping) moved(o *cell.Observation) bool {
	moved := false
	if s := service(o.State); s != "" {
		moved = l.service != "" && l.service != s
		l.service = s
	}
	if o.Serving != nil && l.camp.Next(o.Serving) {
		moved = true
	}
	for _, r := range o.Registration {
		before, known := l.registration[r.Domain]
		moved = moved || known && (differ(before.Status, r.Status) || differ(before.AcT, r.AcT) || before.Cause != r.Cause)
		if l.registration == nil {
			l.registration = map[cell.Domain]cell.Registration{}
		}
		l.registration[r.Domain] = r
	}
	return moved
}

// repeated reports whether an observation holds registrations that are already known, and nothing else. Some firmware prints
// such lines over and over, or in place of an answer: each would hint at a change and cause a burst in vain.
func (l *camping) repeated(o *cell.Observation) bool {
	for _, r := range o.Registration {
		if l.registration[r.Domain] != r {
			return false
		}
	}
	return len(o.Registration) > 0 && o.State == "" && o.Serving == nil && len(o.Neighbours) == 0
}

// service ignores what changes all the time without a move: the set-up and release of a data connection.
func service(s cell.State) cell.State {
	switch s {
	case cell.Connected:
		return cell.Idle
	case cell.Searching:
		return cell.NoService
	}
	return s
}

func differ[T comparable](a, b cell.Opt[T]) bool { return a.Known() && b.Known() && a != b }
