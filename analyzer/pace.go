package analyzer

// Pace is how a sensor moves. What is ordinary differs: a walker's level goes up and down by 10 to 25 dB between two rooms, a car
// meets a new cell every minute, and where nothing moves neither happens.
type Pace uint8

// The paces.
const (
	PaceUnknown Pace = iota // it moves, or may move
	AtRest                  // a fixed sensor, or one that has stopped
	Walking
	Driving
)

const (
	restSpeed  = 0.7 // m/s: slower is standing
	walkSpeed  = 2.5 // m/s: faster is no walk
	restMetres = 10  // in 15 s: less is standing, if it is no more in the half minute before
)

// pace is how the sensor moves now.
func (s *site) pace() Pace {
	if s.fixed() {
		return AtRest
	}
	f, here := s.here()
	if !here {
		return PaceUnknown
	}
	if f.HasSpeed && f.Speed >= walkSpeed {
		return Driving
	}
	if f.Coarse {
		return PaceUnknown
	}
	m, ms, ok := s.moved(15_000)
	switch {
	case !ok && f.HasSpeed && f.Speed < restSpeed:
		return AtRest
	case !ok && f.HasSpeed:
		return Walking
	case !ok:
		return PaceUnknown
	case m > walkSpeed*float64(ms)/1000:
		return Driving
	case m >= restMetres || f.HasSpeed && f.Speed >= restSpeed:
		return Walking
	}
	if m, _, ok := s.moved(30_000); ok && m >= restMetres {
		return Walking
	}
	return AtRest
}

// Pace is how the sensor moves.
func (v *View) Pace() Pace {
	if v.pace == 0 {
		v.pace = v.site.pace() + 1
	}
	return v.pace - 1
}

// Still reports whether the sensor stands still, and whether that is known.
func (v *View) Still() (still, known bool) {
	p := v.Pace()
	return p == AtRest, p != PaceUnknown
}

// Arriving reports whether a move to a new place could explain what is seen: the sensor moves, or may move.
func (v *View) Arriving() bool { return v.Pace() != AtRest }
