package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var narrowCell = analyzer.Rule{
	ID: "narrow-cell", Version: 1, Title: "an unknown cell narrower than the known ones",
	Needs: cell.FieldBandwidth | cell.FieldCellID, Cause: "carrier",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a carrier in a narrow slice of spectrum, as many operators have below 1 GHz",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.Cell.RAT != cell.LTE {
			return false
		}
		bw, ok := v.Obs.Serving.Bandwidth.Get()
		if !ok || bw > 5000 {
			return false
		}
		narrow, all := v.Narrow()
		if all < 5 {
			return false
		}
		s.P = (float64(narrow) + 0.1*10) / (float64(all) + 10)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s is %.1f MHz wide, as %d of the %d cells before it", &on.Cell, float64(bw)/1000, narrow, all)
		return true
	},
}
