package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/modem"
	"vigie/modem/emulator"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// A day at 1 Hz, replayed with a store, as a user would: from reading the file to the events in the store.
func BenchmarkReplayADay(b *testing.B) {
	file := filepath.Join(b.TempDir(), "day.ndjson")
	require.NoError(b, os.WriteFile(file, day(), 0o600))
	i := 0
	for b.Loop() {
		i++
		var out, stderr bytes.Buffer
		status := run(context.Background(), []string{"replay", "--json", "--store", filepath.Join(b.TempDir(), fmt.Sprint(i, ".db")), file}, nil, &out, &stderr)
		if status != 0 {
			b.Fatal(stderr.String())
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/day")
	b.ReportMetric(0, "ns/op")
}

// day is one day of a fixed monitor: two cells, a level that wanders, neighbours every five seconds.
func day() []byte {
	var enc cell.Encoder
	reports := cell.FieldRAT | cell.FieldState | cell.FieldMCC | cell.FieldMNC | cell.FieldArea | cell.FieldCellID | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldNeighbours
	text := enc.Append(nil, &cell.Source{Version: 1, Sensor: "roof", Mode: cell.Fixed, Reports: cell.Some(reports)})
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for s := range 86400 {
		second := uint64(s / 1800 % 2)
		o := &cell.Observation{Time: start.Add(time.Duration(s) * time.Second), Sensor: "roof", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03",
			Area: cell.Some(cell.Area(4660)), ID: cell.Some(11016962 + second), PCI: cell.Some(uint16(101 + second)), ARFCN: cell.Some(uint32(1300)),
			RSRP: cell.Some(cell.DBm(-96 + s/7%9)), RSRQ: cell.Some(cell.DB(-11 + s%3))}}
		o.Raw = []string{fmt.Sprintf(`+QENG: "servingcell","NOCONN","LTE","FDD",272,03,%X,%d,1300,3,5,5,1234,%v,%v,-65,12,30`, 11016962+second, 101+second,
			float64(o.Serving.RSRP.Or(0)), float64(o.Serving.RSRQ.Or(0)))}
		if s%5 == 0 {
			for k := range 4 {
				o.Neighbours = append(o.Neighbours, cell.Cell{RAT: cell.LTE, ARFCN: cell.Some(uint32(1300)), PCI: cell.Some(uint16(200 + k)), RSRP: cell.Some(cell.DBm(-105 - k + s/11%5)), RSRQ: cell.Some(cell.DB(-13))})
			}
		}
		text = enc.Append(text, o)
	}
	return text
}

// From the last byte of an answer on the pseudo-terminal until what it led to is stored, events included.
func BenchmarkAnswerToEventStored(b *testing.B) {
	s, err := emulator.Parse(strings.ReplaceAll(demoScenario, "note end", ""), nil)
	require.NoError(b, err)
	em, err := emulator.Start(context.Background(), s, emulator.Options{Speed: 2})
	require.NoError(b, err)
	defer em.Close()
	store, err := storage.Open(context.Background(), filepath.Join(b.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(b, err)
	l := pipeline.New(pipeline.Options{NewEngine: config.Config{}.NewEngine(analyzer.Atlas{}), Store: store})
	collector, err := modem.New(modem.Config{Device: em.Path(), Sensor: "bench", Mode: cell.Fixed, Fast: 20 * time.Millisecond, Slow: 100 * time.Millisecond})
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	var took []time.Duration
	err = collector.Run(ctx, func(r cell.Record) error {
		err := l.Feed(context.Background(), r)
		if o, ok := r.(*cell.Observation); ok {
			if took = append(took, time.Since(o.Time)); len(took) >= 2000 {
				stop()
			}
		}
		return err
	})
	stop()
	require.NoError(b, err)
	require.NoError(b, l.Close(context.Background()))
	require.NoError(b, store.Close())
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// What a watch with one modem costs, of the program as it is released: how long after its start the first observation is printed, with a
// modem that answers at once, and how much memory is resident ten seconds later.
func BenchmarkWatch(b *testing.B) {
	program := released(b, "")
	sc, err := emulator.Parse(serviceScenario+sticks[0].scenario, nil)
	require.NoError(b, err)
	var first time.Duration
	var resident float64
	for b.Loop() {
		em, err := emulator.Start(b.Context(), sc, emulator.Options{})
		require.NoError(b, err)
		dir := b.TempDir()
		cmd := exec.Command(program, "watch", "--config", writeFile(b, dir, "v.toml", ""), "--port", em.Path(), "--store", filepath.Join(dir, "s.db"), "--record", filepath.Join(dir, "r.ndjson"))
		began := time.Now()
		require.NoError(b, cmd.Start())
		for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
			if text, _ := os.ReadFile(filepath.Join(dir, "r.ndjson")); bytes.Contains(text, []byte(`"serving"`)) {
				break
			}
			require.Less(b, time.Since(began), time.Minute)
		}
		first += time.Since(began)
		<-time.After(10 * time.Second)
		resident = max(resident, residentMiB(b, cmd.Process.Pid))
		require.NoError(b, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(b, cmd.Wait())
		em.Close()
	}
	b.ReportMetric(first.Seconds()/float64(b.N), "s-to-first")
	b.ReportMetric(resident, "MiB-RSS")
	b.ReportMetric(0, "ns/op")
}

// The size of the program as it is released, for a Raspberry Pi.
func BenchmarkBinary(b *testing.B) {
	for b.Loop() {
		info, err := os.Stat(released(b, "arm64"))
		require.NoError(b, err)
		b.ReportMetric(float64(info.Size())/(1<<20), "MiB-arm64")
	}
	b.ReportMetric(0, "ns/op")
}

// released builds the program as make cross does, for an architecture or for this one.
func released(b *testing.B, arch string) string {
	file := filepath.Join(b.TempDir(), "vigie")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if arch != "" {
		cmd.Env = append(cmd.Env, "GOARCH="+arch)
	}
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	return file
}

// residentMiB is the resident set of a process.
func residentMiB(b *testing.B, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	for _, l := range strings.Split(string(text), "\n") {
		var kib float64
		if n, _ := fmt.Sscanf(l, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
