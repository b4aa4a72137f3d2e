package modem

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"vigie/cell"
	"vigie/modem/dialect"
	"vigie/modem/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eg25 is the modem of the tests, with further steps of a scenario.
func eg25(t *testing.T, more string) emulator.Scenario {
	t.Helper()
	text, err := os.ReadFile("testdata/eg25.txt")
	require.NoError(t, err)
	s, err := emulator.Parse(string(text)+"\n"+more, nil)
	require.NoError(t, err)
	return s
}

func steps(t *testing.T, text string) emulator.Scenario {
	t.Helper()
	s, err := emulator.Parse(text, nil)
	require.NoError(t, err)
	return s
}

func plug(t *testing.T, s emulator.Scenario, o emulator.Options) *emulator.Emulator {
	t.Helper()
	e, err := emulator.Start(context.Background(), s, o)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// watched is a running collector and its records.
type watched struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error

	mu      sync.Mutex
	records []cell.Record
	more    chan struct{} // closed and replaced with each record
}

// watch runs a collector with short intervals.
func watch(t *testing.T, c Config) *watched {
	t.Helper()
	if c.Host == (Host{}) {
		c.Host = Host{Sys: t.TempDir(), Proc: "/proc", Dev: "/dev"}
	}
	return watchOn(t, c, nil)
}

// watchOn is watch with another way to open the port; nil is the usual one.
func watchOn(t *testing.T, c Config, open func(string) (io.ReadWriteCloser, error)) *watched {
	t.Helper()
	c.Fast, c.Slow, c.Retry = 20*time.Millisecond, 100*time.Millisecond, 20*time.Millisecond
	if c.Sensor == "" {
		c.Sensor = "test-1"
	}
	collector, err := New(c)
	require.NoError(t, err)
	if open != nil {
		collector.open = open
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watched{t: t, stop: cancel, done: make(chan error, 1), more: make(chan struct{})}
	go func() { w.done <- collector.Run(ctx, w.take) }()
	t.Cleanup(func() { cancel(); <-w.done; w.done <- nil })
	return w
}

func (w *watched) take(r cell.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
	close(w.more)
	w.more = make(chan struct{})
	return nil
}

// until waits for the condition, and returns the records.
func (w *watched) until(what string, good func([]cell.Record) bool) []cell.Record {
	w.t.Helper()
	return w.within(20*time.Second, what, good)
}

func (w *watched) within(limit time.Duration, what string, good func([]cell.Record) bool) []cell.Record {
	w.t.Helper()
	late := time.After(limit)
	for {
		w.mu.Lock()
		records, more := w.records, w.more
		w.mu.Unlock()
		if good(records) {
			return records
		}
		select {
		case <-more:
		case err := <-w.done:
			w.done <- err
			require.FailNow(w.t, "the collector ended while waiting for "+what, "%v\n%s", err, show(records))
		case <-late:
			require.FailNow(w.t, "waited in vain for "+what, show(records))
		}
	}
}

// end stops the collector as a user does, and returns all records.
func (w *watched) end() []cell.Record {
	w.t.Helper()
	w.stop()
	err := <-w.done
	w.done <- nil
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.records
}

func show(records []cell.Record) string {
	var b strings.Builder
	for i, r := range records[max(0, len(records)-30):] {
		fmt.Fprintf(&b, "%d %T %+v\n", i, r, r)
	}
	return b.String()
}

func all[T cell.Record](records []cell.Record) (found []T) {
	for _, r := range records {
		if v, ok := r.(T); ok {
			found = append(found, v)
		}
	}
	return found
}

func serving(n int) func([]cell.Record) bool {
	return func(records []cell.Record) bool {
		seen := 0
		for _, o := range all[*cell.Observation](records) {
			if o.Serving != nil && o.Serving.PCI.Known() {
				seen++
			}
		}
		return seen >= n
	}
}

// wholeAnswers checks that every answer about the serving cell that the modem printed whole is in exactly one
// observation: each line as often as it was printed.
func wholeAnswers(t *testing.T, e *emulator.Emulator, records []cell.Record) {
	t.Helper()
	seen := map[string]int{}
	for _, o := range all[*cell.Observation](records) {
		for _, l := range o.Raw {
			seen[l]++
		}
	}
	printed := map[string]int{}
	for _, p := range e.Printed() {
		if !p.Whole || p.Command != askServing {
			continue
		}
		for l := range strings.Lines(p.Text) {
			if l = strings.TrimSpace(l); strings.HasPrefix(l, "+QENG:") {
				printed[l]++
			}
		}
	}
	require.NotEmpty(t, printed)
	for l, n := range printed {
		require.Equal(t, n, seen[l], "printed so often, and observed: %s", l)
	}
}

// passive checks that the modem received nothing but what is on the list.
func passive(t *testing.T, e *emulator.Emulator) {
	t.Helper()
	list, err := dialect.Commands()
	require.NoError(t, err)
	allowed := map[string]bool{}
	for _, l := range list.All() {
		allowed[strings.TrimSuffix(l.Bytes, "\r")] = true
	}
	received := e.Received()
	require.NotEmpty(t, received)
	for _, r := range received {
		require.True(t, allowed[r], "written to the modem and not on the list: %q", r)
	}
}

func TestWatchingAModem(t *testing.T) {
	e := plug(t, eg25(t, ""), emulator.Options{})
	before := e.Settings()
	w := watch(t, Config{Device: e.Path(), Mode: cell.Fixed})
	w.until("ten answers", serving(10))
	w.until("neighbours", func(r []cell.Record) bool {
		for _, o := range all[*cell.Observation](r) {
			if len(o.Neighbours) > 0 {
				return true
			}
		}
		return false
	})
	require.Equal(t, "3", e.Settings()["+CEREG"], "reporting with causes is on while watching")
	require.Equal(t, "2", e.Settings()["+CREG"], "the best that this modem takes")
	require.Equal(t, "3,2", e.Settings()["+COPS"])
	records := w.end()

	s, ok := records[0].(*cell.Source)
	require.True(t, ok, "a source line comes first")
	require.Equal(t, "EG25", s.Model)
	require.Equal(t, "EG25GGBR07A08M2G", s.Firmware)
	require.Equal(t, "test-1", s.Sensor)
	require.Equal(t, cell.Fixed, s.Mode)
	require.True(t, s.AT)
	reports, known := s.Reports.Get()
	require.True(t, known)
	require.True(t, reports.Has(cell.FieldCellID|cell.FieldNeighbours|cell.FieldRegistration))
	require.False(t, reports.Has(cell.FieldPosition), "not asked for")

	var o *cell.Observation
	for _, o = range all[*cell.Observation](records) {
		require.Equal(t, "test-1", o.Sensor)
		require.Equal(t, time.UTC, o.Time.Location())
		require.Equal(t, o.Time, o.Time.Truncate(time.Millisecond))
		if len(o.Neighbours) > 0 {
			break
		}
	}
	require.Equal(t, cell.LTE, o.Serving.RAT)
	require.Equal(t, "03", o.Serving.MNC)
	require.Equal(t, cell.Some(cell.Area(0xC3C9)), o.Serving.Area)
	require.Equal(t, before, e.Settings(), "put back at the end")
	wholeAnswers(t, e, records)
	passive(t, e)
}
