package influx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// BenchmarkInfluxBacklog measures how fast a backlog drains into a real server, as a ratio of what raw gzipped line protocol with the
// same points reaches on the same server in the same run.
func BenchmarkInfluxBacklog(b *testing.B) {
	srv := influxdtest.Start(b)
	s := newStore(b)
	history(b, s, 40_000)
	entries, err := influx.Entries(context.Background(), s)
	require.NoError(b, err)
	lines := influx.Lines(influx.Options{FullRate: true}, entries)
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
		x := newInflux(b, s, influx.Options{URL: srv.URL, FullRate: true, Gzip: true, Bucket: fmt.Sprintf("ours%d", i)})
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
		debug.FreeOSMemory()
		before, most := inUse(), uint64(0)
		x := newInflux(b, s, influx.Options{URL: srv, FullRate: true})
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
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	b.Cleanup(srv.Close)
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
			x := newInflux(b, s, influx.Options{URL: f.URL, FullRate: true})
			var arrived atomic.Int64
			f.watch = func(body []byte) {
				if i := bytes.LastIndex(body, []byte("ta=")); i >= 0 {
					var n int64
					_, _ = fmt.Sscanf(string(body[i:]), "ta=%d", &n)
					arrived.Store(max(arrived.Load(), n))
				}
			}
			follow(b, x)
			until(b, "it has seen how far behind it is", time.Minute, func() bool { return x.Status().Sent > 0 })
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

// BenchmarkInfluxSeries counts, on a real server, the series that a sensor makes in a year at a fixed site: every band of a European operator in
// four RATs, up to eight neighbours in each, every rule; then a thousand such sensors; and one that meets a cell that
// broadcasts every network that exists.
func BenchmarkInfluxSeries(b *testing.B) {
	bands := map[cell.RAT][]cell.Band{cell.GSM: {900, 1800}, cell.UMTS: {1, 8}, cell.LTE: {1, 3, 7, 8, 20, 28}, cell.NR: {1, 28, 78}}
	year := func(sensor string, plmns []cell.PLMN) (entries []storage.Entry) {
		put := func(r cell.Record) { entries = append(entries, storage.Entry{Seq: int64(len(entries) + 1), Record: r}) }
		for rat, list := range bands {
			for _, band := range list {
				o := &cell.Observation{Time: storagetest.Start, Sensor: sensor, State: cell.Idle}
				for range 8 {
					o.Neighbours = append(o.Neighbours, cell.Cell{RAT: rat, Band: cell.Some(band), PCI: cell.Some(uint16(1))})
				}
				o.Secondary = o.Neighbours[:2]
				put(o)
				for _, p := range plmns {
					put(&cell.Observation{Time: storagetest.Start, Sensor: sensor, Serving: &cell.Cell{RAT: rat, Band: cell.Some(band), MCC: p.MCC, MNC: p.MNC, PCI: cell.Some(uint16(1))}})
				}
			}
		}
		for _, d := range []cell.Domain{cell.CS, cell.PS, cell.EPS, cell.FGS} {
			put(&cell.Observation{Time: storagetest.Start, Sensor: sensor, Registration: []cell.Registration{{Domain: d, Status: cell.Some(uint8(1))}}})
		}
		put(&cell.Gap{Time: storagetest.Start, Sensor: sensor, Reason: "silent"})
		put(&cell.Health{Time: storagetest.Start, Sensor: sensor, Reason: "decode_reject"})
		e := storagetest.Events(1)[0]
		e.Sensor, e.Findings = sensor, nil
		for i := range 25 {
			e.Findings = append(e.Findings, analyzer.Finding{Rule: fmt.Sprint("rule-", i), First: storagetest.Start, Version: 1})
		}
		return append(entries, storage.Entry{Seq: int64(len(entries) + 1), Event: &e})
	}
	home := []cell.PLMN{{MCC: "272", MNC: "01"}, {MCC: "272", MNC: "03"}}
	var everyone []cell.PLMN
	for mcc := range 1000 {
		for mnc := range 1000 {
			p := cell.PLMN{MCC: fmt.Sprintf("%03d", mcc), MNC: fmt.Sprintf("%02d", mnc)}
			if influx.KnownPLMN(p) == p.String() {
				everyone = append(everyone, p)
			}
		}
	}
	for b.Loop() {
		srv := influxdtest.Start(b)
		x := newInflux(b, newStore(b), influx.Options{URL: srv.URL, FullRate: true})
		count := func() float64 {
			total := 0.0
			for _, t := range srv.Exec("SHOW SERIES EXACT CARDINALITY") {
				n, err := t.Values[0][0].(json.Number).Float64()
				require.NoError(b, err)
				total += n
			}
			return total
		}
		require.NoError(b, x.Write(context.Background(), year("sensor-0000", home)))
		b.ReportMetric(count(), "series/sensor-year")
		for i := 1; i < 1000; i++ {
			require.NoError(b, x.Write(context.Background(), year(fmt.Sprintf("sensor-%04d", i), home)))
		}
		thousand := count()
		b.ReportMetric(thousand, "series/1000-sensors")
		require.NoError(b, x.Write(context.Background(), year("attacked", everyone)))
		b.ReportMetric(count()-thousand, "series/attacked")
	}
}
