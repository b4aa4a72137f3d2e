package monitor

import (
	"cmp"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review"
)

// Overview is what can be said of a watch at a glance: whether it works, whether something is wrong, since when. It reads the
// State, the positions, the battery and the disk, and remembers since when the answer has been what it is.
type Overview struct {
	state  *State
	mobile bool // it is carried: a registered modem is worth a warning
	places *Places
	sys    string                   // sysfs
	room   func() (free, all int64) // of the disk that is written to

	mu      sync.Mutex
	since   time.Time // watching or blind
	blind   bool
	level   review.Level
	changed time.Time
}

const (
	oddHold  = 15 * time.Minute // after its last evidence an event no longer counts for the level
	cellHold = time.Minute      // a serving cell that was not seen for this long no longer counts
	sysfs    = "/sys"
)

// NewOverview makes the overview of a watch that writes to a file; mobile: it is carried. A State has one, made before
// the first record.
func NewOverview(s *State, mobile bool, p *Places, file string) *Overview {
	now := s.now()
	room := func() (free, all int64) { return DiskOf(cmp.Or(filepath.Dir(file), ".")) }
	o := &Overview{state: s, mobile: mobile, places: p, sys: sysfs, room: room, since: now, level: review.Quiet}
	s.changed = func() { o.brief(s.now()) } // or it would not know since when
	return o
}

// Look is how it is now. It may be called from many goroutines.
func (o *Overview) Look() review.Glance {
	g := o.brief(o.state.now())
	if o.places != nil {
		g.Motion = string(o.places.Motion(g.Now))
		if p, ok := o.places.Now(g.Now); ok {
			g.Place = p.Source
		}
	}
	g.Battery, g.Charging = battery(o.sys)
	if free, all := o.room(); all > 0 {
		g.Disk = cell.Some(100 * float64(free) / float64(all))
	}
	return g
}

// brief is the part that the State alone gives. It notes since when the level and blindness are what they are.
func (o *Overview) brief(now time.Time) review.Glance {
	g := review.Glance{Now: now}
	events := o.state.glance(&g)
	level := levelOf(events, now)
	g.Catchable = g.Catchable && o.mobile
	g.Events = events[:min(len(events), recentShown)]
	o.mu.Lock()
	defer o.mu.Unlock()
	if (g.Blind != "") != o.blind {
		o.blind, o.since = g.Blind != "", now
	}
	if level != o.level {
		o.level, o.changed = level, now
	}
	g.Since, g.Level, g.Changed = o.since, o.level, o.changed
	return g
}

// levelOf grades the events that are open, or were until a while ago.
func levelOf(events []analyzer.Event, now time.Time) review.Level {
	level := review.Quiet
	for _, e := range events {
		if e.State == analyzer.Closed && now.Sub(e.Last) > oddHold || e.Severity < analyzer.Medium {
			continue
		}
		if e.Severity >= analyzer.High {
			return review.Alarm
		}
		level = review.Odd
	}
	return level
}

// glance fills in what each sensor sees, and why nothing is seen where none sees anything; it returns the newest events.
func (s *State) glance(g *review.Glance) []analyzer.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.Trouble, g.Starting = s.outage != "" || !s.silent(g.Now).IsZero(), true
	sees := false
	blind := ""
	for _, x := range s.sensors {
		one := review.GlanceSensor{Name: x.Name}
		switch x.condition(g.Now) {
		case SensorBlind:
			one.Blind = x.Reason
		case SensorStuck, SensorGone:
			one.Blind = "stuck"
		default:
			sees = true
		}
		if g.Now.Sub(x.served) < cellHold {
			one.Serving = x.Serving
		}
		blind = cmp.Or(blind, one.Blind)
		g.Starting = g.Starting && x.heard.IsZero()
		g.Catchable = g.Catchable || x.Registered
		g.Sensors = append(g.Sensors, one)
	}
	if !sees {
		g.Blind = blind
	}
	events := make([]analyzer.Event, 0, len(s.recent))
	for _, e := range s.recent {
		events = append(events, e)
	}
	slices.SortFunc(events, func(a, b analyzer.Event) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID)) })
	return events
}

// steadyFor is how long the sensors have been on the same cell at the same level: the least of those that reported a level.
// known is false if none has.
func (s *State) steadyFor(now time.Time) (least time.Duration, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sensors {
		if x.steady.IsZero() {
			continue
		}
		if d := now.Sub(x.steady); !known || d < least {
			least, known = d, true
		}
	}
	return least, known
}
