package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/storage"
)

func TestRoom(t *testing.T) {
	const disk = 1 << 34
	for _, c := range []struct {
		free float64 // of the disk
		is   room
		want room
	}{
		{0.5, roomOK, roomOK}, {0.11, roomOK, roomOK}, {0.099, roomOK, roomLow}, {0.11, roomLow, roomLow}, {0.13, roomLow, roomOK},
		{0.009, roomLow, roomTight}, {0.011, roomTight, roomTight}, {0.05, roomTight, roomLow}, {0, roomTight, roomFull}, {0.005, roomFull, roomTight}, {0.05, roomFull, roomLow},
	} {
		require.Equal(t, c.want, roomBy(int64(c.free*disk), disk, c.is), "%v", c)
	}
}

func TestKeepIsConfigured(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) storage.Retention {
		c, err := config.Read(writeFile(t, dir, "v.toml", text))
		require.NoError(t, err)
		return retention(c)
	}
	const day = 24 * time.Hour
	require.Equal(t, storage.Retention{State: "analyzer"}, read(""))
	require.Equal(t, storage.Retention{State: "analyzer", FullRate: 90 * day}, read(`mode = "fixed"`))
	require.Equal(t, storage.Retention{State: "analyzer"}, read("mode = \"fixed\"\n[keep]\nfull_rate_days = 0\n"))
	require.Equal(t, storage.Retention{State: "analyzer", FullRate: 7 * day, Summaries: 730 * day, Events: 365 * day, Size: 2_000_000_000, Followers: []string{"influx"}},
		read("[keep]\nfull_rate_days = 7\nsummary_days = 730\nevent_days = 365\nsize = \"2 GB\"\n[influx]\nurl = \"http://127.0.0.1:1\"\nbucket = \"b\"\n"))
}

// A clock that stands years ahead, and that nobody vouches for, thins nothing.
func TestKeepDoubtsTheClock(t *testing.T) {
	newest := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	began := newest.AddDate(12, 0, 0)
	k := &keeper{newest: newest, began: began, synced: func() bool { return false }}
	require.Equal(t, newest.Add(25*time.Hour), k.believed(began.Add(time.Hour)))
	right := &keeper{newest: newest, began: newest.Add(time.Minute), synced: k.synced}
	require.Equal(t, newest.Add(time.Hour), right.believed(newest.Add(time.Hour)), "one that stands right is believed anyway")
	k.synced = func() bool { return true }
	require.Equal(t, began, k.believed(began))
	k = &keeper{synced: func() bool { return false }}
	require.Equal(t, began, k.believed(began), "an empty store has nothing to lose")
}

// smallDisk is a disk of so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a small disk takes root, in a machine that lets it mount one: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// tellHook has people told by a webhook: of what the line complains, and, once told is called, of the records that it is given.
// told returns the reasons of what was told.
func tellHook(t *testing.T, s *storage.Store, l *line) (told func(...cell.Record) []string) {
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
	a, err := config.Alert{ToFile: to}.Open(s, nil)
	require.NoError(t, err)
	f := &alerting{a: a}
	l.alarm = func(text string, err error) { f.alarm("roof", text, err) }
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
			require.NoError(t, l.feed(ctx, r))
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
	dir := smallDisk(t, 96<<20)
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
	require.NoError(t, s.SaveState(t.Context(), stateName, nil, 7200))

	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	k := newKeeper(config.Config{}.WithDefaults(), s, s.Path(), "roof", say)
	l := &line{engine: newEngine(config.Config{}.WithDefaults(), analyzer.Atlas{}), store: s, patient: true, warn: say, keeper: k}
	told := tellHook(t, s, l)
	k.setAside()
	require.FileExists(t, k.spare())
	free, _ := k.disk()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "of others"), make([]byte, free-3<<20), 0o600))
	k.look(start)
	for n := 0; !l.failing; n++ {
		require.Less(t, n, 3000)
		require.NoError(t, l.feed(t.Context(), next()))
	}
	<-k.failed
	held := len(l.held.records)
	require.NotZero(t, held)

	now := start.Add(time.Duration(second) * time.Second)
	k.become(roomFull, now)
	require.NoFileExists(t, k.spare())
	for k.sweep(t.Context(), now) {
	}
	for range 60 {
		require.NoError(t, l.feed(t.Context(), next()))
	}
	require.False(t, l.failing, "%v", said)
	require.NoError(t, s.PutEvents(t.Context(), event("late", second)))

	var at []int
	for e, err := range s.Records(t.Context(), storage.Query{Kinds: storage.Observations, NoRaw: true}) {
		require.NoError(t, err)
		at = append(at, int(e.Record.When().Sub(start)/time.Second))
	}
	require.Equal(t, 1200, at[0], "ten minutes around the event stay")
	require.Equal(t, 2400, at[1200])
	require.Greater(t, at[1201], 2401, "the oldest went: %v %d of %d %+v", said, len(at), second, k.State())
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
	for len(k.tell) > 0 {
		recs = append(recs, <-k.tell)
		reasons = append(reasons, recs[len(recs)-1].(*cell.Health).Reason)
	}
	require.Contains(t, reasons, "disk_full")
	require.Contains(t, reasons, "full_rate_cut")
	require.ElementsMatch(t, reasons, told(recs...), "people hear each once: what the store could not be told then, and the records that came when it could")
	var st roomState
	body, _, err := s.LoadState(t.Context(), roomName)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(body, &st))
	require.Equal(t, roomFull, st.Room)
	require.True(t, st.BySize)
	require.NoError(t, os.Remove(filepath.Join(dir, "of others")))
	k.look(now)
	require.Equal(t, roomOK, k.State().Room)
	require.FileExists(t, k.spare())
	require.NoError(t, s.Check(t.Context()))
	require.NoError(t, l.close(t.Context()))
}

// What people were not told of yet is not deleted for its age.
func TestKeepWaitsForAlerts(t *testing.T) {
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	defer s.Close()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for i := range 48 {
		require.NoError(t, s.Append(t.Context(), &cell.Observation{Time: now.Add(time.Duration(i-200*24) * time.Hour), Sensor: "roof", State: cell.Idle}))
	}
	require.NoError(t, s.SaveState(t.Context(), stateName, nil, 48))
	to := writeFile(t, t.TempDir(), "to", "phone https://example.org/x\n")
	require.NoError(t, os.Chmod(to, 0o600))
	var conf config.Alert
	nobody := &alerting{}
	require.Empty(t, nobody.cursors())
	conf.ToFile = to
	alerts := &alerting{}
	alerts.a, err = conf.Open(s, nil) // it does not follow yet, as after a long time in which nobody was to be told
	require.NoError(t, err)
	k := newKeeper(config.Config{Mode: cell.Fixed}.WithDefaults(), s, s.Path(), "roof", t.Logf, alerts.cursors()...)
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
