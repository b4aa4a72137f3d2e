package main

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
	"vigie/cell"
	"vigie/cmd/vigie/config"
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

// A disk that is full for a while ends nothing: the watch goes on, and what it held is stored when there is room again.
func TestFullDiskIsBorne(t *testing.T) {
	if os.Getenv("VIGIE_FULL_DISK") == "" { // in a process of its own: the limit holds for every file, the test log too
		child := exec.Command(os.Args[0], "-test.run=^TestFullDiskIsBorne$")
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
	l := &line{engine: newEngine(config.Config{}.WithDefaults(), analyzer.Atlas{}), store: s, patient: true,
		warn: func(format string, args ...any) { warned = append(warned, fmt.Sprintf(format, args...)) }}
	start := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	second := 0
	feed := func(n int) {
		for range n {
			o := &cell.Observation{Time: start.Add(time.Duration(second) * time.Second), Sensor: "roof", State: cell.Idle,
				Raw: []string{strings.Repeat(fmt.Sprint(second, " "), 100)}}
			require.NoError(t, l.feed(t.Context(), o))
			second++
		}
	}
	feed(20)
	full(t, 4096)
	feed(60)
	require.Len(t, warned, 1, "it is said once")
	require.Contains(t, warned[0], "watching goes on")
	full(t, 0)
	feed(20)
	require.Len(t, warned, 2)
	require.Contains(t, warned[1], "takes records again")
	require.Empty(t, l.held.records)
	require.NoError(t, l.close(t.Context()))

	text, _, status := vigie(t, "export", "--store", filepath.Join(dir, "s.db"), "-")
	require.Zero(t, status)
	require.Equal(t, 100, strings.Count(text, `"state":"idle"`), "every observation is there, once")
}

// What had to be given up is told as a gap; the newest is kept, and so is the source that it is read by.
func TestHoldIsBounded(t *testing.T) {
	var h hold
	start := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	h.keep(&cell.Source{Version: 1, Sensor: "roof"})
	for i := range holdMost + 10 {
		h.keep(&cell.Observation{Time: start.Add(time.Duration(i) * time.Second), Sensor: "roof"})
	}
	require.LessOrEqual(t, len(h.records), holdMost+1)
	require.IsType(t, &cell.Source{}, h.records[0])
	gap := h.gap()[0].(*cell.Gap)
	require.Equal(t, start, gap.Time)
	require.Equal(t, "not_stored", gap.Reason)
	require.Equal(t, "roof", gap.Sensor)
	first := h.records[1].When()
	require.Equal(t, first.Add(-time.Second), gap.Until, "the gap ends where what is kept begins")
	require.Nil(t, h.gap(), "once")
}
