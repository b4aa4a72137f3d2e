package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
)

// journalLog is what a service writes to the journal: what changed, and a line an hour. A journal is kept, copied and sent to
// people who help; so it names no cell, no network and no place, which the store alone holds, encrypted if wished. What goes
// wrong over and over is written once an hour with its count. Time is that of the records.
type journalLog struct {
	out     *console.Terminal
	rank    bool // lines begin with their priority (sd-daemon(3)), for a journal
	sensors map[string]*journalSensor
}

// journalSensor is what was last written of a sensor.
type journalSensor struct {
	model     string
	rat       cell.RAT
	seeing    bool           // that it watches was written
	hour      time.Time      // when the last hourly line was
	then      monitor.Sensor // what it counted then
	before    monitor.Sensor // what it counted before this update
	throttled map[string]*throttle
}

// throttle is one line that may come again and again.
type throttle struct {
	written time.Time
	held    int // since then
}

const journalEvery = time.Hour

func newJournalLog(out *console.Terminal) *journalLog {
	return &journalLog{out: out, rank: os.Getenv("JOURNAL_STREAM") != "", sensors: map[string]*journalSensor{}}
}

// Priorities of syslog(3).
const (
	rankWarning = 4
	rankNotice  = 5
	rankInfo    = 6
)

func (l *journalLog) printf(rank int, format string, args ...any) {
	text := console.OneLine(fmt.Sprintf(format, args...))
	if l.rank {
		text = fmt.Sprintf("<%d>%s", rank, text)
	}
	l.out.Printf("%s\n", text)
}

// show writes what is new in an update.
func (l *journalLog) show(u monitor.Update) {
	if u.Missed > 0 {
		l.printf(rankNotice, "%s", strings.TrimSpace(missed(u.Missed)))
	}
	if u.Event != nil {
		l.event(&u)
		return
	}
	x := &u.Sensor
	s := l.sensors[x.Name]
	if s == nil {
		s = &journalSensor{throttled: map[string]*throttle{}}
		l.sensors[x.Name] = s
	}
	l.hourly(s, &u)
	s.before = *x
	switch r := u.Record.(type) {
	case *cell.Source:
		if text := describeModem(r); text != s.model {
			s.model = text
			l.printf(rankInfo, "%s: %s", r.Sensor, text)
		}
	case *cell.Gap:
		if r.Until.IsZero() {
			l.printf(rankWarning, "%s: blind: %s", r.Sensor, r.Reason)
		} else {
			l.printf(rankNotice, "%s: seeing again after %s blind: %s", r.Sensor, r.Until.Sub(r.Time).Round(time.Second), r.Reason)
		}
	case *cell.Health:
		if more, ok := s.may("trouble "+r.Reason, r.Time); ok {
			l.printf(rankWarning, "%s: %s: %s%s", r.Sensor, r.Reason, r.Detail, more)
		}
	case *cell.Clock:
		l.printf(rankNotice, "%s: the clock was set by %s; times before are corrected where they are shown", r.Sensor, r.Offset)
		s.hour = s.hour.Add(r.Offset)
		for _, t := range s.throttled {
			t.written = t.written.Add(r.Offset)
		}
	case nil:
		l.observation(s, &u)
	}
}

func (l *journalLog) observation(s *journalSensor, u *monitor.Update) {
	if !s.seeing {
		s.seeing = true
		l.printf(rankInfo, "%s: watching", u.Sensor.Name)
	}
	if u.News.Has(monitor.NewsRAT) {
		if more, ok := s.may("rat", u.Time); ok {
			l.printf(rankInfo, "%s: now on %s%s", u.Sensor.Name, u.Sensor.RAT, more)
		}
	}
}

// may reports whether a line of this kind may be written now, and how many were held back.
func (s *journalSensor) may(kind string, now time.Time) (more string, ok bool) {
	t := s.throttled[kind]
	if t == nil {
		t = &throttle{}
		s.throttled[kind] = t
	}
	if ago := now.Sub(t.written); !t.written.IsZero() && ago >= 0 && ago < journalEvery {
		t.held++
		return "", false
	}
	if t.held > 0 {
		more = fmt.Sprintf(" (and %s in the hour before)", console.Plural(t.held, "time"))
	}
	*t = throttle{written: now}
	return more, true
}

// hourly writes once an hour how it went.
func (l *journalLog) hourly(s *journalSensor, u *monitor.Update) {
	if u.Time.IsZero() {
		return
	}
	if s.hour.IsZero() {
		s.hour = u.Time
	}
	if u.Time.Sub(s.hour) < journalEvery {
		return
	}
	x := &s.before
	text := fmt.Sprintf("%s: in %s %s, %s of cell, blind for %s", u.Sensor.Name, console.Duration(u.Time.Sub(s.hour)), console.Plural(x.Observations-s.then.Observations, "observation"),
		console.Plural(x.Moves-s.then.Moves, "change"), console.Duration(x.GapTime-s.then.GapTime))
	if !x.Blind.IsZero() {
		text += ", and blind now"
	}
	if u.Open > 0 {
		text += ", " + console.Plural(u.Open, "event") + " open"
	}
	l.printf(rankInfo, "%s", text)
	s.hour, s.then = u.Time, *x
}

func (l *journalLog) event(u *monitor.Update) {
	what := eventNews(u.News)
	if what == "" {
		return
	}
	var found []string
	for _, f := range u.Event.Findings {
		if !slices.Contains(found, f.Rule) {
			found = append(found, f.Rule)
		}
	}
	rank := rankNotice
	if u.Event.Severity >= analyzer.Medium {
		rank = rankWarning
	}
	l.printf(rank, "%s: %s %s: %s; vigie events show %s", u.Event.Sensor, what, u.Event.Severity, strings.Join(found, ", "), u.Event.ID)
}
