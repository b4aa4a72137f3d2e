package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var noNeighbours = analyzer.Rule{
	ID: "no-neighbours", Version: 1, Title: "no neighbours where there were always some",
	Needs: cell.FieldNeighbours, Cause: "neighbours",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a modem that lists no neighbours while it is connected, or just after a change of cell",
		"an isolated cell: open country, an indoor system",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Asked || on.Empty != 2 || on.Blind || on.Outage || weak(v) {
			return false
		}
		if n, _, _ := v.Neighbours(); len(n) > 0 {
			return false
		}
		asked, empty := v.Lists(on.Cell.RAT)
		if asked < 20 {
			return false // it has not shown yet that it lists any
		}
		p := v.Bare(on.Cell.RAT)
		if k := v.Known(&on.Cell); k != nil && k.Listed >= 20 {
			p = min(p, (float64(k.Empty)+0.02*20)/(float64(k.Listed+k.Empty)+20))
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s has no neighbours, where the modem listed some in %.0f %% of its answers", &on.Cell, 100*(1-float64(empty)/float64(asked)))
		return true
	},
}

// weak tells whether a cell is so weak that its surroundings are not heard either.
func weak(v *analyzer.View) bool {
	on := v.On()
	l, ok := on.AtEnd()
	return !ok || l < -105 || on.Cell.RAT < cell.LTE && l < -95
}
