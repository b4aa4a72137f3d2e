package locate_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer/locate"
	"vigie/analyzer/locate/locatetest"
	"vigie/cell"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// The same on every processor, after rounding to 10 m, 0.001 km2 and 0.1 dB: the file was written on amd64, and make locate-arm reads it
// on an emulated arm64, which multiplies and adds in one step.
func TestGoldenPlaces(t *testing.T) {
	var b strings.Builder
	for i := range locatetest.Rows {
		r := &locatetest.Rows[i]
		if strings.Contains(r.Name, "guided") || strings.Contains(r.Name, "30 min") {
			continue // the same model, and slow
		}
		samples, _ := r.Named(11)
		got := locate.Locate(samples, cell.LTE)
		at := locatetest.Place(got.Best)
		fmt.Fprintf(&b, "%s: %.1f dBm, best %.0f %.0f m, 50 %% %.3f km2, 90 %% %.3f km2, mirror %t, widened %q\n", r.Name, got.Loudest.Or(0),
			10*math.Round(at.X/10), 10*math.Round(at.Y/10), got.Regions[0].Area, got.Regions[1].Area, got.Mirror, got.Widened)
		for _, o := range got.Offsets {
			fmt.Fprintf(&b, "  %s %+.1f dB\n", o.Sensor, o.DB)
		}
	}
	const golden = "testdata/places.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
