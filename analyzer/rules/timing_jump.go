package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var timingJump = analyzer.Rule{
	ID: "timing-jump", Version: 1, Title: "timing advance that jumps further than the sensor can move",
	Needs: cell.FieldTA | cell.FieldCellID, Cause: "timing",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"another path: a reflection that won, then the direct ray",
		"a modem that keeps the timing advance of the last connection",
		"a distributed antenna system: one cell, several places",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || v.Arrived || !v.HasTA || !v.HasTABefore {
			return false
		}
		step := 78.0 // metres per step of 16 Ts, one way (TS 36.213 clause 4.2.3)
		if on.Cell.RAT == cell.GSM {
			step = 554 // one bit (TS 45.010)
		}
		jump := step * (float64(max(v.TA, v.TABefore)) - float64(min(v.TA, v.TABefore)))
		if jump < 900 || !v.Once(on) { // 15 s at 60 m/s
			return false
		}
		s.P = v.Rate(0.02, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Say("%s seems %.1f km nearer or further than a moment ago, by its timing advance (%d, was %d)", &on.Cell, jump/1000, v.TA, v.TABefore)
		return true
	},
}
