package monitor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
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
