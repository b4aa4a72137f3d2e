package rules

import (
	"strings"

	"vigie/analyzer"
	"vigie/cell"
)

var networkDetach = analyzer.Rule{
	ID: "network-detach", Version: 1, Title: "detached by the network",
	Needs: cell.FieldUnsolicited, Cause: "detach",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"the network restarts, or moves its subscribers to another core",
		"the subscription was changed or ended",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		for _, line := range v.Obs.Raw {
			if !strings.HasPrefix(line, "+CGEV: NW DETACH") {
				continue
			}
			s.P = v.Rate(0.02, analyzer.PerHour)
			s.Say("the network detached the modem")
			if on := v.Stay(0); on != nil {
				s.Suspect(&on.Cell)
				s.Say("the network detached the modem, on %s", &on.Cell)
			}
			return true
		}
		return false
	},
}
