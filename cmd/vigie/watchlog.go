package main

import (
	"fmt"
	"time"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
	"vigie/review/evidence"
)

// watchLog shows a person what changes while a modem is watched: a line a change, and on a terminal a progress line that says
// that it is alive. What stays the same is not repeated.
type watchLog struct {
	out     *console.Terminal
	several bool // sensors: lines begin with their name
	silent  bool // it says when it is blind, and nothing of cells and events: the log outlives what is protected
}

// show prints what is new in an update.
func (l watchLog) show(u monitor.Update) {
	if u.Missed > 0 {
		l.out.Printf("%s\n", l.out.Paint(console.Yellow, missed(u.Missed)))
	}
	switch r := u.Record.(type) {
	case *cell.Gap:
		if r.Until.IsZero() {
			l.print(&u, r.Time, console.Yellow, "blind: %s", r.Reason)
		} else {
			l.print(&u, r.Until, console.Green, "seeing again after %s blind: %s", r.Until.Sub(r.Time).Round(100*time.Millisecond), r.Reason)
		}
		return
	}
	if l.silent {
		return
	}
	switch r := u.Record.(type) {
	case *cell.Source:
		l.out.Printf("%s\n", console.Wrap(console.OneLine(l.prefix(r.Sensor)+fmt.Sprintf("%s, reports: %s", describeModem(r), r.Reports.Or(0))), l.out.Width()-6, "      "))
	case *cell.Health:
		l.print(&u, r.Time, console.Yellow, "%s: %s", r.Reason, r.Detail)
	case *cell.Clock:
		l.print(&u, r.Time, console.Yellow, "the clock was wrong by %s until now", r.Offset)
	case nil:
		if u.Event != nil {
			l.event(&u)
		} else {
			l.observation(&u)
		}
	}
}

// missed is the line that stands for updates that were not shown.
func missed(n int) string {
	return fmt.Sprintf("              (%s not shown: the output was not read; the store has all)", console.Plural(n, "line"))
}

func (l watchLog) prefix(sensor string) string {
	if l.several {
		return sensor + ": "
	}
	return ""
}

func (l watchLog) print(u *monitor.Update, t time.Time, s console.Style, format string, args ...any) {
	sensor := u.Sensor.Name
	if u.Event != nil {
		sensor = u.Event.Sensor
	}
	text := console.Wrap(console.OneLine(l.prefix(sensor)+fmt.Sprintf(format, args...)), l.out.Width()-14, "              ")
	l.out.Printf("%s  %s\n", t.UTC().Format("15:04:05.000"), l.out.Paint(s, text))
}

func (l watchLog) observation(u *monitor.Update) {
	x := &u.Sensor
	if u.News.Has(monitor.NewsState) && (u.Before != "" || x.State != cell.Idle && x.State != cell.Connected) {
		l.print(u, u.Time, plainStyle, "state: %s", x.State)
	}
	if u.News.Has(monitor.NewsCell) {
		l.print(u, u.Time, console.Bold, "on %s", cell.Heard(x.Serving))
	}
	for _, r := range u.Registration {
		s := plainStyle
		if r.Status.Or(0) == 3 {
			s = console.Yellow
		}
		l.print(u, u.Time, s, "registration: %s", evidence.StatusOf(r).In("en"))
	}
	if x.Serving != nil {
		l.out.Progress("%s  %swatching: %s, %s, %s neighbours", u.Time.UTC().Format("15:04:05"), l.prefix(x.Name), console.Plural(x.Observations, "observation"), cell.Heard(x.Serving), console.Thousands(x.Neighbours))
	}
}

const plainStyle console.Style = ""

func (l watchLog) event(u *monitor.Update) {
	if what := eventNews(u.News); what != "" {
		l.print(u, u.Event.Last, severityStyle(u.Event.Severity), "%s %s: %s (%s)", what, u.Event.Severity, u.Event.Summary, u.Event.ID)
	}
}

// eventNews is how to call what is new of an event; empty if all of it was reported.
func eventNews(n monitor.News) string {
	switch {
	case n.Has(monitor.NewsOpened):
		return "event"
	case n.Has(monitor.NewsSeverity):
		return "event is now"
	case n.Has(monitor.NewsClosed):
		return "event closed"
	}
	return ""
}
