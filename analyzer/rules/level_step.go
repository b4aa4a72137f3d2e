package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var levelStep = analyzer.Rule{
	ID: "level-step", Version: 2, Title: "a sudden lasting rise of a known cell",
	Needs: cell.FieldCellID, Cause: "level",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the sensor or something near it was moved: a window, a door, a vehicle that drove away",
		"driving out of a shadow",
		"a firmware that averages slowly and catches up at once",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || v.Arrived || !v.HasLevel || on.StepAt != v.Now {
			return false
		}
		rise := float64(on.Step)
		if on.Frozen && v.Arriving() {
			return false
		}
		still, known := v.Still()
		p, least := math.Pow(10, -rise/8), 8.0
		switch {
		case !known || !still: // of 500 lasting rises in 35 hours on the move, 55 were 14 dB or more, 5 were 20
			p, least = math.Pow(10, -1.6-(rise-14)/6.2), 14
		case !v.Fixed(): // during stops, as at a traffic light: 3 of 12 dB or more in 15 hours, one of 22
			least = 10
			if rise >= 12 {
				p = math.Pow(10, -0.9-rise/10)
			}
		}
		if rise < least {
			return false
		}
		if known && still && v.HasQuality && v.Quality >= -7.5 {
			p *= 0.3
		}
		s.P = p * nearField(v, on.Cell.RAT)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(v.Now - 5000)
		s.Say("%s rose by %.0f dB within seconds to %.0f dBm and stayed there", &on.Cell, rise, v.Level)
		return true
	},
}

// nearField weighs the level after a rise: leaving a shadow leads to usual levels, a transmitter close by to unusual ones. Of 44
// lasting rises in the benign traces none led above -50 dBm, and six above -60.
func nearField(v *analyzer.View, r cell.RAT) float64 {
	usual := -50.0 // RSSI and RSCP include more power than that of reference signals
	if r >= cell.LTE && v.Obs.Serving.RSRP.Known() {
		usual = -58
	}
	return min(1, math.Pow(10, -(float64(v.Level)-usual)/10))
}
