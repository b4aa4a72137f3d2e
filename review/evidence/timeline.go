package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/words"
)

// Moment is a step of an event's timeline. Key is that of its sentence in the catalogue of words, Args are the values in it. Args
// and Detail are numbers, durations, texts that are the same in every language, or values of the types below.
type Moment struct {
	Time   time.Time
	Kind   string // "cell", "fall", "state", "registered", "denied", "blind", "finding" or "event"
	Key    string
	Args   []any
	Detail any // nil: none

	Ordinary bool // nothing of it is evidence: a change between cells that the event is not about, a registration that was accepted
}

// Values of a timeline or a comparison that are put into words in the language of the reader.
type (
	RuleID    string
	GapReason string
	Status    cell.Registration // the registration of a domain and why, without anything else
	Cause     cell.Registration // why registration was denied, alone
)

// Sentence is the summary of an event or finding. SummaryIn returns it in a language; without a translation it returns the English
// text and false.
type Sentence interface {
	SummaryIn(lang string) (text string, ok bool)
}

const (
	timelineMargin = 90 * time.Second // before and after an event
	maxMoments     = 80               // ordinary ones
	maxTelling     = 400              // others
)

// Timeline returns what changed in the window from a little before an event to a little after it, in order, and how many moments in
// the middle were left out.
func (w *Window) Timeline(e *analyzer.Event) (list []Moment, left int) {
	from, to := e.First.Add(-timelineMargin), e.Last.Add(timelineMargin)
	add := func(m Moment) {
		if !m.Time.Before(from) && !m.Time.After(to) {
			list = append(list, m)
		}
	}
	c := changes{regs: map[cell.Domain]Status{}, about: suspectsOf(e), add: add}
	for _, r := range w.Records {
		switch r := r.(type) {
		case *cell.Observation:
			if !r.Survey {
				c.observation(r)
			}
		case *cell.Gap:
			if r.Until.IsZero() {
				add(Moment{Time: r.Time, Kind: "blind", Key: "timeline.blind", Args: []any{GapReason(r.Reason)}})
			} else {
				add(Moment{Time: r.Until, Kind: "blind", Key: "timeline.seeing", Args: []any{r.Until.Sub(r.Time), GapReason(r.Reason)}})
			}
		}
	}
	for _, f := range e.Findings {
		add(Moment{Time: f.First, Kind: "finding", Key: "timeline.finding", Args: []any{RuleID(f.Rule)}, Detail: Sentence(f)})
	}
	add(Moment{Time: e.Opened, Kind: "event", Key: "timeline.opened." + e.Severity.String()})
	if e.State == analyzer.Closed {
		add(Moment{Time: e.Last, Kind: "event", Key: "timeline.last"})
	}
	slices.SortStableFunc(list, func(a, b Moment) int { return a.Time.Compare(b.Time) })
	for i := range list {
		m := &list[i]
		during := !m.Time.Before(e.First) && !m.Time.After(e.Last)
		m.Ordinary = m.Ordinary || m.Kind == "registered" || m.Kind == "state" && !during
	}
	return shorten(list)
}

// shorten leaves out moments in the middle if there are too many, the ordinary ones first.
func shorten(list []Moment) (short []Moment, left int) {
	for _, ordinary := range []bool{true, false} {
		most := maxMoments
		if !ordinary {
			most = maxTelling
		}
		n, total := 0, 0
		for _, m := range list {
			if m.Ordinary == ordinary {
				total++
			}
		}
		over := total - most
		list = slices.DeleteFunc(list, func(m Moment) bool {
			if m.Ordinary != ordinary {
				return false
			}
			n++
			drop := over > 0 && n > most/2 && n <= most/2+over
			if drop {
				left++
			}
			return drop
		})
	}
	return list, left
}

// changes finds what changes from one observation to the next.
type changes struct {
	camp  cell.Camp
	state cell.State
	regs  map[cell.Domain]Status
	about suspects
	add   func(Moment)
}

func (t *changes) observation(o *cell.Observation) {
	if o.State != "" && o.State != t.state {
		if t.state != "" && (o.State == cell.NoService || o.State == cell.Searching || o.State == cell.Limited || t.state == cell.Limited) {
			t.add(Moment{Time: o.Time, Kind: "state", Key: "timeline.state." + PlainTo(string(o.State), 20)})
		}
		t.state = o.State
	}
	if c, was := o.Serving, t.camp.On; c != nil && t.camp.Next(c) {
		m := move(o.Time, was, c)
		m.Ordinary = m.Kind == "cell" && t.about.find(was) < 0 && t.about.find(c) < 0
		t.add(m)
	}
	for _, r := range o.Registration {
		t.registration(o.Time, StatusOf(r))
	}
}

// move is the change from one serving cell to the next, or the change of a cell's area.
func move(at time.Time, was, is *cell.Cell) Moment {
	m := Moment{Time: at, Kind: "cell", Key: "timeline.cell", Args: []any{Generation(is.RAT)}, Detail: join(cell.Describe(is), cell.Levels(is))}
	elsewhere := *was
	elsewhere.Area = is.Area
	switch from, to := was.RAT.Generation(), is.RAT.Generation(); {
	case to < from:
		m.Kind, m.Key, m.Args = "fall", "timeline.fall", []any{Generation(was.RAT), Generation(is.RAT)}
	case to > from:
		m.Key, m.Args = "timeline.rise", []any{Generation(was.RAT), Generation(is.RAT)}
	case cell.Same(&elsewhere, is):
		m.Key, m.Args, m.Detail = "timeline.area", []any{is.RAT.AreaName(), was.Area.Or(0), is.Area.Or(0)}, cell.Describe(is)
	}
	return m
}

// Generation is how people call a RAT: 4G.
func Generation(r cell.RAT) string {
	if g := r.Generation(); g > 0 {
		return fmt.Sprintf("%dG", g)
	}
	return "?"
}

func (t *changes) registration(at time.Time, is Status) {
	was, known := t.regs[is.Domain]
	t.regs[is.Domain] = is
	if !known && !is.Denied() || was == is {
		return
	}
	m := Moment{Time: at, Kind: "registered", Key: "timeline.registration", Args: []any{is}}
	if is.Denied() {
		m.Kind, m.Key, m.Args, m.Detail = "denied", "timeline.denied", []any{is.DomainName()}, Cause(is)
	}
	t.add(m)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

const regDenied = 3 // <stat> of TS 27.007 clause 7.2

// StatusOf keeps of a registration what a Status says. A cause of 0 without a denial is none.
func StatusOf(r cell.Registration) Status {
	s := Status{Domain: r.Domain, Status: r.Status, CauseType: r.CauseType, Cause: r.Cause}
	if c, ok := r.Cause.Get(); !ok || c == 0 && !s.Denied() {
		s.CauseType, s.Cause = cell.Opt[uint8]{}, cell.Opt[uint16]{}
	}
	return s
}

// Denied reports whether the network denied registration.
func (s Status) Denied() bool { return s.Status.Or(0) == regDenied }

// DomainName is the domain in capital letters, safe to show.
func (s Status) DomainName() string { return strings.ToUpper(PlainTo(string(s.Domain), 8)) }

// In describes the registration in a language: the domain, <stat> of TS 27.007 clause 7.2, and the cause of a denial.
func (s Status) In(lang string) string {
	text := "?"
	switch stat, known := s.Status.Get(); {
	case known && stat <= 10:
		text = words.Format(lang, "registration."+fmt.Sprint(stat))
	case known:
		text = words.Format(lang, "registration.other", stat)
	}
	if c := s.CauseIn(lang); c != "" {
		text += ", " + c
	}
	return s.DomainName() + " " + text
}

// CauseIn is why registration was denied, as TS 24.008 (10.5.3.6, 10.5.5.14) and TS 24.301 (9.9.3.9) number it; empty if there is no
// cause.
func (s Status) CauseIn(lang string) string {
	c, ok := s.Cause.Get()
	switch key := "cause." + fmt.Sprint(c); {
	case !ok:
		return ""
	case s.CauseType.Or(0) != 0:
		return words.Format(lang, "cause.maker", c)
	case words.Has(key):
		return words.Format(lang, "cause.named", c, words.Format(lang, key))
	}
	return words.Format(lang, "cause", c)
}
