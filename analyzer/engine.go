package analyzer

import "vigie/cell"

// Options are the user's choices.
type Options struct {
	AlertsPerMonth float64 // false-alarm budget: alerts that a quiet month may bring; 0 is the default, 4
}

// View is what a rule sees.
type View struct{}

// Sign is what a rule says of a condition that holds.
type Sign struct{}

// Engine turns records into events.
type Engine struct {
	rules []Rule
	opts  Options
}

// New returns an engine that has seen nothing.
func New(rules []Rule, opts Options) *Engine { return &Engine{rules: rules, opts: opts} }

// Feed takes the next record, in order of time.
func (e *Engine) Feed(r cell.Record) {}

// Finish says that the input ends: nothing more will change.
func (e *Engine) Finish() {}

// Take returns the events that opened, changed or closed since the last Take, in order of Opened. A changed event is
// returned whole, with the same ID.
func (e *Engine) Take() []Event { return nil }

// Save returns the whole state: what was learned, and what is going on.
func (e *Engine) Save() ([]byte, error) { return nil, nil }

// Restore replaces the state by a saved one.
func (e *Engine) Restore(state []byte) error { return nil }

// Counts is what the engine has read and what it could not use, by reason.
type Counts struct {
	Observations int            // analysed
	Skipped      map[string]int // not analysed or only in part, by reason
}

// Counts returns what was read so far.
func (e *Engine) Counts() Counts { return Counts{} }

// Available tells for every rule whether a source that reports these fields can feed it.
func (e *Engine) Available(reports cell.Fields) []Availability {
	list := make([]Availability, 0, len(e.rules))
	for _, r := range e.rules {
		list = append(list, Availability{Rule: r, Missing: r.Needs &^ reports})
	}
	return list
}
