package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var loudNewcomer = analyzer.Rule{
	ID: "loud-newcomer", Version: 1, Title: "an unknown cell far stronger than the one before",
	Needs: cell.FieldCellID, Cause: "level",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the modem held on to a fading cell for too long, and then found a near one",
		"a change of band: a cell on a lower frequency is heard stronger",
		"a small cell or an indoor antenna close by",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || on.Blind || on.Outage || !on.NewCell || on.N != 3 || !v.HasLevel {
			return false
		}
		up, ok := v.Rise()
		if !ok || up < 8 {
			return false
		}
		p := v.RiseShare(on.Cell.RAT, up)
		if v.Arriving() {
			p = math.Sqrt(p) // half the weight: a cell is left late and the next one found late
		}
		switch on.Dominance() {
		case 1:
			p *= 0.5
		case -1:
			p *= 2
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s, never seen here, came %.0f dB stronger than the cell before it, at %.0f dBm", &on.Cell, up, v.Level)
		return true
	},
}
