package pipeline

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
	"vigie/storage"
)

// full lets no file of this process grow beyond size, as a full disk would; 0 lifts that.
func full(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = size
	if size == 0 {
		limit.Cur = limit.Max
	}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
}

// A disk that is full for a while ends nothing: what comes waits, and is stored when there is room again.
func TestFullDiskIsTolerated(t *testing.T) {
	if os.Getenv("VIGIE_FULL_DISK") == "" { // in a process of its own: the limit holds for every file, the test log too
		child := exec.Command(os.Args[0], "-test.run=^TestFullDiskIsTolerated$")
		child.Env = append(os.Environ(), "VIGIE_FULL_DISK=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	t.Cleanup(func() { full(t, 0); signal.Reset(syscall.SIGXFSZ) })
	dir := t.TempDir()
	s, err := storage.Open(t.Context(), filepath.Join(dir, "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	var warned []string
	l := New(Options{NewEngine: newEngine, Store: s, Tolerant: true, Warn: func(text string, err error) { warned = append(warned, text) }})
	start := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	second := 0
	feed := func(n int) {
		for range n {
			o := &cell.Observation{Time: start.Add(time.Duration(second) * time.Second), Sensor: "roof", State: cell.Idle,
				Raw: []string{strings.Repeat(fmt.Sprint(second, " "), 100)}}
			require.NoError(t, l.Feed(t.Context(), o))
			second++
		}
	}
	feed(20)
	full(t, 4096)
	feed(60)
	require.Len(t, warned, 1, "it is reported once")
	require.Contains(t, warned[0], "watching continues")
	full(t, 0)
	feed(20)
	require.Len(t, warned, 2)
	require.Contains(t, warned[1], "can be written again")
	require.Empty(t, l.outage.records)
	require.NoError(t, l.Close(t.Context()))
	stored := map[time.Time]int{}
	for e, err := range s.Records(t.Context(), storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		stored[e.Record.When()]++
	}
	require.Len(t, stored, 100, "every observation is there")
	for when, n := range stored {
		require.Equal(t, 1, n, "%s is there once", when)
	}
	require.NoError(t, s.Close())
}

// What had to be given up is recorded as a gap; the newest is kept, and so is the source that it is read by.
func TestOutageBufferIsBounded(t *testing.T) {
	var h outageBuffer
	start := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	h.add(&cell.Source{Version: 1, Sensor: "roof"})
	for i := range outageMost + 10 {
		h.add(&cell.Observation{Time: start.Add(time.Duration(i) * time.Second), Sensor: "roof"})
	}
	require.LessOrEqual(t, len(h.records), outageMost+1)
	require.IsType(t, &cell.Source{}, h.records[0])
	first := h.records[1].When()
	b := h.offer(nil, time.Time{})
	gap := b.records[0].(*cell.Gap)
	require.Equal(t, start, gap.Time)
	require.Equal(t, "not_stored", gap.Reason)
	require.Equal(t, "roof", gap.Sensor)
	require.Equal(t, first.Add(-time.Second), gap.Until, "the gap ends where what is kept begins")
	require.True(t, h.empty(), "once")
	h.add(&cell.Observation{Time: first.Add(time.Hour), Sensor: "roof"})
	h.putBack(b)
	require.Equal(t, start, h.lost.Time, "what was given up is not forgotten if the store fails again")
	require.Equal(t, first.Add(time.Hour), h.records[len(h.records)-1].When())
}

// newEngine makes an analyzer with the shipped rules.
func newEngine() *analyzer.Engine { return analyzer.New(rules.All(), analyzer.Options{}) }
