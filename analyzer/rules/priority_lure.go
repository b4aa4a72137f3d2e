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
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Asked || on.Cell.RAT < cell.LTE {
			return false
		}
		own, ok := v.Obs.Serving.Priority.Get()
		if !ok || own > 7 {
			return false
		}
		for i := range v.Neighbours {
			n := &v.Neighbours[i]
			if n.RAT != cell.GSM && n.RAT != cell.UMTS || n.Priority < 0 || uint8(n.Priority) <= own || !v.Once(on) {
				continue
			}
			s.P = v.Rate(0.01, analyzer.PerStay)
			s.Suspect(&on.Cell)
			s.Say("%s sends telephones to %s, with priority %d over its own %d", &on.Cell, n.RAT, n.Priority, own)
			return true
		}
		return false
	},
}
