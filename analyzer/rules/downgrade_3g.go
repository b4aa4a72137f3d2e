package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// falls3G counts the changes of cell from LTE or NR to UMTS.
type falls3G struct{ Falls3G int64 }

func (f *falls3G) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if fellTo(v, l, cell.UMTS) {
		f.Falls3G++
	}
}

// fellTo reports whether the lesson is a change from a later RAT to this one.
func fellTo(v *analyzer.View, l *analyzer.Lesson, to cell.RAT) bool {
	if !v.Arrived || l.Cell == nil || l.Stay.Blind || l.Stay.Cell.RAT != to {
		return false
	}
	left := v.Stay(1)
	return left != nil && left.Cell.RAT > to
}

var downgrade3G = analyzer.Rule{
	ID: "downgrade-3g", Version: 1, Title: "from a good LTE cell to 3G, without a call",
	Needs: cell.FieldRAT, Cause: "fall",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a voice call: many networks still send it to 3G",
		"the end of LTE coverage",
	},
	Learns: func() analyzer.Statistic { return new(falls3G) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on, left := v.On(), v.Stay(1)
		if on == nil || !v.Arrived || on.Blind || on.Cell.RAT != cell.UMTS || left == nil || left.Cell.RAT < cell.LTE {
			return false
		}
		if v.Obs.State == cell.Connected || !wellHeard(left) {
			return false
		}
		s.P = analyzer.Share(float64(v.Statistic().(*falls3G).Falls3G), v.Base.Stays(), 0.05, analyzer.PriorWeight)
		if on.NewCell {
			s.P *= 0.3
		}
		s.Suspect(&on.Cell)
		s.Say("the modem went from %s to 3G while idle: %s", left.Cell.RAT, &on.Cell)
		return true
	},
}
