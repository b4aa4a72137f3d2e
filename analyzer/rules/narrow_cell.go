package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// widths counts the LTE cells whose width is known, and those of them that are at most 5 MHz wide.
type widths struct{ Narrow, Wide uint32 }

func (w *widths) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if !l.NewCell || l.Stay.Cell.RAT != cell.LTE {
		return
	}
	if bw, ok := v.Obs.Serving.Bandwidth.Get(); ok {
		w.Wide++
		if bw <= 5000 {
			w.Narrow++
		}
	}
}

var narrowCell = analyzer.Rule{
	ID: "narrow-cell", Version: 1, Title: "an unknown cell narrower than the known ones",
	Needs: cell.FieldBandwidth | cell.FieldCellID, Cause: "carrier",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Measured, Telling: analyzer.Supporting,
	Innocent: []string{
		"a carrier in a narrow slice of spectrum, as many operators have below 1 GHz",
	},
	Learns: func() analyzer.Statistic { return new(widths) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewCell || on.Cell.RAT != cell.LTE {
			return false
		}
		bw, ok := v.Obs.Serving.Bandwidth.Get()
		if !ok || bw > 5000 {
			return false
		}
		w := v.Statistic().(*widths)
		if w.Wide < 5 {
			return false
		}
		s.P = analyzer.Share(float64(w.Narrow), float64(w.Wide), 0.1, 10)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s is %.1f MHz wide, as %d of the %d cells before it", &on.Cell, float64(bw)/1000, w.Narrow, w.Wide)
		return true
	},
}
