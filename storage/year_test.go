package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// A year of a fixed monitor: an observation with its raw lines each second, neighbours each fifth, an event every other day,
// thirty days of full rate, and a size that does not hold them. It takes long: make year. VIGIE_YEAR=1 is a year, any
// other number is that many days.
func TestYear(t *testing.T) {
	days, _ := strconv.Atoi(os.Getenv("VIGIE_YEAR"))
	switch days {
	case 0:
		t.Skip("takes a quarter of an hour; this runs it: make year")
	case 1:
		days = 365
	}
	const (
		size   = 256 << 20
		margin = 10 * time.Minute
		second = time.Second
	)
	path := filepath.Join(t.TempDir(), "year.db")
	s := open(t, path, storage.Options{Create: true})
	template := storagetest.Day(20_000)
	keep := storage.Retention{FullRate: 30 * 24 * time.Hour, Size: size}
	var events []analyzer.Event
	var wrote, swept time.Duration
	most, firstBySize, sweeps := int64(0), 0, 0
	n := 0
	for hour := range days * 24 {
		recs := make([]cell.Record, 3600)
		for i := range recs {
			o := *template[1+n%(len(template)-1)].(*cell.Observation)
			o.Time = storagetest.Start.Add(time.Duration(n) * second)
			if n%5 != 0 {
				o.Neighbours, o.Raw = nil, o.Raw[:1]
			}
			recs[i] = &o
			n++
		}
		began := time.Now()
		require.NoError(t, s.Append(ctx, recs...))
		if hour%48 == 20 {
			at := recs[1800].When()
			e := analyzer.Event{ID: fmt.Sprint("event ", hour), Sensor: "roof-1", State: analyzer.Closed, First: at, Opened: at.Add(20 * second), Last: at.Add(time.Duration(hour%7) * time.Minute),
				Findings: []analyzer.Finding{{Rule: "r", First: at, Last: at, Evidence: []analyzer.Evidence{{Time: at, Raw: recs[1800].(*cell.Observation).Raw}}}}}
			require.NoError(t, s.PutEvents(ctx, e))
			if events = append(events, e); len(events)%10 == 0 {
				_, err := s.AddVerdict(ctx, storage.Verdict{Event: e.ID, Judgement: storage.Suspicious, Time: at})
				require.NoError(t, err)
			}
		}
		wrote += time.Since(began)
		began = time.Now()
		out := purge(t, s, keep, recs[3599].When())
		swept += time.Since(began)
		sweeps++
		if out.BySize && firstBySize == 0 {
			firstBySize = hour/24 + 1
		}
		require.Zero(t, out.WindowsDropped)
		all := int64(0)
		for _, end := range []string{"", "-wal", "-shm", "-tail"} {
			if info, err := os.Stat(path + end); err == nil {
				all += info.Size()
			}
		}
		if most = max(most, all); all > size {
			t.Fatalf("day %d: the files have %d bytes, %d are allowed", hour/24+1, all, size)
		}
		if hour%(24*30) == 24*30-1 {
			t.Logf("day %d: %.0f MB in use, %.0f MB of files, full rate from %s on; writing took %.0f s, sweeping %.0f s", hour/24+1, float64(out.Used)/1e6, float64(all)/1e6,
				out.Upto.Format(time.DateOnly), wrote.Seconds(), swept.Seconds())
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.NoError(t, s.Close())
	began := time.Now()
	s = open(t, path, storage.Options{})
	restart := time.Since(began)
	st, err := s.Stats(ctx)
	require.NoError(t, err)

	summed, minutes := 0, 0
	for one, err := range s.Summaries(ctx, storage.SummaryQuery{}) {
		require.NoError(t, err)
		summed += one.Observations
		minutes++
	}
	require.Equal(t, n, summed+int(st.Observations), "records and summaries together are all that was observed")
	for _, e := range events {
		want := int(e.Last.Add(margin).Sub(e.First.Add(-margin))/second) + 1
		left := 0
		for r, err := range s.Records(ctx, storage.Query{From: e.First.Add(-margin), To: e.Last.Add(margin + 1), Kinds: storage.Observations}) {
			require.NoError(t, err)
			require.NotEmpty(t, r.Record.(*cell.Observation).Raw)
			left++
		}
		require.Equal(t, want, left, "%s: what is around it is whole", e.ID)
	}
	began = time.Now()
	require.NoError(t, s.Check(ctx))
	t.Logf("%d days, %d observations: at most %.0f MB of files, %.0f MB allowed; from day %d on the size decided; %d observations at full rate, %d summaries of a minute; %d events whole", days, n,
		float64(most)/1e6, float64(size)/1e6, firstBySize, st.Observations, minutes, len(events))
	t.Logf("writing took %.0f s, %d sweeps %.0f s; restart %.2f s, reading and checking all %.0f s; heap %.0f MB", wrote.Seconds(), sweeps, swept.Seconds(), restart.Seconds(), time.Since(began).Seconds(), float64(m.HeapInuse)/1e6)
}
