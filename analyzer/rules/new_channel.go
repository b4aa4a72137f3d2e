package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// channelNews counts, by RAT, the changes of cell that brought a channel never seen.
type channelNews struct {
	RATs analyzer.PerRAT[struct{ Channels uint32 }]
}

func (c *channelNews) Learn(v *analyzer.View, l *analyzer.Lesson) {
	if v.Arrived && l.Cell != nil && l.Stay.NewChannel && !l.Stay.Blind {
		c.RATs.Of(l.Stay.Cell.RAT).Channels++
	}
}

// share is how probable it was that a change of cell brought a channel never seen, from a prior of one in five that counts as
// five changes.
func (c *channelNews) share(v *analyzer.View, r cell.RAT) float64 {
	return analyzer.Share(float64(c.RATs.Of(r).Channels), float64(v.Base.RAT(r).Stays), 0.2, 5)
}

// channelOwner is another network of the same country that was heard on the channel of a cell here, if there is one: abroad the same
// channels belong to others.
func channelOwner(v *analyzer.View, i *analyzer.Ident) *cell.PLMN {
	for p := range v.Base.NetworksOn(i) {
		if own := v.PLMN(i); p.Known() && p != own && country(p.MCC) == country(own.MCC) {
			return &p
		}
	}
	return nil
}

var newChannel = analyzer.Rule{
	ID: "new-channel", Version: 2, Title: "a channel that this operator did not use here",
	Needs: cell.FieldMNC | cell.FieldARFCN | cell.FieldCellID, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the operator has started a new carrier",
		"a part of the country where it holds other spectrum",
		"a modem that reports a channel of carrier aggregation as the serving one",
	},
	Learns: func() analyzer.Statistic { return new(channelNews) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewChannel || on.NewNetwork || on.Cell.PLMN == 0 {
			return false
		}
		p := v.Statistic().(*channelNews).share(v, on.Cell.RAT)
		other := channelOwner(v, &on.Cell)
		if other != nil {
			p *= 0.1
		}
		s.P = p
		s.Place = v.Arriving()
		s.Suspect(&on.Cell)
		if other != nil {
			s.Say("%s is on channel %d, which %s did not use here and %s does", &on.Cell, on.Cell.ARFCN, v.PLMN(&on.Cell), *other)
		} else {
			s.Say("%s is on channel %d, which %s did not use here", &on.Cell, on.Cell.ARFCN, v.PLMN(&on.Cell))
		}
		return true
	},
}
