package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var movedCell = analyzer.Rule{
	ID: "moved-cell", Version: 2, Title: "known cell on another channel or physical identity",
	Needs: cell.FieldCellID | cell.FieldPCI, Cause: "physical",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the operator has re-planned PCIs or moved the carrier",
		"firmware that updates cell id and PCI at different moments",
		"a cell with several carriers under one identity",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived && !v.Retuned || v.Skewed() {
			return false
		}
		k := v.Base.Cell(&on.Cell)
		if k == nil || k.N < 10 {
			return false
		}
		pci := on.Cell.Has.Has(cell.FieldPCI) && k.Ident.Has.Has(cell.FieldPCI) && on.Cell.PCI != k.Ident.PCI
		channel := on.Cell.Has.Has(cell.FieldARFCN) && k.Ident.Has.Has(cell.FieldARFCN) && on.Cell.ARFCN != k.Ident.ARFCN
		if !pci && !channel {
			return false
		}
		s.P = v.Rate(0.03, analyzer.PerStay)
		if !v.Arrived && v.Arriving() {
			s.P = max(s.P, 0.06) // on the way to another cell whose identity has not been read yet
		}
		s.Suspect(&on.Cell)
		switch {
		case pci && channel:
			s.Say("%s is on channel %d with PCI %d, and was on channel %d with PCI %d", &on.Cell, on.Cell.ARFCN, on.Cell.PCI, k.Ident.ARFCN, k.Ident.PCI)
		case pci:
			s.Say("%s has PCI %d, and had PCI %d", &on.Cell, on.Cell.PCI, k.Ident.PCI)
		default:
			s.Say("%s is on channel %d, and was on channel %d", &on.Cell, on.Cell.ARFCN, k.Ident.ARFCN)
		}
		return true
	},
}
