package analyzer

import (
	"time"

	"vigie/cell"
)

// SensorStats is what was measured of the rules at one sensor.
type SensorStats struct {
	Sensor    string
	Mode      cell.Mode
	Days      float64     // that it has watched
	Reports   cell.Fields // what the source declares that it reports, and what it has reported
	Threshold float64     // score from which a candidate alerts here now
	Floor     float64     // what the budget asks for, whatever the site's history
	Rules     []RuleStats
}

// RuleStats is what was measured of one rule at one sensor.
type RuleStats struct {
	Rule    *Rule
	Missing cell.Fields // what the source does not report; zero: it can feed the rule
	Seen    uint32      // candidates without an alert in which its condition held
	Last    time.Time   // of the last one
}

// Stats returns what was measured of each rule at each sensor, in the order in which the sensors were first heard.
func (e *Engine) Stats() []SensorStats {
	var list []SensorStats
	for _, s := range e.sites {
		h := SensorStats{Sensor: s.Sensor, Mode: s.Mode, Days: s.days(), Reports: s.reports(), Threshold: e.threshold(s), Floor: e.floor(s)}
		for i := range e.rules {
			r := RuleStats{Rule: &e.rules[i], Missing: e.rules[i].Needs &^ h.Reports}
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
