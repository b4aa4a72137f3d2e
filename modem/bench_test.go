package modem

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/emulator"
)

// BenchmarkLatency measures from the last byte of an answer on the pseudo-terminal to the observation in emit, through the
// real serial library. design.md wants under 50 ms at the 99th percentile until the event is stored.
func BenchmarkLatency(b *testing.B) {
	text, err := os.ReadFile("testdata/eg25.txt")
	require.NoError(b, err)
	s, err := emulator.Parse(string(text), nil)
	require.NoError(b, err)
	e, err := emulator.Start(context.Background(), s, emulator.Options{})
	require.NoError(b, err)
	defer e.Close()
	c, err := New(Config{Device: e.Path(), Fast: 5 * time.Millisecond, Slow: time.Hour, Host: Host{Sys: b.TempDir()}})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	told := map[string]time.Time{}
	err = c.Run(ctx, func(r cell.Record) error {
		now := time.Now()
		if o, ok := r.(*cell.Observation); ok && len(o.Raw) == 1 && o.Serving != nil {
			if told[o.Raw[0]] = now; len(told) >= b.N {
				cancel()
			}
		}
		return nil
	})
	require.NoError(b, err)
	var took []time.Duration
	for _, p := range e.Printed() {
		_, line, _ := strings.Cut(p.Text, "\r\n")
		line, _, _ = strings.Cut(line, "\r\n")
		if at, ok := told[line]; ok && p.Command == askServing {
			took = append(took, at.Sub(p.Time))
		}
	}
	require.NotEmpty(b, took)
	slices.Sort(took)
	ms := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))]) / float64(time.Millisecond) }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(ms(1), "max-ms")
	b.ReportMetric(0, "ns/op")
}
