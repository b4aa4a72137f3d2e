package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var levelStep = analyzer.Rule{
	ID: "level-step", Version: 3, Title: "a sudden lasting rise of a known cell",
	Needs: cell.FieldCellID, Cause: "level",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the sensor or something near it was moved: a window, a door, a vehicle that drove away",
		"driving out of a shadow",
		"a firmware that averages slowly and catches up at once",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || v.Arrived || !v.HasLevel || on.Step == 0 || on.StepAt != v.Now && on.N != on.StepN+settled {
			return false
		}
		if on.Frozen && v.Arriving() || !nearBy(v) || on.StepAt != v.Now && v.Level < on.StepFrom+on.Step/2 {
			return false
		}
		rise := float64(on.Step)
		decades, ok := rarityOfRise(v.Pace(), v.Fixed(), rise)
		if !ok {
			return false
		}
		decades += nearField(v)
		switch {
		case v.Arriving():
			decades += steadiness(on, v.Now) + loneliness(v, on)
		case v.HasQuality && v.Quality >= -7.5:
			decades += 0.5
		}
		s.P = math.Pow(10, -decades)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.StepAt - 5000)
		s.Say("%s rose by %.0f dB within seconds to %.0f dBm and stayed there", &on.Cell, rise, v.Level)
		return true
	},
}

const settled = 7 // observations after a step by which it is seen whether the level stays as it is

// rarityOfRise is how rare a lasting rise of so many dB is, in decades; false if it is ordinary. At a fixed site (570 hours at two
// windows) 10 dB were seen twice and 12 never. During stops, as at a traffic light, 3 of 12 dB or more in 15 hours, one of 22. In
// motion, of 233 rises of 10 dB or more in 67 hours, 60 were 14 dB or more and 8 were 20. Who walks goes around corners and into
// rooms: 10 to 25 dB are ordinary there, which nobody has counted.
func rarityOfRise(p analyzer.Pace, fixed bool, rise float64) (decades float64, ok bool) {
	switch {
	case fixed:
		return rise / 8, rise >= 8
	case p == analyzer.AtRest && rise < 12:
		return rise / 8, rise >= 10
	case p == analyzer.AtRest:
		return 0.9 + rise/10, true
	case p == analyzer.Walking:
		return 1 + (rise-14)/6.2, rise >= 14
	}
	return 1.6 + (rise-14)/6.2, rise >= 14
}

// steadiness weighs, in decades, what comes after a rise on the move. Behind a corner the level goes on changing: of 60 rises of 14 dB
// or more it stayed within 6 dB for 17, within 2 for 5, and moved by 10 or more for 25.
func steadiness(on *analyzer.Stay, now int64) float64 {
	spread, ok := on.Spread(settled + 1)
	switch {
	case on.StepAt == now || !ok:
		return -0.3 // not known yet
	case spread > 9:
		return -0.3
	case spread > 6:
		return 0
	case spread > 2:
		return 0.3
	}
	return 0.8
}

// loneliness weighs, in decades, the neighbours after a rise on the move: a transmitter close by drowns all of them, an open square
// brings more.
func loneliness(v *analyzer.View, on *analyzer.Stay) float64 {
	switch {
	case !v.Asked || on.Listed == 0:
		return 0
	case len(v.Neighbours) == 0:
		return 0.5
	}
	return -0.3
}

// nearBy reports whether a level may be that of something near by: on the move a rise that ends at -96 dBm of RSRP leads out of a
// shadow, and at one place nothing is said of what is hardly heard.
func nearBy(v *analyzer.View) bool {
	level := v.Level
	if !v.Arriving() {
		level += 10
	}
	return v.HasLevel && loudAt(v.On().Cell.RAT, level)
}

// loudAt reports whether a level may be that of a transmitter near by.
func loudAt(r cell.RAT, level float32) bool {
	if r < cell.LTE {
		return level >= -85 // RSSI and RSCP include more than the reference signals
	}
	return level >= -95
}

// nearField weighs, in decades, the level that a rise led to: leaving a shadow leads to usual levels, a transmitter close by to unusual
// ones. Of the 60 rises of 14 dB or more on the move four led to -60 dBm of RSRP or more, none above -55.
func nearField(v *analyzer.View) float64 {
	usual, scale := -62.0, 12.0 // RSSI and RSCP include more power than that of reference signals
	if v.On().Cell.RAT >= cell.LTE && v.Obs.Serving.RSRP.Known() {
		usual = -70
	}
	if v.Fixed() {
		usual, scale = usual+12, 10
	}
	return max(0, (float64(v.Level)-usual)/scale)
}
