package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

var foreignNetwork = analyzer.Rule{
	ID: "foreign-network", Version: 2, Title: "a network of another country",
	Needs: cell.FieldMCC | cell.FieldMNC, Cause: "plmn",
	Min: analyzer.Low, Max: analyzer.High, Status: analyzer.Measured, Telling: analyzer.Strong,
	Innocent: []string{
		"a border near by, or high ground that sees across it",
		"a ship or an aircraft with its own cell",
		"the sensor was carried to another country while nothing was recorded",
	},
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Blind || !on.NewNetwork {
			return false
		}
		p := v.PLMN(&on.Cell)
		known, near := false, false
		for q := range v.Base.Networks() {
			known = true
			if !q.Known() {
				continue
			}
			if country(q.MCC) == country(p.MCC) {
				return false
			}
			near = near || len(q.MCC) == 3 && len(p.MCC) == 3 && q.MCC[0] == p.MCC[0] // the first digit is a region of the world (ITU-T E.212)
		}
		if !known {
			return false
		}
		s.Suspect(&on.Cell)
		if atBorder(v) {
			s.P = max(0.3, v.Rate(0.3, analyzer.PerStay))
			s.Say("%s belongs to network %s, of another country than all that were seen here, and both it and the cell before it are weak", &on.Cell, p)
			return true
		}
		if near || len(p.MCC) == 3 && p.MCC[0] == '9' {
			s.P = v.Rate(0.02, analyzer.PerStay)
			s.Say("%s belongs to network %s, of another country than all that were seen here", &on.Cell, p)
			return true
		}
		s.P = v.Rate(2e-4, analyzer.PerStay)
		s.Say("%s belongs to network %s, of another part of the world than all that were seen here", &on.Cell, p)
		return true
	},
}

// atBorder reports whether the modem went from a network that had faded to one that is weak too, as at a border or at sea: a
// catcher is near by.
func atBorder(v *analyzer.View) bool {
	left := v.Stay(1)
	return v.HasLevel && !loudAt(v.On().Cell.RAT, v.Level) && (left == nil || !wellHeard(left))
}

// country groups the MCCs of countries that have several.
func country(mcc string) string {
	if c := cell.Country(mcc); c != "" {
		return c
	}
	return mcc
}
