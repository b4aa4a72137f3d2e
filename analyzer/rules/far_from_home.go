package rules

import (
	"slices"

	"vigie/analyzer"
	"vigie/cell"
)

const farAway = 30_000 // metres: no cell on land is heard this far from its usual place

// The innocent causes of each of the two cases.
var (
	movedAway = []string{
		"a position that was wrong, then or now",
		"a cell on wheels, a ship or a train",
		"high ground or water, over which a cell is heard very far",
	}
	misplacedBy = []string{
		"a wrong or outdated place in the cell database: an operator may give the identity of a closed cell to another",
		"a position of the sensor that is wrong",
	}
)

var farFromHome = analyzer.Rule{
	ID: "far-from-home", Version: 1, Title: "known cell far from where it lives",
	Needs: cell.FieldCellID | cell.FieldPosition, Cause: "place",
	Min: analyzer.Info, Max: analyzer.Medium, Status: analyzer.Measured, Telling: analyzer.Moderate,
	Innocent: slices.Concat(movedAway, misplacedBy),
	Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
		on := v.On()
		if on == nil || !v.Arrived || on.Cell.RAT == cell.GSM {
			return false // short cell ids are reused elsewhere
		}
		k := v.Base.Cell(&on.Cell)
		if k == nil || k.N < 10 || k.Places == 0 {
			return misplaced(v, s, on)
		}
		far, ok := v.Distance(k.Lat, k.Lon)
		if !ok || far < farAway+3*float64(k.Radius) {
			return false
		}
		s.P = v.Rate(0.02, analyzer.PerStay)
		s.Suspect(&on.Cell)
		s.Say("%s is heard %.0f km from where it had been", &on.Cell, far/1000)
		s.Innocent = movedAway
		return true
	},
}

// misplaced compares with the cell database, for a cell that this sensor does not know well itself.
func misplaced(v *analyzer.View, s *analyzer.Signal, on *analyzer.Stay) bool {
	place, listed, ok := v.Listed(&on.Cell)
	if !ok || !listed {
		return false
	}
	far, ok := v.Distance(place.Lat, place.Lon)
	if !ok || far < farAway+3*place.Range {
		return false
	}
	s.P = v.Rate(0.05, analyzer.PerStay)
	s.Suspect(&on.Cell)
	s.Say("%s is heard %.0f km from where the cell database has it", &on.Cell, far/1000)
	s.Innocent = slices.Concat(misplacedBy, movedAway[1:])
	return true
}
