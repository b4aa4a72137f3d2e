package main

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/storage"
)

// A computer without a clock of its own was switched off for five hours, and begins three hours before it was switched off. What
// it sees is recorded after what it saw before, never before it; that nobody looked is recorded, though nobody knows for how long.
// Then the clock is set, and that is recorded once, with what to add to which times; corrected, they are the true ones. What is
// watched is the demo, with the clock set in the middle of its attack: it is flagged all the same.
func TestWatchWithoutAClock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := storage.Open(t.Context(), dir+"/s.db", storage.Options{Create: true})
	require.NoError(t, err)
	off := time.Now().UTC().Truncate(24 * time.Hour).Add(-36 * time.Hour) // noon, and too new for the keeper
	require.NoError(t, store.Update(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Append(&cell.Observation{Time: off, Sensor: "roof", State: cell.Idle})
		return err
	}))
	require.NoError(t, store.Close())

	var wrong atomic.Int64 // of the wall clock
	wrong.Store(int64(8 * time.Hour))
	truth := func() time.Time { return off.Add(5 * time.Hour) }
	began := time.Now()
	wall := func() time.Time { return truth().Add(time.Since(began) - time.Duration(wrong.Load())) }
	quiet, attack, ok := strings.Cut(demoScenario, "\nat 7s\n")
	require.True(t, ok)
	s, err := emulator.Parse(quiet, nil)
	require.NoError(t, err)
	then, err := emulator.Parse("at 7s\n"+attack, nil)
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	em, err := emulator.Start(t.Context(), s, emulator.Options{Speed: 6, Note: func(text string) {
		switch {
		case text == "end":
			stop()
		case strings.Contains(text, "refuses the modem"):
			wrong.Store(0) // NTP
		}
	}})
	require.NoError(t, err)
	t.Cleanup(em.Close)
	conf := writeFile(t, dir, "v.toml", "sensor = 'roof'\nmode = 'fixed'\n[modem]\nfast = '40ms'\nslow = '200ms'\n")
	var out, stderr bytes.Buffer
	p := &console.Program{ConfigFile: conf, Out: console.New(&out, "never"), Err: console.New(&stderr, "never")}
	c := WatchCmd{Port: []string{em.Path()}, clocks: monitor.Clocks{Wall: wall, Ran: func() time.Duration { return time.Since(began) }, Synced: func() bool { return false }}}
	c.Store = dir + "/s.db"
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx, p) }()
	require.Eventually(t, func() bool { return len(em.Printed()) > 60 }, time.Minute, 10*time.Millisecond, "it watches")
	em.Play(then)
	require.NoError(t, <-done, stderr.String())
	ended := wall()
	require.Contains(t, stderr.String(), "the clock is behind the newest record in the store")

	store, err = storage.Open(t.Context(), dir+"/s.db", storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer store.Close()
	sets, err := store.Corrections(t.Context())
	require.NoError(t, err)
	require.Len(t, sets["roof"], 1)
	require.InDelta(t, 5*3600-1, sets["roof"][0].Offset.Seconds(), 10)
	require.Equal(t, off.Add(time.Second), sets["roof"][0].From.Truncate(time.Second), "from the first that was counted on")
	last, n, gaps := off, 0, 0
	for e, err := range store.Records(t.Context(), storage.Query{From: off.Add(time.Millisecond), Kinds: storage.Observations | storage.Clocks}) {
		require.NoError(t, err)
		if _, ok := e.Record.(*cell.Observation); ok {
			at := sets.At("roof", e.Record.When())
			require.False(t, at.Before(last), "%s comes before %s", at, last)
			require.True(t, !at.Before(truth()) && !at.After(ended), "%s is when it really was", at)
			last, n = at, n+1
		}
	}
	require.Greater(t, n, 50)
	for e, err := range store.Records(t.Context(), storage.Query{Kinds: storage.Gaps}) {
		require.NoError(t, err)
		if g := e.Record.(*cell.Gap); g.Reason == monitor.ReasonNotRunning {
			gaps++
			require.Equal(t, off, g.Time)
			require.False(t, sets.At("roof", g.Until).Before(truth()), "corrected, it is as long as it was")
		}
	}
	require.Equal(t, 1, gaps)

	live, _, status := vigie(t, "events", "--json", "--store", dir+"/s.db")
	require.Zero(t, status)
	require.Contains(t, live, "downgrade-2g")
	exported, _, status := vigie(t, "export", "--store", dir+"/s.db", "-")
	require.Zero(t, status)
	require.Contains(t, exported, `"since":"`+off.Format("2006-01-02T15:04:")+`01`)
	replayed, printed, status := vigie(t, "replay", "--json", writeFile(t, dir, "r.ndjson", exported))
	require.Zero(t, status)
	require.Equal(t, live, replayed, "the step replays to the same events")
	require.NotContains(t, printed, "out of order")
	shown, _, status := vigie(t, "events", "--store", dir+"/s.db")
	require.Zero(t, status)
	require.Contains(t, shown, "      "+truth().Format("2006-01-02 15:0"))
	require.Contains(t, strings.Join(strings.Fields(shown), " "), "they are corrected here, and stored as they were ("+off.Format("2006-01-02 15:0"))
}
