package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var downgrade3G = analyzer.Rule{
	ID: "downgrade-3g", Version: 1, Title: "from a good LTE cell to 3G, without a call",
	Needs: cell.FieldRAT, Cause: "fall",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a voice call: many networks still send it to 3G",
		"the end of LTE coverage",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on, left := v.On(), v.Stay(1)
		if on == nil || !v.Arrived || on.Blind || on.Cell.RAT != cell.UMTS || left == nil || left.Cell.RAT < cell.LTE {
			return false
		}
		if v.Obs.State == cell.Connected || !good(left) {
			return false
		}
		s.P = v.ThreeGShare()
		if on.NewCell {
			s.P *= 0.3
		}
		s.Suspect(&on.Cell)
		s.Say("the modem went from %s to 3G while idle: %s", left.Cell.RAT, &on.Cell)
		return true
	},
}
