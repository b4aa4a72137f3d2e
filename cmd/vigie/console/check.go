package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Check is one thing that was looked at.
type Check struct {
	Part    string `json:"part"`    // what it is a part of: "this computer", a modem, "InfluxDB"
	What    string `json:"what"`    // the thing
	State   string `json:"state"`   // "ok"; "note" where there is something to do; "bad"
	Finding string `json:"finding"` // what was found
	Hint    string `json:"hint,omitempty"`
}

// Checks prints what was looked at, a line each, or gathers it for JSON.
type Checks struct {
	Out  *Terminal
	JSON bool
	All  []Check

	part   string
	failed bool
}

// Part begins a new part, under its name.
func (c *Checks) Part(name string) {
	if c.part = name; c.JSON {
		return
	}
	if len(c.All) > 0 {
		c.Out.Printf("\n")
	}
	c.Out.Printf("%s\n", c.Out.Paint(Bold, OneLine(name)))
}

// Add prints one thing: BAD, a note where there is something to do, or ok.
func (c *Checks) Add(failed bool, what, finding, hint string) {
	word, s := "ok", Green
	switch {
	case failed:
		word, s = "bad", Red
	case hint != "":
		word, s = "note", Yellow
	}
	c.failed = c.failed || failed
	c.All = append(c.All, Check{c.part, what, word, OneLine(finding), OneLine(hint)})
	if c.JSON {
		return
	}
	if failed {
		word = "BAD"
	}
	indent := strings.Repeat(" ", 24)
	if c.Out.Width() < 70 { // below each other
		c.Out.Printf("%s  %s\n      %s\n", c.Out.Paint(s, fmt.Sprintf("%-4s", word)), what, Wrap(OneLine(finding), c.Out.Width()-6, "      "))
		c.hint(hint)
		return
	}
	c.Out.Printf("%s  %-17s %s\n", c.Out.Paint(s, fmt.Sprintf("%-4s", word)), what, Wrap(OneLine(finding), c.Out.Width()-len(indent), indent))
	c.hint(hint)
}

func (c *Checks) hint(text string) {
	if text != "" {
		c.Out.Printf("      %s\n", c.Out.Paint(Faint, Wrap(OneLine(text), c.Out.Width()-6, "      ")))
	}
}

// Printf prints what is for people only.
func (c *Checks) Printf(format string, args ...any) {
	if !c.JSON {
		c.Out.Printf(format, args...)
	}
}

// Err is ErrCheck if something failed.
func (c *Checks) Err() error {
	if c.failed {
		return ErrCheck
	}
	return nil
}

// ErrCheck is the error when something failed.
var ErrCheck = WithHint(errors.New("something does not work"), "the line marked BAD says what, and below it what to do")

// WriteJSON writes a value as JSON on one line, as every command with --json does.
func (t *Terminal) WriteJSON(v any) error { return json.NewEncoder(t.JSON()).Encode(v) }
