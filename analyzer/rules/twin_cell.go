package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var twinCell = analyzer.Rule{
	ID: "twin-cell", Version: 1, Title: "two cells with one channel and PCI in one place",
	Needs: cell.FieldCellID | cell.FieldPCI | cell.FieldARFCN, Cause: "physical",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"firmware that updates cell id and PCI at different moments",
		"one antenna shared by several networks, each with its own cell id",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on, left := v.On(), v.Stay(1)
		if on == nil || !v.Arrived || on.Blind || on.Outage || left == nil || v.Skewed() || !on.NewCell {
			return false
		}
		a, b := &on.Cell, &left.Cell
		const phys = cell.FieldPCI | cell.FieldARFCN
		if !a.Has.Has(phys) || !b.Has.Has(phys) || a.RAT != b.RAT || a.PCI != b.PCI || a.ARFCN != b.ARFCN || a.SameIdentity(b) ||
			a.PLMN != b.PLMN || on.Pause > 5000 {
			return false
		}
		s.P = v.Rate(0.03, analyzer.PerStay)
		s.Suspect(a)
		s.Say("%s answers on channel %d with PCI %d, where a moment ago %s did: a network never gives neighbours the same", a, a.ARFCN, a.PCI, b)
		return true
	},
}
