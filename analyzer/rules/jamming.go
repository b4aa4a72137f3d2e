package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var jamming = analyzer.Rule{
	ID: "jamming", Version: 1, Title: "power rises and quality collapses",
	Needs: cell.FieldRSSI | cell.FieldRSRQ | cell.FieldRSRP, Cause: "jamming",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a transmitter close by: a radio, a repeater that oscillates, a faulty device",
		"heavy traffic in this and the neighbouring cells",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Jammed() || !v.Once(on) {
			return false
		}
		s.P = v.Rate(0.05, analyzer.PerHour)
		s.Say("on %s the received power rose while RSRQ fell to %.0f dB", &on.Cell, v.Quality)
		return true
	},
}
