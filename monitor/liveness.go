package monitor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vigie/words"
)

// How a sensor is.
const (
	SensorStarting = "starting" // no record yet
	SensorWatching = "watching"
	SensorBlind    = "blind" // and that is known, and stored as a gap
	SensorStuck    = "stuck" // no sign of life: neither observations nor a gap
	SensorGone     = "given up"
)

// how is the condition of a sensor, one of the constants above; the caller holds mu.
func (x *sensor) condition(now time.Time) string {
	switch {
	case x.Gone != "":
		return SensorGone
	case now.Sub(x.alive) > x.patience:
		return SensorStuck
	case !x.blind.IsZero():
		return SensorBlind
	case x.heard.IsZero():
		return SensorStarting
	case now.Sub(x.heard) > x.patience:
		return SensorStuck
	}
	return SensorWatching
}

// Progressing reports whether observations or gaps come in from any sensor; then the watchdog is fed. One sensor that is
// stuck is seen on the health page and does not cost the others their sight.
func (s *State) Progressing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != "" || len(s.sensors) == 0 {
		return true
	}
	now := s.now()
	return slices.ContainsFunc(s.sensors, func(x *sensor) bool {
		how := x.condition(now)
		return how != SensorStuck && how != SensorGone
	})
}

// Problem is what is wrong, in one line; empty if nothing is. A modem that is unplugged is known and stored, and not wrong.
func (s *State) Problem() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem(s.now())
}

func (s *State) problem(now time.Time) string {
	var all []string
	if s.outage != "" {
		all = append(all, s.outage)
	}
	if since := s.silent(now); !since.IsZero() {
		all = append(all, fmt.Sprintf("the store has not answered since %s UTC; what comes waits in memory", since.UTC().Format("15:04:05")))
	}
	down := s.lookAtSinks(now)
	for _, name := range slices.Sorted(maps.Keys(down)) {
		all = append(all, fmt.Sprintf("%s has not got through since %s UTC: %s", name, s.troubled[name].UTC().Format("15:04"), down[name]))
	}
	for _, x := range s.sensors {
		switch x.condition(now) {
		case SensorStuck:
			all = append(all, x.Name+" gives no sign of life")
		case SensorGone:
			all = append(all, x.Name+" was given up: "+x.Gone)
		}
	}
	return strings.Join(all, "; ")
}

// Line is how the watch is, in one line, for systemctl status.
func (s *State) Line() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	now := s.now()
	if problem := s.problem(now); problem != "" {
		all = append(all, "PROBLEM: "+problem)
	}
	if s.waiting != "" {
		all = append(all, "waiting: "+s.waiting)
	}
	for _, x := range s.sensors {
		text := x.Name + " " + x.condition(now)
		switch {
		case x.Gone == "" && !x.blind.IsZero():
			text += " since " + x.Blind.UTC().Format("15:04:05") + " UTC (" + x.Reason + ")"
		case !x.heard.IsZero():
			text += ", last observation " + x.Last.UTC().Format("15:04") + " UTC"
		}
		all = append(all, text)
	}
	switch n := len(s.open); n {
	case 0:
	case 1:
		all = append(all, "1 event open")
	default:
		all = append(all, fmt.Sprintf("%d events open", n))
	}
	return words.OneLine(strings.Join(all, "; "))
}
