package main

import (
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
	"vigie/storage"
)

// lastOf takes one of the last records of a sensor: what it saw last, and whether it has been blind since.
func lastOf(s *monitor.SensorStatus, e storage.Entry) {
	switch r := e.Record.(type) {
	case *cell.Observation:
		s.Last = monitor.TimeOrNil(r.Time)
	case *cell.Gap:
		s.Since, s.Reason, s.State = nil, "", ""
		if r.Until.IsZero() {
			s.Since, s.Reason, s.State = monitor.TimeOrNil(r.Time), r.Reason, monitor.SensorBlind
		}
	}
}

// printStatus prints how a watch is.
func printStatus(t *console.Terminal, st *monitor.Status, now time.Time) {
	row := func(s console.Style, what, format string, args ...any) {
		const indent = "            "
		t.Printf("%s  %s\n", t.Paint(s, fmt.Sprintf("%-10s", console.OneLine(what))), console.Wrap(console.OneLine(fmt.Sprintf(format, args...)), t.Width()-len(indent), indent))
	}
	switch {
	case !st.Watching:
		row(console.Yellow, "watch", "nobody watches into this store now; the store says:")
	case st.Began == nil:
		row(plainStyle, "watch", "one runs, and is not the service; the store says:")
	case st.Waiting != "":
		row(console.Yellow, "watch", "since %s, waiting: %s", since(*st.Began, now), st.Waiting)
	default:
		row(plainStyle, "watch", "since %s", since(*st.Began, now))
	}
	if st.Problem != "" {
		row(console.Red, "PROBLEM", "%s", st.Problem)
	}
	for _, s := range st.Sensors {
		style, text := sensorWords(&s, now, st.Began != nil)
		row(style, s.Name, "%s", text)
	}
	var open []string
	total := 0
	for _, severity := range []analyzer.Severity{analyzer.High, analyzer.Medium, analyzer.Low, analyzer.Info} {
		name := severity.String()
		if n := st.Open[name]; n > 0 {
			open = append(open, fmt.Sprintf("%s %s", console.Thousands(n), name))
			total += n
		}
	}
	if total == 0 {
		row(plainStyle, "events", "none open, %s stored", console.Thousands(int(st.Store.Events)))
	} else {
		row(console.Yellow, "events", "%s open: %s; vigie events lists them", console.Thousands(total), strings.Join(open, ", "))
	}
	store := fmt.Sprintf("%s: %s, %s", st.Store.Path, console.Plural(int(st.Store.Records), "record"), console.Size(st.Store.Bytes))
	if st.Store.Disk > 0 {
		store += fmt.Sprintf("; %s of the disk free (%d %%)", console.Size(st.Store.Free), 100*st.Store.Free/st.Store.Disk)
	}
	if st.Store.Problem != "" {
		store = st.Store.Problem
	}
	row(plainStyle, "store", "%s", store)
	for _, k := range st.Sinks {
		style, text := sinkWords(&k, now)
		row(style, k.Name, "%s", text)
	}
	if c := st.Computer; c != nil {
		text := console.Size(c.Resident) + " of memory"
		for _, z := range c.Zones {
			text += fmt.Sprintf(", %s %.0f °C", z.Name, z.Celsius)
		}
		row(plainStyle, "computer", "%s", text)
	}
}

func sensorWords(s *monitor.SensorStatus, now time.Time, live bool) (console.Style, string) {
	var all []string
	look := plainStyle
	switch s.State {
	case monitor.SensorWatching:
		look = console.Green
		all = append(all, "watching")
	case monitor.SensorBlind:
		look = console.Yellow
		all = append(all, fmt.Sprintf("blind since %s: %s", since(*s.Since, now), s.Reason))
	case monitor.SensorStuck:
		look = console.Red
		all = append(all, "no sign of life")
	case "":
	default:
		all = append(all, s.State)
	}
	if s.Last != nil {
		all = append(all, "last observation "+since(*s.Last, now))
	}
	if live {
		all = append(all, console.Plural(s.Observations, "observation"), "blind "+console.Duration(time.Duration(s.Blind*float64(time.Second)))+" in all")
		n := 0
		for _, k := range s.Troubles {
			n += k
		}
		if n > 0 {
			all = append(all, console.Plural(n, "trouble")+" reported")
		}
		if n := s.Troubles[analyzer.Disagree]; n > 0 {
			all = append(all, analyzer.Disagree+" in "+console.Plural(n, "observation")+": if it grows, a driver may be wrong")
		}
	}
	return look, strings.Join(all, "; ")
}

func sinkWords(k *monitor.SinkStatus, now time.Time) (console.Style, string) {
	what := "record"
	if k.Name == "alert" {
		what = "message"
	}
	text := console.Plural(int(k.Behind), what) + " to go"
	if k.Behind == 0 {
		text = "has all"
	}
	if k.State != "" {
		text = k.State + ", " + text
	}
	if k.LastSent != nil {
		text += "; last sent " + since(*k.LastSent, now)
	}
	if k.Problem != "" {
		return console.Yellow, text + "; " + k.Problem
	}
	return plainStyle, text
}

// since is a moment and how long ago it was.
func since(t, now time.Time) string {
	ago := now.Sub(t)
	if ago < 0 {
		return console.Time(t)
	}
	return fmt.Sprintf("%s (%s ago)", console.Time(t), console.Duration(ago))
}
