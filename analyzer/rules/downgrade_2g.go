package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// falls2G counts the changes of cell from a later RAT to GSM, once the modem has been there for three observations.
type falls2G struct {
	Falls int64
	From  analyzer.PerRAT[falls] // by the RAT that was left
}

// falls is what was learned of the falls from one RAT.
type falls struct {
	N   uint32
	New uint32 // those that led to a cell never seen
}

func (f *falls2G) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if l.Cell == nil || l.Stay.N != 3 || l.Stay.Blind || l.Stay.Cell.RAT != cell.GSM {
		return
	}
	left := leftFor2G(v)
	if left == nil {
		return
	}
	f.Falls++
	of := f.From.Of(left.Cell.RAT)
	of.N++
	if l.Stay.NewCell {
		of.New++
	}
}

var downgrade2G = analyzer.Rule{
	ID: "downgrade-2g", Version: 2, Title: "fall to 2G in context",
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
		if on == nil || on.N > 2 || on.Blind || on.Cell.RAT != cell.GSM || v.Assumed(cell.FieldRAT) {
			return false
		}
		from := leftFor2G(v)
		if from == nil {
			return false
		}
		known := v.Statistic().(*falls2G)
		of := known.From.Of(from.Cell.RAT)
		p := analyzer.Share(float64(known.Falls), v.Base.Stays(), fallPrior, 20)
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
			p *= analyzer.Share(float64(of.New), float64(of.N), 0.3, 5)
		}
		if v.HasLevel && v.Level >= -60 && from.Cell.RAT >= cell.LTE {
			p *= 0.2
		}
		if on.Talking == on.N {
			p = max(p, 0.2) // a call
		}
		if on.N == 1 && !from.Strange() {
			p = max(p, 0.05) // one answer may have the RAT of one moment and the cell of another
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

// fallPrior is how many changes of cell are falls to 2G. It is a guess: hardly any is left in the benign traces, since what once
// seemed to be falls was a logger's label of the wrong moment.
const fallPrior = 0.02

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
