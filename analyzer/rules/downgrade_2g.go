package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// falls2G counts the changes of cell from a later RAT to GSM.
type falls2G struct{ Falls int64 }

func (f *falls2G) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if fellTo(v, l, cell.GSM) {
		f.Falls++
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

var downgrade2G = analyzer.Rule{
	ID: "downgrade-2g", Version: 1, Title: "fall to 2G in context",
	Needs: cell.FieldRAT, Cause: "fall",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the end of LTE coverage: a tunnel, a lift, a cellar, open country",
		"a voice call on a network that sends calls to 2G",
		"an outage or works at the LTE site",
	},
	Learns: func() analyzer.Statistic { return new(falls2G) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || on.Cell.RAT != cell.GSM || v.Assumed(cell.FieldRAT) {
			return false
		}
		from := leftFor2G(v)
		if from == nil {
			return false
		}
		p := analyzer.Share(float64(v.Statistic().(*falls2G).Falls), v.Base.Stays(), 0.02, analyzer.PriorWeight)
		level, heard := from.AtEnd()
		switch {
		case from.Cell.RAT < cell.LTE || !heard: // how good it was is not known
		case level >= -95:
			p *= 0.1
		case level >= -105:
			p *= 0.3
		default:
			p *= 3
		}
		where := "a 2G cell"
		if on.NewCell {
			where = "a 2G cell never seen here"
			p *= 0.3
		}
		if v.HasLevel && v.Level >= -60 && from.Cell.RAT >= cell.LTE {
			p *= 0.2
		}
		s.P = p
		s.Suspect(&on.Cell)
		if from.Strange() {
			s.Suspect(&from.Cell)
		}
		s.Since(on.From)
		if heard && v.HasLevel {
			s.Say("the modem fell from %s at %.0f dBm to %s at %.0f dBm: %s", from.Cell.RAT, level, where, v.Level, &on.Cell)
		} else {
			s.Say("the modem fell from %s to %s: %s", from.Cell.RAT, where, &on.Cell)
		}
		return true
	},
}

// leftFor2G returns the last stay on a later RAT, not more than a minute ago; nil if there is none.
func leftFor2G(v *analyzer.View) *analyzer.Stay {
	for n := 1; n < 4; n++ {
		p := v.Stay(n)
		if p == nil || v.Now-p.Last > 60_000 {
			return nil
		}
		if p.Cell.RAT > cell.GSM {
			return p
		}
		if p.Cell.RAT == cell.GSM {
			return nil // already there
		}
	}
	return nil
}
