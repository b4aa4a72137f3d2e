package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var lostArea = analyzer.Rule{
	ID: "lost-area", Version: 1, Title: "a cell whose area code turns into a reserved value",
	Needs: cell.FieldCellID, Cause: "identity",
	Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Strong,
	Innocent: []string{
		"the modem was detached or has just been reset, and fills the field with a placeholder",
		"firmware that prints no area while it searches",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || on.Outage || on.Barred != 2 || !v.Obs.Serving.Placeholder.Has(cell.FieldArea) {
			return false
		}
		if !on.NewCell && !on.Cell.Has.Has(cell.FieldArea) {
			return false // a known cell of which only a part was printed
		}
		p := 0.03
		if on.NewCell && on.Cell.Has.Has(cell.FieldArea) {
			p = 5e-3
		}
		s.P = v.Rate(p, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s is camped on, but its area code is a reserved value that no network uses", &on.Cell)
		return true
	},
}
