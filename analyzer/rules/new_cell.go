package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var newCell = analyzer.Rule{
	ID: "new-cell", Version: 1, Title: "a cell never seen, where new ones are rare",
	Needs: cell.FieldCellID, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new site, a small cell or a carrier that the operator has just switched on",
		"weather or traffic that lets a cell from further away be heard",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.NewNetwork {
			return false
		}
		if left := v.Stay(1); left != nil && left.Cell.RAT != on.Cell.RAT {
			return false // a change of RAT is the greater news, and has its own rules
		}
		s.P = max(v.Novelty(), 0.02)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s was never seen here, where one change of cell in %.0f brings a new one", &on.Cell, 1/s.P)
		return true
	},
}
