package at

import (
	"fmt"
	"time"
)

// Kind says what a command does to the modem.
type Kind uint8

const (
	// Query asks and changes nothing.
	Query Kind = iota
	// Reporting changes what the modem prints, never what its radio does. It is restored at exit.
	Reporting
	// Survey makes the radio leave its cell, which interrupts service. It is never part of watching.
	Survey
)

func (k Kind) String() string {
	switch k {
	case Query:
		return "query"
	case Reporting:
		return "reporting"
	case Survey:
		return "survey"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Command is one command that may be written to a modem. Dialects declare commands as values; a session sends only those on
// its List. Text and Identity are taken from the List; the other fields only say how to read the answer.
type Command struct {
	Text     string                 // what follows "AT": `+QENG="servingcell"`; "" is the bare AT
	Kind     Kind                   //
	Prefixes []string               // of its information lines, without the colon: "+QENG"
	Bare     bool                   // it also answers in lines without a prefix: +CGMR, ATI
	Owns     func(line string) bool // distinguishes its information lines from unsolicited ones with the same prefix; if nil, all are its own
	After    []string               // prefixes of lines that come after OK (%NCELLMEAS); waited for until Timeout
	Identity []Identity             // where its answer holds subscriber or device identity
	Timeout  time.Duration          // until the final result; 0 is DefaultTimeout
	Why      string                 // purpose, for people
}

// DefaultTimeout is the timeout of a command that declares none.
const DefaultTimeout = 2 * time.Second

// Identity says where in an answer an identity of the subscriber or device is. The session strips it before it returns the line.
type Identity struct {
	Prefix string // of the line: "#RFSTS"; empty for any line of the answer
	Fields []int  // comma-separated fields after the prefix, from 0; negative counts from the end
	Label  string // text before the value in the line: "TMSI:", "IMEI:"; alternative to Fields

	// Find returns the fields, if they depend on the rest of the line. It gets the line as split by Fields. It is an alternative
	// to Fields.
	Find func(fields []string) []int
}

// Setting is a reporting switch. It is read before it is changed, and restored at exit. Values lists all that may be written.
type Setting struct {
	Read    Command                             // query for the current value
	Write   string                              // text before the value: "+CEREG="
	Values  []string                            // all values that may be written, to set or to restore
	Want    []string                            // preferred values, best first; the first that the modem accepts is used
	Current func(lines []string) (string, bool) // finds the current value in the answer to Read
	Why     string
}

// Commands returns all commands that the setting may send.
func (s Setting) Commands() []Command {
	cs := []Command{s.Read}
	for _, v := range s.Values {
		cs = append(cs, s.Command(v))
	}
	return cs
}

// Command returns the command that writes value v.
func (s Setting) Command(v string) Command {
	return Command{Text: s.Write + v, Kind: Reporting, Why: s.Why}
}
