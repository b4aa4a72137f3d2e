package analyzer

import (
	"slices"
	"time"

	"vigie/cell"
)

// What several sensors flag at the same time may be one thing. Correlate finds events that may belong together. It changes none of
// them, and that they were seen together proves no more than each of them does.
const (
	clocksApart   = 2 * time.Minute // how far apart the clocks of two sensors, or the moments at which they meet the same thing, may be
	reachMetres   = 2_000           // between two sensors that flag the same kind of thing
	faraway       = 35_000          // metres: no cell is heard at both ends
	mostCompared  = 64              // events compared with each, per thing they share: the latest ones
	mostSightings = 16              // cells and rules of an event that are compared
)

// Sighting is what Correlate needs of an event.
type Sighting struct {
	ID          string
	Sensor      string // with its store, if there are several
	First, Last time.Time
	Cells       []Suspect
	Rules       []string
}

// Suspect is a cell that an event is about, without measurements.
type Suspect struct {
	RAT  cell.RAT
	PLMN cell.PLMN
	Area cell.Opt[cell.Area]
	ID   cell.Opt[uint64]
}

// SightingOf returns what Correlate needs of an event.
func SightingOf(e *Event) Sighting {
	s := Sighting{ID: e.ID, Sensor: e.Sensor, First: e.First, Last: e.Last}
	for i := range e.Cells[:min(len(e.Cells), mostSightings)] {
		if c := &e.Cells[i]; c.PLMN().Known() {
			s.Cells = append(s.Cells, Suspect{c.RAT, c.PLMN().Canonical(), c.Area, c.ID})
		}
	}
	for i := range e.Findings[:min(len(e.Findings), mostSightings)] {
		s.Rules = append(s.Rules, e.Findings[i].Rule)
	}
	return s
}

// shared is what two events may have in common.
type shared struct {
	rat  cell.RAT
	plmn cell.PLMN
	id   uint64 // of a cell; an area code if rule is set
	rule string
}

// Correlate groups events of different sensors that overlap in time, give or take two minutes, and have in common
//
//   - a cell that both suspect, by network and identity, or
//   - a rule, and a network and area code of their suspects, or
//   - a rule, and that both sensors were within two kilometres of each other,
//
// unless both positions are known and farther apart than any cell reaches. position returns where the sensor of an event was, nil
// if that is not known; it is called only for events that overlap. Each group is a list of indexes in all, in order of First, and
// has at least two; an event is in one group at most. All events of a group overlap the first of it, so that a busy day does not
// become one group.
func Correlate(all []Sighting, position func(i int) *cell.Position) [][]int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return all[a].First.Compare(all[b].First) })
	seen := map[shared][]int{}
	group := make([]int, len(all)) // of each event, from 1
	var groups [][]int
	overlap := func(a, b int) bool {
		return !all[a].First.After(all[b].Last.Add(clocksApart)) && !all[b].First.After(all[a].Last.Add(clocksApart))
	}
	for _, i := range order {
		for _, k := range all[i].shares() {
			list := seen[k]
			for n := len(list) - 1; n >= max(0, len(list)-mostCompared) && group[i] == 0; n-- {
				j := list[n]
				if all[i].Sensor == all[j].Sensor || all[i].ID == all[j].ID || !overlap(i, j) || group[j] > 0 && !overlap(i, groups[group[j]-1][0]) {
					continue
				}
				if !k.holds(position, i, j) {
					continue
				}
				if group[j] == 0 {
					groups = append(groups, []int{j})
					group[j] = len(groups)
				}
				group[i] = group[j]
				groups[group[j]-1] = append(groups[group[j]-1], i)
			}
			seen[k] = append(list, i)
		}
	}
	return groups
}

// shares lists what another event may have in common with this one, most significant first.
func (s *Sighting) shares() (list []shared) {
	add := func(k shared) {
		if !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	for _, c := range s.Cells {
		if id, ok := c.ID.Get(); ok {
			add(shared{rat: c.RAT, plmn: c.PLMN, id: id})
		}
	}
	for _, rule := range s.Rules {
		for _, c := range s.Cells {
			if area, ok := c.Area.Get(); ok {
				add(shared{c.RAT, c.PLMN, uint64(area), rule})
			}
		}
	}
	for _, rule := range s.Rules {
		add(shared{rule: rule})
	}
	return list
}

// holds reports whether the positions allow two events that have this in common to be one thing; a rule alone needs positions.
func (k shared) holds(position func(int) *cell.Position, i, j int) bool {
	var a, b *cell.Position
	if position != nil {
		if a = position(i); a != nil {
			b = position(j)
		}
	}
	if a == nil || b == nil {
		return k.plmn != cell.PLMN{}
	}
	apart := metres(a.Lat, a.Lon, b.Lat, b.Lon) - a.Accuracy.Or(0) - b.Accuracy.Or(0)
	if k.plmn == (cell.PLMN{}) {
		return apart <= reachMetres
	}
	return apart <= faraway
}
