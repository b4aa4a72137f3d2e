package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var dominantCell = analyzer.Rule{
	ID: "dominant-cell", Version: 1, Title: "an unknown cell far above all its neighbours",
	Needs: cell.FieldCellID | cell.FieldNeighbours, Cause: "level",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Supporting,
	Innocent: []string{
		"a small cell or an indoor antenna close by",
		"a modem that lists only part of its neighbours",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || on.Blind || !on.NewCell || on.Listed == 0 || on.Listed > 2 {
			return false
		}
		by, ok := v.Lead()
		if asked, _ := v.Lists(on.Cell.RAT); !ok || by < 16 || asked < 20 {
			return false
		}
		s.P = v.LeadShare(on.Cell.RAT, by)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s, never seen here, is %.0f dB stronger than the strongest of its neighbours", &on.Cell, by)
		return true
	},
}
