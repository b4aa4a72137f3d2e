package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem"
	"vigie/modem/emulator"
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
	l := &line{engine: newEngine(withDefaults(Config{})), store: store}
	collector, err := modem.New(modem.Config{Device: em.Path(), Sensor: "bench", Mode: cell.Fixed, Fast: 20 * time.Millisecond, Slow: 100 * time.Millisecond})
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background())
	var took []time.Duration
	err = collector.Run(ctx, func(r cell.Record) error {
		err := l.feed(context.Background(), r)
		if o, ok := r.(*cell.Observation); ok {
			if took = append(took, time.Since(o.Time)); len(took) >= 2000 {
				stop()
			}
		}
		return err
	})
	stop()
	require.NoError(b, err)
	require.NoError(b, l.close(context.Background()))
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(residentMiB(b), "MiB-RSS")
	b.ReportMetric(0, "ns/op")
}

// residentMiB is the resident set of this process, its test harness included.
func residentMiB(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
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
