package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var lostBand = analyzer.Rule{
	ID: "lost-band", Version: 1, Title: "every cell was lost, and an unknown one was there after it",
	Needs: cell.FieldCellID | cell.FieldState, Cause: "jamming",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Supporting,
	Innocent: []string{
		"a tunnel, a lift or a cellar that was left by another door",
		"an outage of the site, and a neighbour that took over",
		"the modem or its antenna was unplugged and moved",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on, left := v.On(), v.Stay(1)
		if on == nil || !v.Arrived || on.Blind || !on.Outage || !on.NewCell || left == nil || !wellHeard(left) {
			return false
		}
		gone := float64(on.Pause) / 1000
		if gone < 5 || gone > 180 {
			return false
		}
		s.P = v.Rate(0.05, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Since(left.Last)
		s.Say("the modem lost %s, which it had heard well, found nothing for %.0f s, and then %s, never seen here", &left.Cell, gone, &on.Cell)
		return true
	},
}
