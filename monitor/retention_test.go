package monitor

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/modem"
	"vigie/monitor/pipeline"
	"vigie/storage"
	"vigie/storage/storagetest"
)

func TestRoom(t *testing.T) {
	const disk = 1 << 34
	for _, c := range []struct {
		free float64 // of the disk
		is   Room
		want Room
	}{
		{0.5, RoomOK, RoomOK}, {0.11, RoomOK, RoomOK}, {0.099, RoomOK, RoomLow}, {0.11, RoomLow, RoomLow}, {0.13, RoomLow, RoomOK},
		{0.009, RoomLow, RoomTight}, {0.011, RoomTight, RoomTight}, {0.05, RoomTight, RoomLow}, {0, RoomTight, RoomFull}, {0.005, RoomFull, RoomTight}, {0.05, RoomFull, RoomLow},
	} {
		require.Equal(t, c.want, RoomBy(int64(c.free*disk), disk, c.is), "%v", c)
	}
}

// A clock that stands years ahead, and that nobody vouches for, thins nothing.
func TestKeepDoubtsTheClock(t *testing.T) {
	newest := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	began := newest.AddDate(12, 0, 0)
	k := &retention{newest: newest, began: began, synced: func() bool { return false }}
	require.Equal(t, newest.Add(25*time.Hour), k.believed(began.Add(time.Hour)))
	right := &retention{newest: newest, began: newest.Add(time.Minute), synced: k.synced}
	require.Equal(t, newest.Add(time.Hour), right.believed(newest.Add(time.Hour)), "one that stands right is believed anyway")
	k.synced = func() bool { return true }
	require.Equal(t, began, k.believed(began))
	k = &retention{synced: func() bool { return false }}
	require.Equal(t, began, k.believed(began), "an empty store has nothing to lose")
}

// openAlerts makes what alerts the addresses of a file.
func openAlerts(t *testing.T, s *storage.Store, file string) *alert.Alerts {
	t.Helper()
	to, err := alert.ReadDestinations(file)
	require.NoError(t, err)
	a, err := alert.New(s, alert.Options{To: to})
	require.NoError(t, err)
	return a
}

// alertHook alerts a webhook: to what the line complains of, and, once alerted is called, to the records that it gets. alerted
// returns the reasons of all alerts.
func alertHook(t *testing.T, s *storage.Store, w *running) (alerted func(...cell.Record) []string) {
	t.Helper()
	var mu sync.Mutex
	var reasons []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m alert.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, n := range m.Notices {
			reasons = append(reasons, n.Reason)
		}
	}))
	t.Cleanup(server.Close)
	to := writeFile(t, t.TempDir(), "to", "hook "+server.URL+"\n")
	require.NoError(t, os.Chmod(to, 0o600))
	w.alerts, w.modems = openAlerts(t, s, to), []*watched{{Config: modem.Config{Sensor: "roof"}}}
	a := w.alerts
	return func(recs ...cell.Record) []string {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Follow(ctx) }()
		allTold := func() {
			st, err := s.Stats(ctx)
			require.NoError(t, err)
			require.Eventually(t, func() bool {
				var decided struct {
					Boxes map[string]struct{ Waiting []alert.Notice }
				}
				text, at, err := s.LoadState(ctx, alert.Cursor)
				return err == nil && at >= st.Seq && json.Unmarshal(text, &decided) == nil && len(decided.Boxes["hook"].Waiting) == 0
			}, time.Minute, 10*time.Millisecond)
		}
		allTold()
		for _, r := range recs {
			require.NoError(t, w.line.Feed(ctx, r))
		}
		allTold()
		stop()
		require.ErrorIs(t, <-done, context.Canceled)
		return reasons
	}
}

// A disk that is really full: what comes waits in memory, the oldest observations make room for it, what is around an event
// stays, and events are stored again at once.
func TestFullDiskMakesRoom(t *testing.T) {
	dir := storagetest.SmallDisk(t, 96<<20)
	s, err := storage.Open(t.Context(), filepath.Join(dir, "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	start, second := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), 0
	noise, text := rand.New(rand.NewPCG(1, 2)), make([]byte, 6000)
	next := func() *cell.Observation {
		for i := range text {
			text[i] = byte('a' + noise.IntN(26))
		}
		o := &cell.Observation{Time: start.Add(time.Duration(second) * time.Second), Sensor: "roof", State: cell.Idle, Raw: []string{string(text)}}
		second++
		return o
	}
	for range 72 {
		var recs []cell.Record
		for range 100 {
			recs = append(recs, next())
		}
		require.NoError(t, s.Append(t.Context(), recs...))
	}
	event := func(id string, at int) analyzer.Event {
		when := start.Add(time.Duration(at) * time.Second)
		return analyzer.Event{ID: id, Sensor: "roof", First: when, Opened: when, Last: when, State: analyzer.Closed}
	}
	require.NoError(t, s.PutEvents(t.Context(), event("early", 1800)))
	require.NoError(t, s.SaveState(t.Context(), pipeline.StateName, nil, 7200))

	var logged []string
	own := make(chan cell.Record, 8)
	k := newRetention(storage.Retention{}, s, s.Path(), func(text string) { logged = append(logged, text) }, own)
	k.sensor = "roof"
	w := &running{Options: Options{Store: s, NewEngine: newEngine}, state: NewState(time.Now), own: own, retention: k}
	w.view = newView(func(Update) {})
	defer w.view.stop()
	require.NoError(t, w.startPipeline(t.Context()))
	reported := alertHook(t, s, w)
	k.setAside()
	require.FileExists(t, k.spare())
	free, _ := k.disk()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "of others"), make([]byte, free-3<<20), 0o600))
	k.look(start)
	for n := 0; w.line.Outage() == ""; n++ {
		require.Less(t, n, 3000)
		require.NoError(t, w.line.Feed(t.Context(), next()))
	}
	<-k.failed

	now := start.Add(time.Duration(second) * time.Second)
	k.become(RoomFull, now)
	require.NoFileExists(t, k.spare())
	for k.sweep(t.Context(), now) {
	}
	for range 60 {
		require.NoError(t, w.line.Feed(t.Context(), next()))
	}
	require.Empty(t, w.line.Outage(), "%v", logged)
	require.NoError(t, s.PutEvents(t.Context(), event("late", second)))

	var at []int
	for e, err := range s.Records(t.Context(), storage.Query{Kinds: storage.Observations, NoRaw: true}) {
		require.NoError(t, err)
		at = append(at, int(e.Record.When().Sub(start)/time.Second))
	}
	require.Equal(t, 1200, at[0], "ten minutes around the event stay")
	require.Equal(t, 2400, at[1200])
	require.Greater(t, at[1201], 2401, "the oldest went: %v %d of %d %+v", logged, len(at), second, k.State())
	require.Equal(t, second-1, at[len(at)-1])
	for i := second - 300; i < second; i++ {
		require.Contains(t, at, i, "nothing that came while it was full is missing")
	}
	summed := 0
	for m, err := range s.Summaries(t.Context(), storage.SummaryQuery{}) {
		require.NoError(t, err)
		summed += m.Observations
	}
	require.Equal(t, second, summed+len(at), "all that was observed is there, in one form or the other")

	var reasons []string
	var recs []cell.Record
	for len(own) > 0 {
		recs = append(recs, <-own)
		reasons = append(reasons, recs[len(recs)-1].(*cell.Health).Reason)
	}
	require.Contains(t, reasons, "disk_full")
	require.Contains(t, reasons, "full_rate_cut")
	require.ElementsMatch(t, reasons, reported(recs...), "people hear each once: what the store could not be told then, and the records that came when it could")
	var st RoomState
	body, _, err := s.LoadState(t.Context(), RoomName)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &st))
	require.Equal(t, RoomFull, st.Room)
	require.True(t, st.BySize)
	require.NoError(t, os.Remove(filepath.Join(dir, "of others")))
	k.look(now)
	require.Equal(t, RoomOK, k.State().Room)
	require.FileExists(t, k.spare())
	require.NoError(t, s.Check(t.Context()))
	require.NoError(t, w.line.Close(t.Context()))
}

// What people have not been alerted to yet is not deleted for its age.
func TestKeepWaitsForAlerts(t *testing.T) {
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	defer s.Close()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for i := range 48 {
		require.NoError(t, s.Append(t.Context(), &cell.Observation{Time: now.Add(time.Duration(i-200*24) * time.Hour), Sensor: "roof", State: cell.Idle}))
	}
	require.NoError(t, s.SaveState(t.Context(), pipeline.StateName, nil, 48))
	to := writeFile(t, t.TempDir(), "to", "phone https://example.org/x\n")
	require.NoError(t, os.Chmod(to, 0o600))
	openAlerts(t, s, to) // it does not follow yet, as after a long time in which nobody was alerted
	k := newRetention(storage.Retention{FullRate: 90 * 24 * time.Hour}, s, s.Path(), func(text string) { t.Log(text) }, make(chan cell.Record, 8))
	k.mustHave(alert.Cursor)
	kept := func() (n int) {
		for k.sweep(t.Context(), now) {
		}
		for _, err := range s.Records(t.Context(), storage.Query{}) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	require.NoError(t, s.SetCursor(t.Context(), alert.Cursor, 20))
	require.Equal(t, 28, kept())
	require.NoError(t, s.SetCursor(t.Context(), alert.Cursor, 48))
	require.Zero(t, kept())
}

// newEngine makes an analyzer with the shipped rules.
func newEngine() *analyzer.Engine { return analyzer.New(rules.All(), analyzer.Options{}) }

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
