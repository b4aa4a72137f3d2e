package analyzer_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

func BenchmarkQuiet(b *testing.B) { benchQuiet(b, rules.All(), 0) }

// BenchmarkQuietAfter100kCells shows that the cost of an observation does not grow with what was learned.
func BenchmarkQuietAfter100kCells(b *testing.B) { benchQuiet(b, rules.All(), 100_000) }

// BenchmarkRule shows what each rule costs: the engine with this rule alone, and with none.
func BenchmarkRule(b *testing.B) {
	b.Run("none", func(b *testing.B) { benchQuiet(b, nil, 0) })
	for _, r := range rules.All() {
		b.Run(r.ID, func(b *testing.B) { benchQuiet(b, []analyzer.Rule{r}, 0) })
	}
}

func benchQuiet(b *testing.B, list []analyzer.Rule, known int) {
	e := analyzer.New(list, analyzer.Options{})
	e.Feed(roof())
	at := start.Add(-time.Duration(known+1) * time.Second)
	for i := range known {
		e.Feed(manyCells(at.Add(time.Duration(i)*time.Second), i))
		e.Take()
	}
	day := quietDay(10_000)
	for _, o := range day[:1000] {
		e.Feed(o)
	}
	e.Take()
	b.ReportAllocs()
	b.ResetTimer()
	i := 1000
	for range b.N {
		o := day[i]
		e.Feed(o)
		if i++; i == len(day) {
			b.StopTimer()
			i = 1000
			for k := 1000; k < len(day); k++ {
				day[k].Time = day[k].Time.Add(9000 * time.Second)
			}
			b.StartTimer()
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "obs/s")
}

func manyCells(at time.Time, i int) *cell.Observation {
	return &cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03",
		Area: cell.Some(cell.Area(1 + i/200)), ID: cell.Some(uint64(i + 1)), PCI: cell.Some(uint16(i % 504)), ARFCN: cell.Some(uint32(1300 + i/504)),
		RSRP: cell.Some(cell.DBm(-94))}}
}

// BenchmarkMemory100kCells reports the heap that 100,000 learned cells take.
func BenchmarkMemory100kCells(b *testing.B) {
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e := analyzer.New(rules.All(), analyzer.Options{})
		e.Feed(roof())
		for i := range 100_000 {
			e.Feed(manyCells(start.Add(time.Duration(i)*time.Second), i))
			e.Take()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(e)
	}
}

// BenchmarkSave100kCells reports the cost of saving 100,000 learned cells, and their size.
func BenchmarkSave100kCells(b *testing.B) {
	e := analyzer.New(rules.All(), analyzer.Options{})
	e.Feed(roof())
	for i := range 100_000 {
		e.Feed(manyCells(start.Add(time.Duration(i)*time.Second), i))
		e.Take()
	}
	b.ResetTimer()
	for range b.N {
		state, err := e.Save()
		require.NoError(b, err)
		b.ReportMetric(float64(len(state))/(1<<20), "MiB")
	}
}
