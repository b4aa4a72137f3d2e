package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var strangeNeighbours = analyzer.Rule{
	ID: "strange-neighbours", Version: 1, Title: "neighbours none of which was ever heard",
	Needs: cell.FieldNeighbours, Cause: "neighbours",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new stretch of road: everything is new there",
		"another band or RAT, whose cells were not listed before",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Asked || !v.Strangers || on.Blind || on.Listed != 1 {
			return false
		}
		asked, _ := v.Lists(on.Cell.RAT)
		if asked < 20 {
			return false
		}
		s.P = v.Alien(on.Cell.RAT)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		n, _, _ := v.Neighbours()
		s.Say("%s lists %d neighbours, none of which was ever heard here", &on.Cell, len(n))
		return true
	},
}
