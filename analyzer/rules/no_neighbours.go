package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// emptyLists counts, by RAT, the stays that had emptyRun empty lists of neighbours in a row, and by cell the lists with and without any.
type emptyLists struct {
	RATs     analyzer.PerRAT[struct{ Bare uint32 }]
	Cells    analyzer.PerCell[struct{ Listed, Empty uint32 }]
	EmptyRun int     // empty lists in a row, up to the last
	Loudest  float32 // dBm: the strongest of the last list that was not empty; 0: none had a level
	ListedAt int64   // when that was
}

const (
	emptyRun  = 3      // one or two empty lists happen
	emptySoon = 10_000 // ms: of the answers so soon after a change of cell 7 to 11 % list none
	earshot   = 20     // dB below the serving cell, neighbours are no longer listed
)

// drownedBy reports whether a serving cell at this level is so strong that the last neighbours need not be listed.
func (b *emptyLists) drownedBy(v *analyzer.View) bool {
	return b.Loudest != 0 && v.HasLevel && v.Now-b.ListedAt < 60_000 && v.Level >= b.Loudest+earshot
}

func (b *emptyLists) Learn(v *analyzer.View, l *analyzer.Lesson) {
	b.Cells.Renew(l)
	b.count(v)
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
	if b.EmptyRun == emptyRun && v.Now-l.Stay.From >= emptySoon {
		b.RATs.Of(l.Stay.Cell.RAT).Bare++
	}
}

// count follows the lists, also those of a cell under suspicion.
func (b *emptyLists) count(v *analyzer.View) {
	if !v.Asked {
		return
	}
	if len(v.Neighbours) == 0 {
		b.EmptyRun++
		return
	}
	b.EmptyRun, b.Loudest, b.ListedAt = 0, 0, v.Now
	for i := range v.Neighbours {
		if n := v.Neighbours[i].Level; n > -200 && (b.Loudest == 0 || n > b.Loudest) {
			b.Loudest = n
		}
	}
}

var noNeighbours = analyzer.Rule{
	ID: "no-neighbours", Version: 2, Title: "no neighbours where there were always some",
	Needs: cell.FieldNeighbours, Cause: "neighbours",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a modem that lists no neighbours while it is connected, or just after a change of cell",
		"an isolated cell: open country, an indoor system",
	},
	Learns: func() analyzer.Statistic { return new(emptyLists) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Asked || len(v.Neighbours) > 0 || on.Blind || on.Outage || v.Now-on.From < emptySoon || faint(v) {
			return false
		}
		b := v.Statistic().(*emptyLists)
		if b.EmptyRun+1 < emptyRun || b.drownedBy(v) || !v.Once(on) {
			return false
		}
		rat := v.Base.RAT(on.Cell.RAT)
		if rat.Asked < 20 {
			return false // this modem has not yet shown that it lists any
		}
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
