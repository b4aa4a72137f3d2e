package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// carriers counts, by cell, the observations with further carriers or a 5G leg, and those that said there were none.
type carriers struct {
	Cells analyzer.PerCell[struct{ Aided, Plain uint32 }]
}

func (c *carriers) Learn(v *analyzer.View, l *analyzer.Lesson) {
	c.Cells.Renew(l)
	known := l.Trusted()
	switch {
	case v.Obs.Secondary == nil || known == nil:
	case len(v.Obs.Secondary) > 0:
		c.Cells.Of(known).Aided++
	default:
		c.Cells.Of(known).Plain++
	}
}

var lostCarriers = analyzer.Rule{
	ID: "lost-carriers", Version: 1, Title: "a known cell without the carriers or 5G leg that it always had",
	Needs: cell.FieldCellID | cell.FieldSecondary, Cause: "carrier",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Supporting,
	Innocent: []string{
		"a modem that is idle: carriers and the 5G leg are added while data flows",
		"night hours, in which operators put carriers to sleep",
		"works at the site",
	},
	Learns: func() analyzer.Statistic { return new(carriers) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Plain != 12 || on.Aided > 0 || v.Obs.Secondary == nil {
			return false
		}
		known := v.Base.Cell(&on.Cell)
		if known == nil {
			return false
		}
		k := v.Statistic().(*carriers).Cells.Of(known)
		if k.Aided < 60 || k.Aided < 9*k.Plain || !v.Once(on) {
			return false
		}
		s.P = (float64(k.Plain) + 1) / (float64(k.Aided+k.Plain) + 20)
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s has no further carrier and no 5G leg, where it had some in %d of %d answers", &on.Cell, k.Aided, k.Aided+k.Plain)
		return true
	},
}
