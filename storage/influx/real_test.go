package influx_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// tokenFile holds the token of the test server.
func tokenFile(t testing.TB, token string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(name, []byte(token+"\n"), 0o600))
	return name
}

func newStore(t testing.TB) *storage.Store {
	t.Helper()
	s, err := storage.Open(context.Background(), filepath.Join(t.TempDir(), "vigie.db"), storage.Options{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func newInflux(t testing.TB, s *storage.Store, o influx.Options) *influx.Sink {
	t.Helper()
	if o.Bucket == "" {
		o.Bucket = influxdtest.Database
	}
	if o.TokenFile == "" {
		o.TokenFile = tokenFile(t, influxdtest.Token)
	}
	x, err := influx.New(s, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// follow runs Follow until the test calls stop.
func follow(t testing.TB, x *influx.Sink) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- x.Follow(ctx, "influx") }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
		}
	}
	t.Cleanup(stop)
	return stop
}

// until waits for something that another goroutine or process brings about.
func until(t testing.TB, what string, within time.Duration, f func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); !f(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func appendAll(t testing.TB, s *storage.Store, recs []cell.Record) {
	t.Helper()
	for i := 0; i < len(recs); i += 1000 {
		require.NoError(t, s.Append(context.Background(), recs[i:min(i+1000, len(recs))]...))
	}
}

// tally is what a server should count and sum: of each measurement, and of its whole numbers and levels, in hours.
type tally map[string]float64

// stored is what the points of a store add up to, reckoned from its records and not from lines.
func stored(t testing.TB, s *storage.Store, at func(time.Time) string) tally {
	t.Helper()
	sum := tally{}
	add := func(measurement string, when time.Time, field string, v float64) {
		key := measurement + " " + at(when) + " "
		sum[key+"count "+field]++
		sum[key+"sum "+field] += v
	}
	cellOf := func(measurement string, when time.Time, c *cell.Cell) {
		if v, ok := c.PCI.Get(); ok {
			add(measurement, when, "pci", float64(v))
		}
		if v, ok := c.ID.Get(); ok {
			add(measurement, when, "cell_id", float64(v))
		}
		if v, ok := c.RSRP.Get(); ok {
			add(measurement, when, "rsrp", float64(v))
		}
	}
	for e, err := range s.Records(context.Background(), storage.Query{NoRaw: true}) {
		require.NoError(t, err)
		switch r := e.Record.(type) {
		case *cell.Observation:
			if r.Serving != nil {
				cellOf("serving", r.Time, r.Serving)
			}
			for i := range r.Neighbours {
				cellOf("neighbour", r.Time, &r.Neighbours[i])
			}
			for _, g := range r.Registration {
				add("registration", r.Time, "status", float64(g.Status.Or(0)))
				add("registration", r.Time, "cell_id", float64(g.CellID.Or(0)))
			}
		case *cell.Gap:
			if !r.Until.IsZero() {
				add("gap", r.Time, "duration_s", r.Until.Sub(r.Time).Seconds())
			}
		case *cell.Health:
			if r.Count != 0 {
				add("health", r.Time, "count", float64(r.Count))
			}
		}
	}
	for e, err := range s.Events(context.Background(), storage.EventQuery{}) {
		require.NoError(t, err)
		add("event", e.First, "severity_level", float64(e.Severity))
		for _, f := range e.Findings {
			add("finding", f.First, "version", float64(f.Version))
		}
	}
	return sum
}

// served is the same as the server reckons it.
func served(t testing.TB, srv *influxdtest.Server, at func(time.Time) string) tally {
	t.Helper()
	sum := tally{}
	for measurement, fields := range map[string][]string{"serving": {"pci", "cell_id", "rsrp"}, "neighbour": {"pci", "cell_id", "rsrp"}, "registration": {"status", "cell_id"},
		"gap": {"duration_s"}, "health": {"count"}, "event": {"severity_level"}, "finding": {"version"}} {
		for _, field := range fields {
			q := fmt.Sprintf("SELECT count(%s), sum(%[1]s) FROM %s WHERE time > 0 AND time < 4000000000000000000 GROUP BY time(1h) fill(none)", field, measurement)
			for _, table := range srv.Exec(q) {
				for _, row := range table.Values {
					ns, err := row[0].(json.Number).Int64()
					require.NoError(t, err)
					n, _ := row[1].(json.Number).Float64()
					total, _ := row[2].(json.Number).Float64()
					if n > 0 {
						key := measurement + " " + at(time.Unix(0, ns)) + " "
						sum[key+"count "+field], sum[key+"sum "+field] = n, total
					}
				}
			}
		}
	}
	return sum
}

func byHour(t time.Time) string { return t.UTC().Truncate(time.Hour).Format("2006-01-02T15") }

// requireSame compares what the store has with what the server has, and that no point is there twice under another time or series.
func requireSame(t testing.TB, s *storage.Store, srv *influxdtest.Server) {
	t.Helper()
	want, got := stored(t, s, byHour), served(t, srv, byHour)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)
}

// history is n observations with the gaps, health lines and events that go with them.
func history(t testing.TB, s *storage.Store, n int) {
	t.Helper()
	day := storagetest.Day(n)
	appendAll(t, s, day)
	for i := 0; i < n; i += 5000 {
		at := storagetest.Start.Add(time.Duration(i) * time.Second)
		appendAll(t, s, []cell.Record{
			&cell.Gap{Time: at, Sensor: "roof-1", Reason: "silent"},
			&cell.Gap{Time: at, Sensor: "roof-1", Reason: "silent", Until: at.Add(90 * time.Second)},
			&cell.Health{Time: at, Sensor: "roof-1", Reason: "unknown_token", Detail: "a token that ends in \\", Count: 1 + i},
		})
	}
	require.NoError(t, s.PutEvents(context.Background(), storagetest.Events(n/200)...))
}

func everythingSent(x *influx.Sink, s *storage.Store) func() bool {
	return func() bool {
		stats, err := s.Stats(context.Background())
		return err == nil && x.Status().Through >= stats.Seq
	}
}

// All that is in the store arrives at a real server, and a broadcast name that ends in a backslash costs nothing.
func TestRealServer(t *testing.T) {
	srv := influxdtest.Start(t)
	s := newStore(t)
	appendAll(t, s, []cell.Record{&cell.Source{Version: 1, Sensor: `evil\`}, &cell.Observation{Time: storagetest.Start.Add(-time.Hour), Sensor: `evil\`,
		Serving: &cell.Cell{RAT: cell.LTE, MCC: `27"2\`, MNC: `\`, PCI: cell.Some(uint16(7))}, Registration: []cell.Registration{{Domain: `eps\`, Status: cell.Some(uint8(1)), CellID: cell.Some(uint64(5))}}}})
	history(t, s, 2000)
	e := storagetest.Events(1)[0]
	e.ID, e.Sensor, e.Summary, e.First = `evil\`, `evil\`, "a name with \\ and \" and \x00 and \u202e in it\\", e.First.Add(-time.Hour)
	e.Findings[0].Rule = `rule\`
	require.NoError(t, s.PutEvents(context.Background(), e))
	x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true, Gzip: true})
	follow(t, x)
	until(t, "everything is sent", 30*time.Second, everythingSent(x, s))
	requireSame(t, s, srv)
	require.Empty(t, rejected(t, s))

	// What comes while it is watched arrives too, and the event is one point however often it changes.
	for i := range 5 {
		e.Severity, e.Last = analyzer.Severity(i%4), e.Last.Add(time.Minute)
		require.NoError(t, s.PutEvents(context.Background(), e))
		require.NoError(t, s.Append(context.Background(), &cell.Observation{Time: storagetest.Start.Add(time.Duration(100+i) * time.Hour), Sensor: "roof-1", Serving: &cell.Cell{RAT: cell.GSM, PCI: cell.Some(uint16(i))}}))
		until(t, "it is sent", 10*time.Second, everythingSent(x, s))
	}
	requireSame(t, s, srv)

	// And comes back as it was.
	var want, got []analyzer.Event
	for e, err := range s.Events(context.Background(), storage.EventQuery{}) {
		require.NoError(t, err)
		want = append(want, e)
	}
	for e, err := range x.Events(context.Background(), storage.EventQuery{}) {
		require.NoError(t, err)
		got = append(got, e)
	}
	require.ElementsMatch(t, want, got)
	got = nil
	for e, err := range x.Events(context.Background(), storage.EventQuery{Sensor: `evil\`, Severity: e.Severity, Rule: `rule\`}) {
		require.NoError(t, err)
		got = append(got, e)
	}
	require.Len(t, got, 1)

	// So do the times when clocks were set.
	at := func(hour int) time.Time {
		return storagetest.Start.Add(time.Duration(hour)*time.Hour + 7*time.Millisecond)
	}
	appendAll(t, s, []cell.Record{
		&cell.Clock{Time: at(2), Sensor: "late", Since: at(0), Offset: 90 * time.Minute},
		&cell.Clock{Time: at(5), Sensor: "late", Since: at(2), Offset: -1500 * time.Millisecond},
		&cell.Clock{Time: at(1), Sensor: "later", Since: at(0), Offset: time.Hour},
		&cell.Clock{Time: at(3), Sensor: "untold", Offset: time.Hour},
		&cell.Clock{Time: at(4), Sensor: `evil\`, Since: at(3), Offset: time.Hour},
	})
	until(t, "it is sent", 10*time.Second, everythingSent(x, s))
	there, err := s.Corrections(context.Background())
	require.NoError(t, err)
	back, err := x.Corrections(context.Background(), []string{"late", "later", "untold", `evil\`, "roof-1"})
	require.NoError(t, err)
	require.Len(t, there, 3)
	require.Equal(t, there, back)
}

// Sampled, with Follow interrupted again and again: the same points as in one run.
func TestSamplesAreTheSameInPieces(t *testing.T) {
	s := newStore(t)
	history(t, s, 20_000)
	srv := newScripted(t)
	want := wanted(t, s, influx.Options{})
	require.Less(t, len(want), 12_000)
	for n := 0; ; n++ {
		x := newInflux(t, s, influx.Options{URL: srv.URL, Batch: 200})
		x.Narrow(500)
		stop := follow(t, x)
		sent := int64(300 + 100*n)
		until(t, "some are sent", 10*time.Second, func() bool { return x.Status().Sent >= sent || everythingSent(x, s)() })
		done := everythingSent(x, s)()
		stop()
		if done {
			break
		}
	}
	require.Equal(t, want, srv.kept())
}
