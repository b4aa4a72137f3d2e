package analyzer

import (
	"fmt"
	"time"

	"vigie/cell"
)

// Severity grades an event or finding.
type Severity uint8

// The severities. Info and Low never alert.
const (
	Info   Severity = iota // kept
	Low                    // shown
	Medium                 // alerts
	High                   // alerts
)

var severityNames = [...]string{"info", "low", "medium", "high"}

// String is the severity's name, as events print it.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity %d", uint8(s))
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) {
	if int(s) >= len(severityNames) {
		return nil, fmt.Errorf("no such severity: %d", uint8(s))
	}
	return []byte(severityNames[s]), nil
}

// UnmarshalText reads a name.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, n := range severityNames {
		if n == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a severity: want info, low, medium or high", text)
}

// State is the stage of an event's life.
type State string

// The states.
const (
	Pending State = "pending" // there is evidence, but not enough; never printed
	Open    State = "open"
	Closed  State = "closed"
)

// Event is an anomaly: one candidate that weighed enough, with one or more findings. It never claims more than its evidence.
type Event struct {
	ID             string      `json:"id"` // derived from sensor, First and rules
	Sensor         string      `json:"sensor"`
	Severity       Severity    `json:"severity"`
	State          State       `json:"state"`
	First          time.Time   `json:"first"`  // of the first evidence
	Opened         time.Time   `json:"opened"` // when it reached its severity
	Last           time.Time   `json:"last"`
	Score          float64     `json:"score"`
	Cells          []cell.Cell `json:"cells"` // identities, without levels
	Findings       []Finding   `json:"findings"`
	Summary        string      `json:"summary"`
	InnocentCauses []string    `json:"innocent_causes"`
	Phrases        []Phrase    `json:"-"` // what Summary was made of, joined by "; "; nil: of before this was kept. See Worded
}

// Finding is what one rule found.
type Finding struct {
	Rule     string     `json:"rule"`
	Version  int        `json:"version"`
	Severity Severity   `json:"severity"`
	First    time.Time  `json:"first"`
	Last     time.Time  `json:"last"`
	Summary  string     `json:"summary"`
	Evidence []Evidence `json:"evidence"`
	Phrases  []Phrase   `json:"-"` // what Summary was made of, joined by ". "
}

// Evidence is one observation that a finding rests on.
type Evidence struct {
	Time time.Time `json:"time"`
	Raw  []string  `json:"raw"`
}
