package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var strangeArea = analyzer.Rule{
	ID: "strange-area", Version: 1, Title: "an area code unlike those around",
	Needs: cell.FieldArea | cell.FieldCellID, Cause: "area",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the border of a tracking area that was not crossed before",
		"a small cell or an indoor system that the operator numbers apart",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Entered() || on.Blind || !on.NewArea || on.OtherArea || on.NewNetwork {
			return false
		}
		if v.Skewed() && v.AreaElsewhere(&on.Cell) {
			return false // the area that the logger still shows from the RAT before
		}
		d, ok := v.NearestArea(&on.Cell)
		if !ok {
			return false // the first cell of a network and RAT brings its area with it
		}
		p := v.AreaNovelty(on.Cell.RAT)
		s.Say("%s is in an area never seen here", &on.Cell)
		if v.HasLevel && !weak(v) && p < 0.1 { // where borders are everywhere, none of this is news
			if d > 1000 {
				p *= 0.1
				s.Say("%s is in an area never seen here, whose number is far from those of its network around", &on.Cell)
			}
			if left := v.Stay(1); left != nil && !on.Outage && left.Cell.RAT == on.Cell.RAT && good(left) {
				p *= borderShare(on.Cell.RAT)
			}
		}
		if v.Minutes() < 10 && v.StaysOn(on.Cell.RAT) < 3 {
			p = max(p, 0.1) // one area is known; what the others are like is not
		}
		if v.Replanning(on.Cell.RAT) {
			p = max(p, 0.5)
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		return true
	},
}

// borderShare is how many of the new areas come while the cell before is still good: borders lie where both sides are
// weak. Of 34 new areas in LTE that was so for 6, of 10 in GSM for 7.
func borderShare(r cell.RAT) float64 {
	if r >= cell.LTE {
		return 0.2
	}
	return 0.7
}

// good tells whether a cell was still well heard when the modem left it.
func good(s *analyzer.Stay) bool {
	l, ok := s.AtEnd()
	if !ok {
		return false
	}
	switch s.Cell.RAT {
	case cell.LTE, cell.NR:
		return l >= -95
	}
	return l >= -80
}
