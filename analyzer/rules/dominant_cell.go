package rules

import (
	"math"

	"vigie/analyzer"
	"vigie/cell"
)

// leads counts, by RAT, the neighbour lists by how far the serving cell was above the strongest neighbour.
type leads struct {
	RATs analyzer.PerRAT[struct {
		Leads bins   // in steps of leadWidth
		Led   uint32 // their sum, with those where a neighbour was stronger
	}]
}

const leadWidth = 4 // dB

func (d *leads) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if l.Trusted() == nil || len(v.Neighbours) == 0 {
		return
	}
	if by, ok := lead(v); ok {
		x := d.RATs.Of(l.Stay.Cell.RAT)
		x.Leads.tally(&x.Led, leadWidth, by)
	}
}

// share is the share of neighbour lists here in which the serving cell led by at least this many dB. The prior is a guess: one
// in ten by 15 dB, one in a hundred by 30.
func (d *leads) share(r cell.RAT, by float64) float64 {
	x := d.RATs.Of(r)
	return x.Leads.shareFrom(x.Led, leadWidth, by, math.Pow(10, -by/15))
}

// lead is by how many dB the serving cell is stronger than the strongest neighbour of its RAT in this observation; false if
// neighbours, or their levels, were not reported.
func lead(v *analyzer.View) (float64, bool) {
	on := v.On()
	if on == nil || !v.Asked || !v.HasLevel {
		return 0, false
	}
	best := float32(math.Inf(-1))
	for i := range v.Neighbours {
		n := &v.Neighbours[i]
		if n.RAT != on.Cell.RAT || n.Known() && n.SameIdentity(&on.Cell) || n.SamePhys(&on.Cell) {
			continue // some modems list the serving cell too
		}
		best = max(best, n.Level)
	}
	return float64(v.Level - best), !math.IsInf(float64(best), -1)
}

var dominantCell = analyzer.Rule{
	ID: "dominant-cell", Version: 2, Title: "an unknown cell far above all its neighbours",
	Needs: cell.FieldCellID | cell.FieldNeighbours, Cause: "level",
	Min: analyzer.Info, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Supporting,
	Innocent: []string{
		"a small cell or an indoor antenna close by",
		"a modem that lists only part of its neighbours",
	},
	Learns: func() analyzer.Statistic { return new(leads) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Blind || !on.NewCell || on.Listed == 0 || on.Listed > 2 || !nearBy(v) {
			return false
		}
		by, ok := lead(v)
		if !ok || by < 16 || v.Base.RAT(on.Cell.RAT).Asked < 20 {
			return false
		}
		s.P = v.Statistic().(*leads).share(on.Cell.RAT, by)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("%s, never seen here, is %.0f dB stronger than the strongest of its neighbours", &on.Cell, by)
		return true
	},
}
