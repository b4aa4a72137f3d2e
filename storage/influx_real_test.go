package storage_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
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

func newInflux(t testing.TB, s *storage.Store, o storage.InfluxOptions) *storage.Influx {
	t.Helper()
	if o.Bucket == "" {
		o.Bucket = influxdtest.Database
	}
	if o.TokenFile == "" {
		o.TokenFile = tokenFile(t, influxdtest.Token)
	}
	x, err := storage.NewInflux(s, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// follow runs Follow until the test says so.
func follow(t testing.TB, x *storage.Influx) (stop func()) {
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

func TestSmokeInflux(t *testing.T) {
	srv := influxdtest.Start(t)
	s := newStore(t)
	appendAll(t, s, storagetest.Day(20000))
	require.NoError(t, s.PutEvents(context.Background(), storagetest.Events(50)...))
	x := newInflux(t, s, storage.InfluxOptions{URL: srv.URL, FullRate: true, Log: func(l string) { t.Log(l) }})
	t0 := time.Now()
	follow(t, x)
	until(t, "all sent", time.Minute, func() bool {
		return x.Status().Behind == 0 && x.Status().Sent > 0 && srv.Number("SELECT count(pci) FROM serving") == 20000
	})
	t.Log(time.Since(t0), x.Status())
	for _, q := range []string{"SELECT count(rsrp), sum(rsrp), sum(cell_id) FROM serving", "SELECT count(rsrp) FROM neighbour", "SELECT count(status) FROM registration", "SELECT count(id) FROM event", "SELECT count(event) FROM finding", "SHOW SERIES EXACT CARDINALITY", "SELECT * FROM serving LIMIT 2", "SELECT * FROM event LIMIT 1"} {
		t.Log(q, srv.Exec(q))
	}
}
