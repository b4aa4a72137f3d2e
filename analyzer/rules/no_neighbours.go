package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// emptyLists counts, by RAT, the stays that began with two empty lists of neighbours, and by cell the lists with and without any.
type emptyLists struct {
	RATs  analyzer.PerRAT[struct{ Bare uint32 }]
	Cells analyzer.PerCell[struct{ Listed, Empty uint32 }]
}

func (b *emptyLists) Learn(v *analyzer.View, l *analyzer.Lesson) {
	b.Cells.Renew(l)
	known := l.Trusted()
	if !v.Asked || known == nil {
		return
	}
	lists := b.Cells.Of(known)
	if len(v.Neighbours) > 0 {
		lists.Listed++
		return
	}
	lists.Empty++
	if l.Stay.Empty == 2 && l.Stay.Listed == 0 {
		b.RATs.Of(l.Stay.Cell.RAT).Bare++
	}
}

var noNeighbours = analyzer.Rule{
	ID: "no-neighbours", Version: 1, Title: "no neighbours where there were always some",
	Needs: cell.FieldNeighbours, Cause: "neighbours",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a modem that lists no neighbours while it is connected, or just after a change of cell",
		"an isolated cell: open country, an indoor system",
	},
	Learns: func() analyzer.Statistic { return new(emptyLists) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Asked || on.Empty != 2 || on.Blind || on.Outage || faint(v) {
			return false
		}
		rat := v.Base.RAT(on.Cell.RAT)
		if len(v.Neighbours) > 0 || rat.Asked < 20 {
			return false // this modem has not yet shown that it lists any
		}
		b := v.Statistic().(*emptyLists)
		p := analyzer.Share(float64(b.RATs.Of(on.Cell.RAT).Bare), float64(rat.Stays)+v.Base.Minutes()/10, 0.05, 20)
		if k := v.Base.Cell(&on.Cell); k != nil {
			if lists := b.Cells.Of(k); lists.Listed >= 20 {
				p = min(p, analyzer.Share(float64(lists.Empty), float64(lists.Listed+lists.Empty), 0.02, 20))
			}
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s has no neighbours, where the modem listed some in %.0f %% of its answers", &on.Cell, 100*(1-float64(rat.Empty)/float64(rat.Asked)))
		return true
	},
}

// faint reports whether a cell is so weak that its surroundings cannot be heard either.
func faint(v *analyzer.View) bool {
	on := v.On()
	l, ok := on.AtEnd()
	return !ok || l < -105 || on.Cell.RAT < cell.LTE && l < -95
}
