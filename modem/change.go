package modem

import "vigie/cell"

// last is where the modem was, to tell when it moves. What an observation does not say is as it was.
type last struct {
	service      cell.State // limited, idle (also when connected) or no_service (also when searching)
	camp         cell.Camp
	registration map[cell.Domain]cell.Registration
}

// moved takes an observation, and tells whether the cell, the RAT or the registration is another one than before.
func (l *last) moved(o *cell.Observation) bool {
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

// repeated tells whether an observation says of registrations what was known, and nothing else. Some firmware prints such
// lines again and again, or in place of an answer: each would be a hint, and make a burst for nothing.
func (l *last) repeated(o *cell.Observation) bool {
	for _, r := range o.Registration {
		if l.registration[r.Domain] != r {
			return false
		}
	}
	return len(o.Registration) > 0 && o.State == "" && o.Serving == nil && len(o.Neighbours) == 0
}

// service leaves out what changes all the time without a move: a data connection set up and released.
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
