package rules

import (
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

var networkTime = analyzer.Rule{
	ID: "network-time", Version: 1, Title: "the network's clock is wrong",
	Needs: cell.FieldUnsolicited, Cause: "time",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"the clock of this host was wrong",
		"an operator whose time server is off, or who sends local time where universal time belongs",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		for _, line := range v.Obs.Raw {
			if !strings.HasPrefix(line, "+CTZE:") {
				continue
			}
			said, ok := networkClock(line)
			if !ok {
				continue
			}
			off := said.Sub(v.Obs.Time).Abs()
			// Whole quarter hours, up to 14 hours, may be a matter of time zones.
			zone := off.Round(15 * time.Minute)
			if off < 5*time.Minute || zone <= 14*time.Hour && (off-zone).Abs() < 2*time.Minute {
				return false
			}
			s.P = v.Rate(0.02, analyzer.PerHour)
			s.Say("the network says that it is %s, which is %s off", said, off.Round(time.Second))
			if on := v.Stay(0); on != nil {
				s.Suspect(&on.Cell)
			}
			return true
		}
		return false
	},
}

// networkClock reads the time from +CTZE: <tz>,<dst>,<time> (TS 27.007 clause 8.41), which is in UTC: "yyyy/MM/dd,hh:mm:ss".
func networkClock(line string) (time.Time, bool) {
	i := strings.LastIndex(line, `,"`)
	if i < 0 {
		return time.Time{}, false
	}
	t, err := time.Parse("2006/01/02,15:04:05", strings.Trim(line[i+1:], `" `))
	return t, err == nil
}
