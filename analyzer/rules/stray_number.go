package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var strayNumber = analyzer.Rule{
	ID: "stray-number", Version: 1, Title: "a cell numbered unlike those of its network here",
	Needs: cell.FieldMNC | cell.FieldCellID, Cause: "numbering",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new site, a small cell or an indoor system that the operator numbers apart",
		"the first cells of a region, or of equipment by another maker",
		"a network shared by several operators, each with its own ranges",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.NewNetwork {
			return false
		}
		n, ok := v.Numbering(&on.Cell)
		if !ok || n.P > 0.05 {
			return false
		}
		s.P = n.P
		s.Suspect(&on.Cell)
		station := "base station"
		if on.Cell.RAT == cell.UMTS {
			station = "controller"
		}
		switch {
		case n.Far > 0 && n.Unheard:
			s.Say("%s has a %s number far from all, and a cell number (%d) unlike all, of the %d cells of its network known here", &on.Cell, station, n.Number, n.Cells)
		case n.Far > 0:
			s.Say("%s has a %s number far from those of all %d cells of its network known here", &on.Cell, station, n.Cells)
		case n.Unheard && on.Cell.RAT == cell.LTE:
			s.Say("%s has a cell number %d, as none of the %d cells of its network known here has", &on.Cell, n.Number, n.Cells)
		case n.Unheard:
			s.Say("%s has a cell number that ends in %d, as none of the %d cells of its network known here has", &on.Cell, n.Number, n.Cells)
		default:
			s.Say("%s has a %s number that none of the %d cells of its network known here has", &on.Cell, station, n.Cells)
		}
		return true
	},
}
