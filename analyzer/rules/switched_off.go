package rules

import (
	"time"

	"vigie/analyzer"
	"vigie/cell"
)

// switchedOff lists RATs that no public network of a country offers any more, and since when, with some weeks to spare.
// The dates were written from memory and checked against no announcement. An error here alarms a whole country, so the
// rule is experimental, and a country in doubt is left out. How to check and change an entry: see switched_off.md.
var switchedOff = []struct {
	country string // MCC, as country() gives it
	rat     cell.RAT
	since   time.Time
}{
	{"440", cell.GSM, time.Date(2012, 8, 1, 0, 0, 0, 0, time.UTC)},   // Japan had PDC; nothing of 2G is left
	{"450", cell.GSM, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},   // Korea never had GSM
	{"466", cell.GSM, time.Date(2017, 8, 1, 0, 0, 0, 0, time.UTC)},   // Taiwan
	{"505", cell.GSM, time.Date(2018, 8, 1, 0, 0, 0, 0, time.UTC)},   // Australia
	{"525", cell.GSM, time.Date(2017, 5, 18, 0, 0, 0, 0, time.UTC)},  // Singapore
	{"262", cell.UMTS, time.Date(2022, 2, 1, 0, 0, 0, 0, time.UTC)},  // Germany
	{"505", cell.UMTS, time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)}, // Australia
}

var switchedOffRAT = analyzer.Rule{
	ID: "switched-off", Version: 1, Title: "a RAT that this country has switched off",
	Needs: cell.FieldRAT | cell.FieldMCC, Cause: "sunset",
	Min: analyzer.Low, Max: analyzer.Low, Status: analyzer.Experimental, Telling: analyzer.Strong, // no alert by itself: the dates are unverified
	Innocent: []string{
		"this version's table is wrong or too early for this network",
		"a private, railway or test network that keeps the old RAT",
		"a border near by",
	},
	Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Cell.RAT > cell.UMTS || on.Cell.RAT == cell.UnknownRAT || v.Assumed(cell.FieldRAT) {
			return false
		}
		mcc := v.Obs.Serving.MCC
		for i := range switchedOff {
			x := &switchedOff[i]
			if x.rat != on.Cell.RAT || x.country != country(mcc) || v.Now < x.since.UnixMilli() {
				continue
			}
			s.P = v.Rate(1e-3, analyzer.PerStay)
			s.Suspect(&on.Cell)
			s.Say("%s is a %s cell of network %s, whose country has switched %s off", &on.Cell, on.Cell.RAT, v.PLMN(&on.Cell), on.Cell.RAT)
			return true
		}
		return false
	},
}
