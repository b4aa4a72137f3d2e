package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var tooStrong = analyzer.Rule{
	ID: "too-strong", Version: 2, Title: "stronger than any cell has been here",
	Needs: cell.FieldRAT, Cause: "level",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the sensor was carried close to an antenna, or its own antenna was improved",
		"a small cell, a femtocell or an indoor repeater in the same room",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.HasLevel || on.N < 2 || on.Blind && on.N < 60 {
			return false
		}
		low, ok := on.Lately(2)
		if !ok {
			return false
		}
		level := float64(low) // the lower of two: not a single spike
		rat := v.Base.RAT(on.Cell.RAT)
		excess := level - float64(rat.Top)
		if rat.N < 60 || excess < 3 || !loud(on.Cell.RAT, level) {
			return false
		}
		// One of n independent observations is the strongest with a chance of one in n; one per minute is independent. A new cell is
		// compared with cells, not with minutes.
		chances := float64(rat.N) / 60
		if on.NewCell {
			chances = float64(rat.Cells)
		}
		p := math.Pow(10, -excess/10) / (1 + chances)
		if !v.Fixed() { // on the move each change of cell is a new draw
			p = 1 / (1 + float64(rat.Stays)) * math.Pow(10, -excess/20)
		}
		if on.Cell.RAT >= cell.LTE && level >= -60 && v.Obs.Serving.RSRP.Known() {
			p = min(p, math.Pow(10, -1.7-(level+57)/9)) // strong for any place, not only here
			p = min(p, math.Pow(10, -2.7-(level+48)/5)) // the scale of RSRP ends at -44 dBm (TS 36.133 clause 9.1.4)
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s at %.0f dBm is %.0f dB stronger than any %s cell has been here", &on.Cell, level, excess, on.Cell.RAT)
		return true
	},
}

// loud reports whether a level is remarkable at all: a record among weak cells does not suggest a transmitter near by.
func loud(r cell.RAT, level float64) bool {
	if r >= cell.LTE {
		return level >= -75
	}
	return level >= -65
}
