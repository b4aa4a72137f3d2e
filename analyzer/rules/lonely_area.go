package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var lonelyArea = analyzer.Rule{
	ID: "lonely-area", Version: 1, Title: "an area code with a single cell",
	Needs: cell.FieldArea | cell.FieldCellID, Cause: "area",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"the edge of an area: only one of its cells reaches this place",
		"a small cell or an indoor system that the operator numbers apart",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || !on.Cell.Has.Has(cell.FieldArea) || v.Now-on.From < 10*60_000 {
			return false
		}
		a := v.Base.Area(&on.Cell)
		if a == nil || a.Cells > 1 || a.First < on.From || !v.Once(on) {
			return false // it was there before, or has more cells
		}
		lonely, all := lonelyAreas(v, &on.Cell)
		if all < 2 {
			return false
		}
		s.P = (float64(lonely) + 1) / (float64(all) + 5)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("after ten minutes %s is still the only cell of its area, as in %d of the %d areas of its network known here", &on.Cell, lonely, all)
		return true
	},
}

// lonelyAreas is how many other areas of a network and RAT have one cell only, of all those first seen an hour ago or more.
func lonelyAreas(v *analyzer.View, i *analyzer.Ident) (lonely, all int) {
	for _, a := range v.Base.OtherAreas(i) {
		if v.Now-a.First >= 3600_000 {
			all++
			if a.Cells == 1 {
				lonely++
			}
		}
	}
	return lonely, all
}
