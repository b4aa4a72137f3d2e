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
	Escalated Kind = "escalated" // it became more severe
	Repeated  Kind = "repeat"    // nobody has given a verdict yet
	Closed    Kind = "closed"    // it ended
	Blind     Kind = "blind"     // nothing was received for BlindAfter
	Seeing    Kind = "seeing"    // the end of that
	Health    Kind = "health"    // a failure of the disk, the battery, the store ...
	Clock     Kind = "clock"     // earlier times were corrected
	Test      Kind = "test"      //
	Summary   Kind = "summary"   // several notices; only a Message has it
)

// Trouble is the reason of a failure that has no reason of its own.
const Trouble = "trouble"

// Notice is one thing to report. It holds the facts; the text is composed when it is sent.
type Notice struct {
	ID       string            `json:"id"`  // the same each time it is sent
	Key      string            `json:"key"` // of the anomaly or condition that it is about
	Kind     Kind              `json:"kind"`
	Sensor   string            `json:"sensor"`
	Severity analyzer.Severity `json:"severity"`
	Time     time.Time         `json:"time"`            // when it began
	Until    time.Time         `json:"until,omitzero"`  // when it ended; zero: it continues
	Event    string            `json:"event,omitempty"` // ID of the event
	Rules    []string          `json:"rules,omitempty"` // ids of the rules, most severe first
	Reason   string            `json:"reason,omitempty"`
	Detail   string            `json:"detail,omitempty"` // summary of the event, only if Options.Cells
	Cells    []string          `json:"cells,omitempty"`  // only if Options.Cells
	Position string            `json:"position,omitempty"`
}

// state is what was decided and what still has to be sent. The store keeps it, as of the entry with sequence number Seq. Its JSON is
// that of the first version: "stories" are notifications, "told" is reported.
type state struct {
	Seq           int64                    `json:"seq"`
	Notifications map[string]*notification `json:"stories"`
	Gaps          map[string]*gap          `json:"gaps"`            // by sensor, while one lasts
	Places        map[string]string        `json:"places"`          // by sensor: its last position, only if Options.Positions
	Health        map[string]int64         `json:"health"`          // by sensor and reason: when it was last reported, Unix time
	Boxes         map[string]*outbox       `json:"boxes"`           // by destination
	Shown         []string                 `json:"shown,omitempty"` // sensors that panels may still show
}

// notification is an event that was reported.
type notification struct {
	Notice           // as last reported
	Ended  bool      `json:"ended"`
	Times  int       `json:"times"`         // how often it was repeated
	Next   time.Time `json:"next,omitzero"` // when to repeat it; zero: never
	Last   time.Time `json:"last,omitzero"` // of its evidence
}

type gap struct {
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason"`
	Reported bool      `json:"told"`
}

const (
	newsAge          = 72 * time.Hour // an event that ended longer ago is not reported
	maxNotifications = 200
	healthEvery      = 6 * time.Hour // a failure is reported once in this time
	clockMinor       = time.Minute   // a smaller correction is not reported
)

func newState() *state {
	return &state{Notifications: map[string]*notification{}, Gaps: map[string]*gap{}, Places: map[string]string{}, Health: map[string]int64{}, Boxes: map[string]*outbox{}}
}

// take decides what to report of an entry of the store. changed says whether the state has changed.
func (s *state) take(e storage.Entry, w *policy, now time.Time) (notices []Notice, changed bool) {
	switch r := e.Record.(type) {
	case *cell.Gap:
		return s.gap(r, w, now), true
	case *cell.Observation:
		if g := s.Gaps[r.Sensor]; g != nil && r.Time.After(g.Since) { // the end of the gap was not recorded
			return s.gap(&cell.Gap{Time: g.Since, Until: r.Time, Sensor: r.Sensor, Reason: g.Reason}, w, now), true
		}
		if p := r.Position; p != nil && w.Positions {
			s.Places[r.Sensor] = fmt.Sprintf("%.5f, %.5f", p.Lat, p.Lon)
		}
	case *cell.Health:
		return s.health(r, w, now), true
	case *cell.Clock:
		if r.Offset.Abs() >= clockMinor && w.wants(TellHealth) {
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

func (s *state) event(e *analyzer.Event, w *policy, now time.Time) []Notice {
	if e.Severity < w.severity || e.State == analyzer.Pending {
		return nil
	}
	st, ended := s.Notifications[e.ID], e.State == analyzer.Closed
	kind := Opened
	switch {
	case st == nil && now.Sub(e.Last) > newsAge:
		return nil
	case st == nil:
		st = &notification{}
		s.Notifications[e.ID] = st
	case e.Severity > st.Severity:
		kind = Escalated
	case ended && !st.Ended:
		kind = Closed
	default:
		st.Last = e.Last // it continues: nothing new
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
	if !w.wants(TellEvents) && kind != Closed {
		return nil
	}
	return []Notice{n}
}

// forget drops notifications that are older than newsAge, and beyond maxNotifications the oldest: those that ended before those that
// continue. One whose event was deleted, so that its end is never recorded, is dropped by its age.
func (s *state) forget(now time.Time) {
	for id, st := range s.Notifications {
		if now.Sub(st.Last) > newsAge {
			delete(s.Notifications, id)
		}
	}
	for len(s.Notifications) > maxNotifications {
		var oldest string
		for id, st := range s.Notifications {
			o := s.Notifications[oldest]
			if o == nil || st.Ended && !o.Ended || st.Ended == o.Ended && st.Time.Before(o.Time) {
				oldest = id
			}
		}
		delete(s.Notifications, oldest)
	}
}

func (s *state) gap(r *cell.Gap, w *policy, now time.Time) []Notice {
	if r.Until.IsZero() {
		if s.Gaps[r.Sensor] == nil {
			s.Gaps[r.Sensor] = &gap{Since: r.Time, Reason: r.Reason}
		}
		return nil
	}
	g := s.Gaps[r.Sensor]
	delete(s.Gaps, r.Sensor)
	since := r.Time
	reported := g != nil && g.Reported
	if reported {
		since = g.Since
	}
	if !reported && r.Until.Sub(since) < w.BlindAfter || now.Sub(r.Until) > newsAge || !w.wants(TellBlind) {
		return nil
	}
	return []Notice{{ID: fmt.Sprintf("seeing %s %d", r.Sensor, since.UnixMilli()), Key: "blind " + r.Sensor, Kind: Seeing, Sensor: r.Sensor,
		Severity: analyzer.Medium, Time: since, Until: r.Until, Reason: r.Reason}}
}

// health reports a reason that has a text in the catalogue. The everyday messages of a modem have none.
func (s *state) health(r *cell.Health, w *policy, now time.Time) []Notice {
	if !words.Has(catalogue+"health."+r.Reason) || !w.wants(TellHealth) {
		return nil
	}
	key := "health " + r.Sensor + " " + r.Reason
	if r.Reason == Trouble { // several failures share it
		what, _, _ := strings.Cut(r.Detail, ":")
		key += " " + clean(what)
	}
	maps.DeleteFunc(s.Health, func(_ string, reported int64) bool { return now.Sub(time.Unix(reported, 0)).Abs() >= healthEvery })
	if _, reported := s.Health[key]; reported {
		return nil
	}
	s.Health[key] = now.Unix()
	return []Notice{{ID: fmt.Sprintf("%s %d", key, r.Time.UnixMilli()), Key: key, Kind: Health, Sensor: r.Sensor, Severity: analyzer.Medium, Time: r.Time,
		Reason: r.Reason, Detail: clean(r.Detail)}}
}

// tick reports what is due at a time: a gap that lasts, an anomaly that nobody has judged. judged reports whether somebody gave a
// verdict on an event. next is when to call it again; zero: with the next entry.
func (s *state) tick(w *policy, now time.Time, judged func(event string) bool) (notices []Notice, next time.Time) {
	s.forget(now)
	for sensor, g := range s.Gaps {
		due := g.Since.Add(w.BlindAfter)
		switch {
		case g.Reported || !w.wants(TellBlind):
		case now.Before(due):
			next = earliest(next, due)
		default:
			g.Reported = true
			notices = append(notices, Notice{ID: fmt.Sprintf("blind %s %d", sensor, g.Since.UnixMilli()), Key: "blind " + sensor, Kind: Blind, Sensor: sensor,
				Severity: analyzer.Medium, Time: g.Since, Reason: g.Reason})
		}
	}
	for id, st := range s.Notifications {
		switch {
		case st.Next.IsZero():
			continue
		case now.Before(st.Next):
			next = earliest(next, st.Next)
			continue
		case judged(id) || st.Times >= w.RepeatTimes || w.Repeat == 0:
			st.Next = time.Time{}
			continue
		}
		st.Times++
		n := st.Notice
		n.Kind, n.ID = Repeated, fmt.Sprintf("%s repeat %d", id, st.Times)
		notices = append(notices, n)
		st.Next = now.Add(w.Repeat)
		next = earliest(next, st.Next)
	}
	slices.SortFunc(notices, func(a, b Notice) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return notices, next
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// SensorState is the state of one sensor, for an LED or a panel.
type SensorState struct {
	Sensor   string
	Anomaly  bool
	Severity analyzer.Severity // of the most severe current anomaly; valid if Anomaly
	Since    time.Time         // of the oldest current anomaly
	Blind    bool              // nothing is received
}

// sensorStates lists the state of each sensor that has notifications or a gap, in the order of their names.
func (s *state) sensorStates() (all []SensorState) {
	at := map[string]*SensorState{}
	of := func(sensor string) *SensorState {
		if at[sensor] == nil {
			at[sensor] = &SensorState{Sensor: sensor}
		}
		return at[sensor]
	}
	for _, st := range s.Notifications {
		v := of(st.Sensor)
		if st.Ended {
			continue
		}
		v.Anomaly, v.Severity, v.Since = true, max(v.Severity, st.Severity), earliest(v.Since, st.Time)
	}
	for sensor, g := range s.Gaps {
		of(sensor).Blind = g.Reported
	}
	for _, v := range at {
		all = append(all, *v)
	}
	slices.SortFunc(all, func(a, b SensorState) int { return cmp.Compare(a.Sensor, b.Sensor) })
	return all
}
