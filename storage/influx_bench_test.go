package storage_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// BenchmarkInfluxBacklog measures how fast a backlog drains into a real server, as a ratio of what raw gzipped line protocol with the
// same points reaches on the same server in the same run.
func BenchmarkInfluxBacklog(b *testing.B) {
	srv := influxdtest.Start(b)
	s := newStore(b)
	history(b, s, 40_000)
	entries, err := storage.Entries(context.Background(), s)
	require.NoError(b, err)
	lines := storage.Lines(storage.InfluxOptions{FullRate: true}, entries)
	entries = nil
	var raw, ours time.Duration
	for i := 0; b.Loop(); i++ {
		srv.Exec(fmt.Sprintf("CREATE DATABASE raw%d", i))
		srv.Exec(fmt.Sprintf("CREATE DATABASE ours%d", i))
		start := time.Now()
		for k := 0; k < len(lines); k += 5000 {
			var body bytes.Buffer
			z := gzip.NewWriter(&body)
			for _, l := range lines[k:min(k+5000, len(lines))] {
				_, _ = z.Write([]byte(l))
				_, _ = z.Write([]byte{'\n'})
			}
			require.NoError(b, z.Close())
			req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/api/v2/write?bucket=raw%d&org=-", srv.URL, i), &body)
			require.NoError(b, err)
			req.Header.Set("Authorization", "Token "+influxdtest.Token)
			req.Header.Set("Content-Encoding", "gzip")
			resp, err := http.DefaultClient.Do(req)
			require.NoError(b, err)
			resp.Body.Close()
			require.Equal(b, http.StatusNoContent, resp.StatusCode)
		}
		raw += time.Since(start)
		start = time.Now()
		require.NoError(b, s.SetCursor(context.Background(), "influx", 0))
		x := newInflux(b, s, storage.InfluxOptions{URL: srv.URL, FullRate: true, Gzip: true, Bucket: fmt.Sprintf("ours%d", i)})
		stop := follow(b, x)
		until(b, "all is sent", 2*time.Minute, everythingSent(x, s))
		ours += time.Since(start)
		require.EqualValues(b, len(lines), x.Status().Sent)
		stop()
	}
	points := float64(len(lines) * b.N)
	b.ReportMetric(points/ours.Seconds(), "points/s")
	b.ReportMetric(points/raw.Seconds(), "raw-points/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "ratio")
}

// BenchmarkInfluxMemory measures the most memory that draining a backlog of a million points takes, over what there was before. The far end
// is one that only counts, so that it is our memory that is measured.
func BenchmarkInfluxMemory(b *testing.B) {
	s := newStore(b)
	day := storagetest.Day(170_000)
	appendAll(b, s, day)
	day = nil
	for b.Loop() {
		srv := newSwallower(b)
		require.NoError(b, s.SetCursor(context.Background(), "influx", 0))
		runtime.GC()
		before, most := inUse(), uint64(0)
		x := newInflux(b, s, storage.InfluxOptions{URL: srv, FullRate: true})
		stop := follow(b, x)
		until(b, "all is sent", 5*time.Minute, func() bool {
			most = max(most, inUse())
			return everythingSent(x, s)()
		})
		stop()
		require.Greater(b, x.Status().Sent, int64(1_000_000))
		b.ReportMetric(float64(most)/(1<<20), "MiB")
		b.ReportMetric(float64(most-min(before, most))/(1<<20), "MiB-over-idle")
	}
}

// inUse is what the process holds of the system's memory, by the Go runtime's own account.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() - sample[1].Value.Uint64()
}

// newSwallower takes everything and keeps nothing.
func newSwallower(b testing.TB) string {
	b.Helper()
	srv := newScripted(b)
	srv.script(func(w http.ResponseWriter, _ *http.Request, _ []string, _ func(...string)) {
		w.WriteHeader(http.StatusNoContent)
	})
	return srv.URL
}

// BenchmarkInfluxLag measures how long an observation that was just stored takes to reach a real server, while a backlog drains and
// while there is none.
func BenchmarkInfluxLag(b *testing.B) {
	for _, backlog := range []int{0, 150_000} {
		b.Run(fmt.Sprintf("backlog=%d", backlog), func(b *testing.B) {
			srv := influxdtest.Start(b)
			f := newFaulty(b, srv.URL)
			s := newStore(b)
			appendAll(b, s, storagetest.Day(max(1, backlog)))
			x := newInflux(b, s, storage.InfluxOptions{URL: f.URL, FullRate: true})
			var arrived atomic.Int64
			f.watch = func(body []byte) {
				if i := bytes.LastIndex(body, []byte("ta=")); i >= 0 {
					var n int64
					_, _ = fmt.Sscanf(string(body[i:]), "ta=%d", &n)
					arrived.Store(max(arrived.Load(), n))
				}
			}
			follow(b, x)
			var worst, sum time.Duration
			at := storagetest.Start.Add(10_000 * time.Hour)
			n := 0
			for b.Loop() {
				n++
				at = at.Add(time.Second)
				start := time.Now()
				require.NoError(b, s.Append(context.Background(), &cell.Observation{Time: at, Sensor: "live", Serving: &cell.Cell{RAT: cell.LTE, TA: cell.Some(uint16(n))}}))
				until(b, "it arrives", time.Minute, func() bool { return arrived.Load() >= int64(n) })
				sum += time.Since(start)
				worst = max(worst, time.Since(start))
			}
			b.ReportMetric(float64(sum.Milliseconds())/float64(n), "ms-mean")
			b.ReportMetric(float64(worst.Milliseconds()), "ms-worst")
		})
	}
}
