package analyzer

import "vigie/cell"

// Telling grades how much a condition says about an attack, if it is as rare here as the baseline suggests. It is coarse on
// purpose: nobody has measured both sides of a likelihood ratio for these conditions. The page of a rule gives the reason.
type Telling uint8

// The grades, with the factor by which they multiply surprise.
const (
	Supporting Telling = iota // 0.5: happens for many other reasons; never enough alone
	Moderate                  // 1: unusual, with known innocent causes
	Strong                    // 1.5: innocent causes exist and are rare
	Defining                  // 2: an attack of this kind cannot avoid it, and little else causes it
)

var tellingNames = [...]string{"supporting", "moderate", "strong", "defining"}
var tellingFactor = [...]float64{0.5, 1, 1.5, 2}

// String is the grade's name, as pages print it.
func (t Telling) String() string { return tellingNames[t] }

// Status is how far a rule has been proven.
type Status string

// The statuses of a rule.
const (
	Experimental Status = "experimental" // false alarms not yet measured on real traces
	Measured     Status = "measured"     // false alarms measured on real traces, recall on injected attacks only
)

// Rule is one way to notice something. Rules are values, in one list. A rule holds no state: what it must remember is in a
// Statistic that it declares, of which the engine keeps one for each sensor.
type Rule struct {
	ID       string      // stable, in kebab-case; its page and files are named after it
	Version  int         // raised with every change of what the rule finds
	Title    string      // a few words for a list
	Needs    cell.Fields // what a source must report to feed it
	Cause    string      // findings of one cause count once in a score
	Min, Max Severity    // what a finding has at least and at most
	Status   Status
	Telling  Telling
	Innocent []string                      // causes that have nothing to do with an attack
	Learns   func() Statistic              // an empty statistic; nil: the rule remembers nothing
	Observe  func(v *View, s *Signal) bool // reports whether the condition holds now, and fills s if so
}

// Availability says whether a source can feed a rule.
type Availability struct {
	Rule    Rule
	Missing cell.Fields // what the source does not report; none: the rule is available
}
