package position

import (
	"time"

	"vigie/cell"
)

// Motion is whether the sensor moves.
type Motion string

// The motions. Unknown is that no position says it.
const (
	Unknown  Motion = ""
	Standing Motion = "standing"
	Moving   Motion = "moving"
)

const (
	walkTime  = 30 * time.Second // over which distance is measured: a walker covers 40 m
	walkWay   = 25.0             // metres, or the accuracy of both positions where that is more
	walkSpeed = 1.5              // metres a second that receivers do not report of one that stands
)

// motion is derived from positions in the order in which they came, and from nothing else.
type motion struct {
	trail []fix // of the last walkTime
	state Motion
}

func (m *motion) see(p cell.Position, at time.Time) {
	old := 0
	for old < len(m.trail) && at.Sub(m.trail[old].arrived) > walkTime {
		old++
	}
	if n := len(m.trail); n > 0 && at.Sub(m.trail[n-1].arrived) > walkTime { // after a time without positions nothing is known
		m.state = Unknown
	}
	if len(m.trail) == 0 || old == len(m.trail) || at.Sub(m.trail[len(m.trail)-1].arrived) >= time.Second {
		m.trail = append(m.trail[:copy(m.trail, m.trail[old:])], fix{Position: p, arrived: at})
	}
	first := m.trail[0]
	switch way := Metres(first.Position, p); {
	case p.Speed.Or(0) >= walkSpeed, way > max(walkWay, first.Accuracy.Or(0)+p.Accuracy.Or(0)):
		m.state = Moving
	case at.Sub(first.arrived) >= walkTime*2/3:
		m.state = Standing
	}
}
