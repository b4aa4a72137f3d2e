package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

// drownings follows how long what is received cannot be read, whichever cell it is, and counts how often service was lost like that.
type drownings struct {
	JamRun   int     // observations in a row with an RSRQ of drowned or less
	JamLevel float32 // dBm: the level of the last
	JamAt    int64   // when that was
	Jams     int64   // losses of service after drownedRun of them
}

const (
	drowned    = -17 // dB: RSRQ is reported down to -19.5 dB (TS 36.133 clause 9.1.7); at this a cell can hardly be read
	drownedRun = 3   // observations
)

func (d *drownings) Learn(v *analyzer.View, l *analyzer.Lesson) {
	st := l.Stay
	if st == nil || !v.HasQuality || !v.HasLevel || st.Cell.RAT < cell.LTE {
		return
	}
	if v.Arrived && st.Outage && d.held(v) {
		d.Jams++
	}
	if v.Quality > drowned || v.Now-d.JamAt > 15_000 {
		d.JamRun = 0 // or a row at each change of cell only: nothing is known of what lay between
	}
	if v.Quality > drowned {
		return
	}
	d.JamRun++
	d.JamLevel, d.JamAt = v.Level, v.Now
}

// held reports whether what was received until a moment ago could not be read for a while, although it was not weak.
func (d *drownings) held(v *analyzer.View) bool {
	return d.JamRun >= drownedRun && v.Now-d.JamAt < 30_000 && d.JamLevel >= -105
}

var jamCapture = analyzer.Rule{
	ID: "jam-capture", Version: 1, Title: "the cell was drowned, then an unknown one was there",
	Needs: cell.FieldCellID | cell.FieldRSRP | cell.FieldRSRQ, Cause: "jamming",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"the edge of a busy cell, left for one that was not met before",
		"a transmitter close by: a radio, a repeater that oscillates, a faulty device",
	},
	Learns: func() analyzer.Statistic { return new(drownings) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on, left := v.On(), v.Stay(1)
		if on == nil || !v.Arrived || on.Blind || !on.Outage || !on.NewCell || left == nil || !v.HasQuality || !v.HasLevel || on.Cell.RAT < cell.LTE {
			return false
		}
		d := v.Statistic().(*drownings)
		up := float64(v.Level - d.JamLevel)
		if !d.held(v) || v.Quality <= drowned+4 || up < -6 {
			return false
		}
		s.P = analyzer.Share(float64(d.Jams), v.Base.Stays(), 0.01, 20) * math.Pow(10, -max(0, up-6)/10)
		if v.Quality >= -9 {
			s.P *= 0.3
		}
		s.Suspect(&on.Cell)
		s.Since(d.JamAt - 5000)
		s.Say("%s could no longer be read although it was received at %.0f dBm, and then %s, never seen here, was there at %.0f dBm", &left.Cell, d.JamLevel, &on.Cell, v.Level)
		return true
	},
}
