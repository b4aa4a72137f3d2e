package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var areaCodeMismatch = analyzer.Rule{
	ID: "area-code-mismatch", Version: 1, Title: "known cell under another area code",
	Needs: cell.FieldArea | cell.FieldCellID, Cause: "area",
	Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Strong,
	Innocent: []string{
		"the operator moved this cell to another area: it then keeps the new one, and other cells follow",
		"in GSM and UMTS, two cells of one network may share a short cell id in different areas",
		"firmware that reads area and cell id at different moments, on a source that does not say so",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Entered() {
			return false
		}
		if !on.OtherArea {
			return onlyThisCell(v, s, on)
		}
		if a := v.Base.Area(&on.Cell); a != nil && a.Moved > 0 {
			return false // other cells came to this area too: a re-plan
		}
		s.Suspect(&on.Cell)
		before := v.Stay(1)
		if before != nil && !on.Blind && !on.Outage && before.Cell.SameIdentity(&on.Cell) {
			s.P = v.Rate(2e-3, analyzer.PerStay)
			s.Say("%s was under area %d until a moment ago, and changed without a break", &on.Cell, on.WasArea)
			return true
		}
		s.P = 0.05 // a fixed value, not measured here: networks are re-planned once in a few years
		if on.Cell.RAT == cell.GSM {
			s.P = 0.2
		}
		s.Say("%s had been known under area %d", &on.Cell, on.WasArea)
		return true
	},
}

// onlyThisCell reports that the modem is back on a cell that has kept its area, after one that had changed it: a re-plan would
// have moved both.
func onlyThisCell(v *analyzer.View, s *analyzer.Signal, on *analyzer.Stay) bool {
	if on.NewCell || on.NewArea || !on.Cell.Has.Has(cell.FieldArea) || v.Base.Cell(&on.Cell) == nil {
		return false
	}
	moved := v.Stay(1)
	if moved == nil || on.Blind || !moved.OtherArea || moved.Cell.RAT != on.Cell.RAT || moved.Cell.PLMN != on.Cell.PLMN {
		return false
	}
	if a := v.Base.Area(&moved.Cell); a != nil && a.Moved > 1 || moved.WasArea != on.Cell.Area {
		return false
	}
	s.P = v.Rate(2e-3, analyzer.PerStay)
	s.Suspect(&moved.Cell)
	s.Since(moved.From)
	s.Say("%s had been known under area %d, and no other cell changed with it", &moved.Cell, moved.WasArea)
	return true
}
