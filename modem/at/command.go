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
	// Reporting changes what the modem prints, never what its radio does. It is put back at exit.
	Reporting
	// Survey asks the radio to look elsewhere and interrupts service. Never part of watching.
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

// Command is one thing that may be written to a modem. Dialects declare commands as values; a session sends only those
// on the List that it was made with. Text and Identity are the List's; the other fields only say how to read the answer.
type Command struct {
	Text     string                     // what follows "AT": `+QENG="servingcell"`; "" is the bare AT
	Kind     Kind                       //
	Prefixes []string                   // of its information lines, without the colon: "+QENG"
	Bare     bool                       // it also answers in lines without a prefix: +CGMR, ATI
	Owns     func(fields []string) bool // tells its information lines from unsolicited ones with the same prefix; nil: all are its own
	After    []string                   // prefixes of lines that come after OK (%NCELLMEAS); waited for until Timeout
	Identity []Identity                 // where its answer holds subscriber or device identity
	Timeout  time.Duration              // until the final result; 0 is DefaultTimeout
	Why      string                     // what Vigie needs it for, in words for a person
}

// DefaultTimeout is how long a command may take that declares nothing else.
const DefaultTimeout = 2 * time.Second

// Identity says where in an answer subscriber or device identity stands. The session strips it before anyone sees the line.
type Identity struct {
	Prefix string // of the line: "#RFSTS"; "" is any line of the answer
	Fields []int  // comma-separated fields after the prefix, from 0; negative counts from the end
	Label  string // or what stands before it in the line: "TMSI:", "IMEI:"; the rest of the value is stripped

	// Find gives the fields where they hang on the rest of the line, which it gets as Fields splits it. Together with
	// Prefix or alone, as Fields.
	Find func(fields []string) []int
}

// Setting is a reporting switch: read before it is changed, put back at exit. Every value that may ever be written is listed.
type Setting struct {
	Read    Command                             // the query that tells the value in force
	Write   string                              // what stands before the value: "+CEREG="
	Values  []string                            // all values that may be written, to set or to restore
	Want    []string                            // the values wished for, best first; the first one that the modem takes is kept
	Current func(lines []string) (string, bool) // finds the value in force in the answer to Read
	Why     string
}

// Commands are all the commands that the setting may send.
func (s Setting) Commands() []Command {
	cs := []Command{s.Read}
	for _, v := range s.Values {
		cs = append(cs, s.Command(v))
	}
	return cs
}

// Command is the one that writes value v.
func (s Setting) Command(v string) Command {
	return Command{Text: s.Write + v, Kind: Reporting, Why: s.Why}
}
