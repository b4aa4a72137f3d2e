package monitor

import (
	"path/filepath"
	"testing"
	"time"
	"vigie/analyzer"
	"vigie/cell"
	"vigie/review"

	"github.com/stretchr/testify/require"
)

// The overview rests on what was observed, and goes out of date.
func TestOverview(t *testing.T) {
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	v := NewState(func() time.Time { return now })
	v.Watch("bag", time.Second)
	places, err := NewPlaces(PositionOptions{})
	require.NoError(t, err)
	l := NewOverview(v, true, places, filepath.Join(t.TempDir(), "s.db"))
	l.sys = t.TempDir()
	hear := func(r cell.Record) { v.Record(r) }
	require.True(t, l.Look().Starting)
	registered := []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1))}}
	hear(&cell.Observation{Time: now, Sensor: "bag", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(7)), RSRP: cell.Some(cell.DBm(-90))}, Registration: registered})
	g := l.Look()
	require.Equal(t, []any{false, "", review.Quiet, true}, []any{g.Starting, g.Blind, g.Level, g.Catchable})
	require.Equal(t, cell.LTE, g.Sensors[0].Serving.RAT)
	now = now.Add(time.Minute)
	require.Nil(t, l.Look().Sensors[0].Serving, "a cell that is not heard any more")
	hear(&cell.Gap{Time: now, Sensor: "bag", Reason: "unplugged"})
	blind := now
	now = now.Add(time.Minute)
	g = l.Look()
	require.Equal(t, []any{"unplugged", blind}, []any{g.Blind, g.Since})
	hear(&cell.Gap{Time: blind, Until: now, Sensor: "bag", Reason: "unplugged"})
	hear(&cell.Observation{Time: now, Sensor: "bag", State: cell.Searching})
	require.Equal(t, now, l.Look().Since)
	at := now
	v.Event(analyzer.Event{ID: "a", Severity: analyzer.Low, State: analyzer.Open, Last: now})
	require.Equal(t, review.Quiet, l.Look().Level)
	v.Event(analyzer.Event{ID: "b", Severity: analyzer.Medium, State: analyzer.Open, Last: now})
	require.Equal(t, review.Odd, l.Look().Level)
	v.Event(analyzer.Event{ID: "b", Severity: analyzer.High, State: analyzer.Closed, Last: now})
	now = now.Add(oddHold)
	require.Equal(t, []any{review.Alarm, at}, []any{l.Look().Level, l.Look().Changed})
	now = now.Add(time.Second)
	require.Equal(t, review.Quiet, l.Look().Level)
	for i := range 100 {
		v.Event(analyzer.Event{ID: string(rune('A' + i)), Severity: analyzer.Low, State: analyzer.Closed, Last: now.Add(time.Duration(i) * time.Second)})
	}
	g = l.Look()
	require.Len(t, g.Events, recentShown)
	require.Equal(t, now.Add(99*time.Second), g.Events[0].Last)
	require.LessOrEqual(t, len(v.recent), recentMost)
}
