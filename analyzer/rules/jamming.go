package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// noise follows how far the power in the channel (RSSI) is above that of the cell (RSRP).
type noise struct {
	Noisy int     // observations in a row in which it was 12 dB or more above Quiet, with RSRQ -17 dB or less
	Quiet float32 // dB, a slow mean
}

func (n *noise) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if l.Stay != nil {
		*n = n.after(v)
	}
}

// after is what n becomes with the present observation.
func (n noise) after(v *analyzer.View) noise {
	rssi, ok := v.Obs.Serving.RSSI.Get()
	rsrp, ok2 := v.Obs.Serving.RSRP.Get()
	if !ok || !ok2 {
		return n
	}
	over := float32(rssi - rsrp)
	if v.On().N == 1 || over != over {
		return noise{Quiet: over}
	}
	if over-n.Quiet >= 12 && v.HasQuality && v.Quality <= -17 {
		n.Noisy++
	} else {
		n.Noisy = 0
	}
	n.Quiet += 0.05 * (over - n.Quiet)
	return n
}

var jamming = analyzer.Rule{
	ID: "jamming", Version: 1, Title: "power rises and quality collapses",
	Needs: cell.FieldRSSI | cell.FieldRSRQ | cell.FieldRSRP, Cause: "jamming",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a transmitter close by: a radio, a repeater that oscillates, a faulty device",
		"heavy traffic in this and the neighbouring cells",
	},
	Learns: func() analyzer.Statistic { return new(noise) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || v.Statistic().(*noise).after(v).Noisy < 3 || !v.Once(on) {
			return false
		}
		s.P = v.Rate(0.05, analyzer.PerHour)
		s.Say("on %s the received power rose while RSRQ fell to %.0f dB", &on.Cell, v.Quality)
		return true
	},
}
