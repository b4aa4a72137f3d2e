package rules

import (
	"cmp"

	"vigie/analyzer"
	"vigie/cell"
)

var domainNames = [...]string{"CS", "PS", "EPS", "5GS"}

var registrationRejected = analyzer.Rule{
	ID: "registration-rejected", Version: 2, Title: "registration rejected by a network that had accepted",
	Needs: cell.FieldRegistration, Cause: "reject",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Strong,
	Innocent: []string{
		"the subscription ended, was blocked or is not paid",
		"a roaming agreement does not hold in this area",
		"trouble in the operator's subscriber database",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		if !v.RejectBegan || v.HasCause && v.Cause == analyzer.NotInGroup {
			return false // a cell of a closed group: see analyzer.NotInGroup
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
	return cmp.Or(map[uint16]string{
		2:  "IMSI unknown in HSS or HLR",
		3:  "illegal MS or UE",
		5:  "illegal ME",
		6:  "illegal ME",
		7:  "service not allowed",
		8:  "EPS and non-EPS services not allowed",
		9:  "identity cannot be derived",
		10: "implicitly detached",
		11: "PLMN not allowed",
		12: "area not allowed",
		13: "roaming not allowed in this area",
		14: "service not allowed in this PLMN",
		15: "no suitable cells in this area",
		17: "network failure",
		22: "congestion",
	}[c], "see TS 24.008 and TS 24.301")
}
