package at

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List is the allow-list: all that a session with it can ever write. It always holds the bare AT, even as the zero List. A List
// cannot be changed.
type List struct {
	listed map[string]Command // by Text
}

// Listed is one string of bytes that a session may write, for display.
type Listed struct {
	Bytes string // whole, with AT and the carriage return: "AT+CSQ\r"
	Kind  Kind   //
	Why   string // purpose, for people
}

// attention is the bare AT, with which a session finds out whether the modem listens.
var attention = Command{Why: "asks whether the modem listens; the answer is OK"}

// NewList makes the list of commands for watching. Each is checked against the fence (fence.go), which does not depend on the
// dialects. If one command is not clearly passive, NewList returns an error. A command that is declared more than once is listed
// once, with the identity fields of all its declarations.
func NewList(cmds ...Command) (List, error) { return newList(false, cmds) }

// NewSurveyList is NewList for the explicit survey: it also accepts commands of Kind Survey, which make the radio leave its cell
// and interrupt service for up to minutes.
func NewSurveyList(cmds ...Command) (List, error) { return newList(true, cmds) }

func newList(surveys bool, cmds []Command) (List, error) {
	l := List{listed: make(map[string]Command, len(cmds))}
	var errs []error
	for _, c := range cmds {
		kind, why, err := fence(c.Text)
		switch {
		case err != nil:
		case kind != c.Kind:
			err = fmt.Errorf("declared as a %s command, but it is a %s command", c.Kind, kind)
		case kind == Survey && !surveys:
			err = errors.New("interrupts service: only for an explicit survey, never for watching")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("command %q: %w", "AT"+c.Text, err))
			continue
		}
		if c.Why == "" {
			c.Why = why
		}
		if first, ok := l.listed[c.Text]; ok {
			first.Identity = slices.Concat(first.Identity, c.Identity)
			c = first
		}
		l.listed[c.Text] = c
	}
	if len(errs) > 0 {
		return List{}, errors.Join(errs...)
	}
	return l, nil
}

// All returns everything that a session with this list can ever write, sorted by bytes.
func (l List) All() []Listed {
	all := []Listed{{string(encode(attention)), attention.Kind, attention.Why}}
	for _, c := range l.listed {
		if c.Text != attention.Text {
			all = append(all, Listed{string(encode(c)), c.Kind, c.Why})
		}
	}
	slices.SortFunc(all, func(a, b Listed) int { return cmp.Compare(a.Bytes, b.Bytes) })
	return all
}

// commands are the listed commands, in no order.
func (l List) commands() []Command { return slices.Collect(maps.Values(l.listed)) }

// admit returns the command as it may be sent: text and identity fields of the list, everything else of the caller.
func (l List) admit(c Command) (Command, error) {
	listed, ok := l.listed[c.Text]
	if !ok && c.Text == attention.Text {
		listed, ok = attention, true
	}
	if !ok {
		text, _ := Scrub("AT" + strings.ToValidUTF8(c.Text, "?"))
		return Command{}, fmt.Errorf("%w: %q", ErrNotListed, text)
	}
	c.Kind, c.Identity = listed.Kind, listed.Identity
	return c, nil
}

// encode returns the bytes of a command. It is the only place where bytes for a port are made.
func encode(c Command) []byte { return []byte("AT" + c.Text + "\r") }
