package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var priorityLure = analyzer.Rule{
	ID: "priority-lure", Version: 1, Title: "an older RAT broadcast with a higher priority",
	Needs: cell.FieldPriority | cell.FieldNeighbourPriority, Cause: "priority",
	Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Strong,
	Innocent: []string{
		"an operator that keeps certain subscribers or devices on an older RAT on purpose",
		"a mistake in the operator's parameters",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Asked || on.Cell.RAT < cell.LTE {
			return false
		}
		own, ok := v.Priority()
		if !ok {
			return false
		}
		n, _, prio := v.Neighbours()
		for i := range n {
			if n[i].RAT != cell.GSM && n[i].RAT != cell.UMTS || prio[i] < 0 || uint8(prio[i]) <= own || !v.Once(on) {
				continue
			}
			s.P = v.Rate(0.01, analyzer.PerStay)
			s.Suspect(&on.Cell)
			s.Say("%s sends telephones to %s, with priority %d over its own %d", &on.Cell, n[i].RAT, prio[i], own)
			return true
		}
		return false
	},
}
