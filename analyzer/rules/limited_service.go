package rules

import (
	"slices"

	"vigie/analyzer"
	"vigie/cell"
)

// service is since when there was service: idle or connected, or registered.
type service struct{ Service int64 }

func (s *service) Learn(v *analyzer.View, _ *analyzer.Lesson) {
	if s.Service == 0 && (v.Obs.State == cell.Idle || v.Obs.State == cell.Connected || slices.ContainsFunc(v.Obs.Registration, cell.Registration.Registered)) {
		s.Service = v.Now
	}
}

var limitedService = analyzer.Rule{
	ID: "limited-service", Version: 2, Title: "limited service under a good signal",
	Needs: cell.FieldState, Cause: "limited",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the SIM was blocked or taken out",
		"only another operator's network is left in this spot",
		"the modem has just started and is not registered yet",
	},
	Learns: func() analyzer.Statistic { return new(service) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || on.Outage || on.Limited != 2 || v.Obs.State != cell.Limited || !v.HasLevel || v.Settled() < 10 {
			return false
		}
		if v.Statistic().(*service).Service == 0 || v.Base.Network(&on.Cell) == nil && on.Cell.PLMN != 0 {
			return false
		}
		strong := v.Level >= -85
		if on.Cell.RAT >= cell.LTE {
			strong = v.Level >= -105
		}
		if !strong {
			return false
		}
		s.P = v.Rate(0.02, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("only emergency calls on %s at %.0f dBm, where there had been service", &on.Cell, v.Level)
		return true
	},
}
