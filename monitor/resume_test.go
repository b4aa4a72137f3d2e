package monitor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// What is learned again from the store, because the saved state is missing or of other rules, is no news: it is neither shown
// nor counted as having happened since the watch began.
func TestEventsLearnedAgainAreNoNews(t *testing.T) {
	s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	found := pipeline.EventLog{}
	before := pipeline.New(pipeline.Options{NewEngine: newEngine, Store: s, OnEvent: found.Add})
	for i := range 60 {
		require.NoError(t, before.Feed(t.Context(), &cell.Observation{Time: time.Date(2026, 11, 29, 8, 0, i, 0, time.UTC), Sensor: "roof", State: cell.Idle,
			Serving: &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: "01", Area: cell.Some(cell.Area(7)), ID: cell.Some(uint64(2561)), PCI: cell.Some(uint16(1)), ARFCN: cell.Some(uint32(3400)), RSRP: cell.Some(cell.DBm(-45))}}))
	}
	require.NoError(t, before.Close(t.Context()))
	require.NotEmpty(t, found.Sorted(), "a network that belongs to nobody")
	require.NoError(t, s.SaveState(t.Context(), pipeline.StateName, nil, 0))

	w := &running{Options: Options{Store: s, NewEngine: newEngine}, state: NewState(time.Now), own: make(chan cell.Record, 8)}
	w.modems = []*watched{{Config: modem.Config{Sensor: "roof"}}}
	var shown []Update
	w.view = newView(func(u Update) { shown = append(shown, u) })
	w.parts.add("the store", s.Close)
	require.NoError(t, w.startRetention(t.Context()))
	require.NoError(t, w.startPipeline(t.Context()))
	require.NoError(t, w.resume(t.Context()))
	w.view.stop()
	for _, u := range shown {
		require.Nil(t, u.Event)
	}
	require.Equal(t, NewState(time.Now).Snapshot().Reached, w.state.Snapshot().Reached)
	w.view = newView(func(Update) {})
	defer w.view.stop()
	require.NoError(t, w.parts.stop())
}

// What is open of a sensor that nobody watches any more, and what the analyzer no longer knows, ends as the watch begins, with its
// reason, for the store, for the status and for who looks on.
func TestEventsThatNothingWatchesEnd(t *testing.T) {
	s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	at := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	before := pipeline.New(pipeline.Options{NewEngine: newEngine, Store: s})
	for i := range 60 {
		require.NoError(t, before.Feed(t.Context(), &cell.Observation{Time: at.Add(time.Duration(i) * time.Second), Sensor: "old", State: cell.Idle,
			Serving: &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: "01", Area: cell.Some(cell.Area(7)), ID: cell.Some(uint64(2561)), PCI: cell.Some(uint16(1)), ARFCN: cell.Some(uint32(3400)), RSRP: cell.Some(cell.DBm(-45))}}))
	}
	require.NoError(t, before.Close(t.Context()))
	require.NoError(t, s.PutEvents(t.Context(), analyzer.Event{ID: "lost", Sensor: "new", State: analyzer.Open, Severity: analyzer.High, First: at, Opened: at, Last: at, Summary: "an anomaly"}))

	w := newRunning(Options{Store: s, NewEngine: newEngine})
	w.modems = []*watched{{Config: modem.Config{Sensor: "new"}}}
	var shown []Update
	w.view = newView(func(u Update) { shown = append(shown, u) })
	w.parts.add("the store", s.Close)
	require.NoError(t, w.startRetention(t.Context()))
	require.NoError(t, w.startPipeline(t.Context()))
	for e, err := range s.Events(t.Context(), storage.EventQuery{State: analyzer.Open}) {
		require.NoError(t, err)
		w.state.resume(e)
	}
	open := 0
	for _, n := range w.state.Snapshot().Open {
		open += n
	}
	require.GreaterOrEqual(t, open, 2)
	require.NoError(t, w.resume(t.Context()))
	w.view.stop()
	ended := 0
	for _, u := range shown {
		if u.Event != nil {
			require.Equal(t, analyzer.Closed, u.Event.State)
			ended++
		}
	}
	require.Equal(t, open, ended)
	for id, why := range map[string]string{"lost": "an anomaly; nothing could be seen any more: it is not known when it ended", "": "nobody watches with this sensor any more"} {
		for e, err := range s.Events(t.Context(), storage.EventQuery{}) {
			require.NoError(t, err)
			require.Equal(t, analyzer.Closed, e.State)
			if (id == "lost") == (e.ID == "lost") {
				require.Contains(t, e.Summary, why)
			}
		}
	}
	require.Zero(t, w.state.Snapshot().Open["high"]+w.state.Snapshot().Open["medium"])
	w.view = newView(func(Update) {})
	defer w.view.stop()
	require.NoError(t, w.parts.stop())
}

// While a watch runs, an event does not go on for longer without its sensor than it would with it.
func TestEventsEndWhileTheSensorIsBlind(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	v := NewState(func() time.Time { return now })
	v.Watch("roof", time.Second)
	v.Record(&cell.Observation{Time: now, Sensor: "roof"})
	open := analyzer.Event{ID: "e1", Sensor: "roof", State: analyzer.Open, Severity: analyzer.High, Last: now}
	v.Event(open)
	v.resume(analyzer.Event{ID: "e2", Sensor: "old", State: analyzer.Open, Last: now})
	require.Empty(t, v.unwatched())
	now = now.Add(analyzer.HoldFor + time.Second)
	require.Equal(t, map[string]string{"roof": cell.UnwatchedBlind, "old": cell.UnwatchedGone}, v.unwatched())
	v.Record(&cell.Observation{Time: now, Sensor: "roof"})
	require.Equal(t, map[string]string{"old": cell.UnwatchedGone}, v.unwatched())
}
