package influx_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/storagetest"
)

const victoriaVersion = "v1.151.0"

// startVictoria builds and runs a VictoriaMetrics of one node, on loopback, until the test ends.
func startVictoria(t *testing.T) (url string) {
	const module = "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@" + victoriaVersion
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "vigie-test", "victoria-metrics-"+victoriaVersion[1:])
	binary := filepath.Join(dir, "victoria-metrics")
	if _, err := os.Stat(binary); err != nil {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		build := exec.Command("go", "install", "-ldflags=-s -w", module)
		build.Dir, build.Env = dir, append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
		out, err := build.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	cmd := exec.Command(binary, "-httpListenAddr="+addr, "-storageDataPath="+t.TempDir(), "-retentionPeriod=100y", "-memory.allowedBytes=128MB", "-loggerLevel=ERROR")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	until(t, "it answers", time.Minute, func() bool {
		resp, err := http.Get("http://" + addr + "/health")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	return "http://" + addr
}

// series is how many samples a series of all tags has, and their sum.
func victoriaSeries(t *testing.T, base, name string) (n int, sum float64) {
	resp, err := http.Get(base + "/internal/force_flush")
	require.NoError(t, err)
	resp.Body.Close()
	resp, err = http.Get(base + "/api/v1/export?" + url.Values{"match[]": {`{__name__="` + name + `"}`}, "start": {"0"}}.Encode())
	require.NoError(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var one struct{ Values []float64 }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &one))
		for _, v := range one.Values {
			n, sum = n+1, sum+v
		}
	}
	require.NoError(t, lines.Err())
	return n, sum
}

// Numbers arrive at a real VictoriaMetrics, each once, next to a network name that would have a server drop the batch; texts do
// not, and what is sent twice is there twice. That is what docs/influxdb.md says of it. make victoria runs this.
func TestVictoriaMetrics(t *testing.T) {
	if os.Getenv("VIGIE_VICTORIA") == "" {
		t.Skip("takes minutes to build the server; this runs it: make victoria")
	}
	base := startVictoria(t)
	s := newStore(t)
	appendAll(t, s, []cell.Record{&cell.Observation{Time: storagetest.Start.Add(-time.Hour), Sensor: `evil\`, Serving: &cell.Cell{RAT: cell.LTE, MCC: `27\`, MNC: `\`, RSRP: cell.Some(cell.DBm(-77))}}})
	history(t, s, 5000)
	send := func(name string) {
		x := newInflux(t, s, influx.Options{URL: base, Bucket: "any", FullRate: true})
		require.NoError(t, storage.Follow(context.Background(), s, name, x, storage.FollowOptions{UntilDone: true}))
		require.Empty(t, rejected(t, s))
	}
	send("first")
	want := map[string]struct {
		n   int
		sum float64
	}{}
	add := func(name string, v float64) {
		w := want[name]
		w.n, w.sum = w.n+1, w.sum+v
		want[name] = w
	}
	for e, err := range s.Records(context.Background(), storage.Query{NoRaw: true, Kinds: storage.Observations}) {
		require.NoError(t, err)
		o := e.Record.(*cell.Observation)
		if v, ok := o.Serving.RSRP.Get(); ok {
			add("serving_rsrp", float64(v))
		}
		for i := range o.Neighbours {
			add("neighbour_rsrp", float64(o.Neighbours[i].RSRP.Or(0)))
		}
	}
	for e, err := range s.Events(context.Background(), storage.EventQuery{}) {
		require.NoError(t, err)
		add("event_severity_level", float64(e.Severity))
	}
	require.Greater(t, want["serving_rsrp"].n, 4999)
	for name, w := range want {
		n, sum := victoriaSeries(t, base, name)
		require.Equal(t, w.n, n, name)
		require.Less(t, math.Abs(sum-w.sum), 1e-6, name)
	}
	n, sum := victoriaSeries(t, base, "event_summary")
	t.Logf("texts: event_summary has %d samples that add up to %v", n, sum)
	require.Zero(t, sum, "texts are not kept")

	send("second")
	n, _ = victoriaSeries(t, base, "serving_rsrp")
	require.Equal(t, 2*want["serving_rsrp"].n, n, "what is sent twice is there twice")
}
