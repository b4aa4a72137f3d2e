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
)

// briefLog is what a service says to the journal: what changed, and a line an hour. A journal is kept, copied and sent to
// people who help; so it names no cell, no network and no place, which the store alone holds, encrypted if wished. What goes
// wrong over and over is told once an hour with its number. Time is that of the records.
type briefLog struct {
	out     *console.Terminal
	rank    bool // lines begin with their priority (sd-daemon(3)), for a journal
	sensors map[string]*briefSensor
	events  toldEvents
}

type briefSensor struct {
	model    string
	camp     cell.Camp
	rat      cell.RAT
	hour     time.Time // when the last hourly line was
	seen     int       // observations since
	moves    int       // changes of cell since
	blind    time.Duration
	gap      time.Time // when the gap that is open began
	folded   map[string]*fold
	watching bool
}

// fold is one complaint that may come again and again.
type fold struct {
	told time.Time
	kept int // since then
}

const briefEvery = time.Hour

func newBriefLog(out *console.Terminal) *briefLog {
	return &briefLog{out: out, rank: os.Getenv("JOURNAL_STREAM") != "", sensors: map[string]*briefSensor{}}
}

// Priorities of syslog(3).
const (
	rankWarning = 4
	rankNotice  = 5
	rankInfo    = 6
)

func (l *briefLog) say(rank int, format string, args ...any) {
	text := console.OneLine(fmt.Sprintf(format, args...))
	if l.rank {
		text = fmt.Sprintf("<%d>%s", rank, text)
	}
	l.out.Printf("%s\n", text)
}

func (l *briefLog) record(r cell.Record) {
	s := l.sensors[r.From()]
	if s == nil {
		s = &briefSensor{folded: map[string]*fold{}}
		l.sensors[r.From()] = s
	}
	l.hourly(r.From(), s, r.When())
	switch r := r.(type) {
	case *cell.Source:
		if text := fmt.Sprintf("modem %s, firmware %s", console.OrUnknown(r.Model), console.OrUnknown(r.Firmware)); text != s.model {
			s.model = text
			l.say(rankInfo, "%s: %s", r.Sensor, text)
		}
	case *cell.Gap:
		if r.Until.IsZero() {
			s.gap = r.Time
			l.say(rankWarning, "%s: blind: %s", r.Sensor, r.Reason)
			return
		}
		if s.gap = (time.Time{}); r.Reason != gapNotRunning {
			s.blind += r.Until.Sub(r.Time)
		}
		l.say(rankNotice, "%s: seeing again after %s blind: %s", r.Sensor, r.Until.Sub(r.Time).Round(time.Second), r.Reason)
	case *cell.Health:
		l.complain(r.Sensor, s, r)
	case *cell.Clock:
		l.say(rankNotice, "%s: the clock was set by %s; times before are told as corrected", r.Sensor, r.Offset)
		s.hour = s.hour.Add(r.Offset)
		for _, f := range s.folded {
			f.told = f.told.Add(r.Offset)
		}
	case *cell.Observation:
		s.observation(r, l)
	}
}

func (s *briefSensor) observation(o *cell.Observation, l *briefLog) {
	s.seen++
	if !s.watching {
		s.watching = true
		l.say(rankInfo, "%s: watching", o.Sensor)
	}
	if o.Serving == nil {
		return
	}
	if s.camp.Next(o.Serving) {
		s.moves++
	}
	if rat := o.Serving.RAT; rat != s.rat {
		s.rat = rat
		if n, ok := s.again("rat", o.Time); ok {
			l.say(rankInfo, "%s: now on %s%s", o.Sensor, rat, n)
		}
	}
}

// again tells whether something of this kind may be told now, and how often it was kept back.
func (s *briefSensor) again(kind string, now time.Time) (more string, ok bool) {
	f := s.folded[kind]
	if f == nil {
		f = &fold{}
		s.folded[kind] = f
	}
	if ago := now.Sub(f.told); !f.told.IsZero() && ago >= 0 && ago < briefEvery {
		f.kept++
		return "", false
	}
	if f.kept > 0 {
		more = fmt.Sprintf(" (and %s in the hour before)", console.Plural(f.kept, "time"))
	}
	*f = fold{told: now}
	return more, true
}

func (l *briefLog) complain(sensor string, s *briefSensor, h *cell.Health) {
	if more, ok := s.again("trouble "+h.Reason, h.Time); ok {
		l.say(rankWarning, "%s: %s: %s%s", sensor, h.Reason, h.Detail, more)
	}
}

// hourly says once an hour how it went.
func (l *briefLog) hourly(sensor string, s *briefSensor, now time.Time) {
	if now.IsZero() {
		return
	}
	if s.hour.IsZero() {
		s.hour = now
	}
	if now.Sub(s.hour) < briefEvery {
		return
	}
	text := fmt.Sprintf("%s: in %s %s, %s of cell, blind for %s", sensor, console.Duration(now.Sub(s.hour)), console.Plural(s.seen, "observation"), console.Plural(s.moves, "change"), console.Duration(s.blind))
	if !s.gap.IsZero() {
		text += ", and blind now"
	}
	if n := len(l.events); n > 0 {
		text += ", " + console.Plural(n, "event") + " open"
	}
	l.say(rankInfo, "%s", text)
	s.hour, s.seen, s.moves, s.blind = now, 0, 0, 0
}

func (l *briefLog) event(e analyzer.Event) {
	word := l.events.news(e)
	if word == "" {
		return
	}
	var found []string
	for _, f := range e.Findings {
		if !slices.Contains(found, f.Rule) {
			found = append(found, f.Rule)
		}
	}
	rank := rankNotice
	if e.Severity >= analyzer.Medium {
		rank = rankWarning
	}
	l.say(rank, "%s: %s %s: %s; vigie events show %s", e.Sensor, word, e.Severity, strings.Join(found, ", "), e.ID)
}
