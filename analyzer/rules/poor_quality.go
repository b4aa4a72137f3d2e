package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var poorQuality = analyzer.Rule{
	ID: "poor-quality", Version: 1, Title: "an unknown cell that is strong and yet poor",
	Needs: cell.FieldRSRP | cell.FieldRSRQ | cell.FieldCellID, Cause: "quality",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a busy cell in the middle of a town, among others as strong",
		"the moment of a handover",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || !on.NewCell || on.N != 4 || !v.HasLevel || !v.HasQuality || on.Cell.RAT < cell.LTE {
			return false
		}
		if v.Level < -75 || on.Quality > -15 {
			return false
		}
		s.P = v.Rate(0.03, analyzer.PerStay)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s is strong (%.0f dBm) and yet its RSRQ is never better than %.0f dB", &on.Cell, v.Level, on.Quality)
		return true
	},
}
