// Package dialect knows what each family of modems is asked and how to read what it prints: pure functions from raw
// lines to observations, one file a family. Adding a family is one file and one line in All.
//
// It opens no port, asks no clock and keeps no state between rounds. It refuses to guess: a column that is not what it
// should be gives no value, a row of a shape never seen before is left alone and named in a Reject, and a reserved or
// filler value becomes absent. It never asks for subscriber identity.
package dialect

import (
	"fmt"
	"slices"

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

	Only map[string]cell.Fields // what nothing but this command (by Text) tells: not reported where the modem refuses it

	Hint  func(line string) bool   // does this unsolicited line hint at a change of cell, RAT or registration
	Knows func(line string) bool   // is this a line only this family prints (for guessing from text)
	once  func(line string) string // names a row that is printed once a round: a second one opens a new round of a text
	parse func(r *round, a Answer) // reads one answer into the round

	ident Ident // of the modem that For or As tied it to
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
	cut     bool   // the last line did not end: what it says last may be half a value. Sessions deliver whole lines only
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
	BadValue      Reason = "bad_value"      // a column that should be a number in range and is not: the row is not believed
	Truncated     Reason = "truncated"      // the line ended too early
)

// Decoded is what one round of answers said.
type Decoded struct {
	Observation cell.Observation   // without time and sensor
	Sweep       []cell.Observation // rows of a survey, one for each cell heard, apart from Observation
	Rejects     []Reject
}

// Empty tells that the round said nothing that an observation has a place for.
func (d *Decoded) Empty() bool {
	o := &d.Observation
	return o.State == "" && o.Serving == nil && o.Neighbours == nil && o.Secondary == nil && o.Registration == nil &&
		o.Position == nil
}

// All lists the dialects: the most specific first, generic last.
func All() []*Dialect {
	return []*Dialect{
		quectel,
		foxconn,
		simcom,
		sierra,
		telit,
		fibocom,
		ublox,
		nordic,
		huawei,
		zte,
		unisocModem,
		meig,
		sequans,
		generic,
	}
}

// ByName finds a dialect by its name.
func ByName(name string) (*Dialect, error) {
	var names string
	for _, d := range All() {
		if d.Name == name {
			return d, nil
		}
		names += " " + d.Name
	}
	return nil, fmt.Errorf("no modem family is called %q; known are:%s", name, names)
}

// For chooses the dialect of a modem, and ties it to that modem, so that rows that mean different things on different
// models are read right. A modem of no known family gets generic. An experimental dialect is never chosen.
func For(id Ident) *Dialect {
	for _, d := range All() {
		if d.Evidence != Experimental && d.Match(id) {
			return d.As(id)
		}
	}
	return generic.As(id)
}

// Suspect is the experimental dialect that a modem may speak, and that nobody but the user chooses; nil when there is none.
func Suspect(id Ident) *Dialect {
	for _, d := range All() {
		if d.Evidence == Experimental && d.Match(id) {
			return d
		}
	}
	return nil
}

// As is the dialect as this modem speaks it: also for a modem that was told to be of this family, whatever it says it is.
func (d *Dialect) As(id Ident) *Dialect {
	tied := *d
	tied.ident = id
	return &tied
}

// Commands is the one list of all that Vigie may write to modems while it watches: every command of every dialect, and
// every value of every setting.
func Commands() (at.List, error) { return at.NewList(everything(false)...) }

// SurveyCommands is Commands and the scans of every dialect, which interrupt service: for an explicit survey only.
func SurveyCommands() (at.List, error) { return at.NewSurveyList(everything(true)...) }

func everything(surveys bool) []at.Command {
	cs := slices.Clone(IdentifyCommands)
	for _, d := range All() {
		for _, s := range d.Settings {
			cs = append(cs, s.Commands()...)
		}
		cs = slices.Concat(cs, d.Once, d.Serving, d.Around, d.Position)
		if surveys {
			cs = append(cs, d.Surveys...)
		}
	}
	return cs
}
