package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var levelStep = analyzer.Rule{
	ID: "level-step", Version: 1, Title: "a sudden lasting rise of a known cell",
	Needs: cell.FieldCellID, Cause: "level",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the sensor or something near it was moved: a window, a door, a vehicle that drove away",
		"driving out of a shadow",
		"a firmware that averages slowly and catches up at once",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || v.Arrived || !v.HasLevel || on.StepAt != v.Now {
			return false
		}
		rise := float64(on.Step)
		if rise < 8 {
			return false
		}
		if on.Frozen && v.Arriving() {
			return false
		}
		still, known := v.Still()
		p := math.Pow(10, -rise/8)
		switch {
		case !known || !still:
			p = math.Pow(10, -(rise-12)/6)
		case !v.Fixed():
			p = math.Pow(10, -rise/10) // a stop at a traffic light is not a window sill
		}
		if v.HasQuality && v.Quality >= -7.5 {
			p *= 0.3
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(v.Now - 5000)
		s.Say("%s rose by %.0f dB within seconds to %.0f dBm and stayed there", &on.Cell, rise, v.Level)
		return true
	},
}
