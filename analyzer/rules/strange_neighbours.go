package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// strangers counts, by RAT, the stays whose first list of neighbours held only cells never heard.
type strangers struct {
	RATs analyzer.PerRAT[struct{ Alien uint32 }]
}

func (x *strangers) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if v.Strangers && l.Trusted() != nil && l.Stay.Listed == 1 {
		x.RATs.Of(l.Stay.Cell.RAT).Alien++
	}
}

var strangeNeighbours = analyzer.Rule{
	ID: "strange-neighbours", Version: 2, Title: "neighbours none of which was ever heard",
	Needs: cell.FieldNeighbours, Cause: "neighbours",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new stretch of road: everything is new there",
		"another band or RAT, whose cells were not listed before",
	},
	Learns: func() analyzer.Statistic { return new(strangers) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Asked || !v.Strangers || on.Blind || on.NewNetwork || on.Listed != 1 {
			return false
		}
		rat := v.Base.RAT(on.Cell.RAT)
		if rat.Asked < 20 {
			return false
		}
		s.P = analyzer.Share(float64(v.Statistic().(*strangers).RATs.Of(on.Cell.RAT).Alien), float64(rat.Stays)+v.Base.Minutes()/10, 0.05, 20)
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		s.Say("%s lists %d neighbours, none of which was ever heard here", &on.Cell, len(v.Neighbours))
		return true
	},
}
