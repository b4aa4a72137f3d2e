package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// areaNews is what new areas have been like here, by RAT.
type areaNews struct {
	RATs analyzer.PerRAT[struct {
		Areas  uint32 // changes of cell that brought one
		Replan int64  // when a known cell last came back from an outage under another one
	}]
}

func (n *areaNews) Learn(v *analyzer.View, l *analyzer.Lesson) {
	st := l.Stay
	if l.Cell == nil || !v.Entered() && !v.Retuned {
		return
	}
	rat := n.RATs.Of(st.Cell.RAT)
	if !st.Blind && (v.Arrived && st.NewArea || !v.Arrived && l.NewArea) {
		rat.Areas++
	}
	if l.Trusted() != nil && st.Cell.Has.Has(cell.FieldArea) && st.OtherArea && st.Outage {
		rat.Replan = v.Now
	}
}

// share is how probable it was that a change of cell brought an area code never seen: what was measured here, from a prior of 3
// in 100, as in the benign traces, that counts as ten changes. At a fixed site ten minutes without a change count as one that
// brought none.
func (n *areaNews) share(v *analyzer.View, r cell.RAT) float64 {
	stays := float64(v.Base.RAT(r).Stays)
	if v.Fixed() {
		stays += v.Base.Minutes() / 10
	}
	return analyzer.Share(float64(n.RATs.Of(r).Areas), stays, 0.03, 10)
}

// replanning reports whether within the last day a known cell came back from an outage under another area code: then the network
// may be changing its areas, and more new ones are to be expected.
func (n *areaNews) replanning(v *analyzer.View, r cell.RAT) bool {
	at := n.RATs.Of(r).Replan
	return at != 0 && v.Now-at < 24*3600_000
}

// nearestArea is how far, as a number, the closest known area code of the same network and RAT is; false if none is known.
func nearestArea(v *analyzer.View, i *analyzer.Ident) (uint32, bool) {
	best, ok := uint32(0), false
	for area, a := range v.Base.OtherAreas(i) {
		if a.Suspect {
			continue
		}
		if d := uint32(max(area, i.Area) - min(area, i.Area)); !ok || d < best {
			best, ok = d, true
		}
	}
	return best, ok
}

// areaElsewhere reports whether the number of a cell's area is known in the same network, in another RAT.
func areaElsewhere(v *analyzer.View, i *analyzer.Ident) bool {
	other := *i
	for other.RAT = cell.GSM; other.RAT <= cell.NR; other.RAT++ {
		if other.RAT != i.RAT && v.Base.Area(&other) != nil {
			return true
		}
	}
	return false
}

var strangeArea = analyzer.Rule{
	ID: "strange-area", Version: 2, Title: "an area code unlike those around",
	Needs: cell.FieldArea | cell.FieldCellID, Cause: "area",
	Min: analyzer.Info, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the border of a tracking area that was not crossed before",
		"a small cell or an indoor system that the operator numbers apart",
	},
	Learns: func() analyzer.Statistic { return new(areaNews) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Entered() || on.Blind || !on.NewArea || on.OtherArea || on.NewNetwork {
			return false
		}
		if v.Skewed() && areaElsewhere(v, &on.Cell) {
			return false // the source still shows the area of the RAT before
		}
		d, ok := nearestArea(v, &on.Cell)
		if !ok {
			return false // the first cell of a network and RAT brings its area with it
		}
		news := v.Statistic().(*areaNews)
		p := news.share(v, on.Cell.RAT)
		s.Say("%s is in an area never seen here", &on.Cell)
		if v.HasLevel && !faint(v) && p < 0.1 { // where new areas are common this means nothing
			if d > 1000 {
				p *= 0.1
				s.Say("%s is in an area never seen here, whose number is far from those of its network around", &on.Cell)
			}
			if left := v.Stay(1); left != nil && !on.Outage && left.Cell.RAT == on.Cell.RAT && wellHeard(left) {
				p *= borderShare(on.Cell.RAT)
			}
		}
		if v.Base.Minutes() < 10 && v.Base.RAT(on.Cell.RAT).Stays < 3 {
			p = max(p, 0.1) // one area is known, which says nothing about the others
		}
		if news.replanning(v, on.Cell.RAT) {
			p = max(p, 0.5)
		}
		if left := v.Stay(1); left != nil && left.Cell.RAT > on.Cell.RAT && on.Talking == on.N {
			p = max(p, 0.1) // a call, sent to an older RAT: that one has areas of its own
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		return true
	},
}

// borderShare is the share of new areas that come while the cell before is still well heard: borders normally lie where both sides
// are weak. That was so for 6 of 34 new areas in LTE, and for 7 of 10 in GSM.
func borderShare(r cell.RAT) float64 {
	if r >= cell.LTE {
		return 0.2
	}
	return 0.7
}

// wellHeard reports whether a cell was still well heard when the modem left it.
func wellHeard(s *analyzer.Stay) bool {
	l, ok := s.AtEnd()
	if !ok {
		return false
	}
	switch s.Cell.RAT {
	case cell.LTE, cell.NR:
		return l >= -95
	}
	return l >= -80
}
