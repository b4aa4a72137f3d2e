package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var impossibleChannel = analyzer.Rule{
	ID: "impossible-channel", Version: 1, Title: "a channel number that does not exist",
	Needs: cell.FieldARFCN, Cause: "channel",
	Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"a band newer than this version's tables",
		"firmware that prints a raw number in another scale",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || !on.NewCell || v.Assumed(cell.FieldRAT) || !on.Cell.Has.Has(cell.FieldARFCN|cell.FieldRAT) {
			return false
		}
		if cell.ChannelExists(on.Cell.RAT, on.Cell.ARFCN) {
			return false
		}
		s.P = v.Rate(1e-2, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Say("%s says that it is on %s channel %d, which no band holds", &on.Cell, on.Cell.RAT, on.Cell.ARFCN)
		return true
	},
}
