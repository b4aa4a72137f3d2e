package main

import (
	"slices"
	"strings"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// vitals is what a watch knows of itself: whether it sees, since when not, what went wrong how often. The line and the
// collectors write it; the watchdog, the health page and the log read it. Durations are by a clock that cannot be set.
type vitals struct {
	now func() time.Time // with a monotonic reading

	mu      sync.Mutex
	began   time.Time
	waiting string // for what, while there is nothing to watch with yet; "" else
	failing string // that the store takes nothing, and what waits; "" else
	sensors []*sensing
	open    map[string]analyzer.Severity // events
	counts  [analyzer.High + 1]int       // how often an event reached a severity
	sinks   []func() sinkStatus
}

// sensing is what is known of one sensor.
type sensing struct {
	name     string
	patience time.Duration // without any sign of life: then it is stuck
	alive    time.Time     // when its collector last came round
	heard    time.Time     // when its last observation came; zero: none yet
	last     time.Time     // the time of that observation, as it is stored
	seen     int           // observations
	blind    time.Time     // since when nothing can be seen; zero: it sees
	since    time.Time     // the same as it is stored
	reason   string        // why
	blindFor time.Duration // all gaps that ended
	troubles map[string]int
	gone     string // why it was given up; "" it was not
}

// patienceOfHealth is how long a sensor may give neither an observation nor a gap before it is held to be stuck.
const patienceOfHealth = 90 * time.Second

func newVitals(now func() time.Time) *vitals {
	return &vitals{now: now, began: now(), open: map[string]analyzer.Severity{}}
}

// watch adds a sensor; slowest is the longest pause between two of its questions.
func (v *vitals) watch(sensor string, slowest time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sensors = append(v.sensors, &sensing{name: sensor, patience: max(patienceOfHealth, 3*slowest), alive: v.now(), troubles: map[string]int{}})
}

// await says that there is nothing to watch with yet, and why; "" ends that.
func (v *vitals) await(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = what
}

// storing says whether the store takes what comes; "" it does.
func (v *vitals) storing(failing string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failing = failing
}

// follow adds somebody who follows the store.
func (v *vitals) follow(sink func() sinkStatus) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sinks = append(v.sinks, sink)
}

// change finds a sensor and changes it.
func (v *vitals) change(sensor string, f func(*sensing)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := slices.IndexFunc(v.sensors, func(s *sensing) bool { return s.name == sensor }); i >= 0 {
		f(v.sensors[i])
	}
}

// alive is told by the collector of a sensor whenever it comes round.
func (v *vitals) alive(sensor string) {
	v.change(sensor, func(s *sensing) { s.alive = v.now() })
}

// lost is told when a sensor is given up for good.
func (v *vitals) lost(sensor, why string) {
	v.change(sensor, func(s *sensing) { s.gone = why })
}

// record is told of each record that went into the line.
func (v *vitals) record(r cell.Record) {
	v.change(r.From(), func(s *sensing) {
		now := v.now()
		s.alive = now
		switch r := r.(type) {
		case *cell.Observation:
			s.heard, s.last = now, r.Time
			s.seen++
		case *cell.Gap:
			switch {
			case r.Until.IsZero() && s.blind.IsZero():
				s.blind, s.since, s.reason = now, r.Time, r.Reason
			case !r.Until.IsZero() && !s.blind.IsZero():
				s.blindFor += now.Sub(s.blind)
				s.blind, s.since, s.reason = time.Time{}, time.Time{}, ""
			}
		case *cell.Health:
			s.troubles[r.Reason] += max(1, r.Count)
		}
	})
}

// event is told of each event that opened, changed or closed.
func (v *vitals) event(e analyzer.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	was, told := v.open[e.ID]
	if !told && e.State == analyzer.Closed {
		return // of an earlier run
	}
	if !told || was != e.Severity {
		v.counts[e.Severity]++
	}
	if v.open[e.ID] = e.Severity; e.State == analyzer.Closed {
		delete(v.open, e.ID)
	}
}

// state says how a sensor is, in one word; the caller holds mu.
func (s *sensing) state(now time.Time) string {
	switch {
	case s.gone != "":
		return sensorGone
	case now.Sub(s.alive) > s.patience:
		return sensorStuck
	case !s.blind.IsZero():
		return sensorBlind
	case s.heard.IsZero():
		return sensorStarting
	case now.Sub(s.heard) > s.patience:
		return sensorStuck
	}
	return sensorWatching
}

// How a sensor is.
const (
	sensorStarting = "starting" // no record yet
	sensorWatching = "watching"
	sensorBlind    = "blind" // and that is known, and stored as a gap
	sensorStuck    = "stuck" // no sign of life: neither observations nor a gap
	sensorGone     = "given up"
)

// flows tells whether anything flows: then the watchdog is fed. One sensor that is stuck is seen on the health page and
// does not cost the others their sight.
func (v *vitals) flows() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.waiting != "" || len(v.sensors) == 0 {
		return true
	}
	now := v.now()
	return slices.ContainsFunc(v.sensors, func(s *sensing) bool {
		state := s.state(now)
		return state != sensorStuck && state != sensorGone
	})
}

// problem says what is wrong in one line; "" nothing. That a modem is unplugged, which is known and stored, is not wrong.
func (v *vitals) problem() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	if v.failing != "" {
		all = append(all, v.failing)
	}
	now := v.now()
	for _, s := range v.sensors {
		switch s.state(now) {
		case sensorStuck:
			all = append(all, s.name+" gives no sign of life")
		case sensorGone:
			all = append(all, s.name+" was given up: "+s.gone)
		}
	}
	return strings.Join(all, "; ")
}

// line says in one line how it goes, for systemctl status.
func (v *vitals) line() string {
	problem := v.problem()
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	if v.waiting != "" {
		all = append(all, "waiting: "+v.waiting)
	}
	now := v.now()
	for _, s := range v.sensors {
		text := s.name + " " + s.state(now)
		switch {
		case s.gone == "" && !s.blind.IsZero():
			text += " since " + s.since.UTC().Format("15:04:05") + " UTC (" + s.reason + ")"
		case !s.heard.IsZero():
			text += ", last observation " + s.last.UTC().Format("15:04") + " UTC"
		}
		all = append(all, text)
	}
	if n := len(v.open); n > 0 {
		all = append(all, console.Plural(n, "event")+" open")
	}
	if problem != "" {
		all = append([]string{"PROBLEM: " + problem}, all...)
	}
	return console.OneLine(strings.Join(all, "; "))
}
