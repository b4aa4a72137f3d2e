package analyzer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

func TestPace(t *testing.T) {
	speed := func(v float64) cell.Opt[float64] { return cell.Some(v) }
	for name, c := range map[string]struct {
		mode  cell.Mode
		step  float64 // metres a second by the positions
		speed cell.Opt[float64]
		far   cell.Opt[float64] // accuracy
		want  analyzer.Pace
	}{
		"fixed":                        {mode: cell.Fixed, step: 20, want: analyzer.AtRest},
		"parked":                       {step: 0, speed: speed(0), want: analyzer.AtRest},
		"parked, without a speed":      {step: 0, want: analyzer.AtRest},
		"strolling":                    {step: 0.5, speed: speed(0.5), want: analyzer.Walking},
		"strolling, without a speed":   {step: 0.5, want: analyzer.Walking},
		"walking":                      {step: 1.4, speed: speed(1.4), want: analyzer.Walking},
		"walking, without a speed":     {step: 1.4, want: analyzer.Walking},
		"the speed alone says walking": {step: 0, speed: speed(1), want: analyzer.Walking},
		"driving":                      {step: 14, speed: speed(14), want: analyzer.Driving},
		"driving, without a speed":     {step: 14, want: analyzer.Driving},
		"coarse":                       {step: 0, far: cell.Some(100.0), want: analyzer.PaceUnknown},
	} {
		var got analyzer.Pace
		e := looking(func(v *analyzer.View) { got = v.Pace() })
		if c.mode == "" {
			c.mode = cell.Mobile
		}
		e.Feed(&cell.Source{Sensor: "bag", Mode: c.mode})
		for i := range 60 {
			o := on("bag", i, *lteCell(1))
			o.Position = &cell.Position{Lat: 51.9 + c.step*float64(i)/111_195, Lon: -8.4, Speed: c.speed, Accuracy: c.far}
			e.Feed(o)
		}
		require.Equal(t, c.want, got, name)
	}
	var got analyzer.Pace = 99
	e := looking(func(v *analyzer.View) { got = v.Pace() })
	e.Feed(&cell.Source{Sensor: "bag", Mode: cell.Mobile})
	e.Feed(on("bag", 0, *lteCell(1)))
	require.Equal(t, analyzer.PaceUnknown, got, "no position")
}
