package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var unlistedCell = analyzer.Rule{
	ID: "unlisted-cell", Version: 1, Title: "a new cell that a nearly complete cell database lacks",
	Needs: cell.FieldCellID | cell.FieldMCC | cell.FieldMNC, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Supporting,
	Innocent: []string{
		"a cell built since the database was made, or one that nobody with a phone that reports has passed",
		"a small cell or a cell inside a building",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.NewNetwork {
			return false
		}
		_, listed, ok := v.Listed(&on.Cell)
		if !ok || listed {
			return false
		}
		// The share of cells missing among those verified here, from a prior of one half that counts as ten cells (a Beta-Binomial
		// estimate; a public list lacked 42 to 59 % of the real cells in one test).
		cells, missing := v.Base.Verified(&on.Cell)
		p := analyzer.Share(float64(missing), float64(cells), 0.5, 10)
		s.P = max(p, 0.05) // a new cell is missing from a list more often than an old one
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s is not in the cell database, which has %d of the %d %s cells of network %s that proved to be real here", &on.Cell, cells-missing, cells,
			on.Cell.RAT, v.PLMN(&on.Cell))
		return true
	},
}
