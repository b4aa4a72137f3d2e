package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var newChannel = analyzer.Rule{
	ID: "new-channel", Version: 1, Title: "a channel that this operator did not use here",
	Needs: cell.FieldMNC | cell.FieldARFCN | cell.FieldCellID, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: []string{
		"the operator has started a new carrier",
		"a part of the country where it holds other spectrum",
		"a modem that reports a channel of carrier aggregation as the serving one",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewChannel || on.NewNetwork || on.Cell.PLMN == 0 {
			return false
		}
		p := v.ChannelNovelty(on.Cell.RAT)
		other := v.ChannelOwner(&on.Cell)
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
