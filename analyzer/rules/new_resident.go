package rules

import (
	"vigie/analyzer"
	"vigie/cell"
)

// residents follows, at a fixed place, how long the modem camps on each cell, and counts those that came to stay after the place
// had seemed to be known.
type residents struct {
	Residents     analyzer.PerCell[struct{ Held int64 }] // milliseconds
	ResidentsLate int64                                  // cells that came to stay, among those first seen when the place was known
	ResidentDue   bool                                   // the present cell has just come to stay
	ResidentAt    int64                                  // last observation on a cell; 0: none
}

const (
	residentMs  = 30 * 60_000 // a cell that was held for so long has come to stay
	placeKnown  = 6 * 60      // minutes of watching after which a place is known well enough
	placeChance = 10          // minutes that count as a chance for a new cell
)

func (r *residents) Learn(v *analyzer.View, l *analyzer.Lesson) {
	r.Residents.Renew(l)
	r.ResidentDue = false
	known := l.Trusted()
	if known == nil || !v.Fixed() {
		r.ResidentAt = 0
		return
	}
	if r.ResidentAt != 0 && !v.Arrived {
		held := &r.Residents.Of(known).Held
		before := *held
		*held += min(v.Now-r.ResidentAt, 60_000)
		if before < residentMs && *held >= residentMs && r.late(v, known) {
			r.ResidentDue = true
			r.ResidentsLate++
		}
	}
	r.ResidentAt = v.Now
}

// late reports whether a cell was first seen when the place was known.
func (r *residents) late(v *analyzer.View, k *analyzer.Known) bool {
	return v.Base.Minutes()-float64(v.Now-k.First)/60_000 >= placeKnown
}

var newResident = analyzer.Rule{
	ID: "new-resident", Version: 1, Title: "an unknown cell that has come to stay",
	Needs: cell.FieldCellID, Cause: "novelty",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Experimental, Telling: analyzer.Moderate,
	Innocent: []string{
		"a new site, a small cell or a carrier that the operator has just switched on",
		"the sensor or its antenna was moved",
	},
	Learns: func() analyzer.Statistic { return new(residents) },
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		known := v.Statistic().(*residents)
		on := v.On()
		if !known.ResidentDue || on == nil {
			return false
		}
		k := v.Base.Cell(&on.Cell)
		if k == nil {
			return false
		}
		// The first one in a week is worth a look: of the places that were watched for weeks none had more than seven cells.
		s.P = analyzer.Share(float64(known.ResidentsLate-1), v.Base.Minutes()/placeChance, 1e-3, 1000)
		s.Suspect(&on.Cell)
		s.Say("%s, first seen %.1f hours ago when this place had been watched for %.1f, has by now been camped on for half an hour", &on.Cell,
			float64(v.Now-k.First)/3_600_000, v.Base.Minutes()/60-float64(v.Now-k.First)/3_600_000)
		return true
	},
}
