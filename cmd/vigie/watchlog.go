package main

import (
	"fmt"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
)

// watchLog tells a person what changes while a modem is watched: a line a change, and on a terminal a status line that
// says that it is alive. What stays the same is not said again.
type watchLog struct {
	out       *console.Terminal
	prefix    string // the sensor, where there are several
	camp      cell.Camp
	state     cell.State
	regs      map[cell.Domain]cell.Registration
	events    toldEvents
	blind     bool
	seen      int
	last      *cell.Cell
	neighbour int
}

// toldEvents are the open events that were told of, and the severity that they had then.
type toldEvents map[string]analyzer.Severity

// news is how to call what is new of an event; "" when all of it was told.
func (t *toldEvents) news(e analyzer.Event) string {
	was, told := (*t)[e.ID]
	if e.State == analyzer.Closed {
		delete(*t, e.ID)
		return "event closed"
	}
	if told && was == e.Severity {
		return ""
	}
	if *t == nil {
		*t = toldEvents{}
	}
	(*t)[e.ID] = e.Severity
	if told {
		return "event is now"
	}
	return "event"
}

// watchLogs keeps the modems apart.
type watchLogs struct {
	out     *console.Terminal
	several bool
	silent  bool // says when it is blind, and nothing of cells and events: the log outlives what is protected
	sensors map[string]*watchLog
}

func (l *watchLogs) of(sensor string) *watchLog {
	log := l.sensors[sensor]
	if log == nil {
		log = &watchLog{out: l.out}
		if l.several {
			log.prefix = sensor + ": "
		}
		if l.sensors == nil {
			l.sensors = map[string]*watchLog{}
		}
		l.sensors[sensor] = log
	}
	return log
}

func (l *watchLogs) record(r cell.Record) {
	if _, gap := r.(*cell.Gap); gap || !l.silent {
		l.of(r.From()).record(r)
	}
}

func (l *watchLogs) event(e analyzer.Event) {
	if !l.silent {
		l.of(e.Sensor).event(e)
	}
}

func (l *watchLog) say(t time.Time, s console.Style, format string, args ...any) {
	text := console.Wrap(console.OneLine(l.prefix+fmt.Sprintf(format, args...)), console.LineWidth, "              ")
	l.out.Printf("%s  %s\n", t.UTC().Format("15:04:05.000"), l.out.Paint(s, text))
}

func (l *watchLog) record(r cell.Record) {
	switch r := r.(type) {
	case *cell.Source:
		l.out.Printf("%s\n", console.Wrap(console.OneLine(l.prefix+fmt.Sprintf("modem %s, firmware %s, reports: %s", console.OrUnknown(r.Model), console.OrUnknown(r.Firmware), r.Reports.Or(0))), console.LineWidth, "      "))
	case *cell.Gap:
		if r.Until.IsZero() {
			l.blind = true
			l.say(r.Time, console.Yellow, "blind: %s", r.Reason)
		} else {
			l.blind = false
			l.say(r.Until, console.Green, "seeing again after %s blind: %s", r.Until.Sub(r.Time).Round(100*time.Millisecond), r.Reason)
		}
	case *cell.Health:
		l.say(r.Time, console.Yellow, "%s: %s", r.Reason, r.Detail)
	case *cell.Clock:
		l.say(r.Time, console.Yellow, "the clock was wrong by %s until now", r.Offset)
	case *cell.Observation:
		l.observation(r)
	}
}

func (l *watchLog) observation(o *cell.Observation) {
	l.seen++
	if o.State != "" && o.State != l.state {
		if l.state != "" || o.State != cell.Idle && o.State != cell.Connected {
			l.say(o.Time, plainStyle, "state: %s", o.State)
		}
		l.state = o.State
		if o.State == cell.Searching || o.State == cell.NoService {
			l.camp = cell.Camp{}
		}
	}
	if c := o.Serving; c != nil {
		first := l.camp.On == nil
		if l.camp.Next(c) || first {
			l.say(o.Time, console.Bold, "on %s", heard(c))
		}
		l.last = l.camp.On
	}
	if o.Neighbours != nil {
		l.neighbour = len(o.Neighbours)
	}
	for _, r := range o.Registration {
		if l.regs == nil {
			l.regs = map[cell.Domain]cell.Registration{}
		}
		was, told := l.regs[r.Domain]
		if !told || was.Status != r.Status || was.Cause != r.Cause {
			l.regs[r.Domain] = r
			s := plainStyle
			if r.Status.Or(0) == 3 {
				s = console.Yellow
			}
			l.say(o.Time, s, "registration: %s", describeRegistration(r))
		}
	}
	if l.last != nil {
		l.out.Progress("%s  %swatching: %s, %s, %s neighbours", o.Time.UTC().Format("15:04:05"), l.prefix, console.Plural(l.seen, "observation"), heard(l.last), console.Thousands(l.neighbour))
	}
}

const plainStyle console.Style = ""

func (l *watchLog) event(e analyzer.Event) {
	word := l.events.news(e)
	if word == "" {
		return
	}
	l.say(e.Last, severityStyle(e.Severity), "%s %s: %s (%s)", word, e.Severity, e.Summary, e.ID)
}
