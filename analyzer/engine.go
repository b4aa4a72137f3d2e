package analyzer

import (
	"cmp"
	"maps"
	"slices"

	"vigie/cell"
)

// Options are what the user chooses. The zero Options are the defaults.
type Options struct {
	AlertsPerMonth float64 // false-alarm budget of a fixed sensor: alerts in a quiet month; 0: the default, 4
	AlertsPerDay   float64 // that of a moving one: alerts in a quiet day of moving; 0: the default, 1
	Atlas          Atlas   // a public list of cells; none by default
}

// Engine turns records into events. It must not be used by several goroutines at once.
type Engine struct {
	rules      []Rule
	learners   []int // the rules that have a statistic, by index
	perMonth   float64
	perDay     float64
	atlas      atlas
	nets       networks
	sites      []*site
	byName     map[string]*site
	last       *site
	view       View
	lesson     Lesson
	neighbours [maxNeighbours]Neighbour // backing array of View.Neighbours
	signal     Signal
	out        []Event
	counts     Counts
}

// maxSensors is how many sensors are kept apart; beyond it the one not heard for longest is forgotten.
const maxSensors = 1024

// New returns an engine with an empty baseline. It keeps the slice of rules.
func New(rules []Rule, opts Options) *Engine {
	e := &Engine{rules: rules, perMonth: opts.AlertsPerMonth, perDay: opts.AlertsPerDay, atlas: atlas{Atlas: opts.Atlas}, byName: map[string]*site{}}
	if !(e.perMonth > 0) {
		e.perMonth = defaultPerMonth
	}
	if !(e.perDay > 0) {
		e.perDay = defaultPerDay
	}
	e.perMonth, e.perDay = min(e.perMonth, mostBudget), min(e.perDay, mostBudget)
	for i := range rules {
		if rules[i].Learns != nil {
			e.learners = append(e.learners, i)
		}
	}
	return e
}

// Counts is how much the engine has read, and how much of that it could not use, by reason.
type Counts struct {
	Observations int            // analysed
	Skipped      map[string]int // whole records not analysed: "out of order", "impossible time"
	Noted        map[string]int // analysed without a part that was bad, or worth knowing: "bad position", "clock set back", ...
}

// Counts returns the counts so far.
func (e *Engine) Counts() Counts {
	c := e.counts
	c.Skipped, c.Noted = maps.Clone(c.Skipped), maps.Clone(c.Noted)
	return c
}

func (e *Engine) skip(reason string) { count(&e.counts.Skipped, reason) }

func (e *Engine) note(reason string) { count(&e.counts.Noted, reason) }

func count(by *map[string]int, reason string) {
	if *by == nil {
		*by = map[string]int{}
	}
	(*by)[reason]++
}

func (e *Engine) site(sensor string) *site {
	if e.last != nil && e.last.Sensor == sensor {
		return e.last
	}
	s := e.byName[sensor]
	if s == nil {
		if len(e.sites) == maxSensors {
			e.dropOldest()
		}
		s = &site{Sensor: sensor, Blind: true}
		s.begin(e)
		e.byName[sensor] = s
		e.sites = append(e.sites, s)
	}
	e.last = s
	return s
}

func (e *Engine) dropOldest() {
	at := 0
	for i, s := range e.sites {
		if s.Now < e.sites[at].Now {
			at = i
		}
	}
	s := e.sites[at]
	s.reset(e)
	delete(e.byName, s.Sensor)
	e.sites = slices.Delete(e.sites, at, at+1)
	e.note("sensor forgotten")
}

// Feed takes the next record. Records of one sensor must be in order of time; those that are not are counted and skipped.
func (e *Engine) Feed(r cell.Record) {
	switch r := r.(type) {
	case *cell.Observation:
		e.observe(r)
	case *cell.Source:
		e.source(r)
	case *cell.Gap:
		s, at := e.site(r.Sensor), r.Time
		if at.UnixMilli() < s.Now && !r.Until.IsZero() {
			at = r.Until // unsolicited lines came during the gap; its time is when it began
		}
		if s.advance(e, at) {
			s.interrupt()
		}
	case *cell.Clock:
		if s := e.site(r.Sensor); s.Now != 0 {
			s.shift(r.Offset)
		}
	case *cell.Health:
		if r.Reason == cell.Unwatched {
			e.abandon(r)
		}
	}
}

func (e *Engine) source(r *cell.Source) {
	s := e.site(r.Sensor)
	s.Mode, s.Skew, s.Survey, s.Assume, s.Kit = r.Mode, r.Skew, r.Survey, r.Assumed, r.Kit
	s.Report, s.HasReport = r.Reports.Get()
	s.fed = nil
}

func (e *Engine) observe(o *cell.Observation) {
	s := e.site(o.Sensor)
	if !s.advance(e, o.Time) {
		return
	}
	e.counts.Observations++
	before := s.Seen
	s.observe(e, o)
	v := &e.view
	if v.Survey {
		return
	}
	if before != s.Seen || s.fed == nil {
		s.findFed(e)
	}
	for _, r := range s.fed {
		v.rule = r.index
		if r.observe(v, &e.signal) {
			e.report(s, r.index, &e.signal)
			e.signal = Signal{Suspects: e.signal.Suspects[:0]}
		}
	}
	s.learn(v)
	for _, x := range s.learners {
		x.Learn(v, &e.lesson)
	}
	s.verify(v)
	if len(s.Candidates) > 0 {
		e.expire(s, v.On())
	}
}

// reports is what this source declares that it reports, and what it has reported so far.
func (s *site) reports() cell.Fields {
	if s.HasReport {
		return s.Seen | s.Report
	}
	return s.Seen
}

// fedRule is a rule that a source can feed.
type fedRule struct {
	index   int
	observe func(*View, *Signal) bool
}

// findFed finds the rules that this source can feed, by what it declares that it reports and what it has reported so far.
func (s *site) findFed(e *Engine) {
	has := s.reports()
	s.fed = make([]fedRule, 0, len(e.rules))
	for i := range e.rules {
		if has.Has(e.rules[i].Needs) {
			s.fed = append(s.fed, fedRule{i, e.rules[i].Observe})
		}
	}
}

func (s *site) habit(e *Engine, rule int) *habit {
	if len(s.Habits) == len(e.rules) {
		return &s.Habits[rule]
	}
	old := s.Habits
	s.Habits = make([]habit, len(e.rules))
	for i := range e.rules {
		s.Habits[i].Rule = e.rules[i].ID
		for _, h := range old {
			if h.Rule == e.rules[i].ID {
				s.Habits[i] = h
			}
		}
	}
	return &s.Habits[rule]
}

// Finish ends the input. Open events remain open: nothing more is known of them.
func (e *Engine) Finish() {
	for _, s := range e.sites {
		for i := range s.Candidates {
			if s.Candidates[i].State == Open {
				s.Candidates[i].Changed = true
			}
		}
	}
}

// Take returns the events that opened, changed or closed since the last Take, in order of Opened. A changed event is returned
// whole, with the same ID.
func (e *Engine) Take() []Event {
	out := e.out
	e.out = nil
	for _, s := range e.sites {
		for i := range s.Candidates {
			if cand := &s.Candidates[i]; cand.Changed && cand.State == Open {
				out = append(out, e.event(s, cand))
				cand.Changed = false
			}
		}
	}
	SortEvents(out)
	return out
}

// SortEvents sorts events as they are printed: by Opened, then sensor, then ID.
func SortEvents(list []Event) {
	slices.SortStableFunc(list, func(a, b Event) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.ID, b.ID))
	})
}

// Available returns, for every rule, whether a source that reports these fields can feed it.
func Available(rules []Rule, reports cell.Fields) []Availability {
	list := make([]Availability, 0, len(rules))
	for _, r := range rules {
		list = append(list, Availability{Rule: r, Missing: r.Needs &^ reports})
	}
	return list
}
