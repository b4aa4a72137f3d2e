package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// rareCells counts the cells that had exactly one stay: the estimate of how many are still unseen (Good-Turing).
type rareCells struct{ Single int64 }

func (c *rareCells) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if !v.Arrived || l.Cell == nil {
		return
	}
	switch l.Cell.Stays {
	case 1:
		c.Single++
	case 2:
		c.Single--
	}
}

// novelty is how probable it was that a change of cell brought one never seen: by the share of cells seen once, in this tile
// when moving, at this site when fixed. Time watched without any change counts too, a chance every ten minutes, or a site with
// one cell would never learn that it has one cell.
func (c *rareCells) novelty(v *analyzer.View) float64 {
	if v.Fixed() {
		return analyzer.Share(float64(c.Single), v.Base.Stays()+v.Base.Minutes()/10, 0.3, 5)
	}
	if stays, fresh, ok := v.Base.Tile(); ok {
		return analyzer.Share(float64(fresh), float64(stays), 0.5, 10)
	}
	return analyzer.Share(float64(c.Single), v.Base.Stays(), 0.5, 10)
}

var newCell = analyzer.Rule{
	ID: "new-cell", Version: 1, Title: "a cell never seen, where new ones are rare",
	Needs: cell.FieldCellID, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new site, a small cell or a carrier that the operator has just switched on",
		"weather or traffic that lets a cell from further away be heard",
	},
	Learns: func() analyzer.Statistic { return new(rareCells) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.NewNetwork {
			return false
		}
		if left := v.Stay(1); left != nil && left.Cell.RAT != on.Cell.RAT {
			return false // a change of RAT has rules of its own
		}
		s.P = max(v.Statistic().(*rareCells).novelty(v), 0.02)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s was never seen here, where one change of cell in %.0f brings a new one", &on.Cell, 1/s.P)
		return true
	},
}
