package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

var captureRelease = analyzer.Rule{
	ID: "capture-release", Version: 3, Title: "to an unknown cell, and home again",
	Needs: cell.FieldCellID, Cause: "release",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the edge between two cells, where a modem goes back and forth",
		"a short-lived good spot: a crossing, a bridge, a lift door that opens",
		"a handover that failed and was taken back",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		home, out, ok := excursion(v)
		if !ok {
			return strongStranger(v, s)
		}
		on, last := v.On(), v.Stay(1)
		away := float64(v.Now-out.From) / 1000
		if away < 2 || v.Skewed() && home.Seconds() < 3 {
			return false // a failed handover, or half an identity
		}
		p := 0.1
		if v.Fixed() {
			p = 0.3 // new-cell already weighs how rare new cells are here
		}
		if away < 8 {
			p = max(p, 0.3) // two in five stays of a drive are shorter than ten seconds
		}
		if out.Cell.RAT == cell.UMTS && on.Cell.RAT >= cell.LTE && last == out {
			p = 0.5 // as every voice call does on many networks
		}
		if out.Cell.RAT < on.Cell.RAT && out.Talking == out.N {
			p = max(p, 0.5) // a call that the network sent to an older RAT
		}
		if !wellHeard(home) {
			p = max(p, 0.5) // it was left because it had faded: a gap in coverage, the edge between two cells
		}
		switch n := strays(v, out); {
		case n > 2 && !v.Fixed():
			return false // back over three or more unknown cells: a round trip, as on any drive
		case n > 2, n == 2 && last.Cell.RAT == out.Cell.RAT:
			p = max(p, 0.5) // and over two, unless the second is the fall for which a capture is made
		}
		area := 0.6 // of 47 new areas in the benign traces, 3 were left for home again after eight seconds or more
		if v.Fixed() {
			area = 0.3 // and a border does not move
		}
		for n := 1; ; n++ {
			x := v.Stay(n)
			if x.NewArea && away >= 8 {
				p *= area
			}
			s.Suspect(&x.Cell)
			if x == out {
				break
			}
		}
		s.Say("the modem left %s for %.0f s, for %s, and came back", &home.Cell, away, &out.Cell)
		if on.Outage || out.Outage {
			p = max(p, 0.3) // a tunnel: whatever is heard first on the other side
		} else if m, up, down := excess(home, out, last, on); m > 0 && away >= 8 {
			p *= rarity(v, m) * isolation(out)
			s.Say("the modem left %s for %.0f s, for %s, which was %.0f dB stronger when it came and %.0f dB when it went", &home.Cell, away,
				&out.Cell, up, down)
		}
		s.P = p
		s.Since(out.From)
		return true
	},
}

// excursion reports whether the modem has just come back to the cell that it was on before it went to cells not seen here before:
// home is that former stay, out the first strange one.
func excursion(v *analyzer.View) (home, out *analyzer.Stay, ok bool) {
	on := v.On()
	if on == nil || !v.Arrived || on.Blind {
		return nil, nil, false
	}
	const longest = 12 * 60_000
	n := 1
	for ; ; n++ {
		p := v.Stay(n)
		if p == nil || p.Blind || v.Now-p.From > longest {
			home = p
			break
		}
		if !p.Strange() || p.Cell.SameIdentity(&on.Cell) && p.Cell.SameArea(&on.Cell) {
			home = p
			break
		}
	}
	if n == 1 || home == nil || !home.Cell.SameIdentity(&on.Cell) || !home.Cell.SameArea(&on.Cell) {
		return nil, nil, false
	}
	out = v.Stay(n - 1)
	return home, out, v.Now-out.From <= longest
}

// strays is how many different cells the modem has been on since it left home.
func strays(v *analyzer.View, out *analyzer.Stay) int {
	n := 0
	for k := 1; ; k++ {
		x := v.Stay(k)
		again := false
		for j := 1; j < k && !again; j++ {
			again = v.Stay(j).Cell.SameIdentity(&x.Cell)
		}
		if !again {
			n++
		}
		if x == out {
			return n
		}
	}
}

// strongStranger reports that the modem has left an unknown cell that was much stronger than both the cell before and the cell
// after it.
func strongStranger(v *analyzer.View, s *analyzer.Signal) bool {
	on, x, home := v.On(), v.Stay(1), v.Stay(2)
	if on == nil || !v.Arrived || on.Blind || x == nil || home == nil || x.Blind || !x.NewCell || x.Seconds() < 8 || x.Seconds() > 12*60 || on.Outage || x.Outage {
		return false
	}
	m, up, down := excess(home, x, x, on)
	if m < 6 {
		return false
	}
	s.P = 0.5 * rarity(v, m) * isolation(x)
	s.Suspect(&x.Cell)
	s.Since(x.From)
	s.Say("%s came %.0f dB stronger than the cell before it, and was %.0f dB stronger than the one after it when it was gone", &x.Cell, up, down)
	return true
}

// rarity is the factor for a cell that was m dB stronger than home at both ends: cells are normally left where they are weak.
func rarity(v *analyzer.View, m float64) float64 {
	scale := 5.0
	if v.Arriving() {
		scale = 7 // the level changes with the place too
	}
	if v.On().Cell.RAT == cell.GSM {
		scale *= 1.5 // wider steps were measured there
	}
	return math.Pow(10, -m/scale)
}

// isolation weighs how the cell sounded: by itself, like a single transmitter close by, or one among others; and how it ended:
// cells of a network are left when they have faded, a transmitter that is switched off is still at its strongest.
func isolation(s *analyzer.Stay) float64 {
	p := 1.0
	switch s.Dominance() {
	case 1:
		p = 0.3
	case -1:
		p = 3
	}
	if end, ok := s.AtEnd(); ok && s.N >= 8 {
		switch faded := float64(s.Peak) - end; {
		case faded <= 6:
			p *= 0.3
		case faded >= 12:
			p *= 2
		}
	}
	return p
}

// excess is by how many dB the cells of an excursion were stronger than those around it, on the way out and on the way back.
func excess(home, out, last, on *analyzer.Stay) (m, up, down float64) {
	if home.Cell.RAT != out.Cell.RAT || last.Cell.RAT != on.Cell.RAT || out.Cell.RAT != on.Cell.RAT {
		return 0, 0, 0
	}
	before, ok1 := home.AtEnd()
	there, ok2 := out.AtStart()
	there2, ok3 := last.AtEnd()
	back, ok4 := on.AtEnd()
	if !ok1 || !ok2 || !ok3 || !ok4 || !loudAt(out.Cell.RAT, float32(there)) {
		return 0, 0, 0
	}
	up, down = there-before, there2-back
	return min(up, down), up, down
}
