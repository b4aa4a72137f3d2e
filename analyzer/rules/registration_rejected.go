package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var domainNames = [...]string{"CS", "PS", "EPS", "5GS"}

var registrationRejected = analyzer.Rule{
	ID: "registration-rejected", Version: 1, Title: "registration rejected by a network that had accepted",
	Needs: cell.FieldRegistration, Cause: "reject",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Strong,
	Innocent: []string{
		"the subscription ended, was blocked or is not paid",
		"a roaming agreement does not hold in this area",
		"trouble in the operator's subscriber database",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		if !v.RejectBegan {
			return false
		}
		on := v.Stay(0)
		if on == nil {
			return false
		}
		n := v.Base.Network(&on.Cell)
		if n == nil || n.Served[v.Domain] == 0 {
			return false // never accepted: a SIM without service here
		}
		s.P = v.Rate(rejectPrior(v.Cause, v.HasCause), analyzer.PerHour)
		s.Suspect(&on.Cell)
		if v.HasCause {
			s.Say("%s registration was rejected with cause %d (%s) on %s, by a network that had accepted it", domainNames[v.Domain],
				v.Cause, causeName(v.Cause), &on.Cell)
		} else {
			s.Say("%s registration was denied on %s, by a network that had accepted it", domainNames[v.Domain], &on.Cell)
		}
		return true
	},
}

// rejectPrior is how often, per hour of watching, a network that had accepted a SIM is expected to reject it with this cause (TS
// 24.008 annex G, TS 24.301 annex A). Nobody has published measured rates.
func rejectPrior(cause uint16, known bool) float64 {
	if !known {
		return 0.02
	}
	switch cause {
	case 2, 3, 6, 7, 8: // the SIM or the phone is refused altogether: that does not change within minutes
		return 1e-3
	case 11, 12, 13, 14, 15: // not in this network or area: happens at borders of roaming agreements
		return 0.02
	}
	return 0.1 // 9, 10, 17, 22 and the rest: the network lost its context, or is congested
}

func causeName(c uint16) string {
	switch c {
	case 2:
		return "IMSI unknown in HSS or HLR"
	case 3:
		return "illegal MS or UE"
	case 5, 6:
		return "illegal ME"
	case 7:
		return "service not allowed"
	case 8:
		return "EPS and non-EPS services not allowed"
	case 9:
		return "identity cannot be derived"
	case 10:
		return "implicitly detached"
	case 11:
		return "PLMN not allowed"
	case 12:
		return "area not allowed"
	case 13:
		return "roaming not allowed in this area"
	case 14:
		return "service not allowed in this PLMN"
	case 15:
		return "no suitable cells in this area"
	case 17:
		return "network failure"
	case 22:
		return "congestion"
	}
	return "see TS 24.008 and TS 24.301"
}
