// Package dialect holds the commands of each modem family and the decoders of its answers: pure functions from raw lines to
// observations, one file per family. CONTRIBUTING.md has the recipe for a new family.
//
// It opens no port, reads no clock and keeps no state between rounds. It refuses to guess: a column with an unexpected value
// gives no value, a row of an unknown layout is not decoded and is named in a Reject, and a reserved or filler value becomes
// absent. It never asks for a subscriber identity.
package dialect

import (
	"fmt"
	"slices"

	"vigie/cell"
	"vigie/modem/at"
)

// Evidence grades the sources of a dialect.
type Evidence string

// The grades of evidence, best first.
const (
	Recorded     Evidence = "recorded"     // answers printed by real modems, in testdata
	Manual       Evidence = "manual"       // examples of the vendor's manual only
	Experimental Evidence = "experimental" // second-hand information; used only with --family
)

// Dialect is one modem family: the commands to send, and the decoder of its answers.
type Dialect struct {
	Name     string   // as in --family: "quectel"
	Title    string   // for people: "Quectel EC2x, EG2x, RM5xx, BG9x"
	Evidence Evidence //

	Match        func(Ident) bool        // reports whether a modem is of this family
	Capabilities func(Ident) cell.Fields // fields that this model can report

	Settings []at.Setting // reporting switches that the collector sets and restores
	Serving  []at.Command // sent every second
	Around   []at.Command // sent every five seconds: neighbours, carriers, registration detail
	Position []at.Command // sent every five seconds if configured; none switches GNSS on
	Surveys  []at.Command // for the explicit survey only

	Only map[string]cell.Fields // by Command.Text, the fields that only this command reports; unavailable if the modem refuses it

	asks func(id Ident, command string) bool // reports whether a model, which may be unknown, is asked a command; nil: always

	Hints []string                 // beginnings of unsolicited lines of this family that hint at a change of cell, RAT or registration
	Knows func(line string) bool   // reports whether only this family prints the line, to guess the family of a text
	once  func(line string) string // names a row of this family that is printed once per round: a second one begins a new round; may be nil
	parse func(r *round, a Answer) // reads one answer into the round

	ident Ident // of the modem, set by For or As
}

// Sets of fields that most families can report: what TS 27.007 alone gives, and what describes an LTE cell on the air.
const (
	standard = cell.FieldRAT | cell.FieldMCC | cell.FieldMNC | cell.FieldArea | cell.FieldCellID | cell.FieldRegistration |
		cell.FieldCause | cell.FieldUnsolicited
	onAir = cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldRSRP | cell.FieldRSRQ
)

// Ident is the identification of a modem, by its answers and by USB.
type Ident struct {
	Manufacturer, Model, Firmware string
	VID, PID                      uint16 // 0: not over USB
}

// Answer is one command and the information lines it got, or unsolicited lines under Command "".
type Answer struct {
	Command string // as at.Command.Text; empty if unknown or unsolicited
	Lines   []string
	Final   string // "OK", "ERROR", "+CME ERROR: 516"; empty if none arrived
	cut     bool   // the last line did not end, and its last value may be incomplete. Sessions return whole lines only
}

// Reject is a line that the dialect should be able to decode, and could not. The line stays in raw.
type Reject struct {
	Line    string
	Reason  Reason
	Columns string // what was bad, as the interchange format names it, where that alone was left out: "rsrp, rsrq"
	Used    bool   // the rest of the row was used
}

// Reason is why a line was rejected, from a closed set.
type Reason string

// The reasons.
const (
	UnknownToken  Reason = "unknown_token"  // an unknown RAT, state or label
	UnknownLayout Reason = "unknown_layout" // an unknown number or order of columns
	BadValue      Reason = "bad_value"      // a column that should be a number in range is not: it is left out, and the whole row where its shape is not sure
	Truncated     Reason = "truncated"      // the line ended too early
)

// Decoded is the content of one round of answers.
type Decoded struct {
	Observation cell.Observation   // without time and sensor
	Sweep       []cell.Observation // rows of a survey, one per cell heard; not in Observation
	Rejects     []Reject
	Values      []Value  // where each value that was read comes from; of recorded text only
	Unread      []string // lines that are no answer of this family; of recorded text only
}

// Empty reports whether the round holds nothing that an observation can represent.
func (d *Decoded) Empty() bool {
	o := &d.Observation
	return o.State == "" && o.Serving == nil && o.Neighbours == nil && o.Secondary == nil && o.Registration == nil &&
		o.Position == nil
}

// All returns the dialects: the most specific first, generic last.
func All() []*Dialect {
	return []*Dialect{
		quectel,
		foxconn,
		simcom,
		sierra,
		cinterion,
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

// For returns the dialect of a modem, with its Ident, because some rows have different meanings on different models. A modem of no
// known family gets generic. An experimental dialect is never returned.
func For(id Ident) *Dialect {
	for _, d := range All() {
		if d.Evidence != Experimental && d.Match(id) {
			return d.As(id)
		}
	}
	return generic.As(id)
}

// Suspect returns the experimental dialect that a modem may need, which only the user can choose; nil if there is none.
func Suspect(id Ident) *Dialect {
	for _, d := range All() {
		if d.Evidence == Experimental && d.Match(id) {
			return d
		}
	}
	return nil
}

// As returns the dialect with the Ident of a modem, also if the user named the family. Commands that only other models of the family
// have are left out.
func (d *Dialect) As(id Ident) *Dialect {
	tied := *d
	tied.ident = id
	if d.asks != nil {
		other := func(c at.Command) bool { return !d.asks(id, c.Text) }
		tied.Serving = slices.DeleteFunc(slices.Clone(d.Serving), other)
		tied.Around = slices.DeleteFunc(slices.Clone(d.Around), other)
		tied.Settings = slices.DeleteFunc(slices.Clone(d.Settings), func(s at.Setting) bool { return other(s.Read) })
	}
	return &tied
}

// Commands returns the list of all that Vigie may write to modems while it watches: every command of every dialect, and every
// value of every setting.
func Commands() (at.List, error) { return at.NewList(everything(false)...) }

// SurveyCommands returns Commands and the scans of every dialect, which interrupt service: for an explicit survey only.
func SurveyCommands() (at.List, error) { return at.NewSurveyList(everything(true)...) }

func everything(surveys bool) []at.Command {
	cs := slices.Concat(IdentifyCommands, Once)
	for _, d := range All() {
		for _, s := range d.Settings {
			cs = append(cs, s.Commands()...)
		}
		cs = slices.Concat(cs, d.Serving, d.Around, d.Position)
		if surveys {
			cs = append(cs, d.Surveys...)
		}
	}
	return cs
}
