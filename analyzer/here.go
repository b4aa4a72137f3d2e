package analyzer

import (
	"math"
	"time"

	"vigie/cell"
)

// Here is what was measured of the rules at one sensor.
type Here struct {
	Sensor    string
	Mode      cell.Mode
	Days      float64     // of watching
	Reports   cell.Fields // what the source says it reports, and what it has reported
	Threshold float64     // score from which a story alerts here now
	Floor     float64     // what the budget alone would ask for
	Rules     []RuleHere
}

// RuleHere is one rule at one sensor.
type RuleHere struct {
	Rule    *Rule
	Missing cell.Fields // what the source does not report; none: the rule can be fed
	Seen    uint32      // stories without an alert in which its condition held
	Last    time.Time   // of the last one
}

// Here tells of every sensor, in the order in which they were first heard, what was measured of each rule there.
func (e *Engine) Here() []Here {
	var list []Here
	for _, s := range e.sites {
		h := Here{Sensor: s.Sensor, Mode: s.Mode, Days: s.days(), Reports: s.reports(), Threshold: e.threshold(s), Floor: e.floor(s)}
		for i := range e.rules {
			r := RuleHere{Rule: &e.rules[i], Missing: e.rules[i].Needs &^ h.Reports}
			for _, k := range s.Habits {
				if k.Rule == e.rules[i].ID && k.K > 0 {
					r.Seen, r.Last = k.K, at(k.Last)
				}
			}
			h.Rules = append(h.Rules, r)
		}
		list = append(list, h)
	}
	return list
}

// floor is the score that the budget asks for, whatever the site's history.
func (e *Engine) floor(s *site) float64 {
	return mediumScore + e.pace(s) - math.Log10(e.budget/defaultBudget)
}
