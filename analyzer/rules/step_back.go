package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var stepBack = analyzer.Rule{
	ID: "step-back", Version: 2, Title: "a rise of level that ends as suddenly as it began",
	Needs: cell.FieldCellID, Cause: "release",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"something large stood between sensor and cell, moved away, and came back",
		"the sensor was lifted and put down again",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.HasLevel || on.Step < 10 || v.Now-on.StepAt > 12*60_000 || v.Now-on.StepAt < 5_000 {
			return false
		}
		fell := float64(on.Fell())
		if fell < 8 || !v.Once(on) {
			return false
		}
		if v.Pace() != analyzer.AtRest {
			return false // of 356 lasting rises on the move 212 fell back
		}
		scale := 14.0
		if v.Fixed() {
			scale = 10
		}
		s.P = math.Pow(10, -min(fell, float64(on.Step))/scale)
		s.Suspect(&on.Cell)
		s.Say("%s fell by %.0f dB, back to where it was before it rose", &on.Cell, fell)
		return true
	},
}
