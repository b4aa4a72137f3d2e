package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

// rises counts, by RAT, the changes of cell by how much stronger the new cell came than the one before had been.
type rises struct {
	RATs analyzer.PerRAT[struct {
		Steps   bins   // in steps of riseWidth
		Stepped uint32 // their sum, with those that came weaker
	}]
}

const riseWidth = 3 // dB

func (r *rises) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if l.Trusted() == nil || l.Stay.N != 3 || l.Stay.Blind || l.Stay.Outage {
		return
	}
	if up, ok := rise(v); ok {
		x := r.RATs.Of(l.Stay.Cell.RAT)
		x.Steps.tally(&x.Stepped, riseWidth, up)
	}
}

// share is the share of changes of cell here that brought at least this rise in dB. The prior is what was measured on the
// move: one in ten brings 13 dB more in LTE, one in six in GSM and UMTS.
func (r *rises) share(rat cell.RAT, up float64) float64 {
	prior := math.Pow(10, -up/17)
	if rat >= cell.LTE {
		prior = math.Pow(10, -up/13)
	}
	x := r.RATs.Of(rat)
	return x.Steps.shareFrom(x.Stepped, riseWidth, up, prior)
}

// rise is by how many dB the present stay began stronger than the one before it ended, within one RAT.
func rise(v *analyzer.View) (float64, bool) {
	on, left := v.On(), v.Stay(1)
	if on == nil || left == nil || left.Cell.RAT != on.Cell.RAT {
		return 0, false
	}
	before, ok := left.AtEnd()
	now, ok2 := on.AtStart()
	return now - before, ok && ok2
}

var loudNewcomer = analyzer.Rule{
	ID: "loud-newcomer", Version: 2, Title: "an unknown cell far stronger than the one before",
	Needs: cell.FieldCellID, Cause: "level",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the modem held on to a fading cell for too long, and then found a near one",
		"a change of band: a cell on a lower frequency is heard stronger",
		"a small cell or an indoor antenna close by",
	},
	Learns: func() analyzer.Statistic { return new(rises) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || on.Outage || !on.NewCell || on.N != 3 || !nearBy(v) {
			return false
		}
		up, ok := rise(v)
		if !ok || up < 8 {
			return false
		}
		p := v.Statistic().(*rises).share(on.Cell.RAT, up)
		if v.Arriving() {
			p = math.Sqrt(p) // half the weight: on the move a cell is left late and the next one found late
		}
		switch on.Dominance() {
		case 1:
			p *= 0.5
		case -1:
			p *= 2
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s, never seen here, came %.0f dB stronger than the cell before it, at %.0f dBm", &on.Cell, up, v.Level)
		return true
	},
}
