package monitor

import (
	"math"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// State is what a watch knows of itself: what each sensor sees, since when not, what went wrong and how often, which events
// are open. It is folded once, from the records and events that went through the pipeline and from the collectors' signs of
// life; terminal, journal, health, metrics, phone page and pacing read it. Durations are by a clock that cannot be set.
type State struct {
	now func() time.Time // with a monotonic reading

	mu        sync.Mutex
	began     time.Time
	waiting   string     // for what, while there is nothing to watch with yet; empty if there is
	outage    string     // that the store cannot be written, and what waits; empty if it can
	late      time.Time  // since when the store has not answered the pipeline; zero: it has
	look      *storeLook // nil: nobody looks at the store
	sensors   []*sensor
	open      map[string]openEvent
	recent    map[string]analyzer.Event // the last few that opened, changed or closed
	reached   [analyzer.High + 1]int    // how often an event reached a severity
	sinks     []follower
	troubled  map[string]time.Time // since when a follower, or an alert channel, does not get through
	reported  map[string]bool      // those that were reported as down
	downAfter time.Duration        // how long one may not get through; 0: 15 minutes
	refused   []func() int64       // connections that each server gave up
	changed   func()               // is called without mu when it may see less or more than before, or an event changed; may be nil
}

// Sensor is what is known of one sensor. Times without another word are those of the records.
type Sensor struct {
	Name            string
	Model, Firmware string
	Reports         cell.Fields // by the last source record

	State        cell.State
	Serving      *cell.Cell // as last described with a level; nil while there is none
	RAT          cell.RAT
	Neighbours   int // of the last list
	Registered   bool
	Registration map[cell.Domain]cell.Registration

	Observations int
	Moves        int           // changes of the serving cell
	Last         time.Time     // of the last observation
	Blind        time.Time     // since when nothing can be seen; zero: it sees
	Reason       string        // why it is blind
	GapTime      time.Duration // of all gaps that ended, without those in which Vigie did not run
	Gone         string        // why it was given up; empty if it was not
}

// sensor is a Sensor with what only this package needs.
type sensor struct {
	Sensor
	patience time.Duration  // without a sign of life: then it is stuck
	alive    time.Time      // when its collector last completed a round
	heard    time.Time      // when its last observation came; zero: none yet
	blind    time.Time      // since when nothing can be seen; zero: it sees
	blindFor time.Duration  // all gaps that ended
	troubles map[string]int // by reason
	odd      int64          // observations whose RAT and identity disagreed, as the analyzer counts them
	compared bool           // odd is known
	camp     cell.Camp
	served   time.Time // when the serving cell was last heard
	steady   time.Time // since when it hears the same cell at the same level
	level    cell.DBm  // with which that began
}

type openEvent struct {
	sensor   string
	severity analyzer.Severity
	reported bool // it was reported in this run
}

// Update is what one record or event changed, for the followers that report it.
type Update struct {
	Time   time.Time       // of the record or the event; zero for a source
	Record cell.Record     // a source, gap, health or clock record; nil for an observation, whose news are below
	Event  *analyzer.Event // nil for a record
	Text   string          // for the log; then there is neither
	Err    error           // of a modem that was given up; then there is nothing else

	News         News
	Before       cell.State          // of the sensor
	Registration []cell.Registration // those that are new
	Sensor       Sensor              // after it
	Open         int                 // events that are open
	Missed       int                 // updates before this one that could not be delivered
}

// News is a set of what is new.
type News uint16

// What may be new.
const (
	NewsModel News = 1 << iota // another model or firmware
	NewsState
	NewsCell // a serving cell, after none or another one
	NewsRAT
	NewsOpened
	NewsSeverity // its severity
	NewsClosed
)

// Has reports whether something is among the news.
func (n News) Has(x News) bool { return n&x != 0 }

const (
	patience    = 90 * time.Second // without an observation or a gap; then a sensor is stuck
	steadyIn    = 6                // dB around a level: a modem on a table mostly wavers by less
	recentMost  = 40               // events
	recentShown = 5
)

// NewState makes the state of a watch that begins now. now has a monotonic reading.
func NewState(now func() time.Time) *State {
	return &State{now: now, began: now(), open: map[string]openEvent{}, recent: map[string]analyzer.Event{}}
}

// Watch adds a sensor; slowest is the longest pause between two of its questions.
func (s *State) Watch(name string, slowest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sensors = append(s.sensors, &sensor{Sensor: Sensor{Name: name, Registration: map[cell.Domain]cell.Registration{}},
		patience: max(patience, 3*slowest), alive: s.now(), troubles: map[string]int{}})
}

// resume takes the events that are open in the store.
func (s *State) resume(open ...analyzer.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range open {
		if e.State == analyzer.Open {
			s.open[e.ID] = openEvent{sensor: e.Sensor, severity: e.Severity}
		}
		s.remember(e)
	}
}

// await records why there is nothing to watch with yet; empty ends that.
func (s *State) await(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = what
}

// setOutage records that the store cannot be written; empty if it can.
func (s *State) setOutage(outage string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = outage
}

// setLate records whether the store keeps the pipeline waiting.
func (s *State) setLate(late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late = (time.Time{}); late {
		s.late = s.now()
	}
}

// silent is since when the store has not answered, if that is longer than it may take; otherwise zero. mu is held.
func (s *State) silent(now time.Time) time.Time {
	since := s.late
	if s.look != nil {
		if t := s.look.waits(); since.IsZero() || !t.IsZero() && t.Before(since) {
			since = t
		}
	}
	if since.IsZero() || now.Sub(since) < answerIn {
		return time.Time{}
	}
	return since
}

// follow adds a follower of the store. sink must not wait for a disk.
func (s *State) follow(sink func() SinkStatus) { s.followParts(sink, nil) }

// followParts adds a follower that has several ways out, each of which may be down by itself.
func (s *State) followParts(sink func() SinkStatus, parts func() []SinkStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if parts == nil {
		parts = func() []SinkStatus { return []SinkStatus{sink()} }
	}
	s.sinks = append(s.sinks, follower{sink, parts})
}

// signOfLife notes that the collector of a sensor completed a round.
func (s *State) signOfLife(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.sensor(name); x != nil {
		x.alive = s.now()
	}
}

// giveUp notes why a sensor is no longer watched.
func (s *State) giveUp(name, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.sensor(name); x != nil {
		x.Gone = why
	}
}

// sensor finds one; mu is held.
func (s *State) sensor(name string) *sensor {
	for _, x := range s.sensors {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Record takes a record that went through the pipeline, and returns what it changed.
func (s *State) Record(r cell.Record) Update {
	if _, isObservation := r.(*cell.Observation); !isObservation {
		defer s.onChange()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Update{Time: r.When(), Open: len(s.open)}
	if _, isObservation := r.(*cell.Observation); !isObservation {
		u.Record = cell.Clone(r) // the caller's own may change once it returns
	}
	x := s.sensor(r.From())
	if x == nil {
		return u
	}
	now := s.now()
	x.alive = now
	u.Before = x.State
	switch r := r.(type) {
	case *cell.Source:
		if x.Model != r.Model || x.Firmware != r.Firmware {
			x.Model, x.Firmware = r.Model, r.Firmware
			u.News |= NewsModel
		}
		x.Reports = r.Reports.Or(0)
	case *cell.Observation:
		x.observe(r, now, &u)
	case *cell.Gap:
		x.gap(r, now)
	case *cell.Health:
		x.troubles[r.Reason] += max(1, r.Count)
	}
	u.Sensor = x.Sensor
	return u
}

// disagree notes how many observations of a sensor had the RAT of one moment and the identity of another, in all of its life.
func (s *State) disagree(name string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.sensor(name)
	switch {
	case x == nil:
	case !x.compared:
		x.compared, x.odd = true, n
	case n > x.odd:
		x.troubles[analyzer.Disagree] += int(n - x.odd)
		x.odd = n
	}
}

func (x *sensor) observe(o *cell.Observation, now time.Time, u *Update) {
	x.heard, x.Last = now, o.Time
	x.Observations++
	if o.State != "" && o.State != x.State {
		x.State = o.State
		u.News |= NewsState
		if o.State == cell.Searching || o.State == cell.NoService {
			x.Serving = nil
		}
	}
	if o.Serving != nil && !o.Survey {
		x.serve(o.Serving, now, u)
	}
	if o.Neighbours != nil {
		x.Neighbours = len(o.Neighbours)
	}
	for _, r := range o.Registration {
		if was, known := x.Registration[r.Domain]; !known || was.Status != r.Status || was.Cause != r.Cause {
			x.Registration[r.Domain] = r
			u.Registration = append(u.Registration, r)
		}
		if r.Registered() {
			x.Registered = true
		} else if r.Status.Known() && r.Domain == cell.EPS {
			x.Registered = false
		}
	}
}

func (x *sensor) serve(c *cell.Cell, now time.Time, u *Update) {
	first := x.Serving == nil
	moved := x.camp.Next(c)
	if moved {
		x.Moves++
	}
	if moved || first {
		u.News |= NewsCell
	}
	if moved || first || c.Level().Known() || !x.Serving.Level().Known() {
		x.Serving = x.camp.On // not a line without levels in place of one that has some
	}
	if c.RAT != x.RAT {
		x.RAT = c.RAT
		u.News |= NewsRAT
	}
	x.served = now
	if level, known := c.Level().Get(); known && (moved || x.steady.IsZero() || math.Abs(float64(level-x.level)) > steadyIn) {
		x.steady, x.level = now, level
	}
}

func (x *sensor) gap(g *cell.Gap, now time.Time) {
	switch {
	case g.Until.IsZero():
		if x.blind.IsZero() {
			x.blind, x.Blind, x.Reason = now, g.Time, g.Reason
		}
		return
	case !x.blind.IsZero():
		x.blindFor += now.Sub(x.blind)
	}
	x.blind, x.Blind, x.Reason = time.Time{}, time.Time{}, ""
	if g.Reason != ReasonNotRunning {
		x.GapTime += g.Until.Sub(g.Time)
	}
}

// Event takes an event that opened, changed or closed, and returns what is new of it.
func (s *State) Event(e analyzer.Event) Update {
	defer s.onChange()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Update{Time: e.Last, Event: &e}
	if x := s.sensor(e.Sensor); x != nil {
		u.Sensor = x.Sensor
	}
	s.remember(e)
	was, known := s.open[e.ID]
	switch {
	case e.State == analyzer.Closed:
		u.News |= NewsClosed
	case !was.reported:
		u.News |= NewsOpened
	case was.severity != e.Severity:
		u.News |= NewsSeverity
	}
	if (e.State != analyzer.Closed || known) && (!known || was.severity != e.Severity) { // one that closes without having been seen is of an earlier run
		s.reached[e.Severity]++
	}
	if s.open[e.ID] = (openEvent{e.Sensor, e.Severity, true}); e.State == analyzer.Closed {
		delete(s.open, e.ID)
	}
	u.Open = len(s.open)
	return u
}

func (s *State) onChange() {
	if s.changed != nil {
		s.changed()
	}
}

// remember keeps the newest events; mu is held.
func (s *State) remember(e analyzer.Event) {
	s.recent[e.ID] = e
	for len(s.recent) > recentMost {
		oldest := e
		for _, r := range s.recent {
			if r.Last.Before(oldest.Last) || r.Last.Equal(oldest.Last) && r.ID > oldest.ID {
				oldest = r
			}
		}
		delete(s.recent, oldest.ID)
	}
}
