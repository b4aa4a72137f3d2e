package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var pingPong = analyzer.Rule{
	ID: "ping-pong", Version: 1, Title: "back and forth between two areas while standing still",
	Needs: cell.FieldArea | cell.FieldCellID, Cause: "loop",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"the border of two areas runs through this place",
		"a cell that is overloaded and sends telephones away",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || !on.Cell.Has.Has(cell.FieldArea) {
			return false
		}
		if still, known := v.Still(); !known || !still {
			return false
		}
		const turns = 6
		for n := 1; n <= turns; n++ {
			p := v.Stay(n)
			if p == nil || p.Blind || !p.Cell.Has.Has(cell.FieldArea) || v.Now-p.From > 3*60_000 {
				return false
			}
			if same := p.Cell.Area == v.Stay(n%2).Cell.Area; !same || n == 1 && p.Cell.Area == on.Cell.Area {
				return false
			}
		}
		s.P = v.Rate(0.05, analyzer.PerHour)
		s.Suspect(&on.Cell)
		s.Suspect(&v.Stay(1).Cell)
		s.Say("%d changes between areas %d and %d within three minutes, at one place", turns, on.Cell.Area, v.Stay(1).Cell.Area)
		return true
	},
}
