package review

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// yearStore is a store of one year at 1 Hz with 5,000 events. Making it takes about ten minutes and three gigabytes, so it is
// kept where VIGIE_YEAR says, and made there when it is missing; without it the benchmarks use 30 days.
func yearStore(b *testing.B) (s *storage.Store, ids []string, days int) {
	b.Helper()
	ctx := context.Background()
	path, days := os.Getenv("VIGIE_YEAR"), 365
	if path == "" {
		path, days = filepath.Join(b.TempDir(), "month.db"), 30
	}
	if _, err := os.Stat(path); err != nil {
		w, err := storage.Open(ctx, path, storage.Options{Create: true})
		require.NoError(b, err)
		day := storagetest.Day(86400)
		for n := range days {
			for i := 0; i < len(day); i += 10000 {
				part := day[i:min(i+10000, len(day))]
				for _, r := range part {
					if o, ok := r.(*cell.Observation); ok && n > 0 {
						o.Time = o.Time.Add(24 * time.Hour)
					}
				}
				require.NoError(b, w.Append(ctx, part...))
			}
		}
		evs := storagetest.Events(5000)
		for i := range evs {
			e := &evs[i]
			shift := time.Duration(i)*time.Duration(days)*24*time.Hour/5000 - e.First.Sub(storagetest.Start)
			e.ID = fmt.Sprintf("%016x", i+1)
			e.First, e.Opened, e.Last = e.First.Add(shift), e.Opened.Add(shift), e.Last.Add(shift)
			for j := range e.Findings {
				f := &e.Findings[j]
				f.First, f.Last = f.First.Add(shift), f.Last.Add(shift)
				f.Evidence = []analyzer.Evidence{{Time: e.First, Raw: []string{`+CEREG: 5,3,,,,0,15`}}}
			}
			e.State = analyzer.Closed
		}
		require.NoError(b, w.PutEvents(ctx, evs...))
		require.NoError(b, w.Close())
	}
	collect(b, path)
	s, err := storage.Open(ctx, path, storage.Options{ReadOnly: true})
	require.NoError(b, err)
	b.Cleanup(func() { s.Close() })
	for i := range 5000 {
		ids = append(ids, fmt.Sprintf("%016x", i+1))
	}
	return s, ids, days
}

// collect writes an observation a second into a store until the benchmark ends, as a watch would.
func collect(b *testing.B, path string) {
	w, err := storage.Open(context.Background(), path, storage.Options{})
	require.NoError(b, err)
	stats, err := w.Stats(context.Background())
	require.NoError(b, err)
	done, stop := make(chan error, 1), make(chan struct{})
	day := storagetest.Day(100)[1:]
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-tick.C:
				o := *day[n%len(day)].(*cell.Observation)
				o.Time = stats.Newest.Add(time.Duration(n) * time.Second)
				if err := w.Append(context.Background(), &o); err != nil {
					done <- err
					return
				}
			case <-stop:
				done <- nil
				return
			}
		}
	}()
	b.Cleanup(func() {
		close(stop)
		require.NoError(b, <-done)
		require.NoError(b, w.Close())
	})
}

// peak is the most memory that this process ever held, in MiB.
func peak(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kb) / 1024
}

// BenchmarkPages measures the inbox, the page of an event and the others while a collector writes; p95-ms is what 95 of 100 requests took
// at most, MiB-peak the most memory of the whole process so far.
func BenchmarkPages(b *testing.B) {
	s, ids, days := yearStore(b)
	d := newReview(b, s)
	d.now = func() time.Time { return storagetest.Start.Add(time.Duration(days) * 24 * time.Hour) }
	began := time.Now()
	require.Equal(b, http.StatusOK, get(d, "/").Code)
	b.Logf("the first page of all: %s", time.Since(began).Round(time.Millisecond))
	var cells []string
	for k, err := range s.Cells(b.Context(), storage.CellQuery{RAT: cell.LTE}) {
		require.NoError(b, err)
		cells = append(cells, strconv.FormatUint(k.ID, 10))
	}
	for name, path := range map[string]func(i int) string{
		"inbox": func(i int) string { return "/?verdict=all&severity=info" },
		"filtered": func(i int) string {
			return []string{"/?severity=high", "/?rule=rule-1&verdict=all", "/?text=area&skip=500"}[i%3]
		},
		"event":    func(i int) string { return "/event/" + ids[(i*997)%len(ids)] },
		"baseline": func(i int) string { return "/api/v1/events/" + ids[(i*991)%len(ids)] + "/baseline" },
		"sensors":  func(i int) string { return "/sensors" },
		"hours": func(i int) string {
			return "/sensors?day=" + storagetest.Start.AddDate(0, 0, (i*37)%days).Format(time.DateOnly)
		},
		"cell":  func(i int) string { return "/cell?rat=LTE&mcc=272&mnc=03&id=" + cells[i%len(cells)] },
		"cells": func(i int) string { return "/cells" },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				w := get(d, path(i), gzipped)
				took = append(took, time.Since(began))
				if w.Code != http.StatusOK {
					b.Fatalf("%s: %d", path(i), w.Code)
				}
			}
			slices.Sort(took)
			b.ReportMetric(peak(b), "MiB-peak")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
