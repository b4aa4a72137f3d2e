package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
)

// A day of a restless night: a modem between two cells and two RATs that also prints garbage, unplugged once. The journal has a
// line for what is new, a line an hour, and no cell.
func TestJournalLog(t *testing.T) {
	var out bytes.Buffer
	l := newJournalLog(console.New(&out, "never"))
	l.rank = true
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	state := monitor.NewState(time.Now)
	state.Watch("roof", time.Second)
	record := func(r cell.Record) { l.show(state.Record(r)) }
	event := func(e analyzer.Event) { l.show(state.Event(e)) }
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	record(&cell.Source{Sensor: "roof", Model: "EC25", Firmware: "F1"})
	record(&cell.Source{Sensor: "roof", Model: "EC25", Firmware: "F1"})
	const day = 24 * 3600
	for s := range day {
		if s >= 3000 && s < 3600 { // unplugged
			switch s {
			case 3000:
				record(&cell.Gap{Time: at(s), Sensor: "roof", Reason: "unplugged"})
			case 3599:
				record(&cell.Gap{Time: at(3000), Until: at(s), Sensor: "roof", Reason: "unplugged"})
			}
			continue
		}
		c := cell.Cell{RAT: []cell.RAT{cell.LTE, cell.GSM}[s/60%2], ID: cell.Some(uint64(4242 + s/60%2))}
		record(&cell.Observation{Time: at(s), Sensor: "roof", Serving: &c})
		if s%10 == 0 {
			record(&cell.Health{Time: at(s), Sensor: "roof", Reason: "bad_value", Detail: "a column is no number", Count: 1})
		}
	}
	e := analyzer.Event{ID: "e1", Sensor: "roof", Severity: analyzer.Low, State: analyzer.Open, Summary: "cell 4242 fell", Findings: []analyzer.Finding{{Rule: "new-cell"}, {Rule: "new-cell"}}}
	event(e)
	event(e)
	e.Severity = analyzer.High
	event(e)
	e.State = analyzer.Closed
	event(e)
	text := out.String()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Less(t, len(lines), 24*3+12, "a day of this is %d lines", len(lines))
	require.NotContains(t, text, "4242")
	require.Equal(t, 1, strings.Count(text, "<6>roof: modem EC25, firmware F1\n"))
	require.Equal(t, 1, strings.Count(text, "<4>roof: blind: unplugged\n"))
	require.Equal(t, 1, strings.Count(text, "<5>roof: seeing again after 9m59s blind: unplugged\n"))
	require.Equal(t, 23, strings.Count(text, "roof: in 60 min "), text)
	require.Contains(t, text, "<6>roof: in 60 min 3,000 observations, 49 changes of cell, blind for 9 min")
	require.Equal(t, 24, strings.Count(text, "<4>roof: bad_value: a column is no number"), "once an hour, with its number")
	require.Contains(t, text, "bad_value: a column is no number (and 359 times in the hour before)")
	require.Equal(t, []string{
		"<5>roof: event low: new-cell; vigie events show e1",
		"<4>roof: event is now high: new-cell; vigie events show e1",
		"<4>roof: event closed high: new-cell; vigie events show e1",
	}, lines[len(lines)-3:])
}
