package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var modemsDisagree = analyzer.Rule{
	ID: "modems-disagree", Version: 1, Title: "one modem of the kit fell to 2G, the one beside it did not",
	Needs: cell.FieldRAT | cell.FieldMCC | cell.FieldMNC, Cause: "company",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Strong,
	Innocent: []string{
		"a voice call of the modem that fell, on a network that sends calls to 2G",
		"modems or antennas of different quality: one hears LTE where the other does not",
		"different bands: one of the two does not know the band of the LTE cell",
		"the subscription of the one with a SIM ended, or is barred from LTE",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || on.Cell.RAT != cell.GSM || on.N < 3 || on.Blind || v.Assumed(cell.FieldRAT) {
			return false
		}
		home := lastHome(v)
		if home == nil || home.Cell.PLMN == 0 {
			return false // two networks without a name need not be the same
		}
		level, ok := home.AtEnd()
		if !ok || level < -105 {
			return false // LTE was already gone
		}
		b, ok := v.OtherModem()
		if !ok || b.Cell.RAT < cell.LTE || b.Level < -105 || b.Seconds < 5 || b.Cell.PLMN != home.Cell.PLMN || !v.Once(on) {
			return false
		}
		s.P = v.Rate(0.05, analyzer.PerStay)
		if home.Strange() {
			s.Suspect(&home.Cell)
		}
		s.Suspect(&on.Cell)
		s.Since(on.From)
		s.Say("this modem is on %s, while the one beside it hears %s of the same network at %.0f dBm", &on.Cell, &b.Cell, b.Level)
		return true
	},
}

// lastHome returns the last stay on LTE or NR, not more than two minutes before now; nil if there is none.
func lastHome(v *analyzer.View) *analyzer.Stay {
	for n := 0; ; n++ {
		st := v.Stay(n)
		if n == 0 && st == nil {
			continue
		}
		if st == nil || v.Now-st.Last > 120_000 {
			return nil
		}
		if st.Cell.RAT >= cell.LTE {
			return st
		}
	}
}
