package alert

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/words"
)

// Kind is what a notice is about.
type Kind string

// The kinds of notices.
const (
	Opened    Kind = "opened"    // an anomaly
	Escalated Kind = "escalated" // it became graver
	Repeated  Kind = "repeat"    // nobody has looked at it yet
	Closed    Kind = "closed"    // it has ended
	Blind     Kind = "blind"     // nothing has been seen for a while
	Seeing    Kind = "seeing"    // it sees again
	Health    Kind = "health"    // something that Vigie stands on
	Clock     Kind = "clock"     // earlier times were wrong
	Test      Kind = "test"      //
	Summary   Kind = "summary"   // of several notices; only a Message has it
)

// Trouble is the reason of what is told where there is no better word for it.
const Trouble = "trouble"

// Notice is one thing to be told. It holds what the words are made of, not the words: those are chosen when it goes.
type Notice struct {
	ID       string            `json:"id"`  // the same however often it is sent
	Key      string            `json:"key"` // of the story that it belongs to
	Kind     Kind              `json:"kind"`
	Sensor   string            `json:"sensor"`
	Severity analyzer.Severity `json:"severity"`
	Time     time.Time         `json:"time"`            // when it began
	Until    time.Time         `json:"until,omitzero"`  // when it ended; zero: it goes on
	Event    string            `json:"event,omitempty"` // ID of the event
	Rules    []string          `json:"rules,omitempty"` // what was seen, the gravest first
	Reason   string            `json:"reason,omitempty"`
	Detail   string            `json:"detail,omitempty"` // in the analyzer's words; only where cells were asked for
	Cells    []string          `json:"cells,omitempty"`  // the same
	Position string            `json:"position,omitempty"`
}

// state is what was decided and what still has to go out. It is kept in the store, as of the entry with number Seq.
type state struct {
	Seq     int64             `json:"seq"`
	Stories map[string]*story `json:"stories"`
	Gaps    map[string]*gap   `json:"gaps"`   // by sensor, while it sees nothing
	Places  map[string]string `json:"places"` // by sensor: where it was last; only where positions were asked for
	Health  map[string]int64  `json:"health"` // by sensor and reason: when it was last told, Unix time
	Boxes   map[string]*box   `json:"boxes"`  // by destination
}

// story is an event that was told.
type story struct {
	Notice           // as last told
	Ended  bool      `json:"ended"`
	Times  int       `json:"times"`         // repeated
	Next   time.Time `json:"next,omitzero"` // when it is to be repeated; zero: not
	Last   time.Time `json:"last,omitzero"` // of its evidence
}

type gap struct {
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
	Told   bool      `json:"told"`
}

const (
	history     = 72 * time.Hour // an event that ended longer ago is history when it is first read, and no news
	mostStories = 200
	healthEvery = 6 * time.Hour // one complaint is told so often
	clockMinor  = time.Minute   // a clock that was wrong by less is not worth a word
)

func newState() *state {
	return &state{Stories: map[string]*story{}, Gaps: map[string]*gap{}, Places: map[string]string{}, Health: map[string]int64{}, Boxes: map[string]*box{}}
}

// take decides what an entry of the store means for people. changed tells whether there is anything to remember.
func (s *state) take(e storage.Entry, w *wishes, now time.Time) (notices []Notice, changed bool) {
	switch r := e.Record.(type) {
	case *cell.Gap:
		return s.gap(r, w, now), true
	case *cell.Observation:
		if g := s.Gaps[r.Sensor]; g != nil && r.Time.After(g.Since) { // its end was never told
			return s.gap(&cell.Gap{Time: g.Since, Until: r.Time, Sensor: r.Sensor, Reason: g.Reason}, w, now), true
		}
		if p := r.Position; p != nil && w.Positions {
			s.Places[r.Sensor] = fmt.Sprintf("%.5f, %.5f", p.Lat, p.Lon)
		}
	case *cell.Health:
		return s.health(r, w, now), true
	case *cell.Clock:
		if r.Offset.Abs() >= clockMinor && w.tells(TellHealth) {
			return []Notice{{ID: fmt.Sprintf("clock %s %d", r.Sensor, r.Time.UnixMilli()), Key: "clock " + r.Sensor, Kind: Clock, Sensor: r.Sensor,
				Severity: analyzer.Low, Time: r.Time, Reason: r.Offset.Abs().Round(time.Second).String()}}, true
		}
	}
	if e.Event != nil {
		n := s.event(e.Event, w, now)
		return n, n != nil
	}
	return nil, false
}

func (s *state) event(e *analyzer.Event, w *wishes, now time.Time) []Notice {
	if e.Severity < w.severity || e.State == analyzer.Pending {
		return nil
	}
	st, ended := s.Stories[e.ID], e.State == analyzer.Closed
	kind := Opened
	switch {
	case st == nil && now.Sub(e.Last) > history:
		return nil
	case st == nil:
		st = &story{}
		s.Stories[e.ID] = st
	case e.Severity > st.Severity:
		kind = Escalated
	case ended && !st.Ended:
		kind = Closed
	default:
		st.Last = e.Last // it goes on, and is no news
		return nil
	}
	n := Notice{ID: fmt.Sprintf("%s %s %s", e.ID, kind, e.Severity), Key: e.ID, Kind: kind, Sensor: e.Sensor, Severity: e.Severity, Time: e.First, Event: e.ID}
	found := slices.Clone(e.Findings)
	slices.SortStableFunc(found, func(a, b analyzer.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, f := range found {
		if !slices.Contains(n.Rules, f.Rule) && len(n.Rules) < 40 {
			n.Rules = append(n.Rules, f.Rule)
		}
	}
	if ended {
		n.Until = e.Last
	}
	if w.Cells {
		n.Detail = clean(w.summary(e))
		for i := range e.Cells[:min(3, len(e.Cells))] {
			n.Cells = append(n.Cells, clean(cell.Describe(&e.Cells[i])))
		}
	}
	if w.Positions {
		n.Position = s.Places[e.Sensor]
	}
	if e.Severity == analyzer.High && w.Repeat > 0 && kind != Closed {
		st.Next, st.Times = now.Add(w.Repeat), 0
	}
	st.Notice, st.Ended, st.Last = n, ended, e.Last
	s.forget(now)
	if !w.tells(TellEvents) && kind != Closed {
		return nil
	}
	return []Notice{n}
}

// forget drops stories that are history, and of too many the oldest: those that ended before those that go on. One whose end
// never came, since its event was deleted or told anew under another name, does not go on for ever.
func (s *state) forget(now time.Time) {
	for id, st := range s.Stories {
		if now.Sub(st.Last) > history {
			delete(s.Stories, id)
		}
	}
	for len(s.Stories) > mostStories {
		var oldest string
		for id, st := range s.Stories {
			o := s.Stories[oldest]
			if o == nil || st.Ended && !o.Ended || st.Ended == o.Ended && st.Time.Before(o.Time) {
				oldest = id
			}
		}
		delete(s.Stories, oldest)
	}
}

func (s *state) gap(r *cell.Gap, w *wishes, now time.Time) []Notice {
	if r.Until.IsZero() {
		if s.Gaps[r.Sensor] == nil {
			s.Gaps[r.Sensor] = &gap{Since: r.Time, Reason: r.Reason}
		}
		return nil
	}
	g := s.Gaps[r.Sensor]
	delete(s.Gaps, r.Sensor)
	since := r.Time
	told := g != nil && g.Told
	if told {
		since = g.Since
	}
	if !told && r.Until.Sub(since) < w.BlindAfter || now.Sub(r.Until) > history || !w.tells(TellBlind) {
		return nil
	}
	return []Notice{{ID: fmt.Sprintf("seeing %s %d", r.Sensor, since.UnixMilli()), Key: "blind " + r.Sensor, Kind: Seeing, Sensor: r.Sensor,
		Severity: analyzer.Medium, Time: since, Until: r.Until, Reason: r.Reason}}
}

// health is told where there are words for its reason: a modem's daily complaints are not for people in the street.
func (s *state) health(r *cell.Health, w *wishes, now time.Time) []Notice {
	if !words.Has(catalogue+"health."+r.Reason) || !w.tells(TellHealth) {
		return nil
	}
	key := "health " + r.Sensor + " " + r.Reason
	if r.Reason == Trouble { // of which there are several
		what, _, _ := strings.Cut(r.Detail, ":")
		key += " " + clean(what)
	}
	maps.DeleteFunc(s.Health, func(_ string, told int64) bool { return now.Sub(time.Unix(told, 0)).Abs() >= healthEvery })
	if _, told := s.Health[key]; told {
		return nil
	}
	s.Health[key] = now.Unix()
	return []Notice{{ID: fmt.Sprintf("%s %d", key, r.Time.UnixMilli()), Key: key, Kind: Health, Sensor: r.Sensor, Severity: analyzer.Medium, Time: r.Time,
		Reason: r.Reason, Detail: clean(r.Detail)}}
}

// tick decides what the passing of time means: a gap that lasts, an anomaly that nobody has looked at. seen tells whether
// somebody has. next is when to ask again; zero: nothing is awaited.
func (s *state) tick(w *wishes, now time.Time, seen func(event string) bool) (notices []Notice, next time.Time) {
	s.forget(now)
	for sensor, g := range s.Gaps {
		due := g.Since.Add(w.BlindAfter)
		switch {
		case g.Told || !w.tells(TellBlind):
		case now.Before(due):
			next = sooner(next, due)
		default:
			g.Told = true
			notices = append(notices, Notice{ID: fmt.Sprintf("blind %s %d", sensor, g.Since.UnixMilli()), Key: "blind " + sensor, Kind: Blind, Sensor: sensor,
				Severity: analyzer.Medium, Time: g.Since, Reason: g.Reason})
		}
	}
	for id, st := range s.Stories {
		switch {
		case st.Next.IsZero():
			continue
		case now.Before(st.Next):
			next = sooner(next, st.Next)
			continue
		case seen(id) || st.Times >= w.RepeatTimes || w.Repeat == 0:
			st.Next = time.Time{}
			continue
		}
		st.Times++
		n := st.Notice
		n.Kind, n.ID = Repeated, fmt.Sprintf("%s repeat %d", id, st.Times)
		notices = append(notices, n)
		st.Next = now.Add(w.Repeat)
		next = sooner(next, st.Next)
	}
	slices.SortFunc(notices, func(a, b Notice) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return notices, next
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Standing is how things stand with one sensor: what an LED or a panel shows.
type Standing struct {
	Sensor  string
	Anomaly bool
	Grave   analyzer.Severity // of the gravest anomaly that goes on; where Anomaly is set
	Since   time.Time         // of the oldest of them
	Blind   bool              // nothing is seen
}

// standing is how things stand, in order of sensor.
func (s *state) standing() (all []Standing) {
	at := map[string]*Standing{}
	of := func(sensor string) *Standing {
		if at[sensor] == nil {
			at[sensor] = &Standing{Sensor: sensor}
		}
		return at[sensor]
	}
	for _, st := range s.Stories {
		v := of(st.Sensor)
		if st.Ended {
			continue
		}
		v.Anomaly, v.Grave, v.Since = true, max(v.Grave, st.Severity), sooner(v.Since, st.Time)
	}
	for sensor, g := range s.Gaps {
		of(sensor).Blind = g.Told
	}
	for _, v := range at {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b Standing) int { return cmp.Compare(a.Sensor, b.Sensor) })
	return all
}
