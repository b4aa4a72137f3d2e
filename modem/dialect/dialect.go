package dialect

import (
	"vigie/cell"
	"vigie/modem/at"
)

// Evidence grades what a dialect was built on.
type Evidence string

// The grades, best first.
const (
	Recorded     Evidence = "recorded"     // answers printed by real modems, in testdata
	Manual       Evidence = "manual"       // examples of the vendor's manual only
	Experimental Evidence = "experimental" // hearsay; never trusted without --family
)

// Dialect is what Vigie knows of one modem family: what to ask, and how to read what it prints.
type Dialect struct {
	Name     string   // as in --family: "quectel"
	Title    string   // for people: "Quectel EC2x, EG2x, RM5xx, BG9x"
	Evidence Evidence //

	Match        func(Ident) bool        // does this modem speak it
	Capabilities func(Ident) cell.Fields // what this model can report at all

	Settings []at.Setting // reporting switches that the collector sets and puts back
	Serving  []at.Command // asked about every second
	Around   []at.Command // asked about every five seconds: neighbours, carriers, registration detail
	Position []at.Command // asked every five seconds where wanted; never switches GNSS on
	Once     []at.Command // asked after identification and after each reopening: versions, settings read for the record
	Surveys  []at.Command // for the explicit survey only

	Hint  func(line string) bool   // does this unsolicited line hint at a change of cell, RAT or registration
	Knows func(line string) bool   // is this a line only this family prints (for guessing from text)
	parse func(r *round, a Answer) // reads one answer into the round
}

// Ident is what a modem says it is, and what USB says of it.
type Ident struct {
	Manufacturer, Model, Firmware string
	VID, PID                      uint16 // 0: not over USB
}

// Answer is one command and the information lines it got, or unsolicited lines under Command "".
type Answer struct {
	Command string // as at.Command.Text; "" when not known or unsolicited
	Lines   []string
	Final   string // "OK", "ERROR", "+CME ERROR: 516"; "" when none came
}

// Reject is a line that looked like something the dialect reads, and could not be read. The line stays in raw.
type Reject struct {
	Line   string
	Reason Reason
}

// Reason is from a short closed set.
type Reason string

// The reasons.
const (
	UnknownToken  Reason = "unknown_token"  // a RAT, state or label never seen before
	UnknownLayout Reason = "unknown_layout" // a column count or order never seen before
	BadValue      Reason = "bad_value"      // a column that should be a number in range and is not
	Truncated     Reason = "truncated"      // the line ended too early
)

// Decoded is what one round of answers said.
type Decoded struct {
	Observation cell.Observation // without time and sensor
	Rejects     []Reject
}
