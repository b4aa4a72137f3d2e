package at

import (
	"context"
	"errors"
	"io"
	"time"
)

// Direction says who printed a traced line.
type Direction uint8

// The directions.
const (
	Sent     Direction = iota // a command that Vigie wrote, with its AT
	Received                  // a line that the modem printed, redacted; the echo of Sent is not repeated
)

// Options are what differs between modems and uses. The zero value is good.
type Options struct {
	CharDelay    time.Duration           // between two characters written, for modems that lose some
	CommandDelay time.Duration           // between a final result and the next command
	Trace        func(Direction, string) // sees every line in order; called by the owner of the port: it must not block
	Stopwatch    func() time.Duration    // a clock that only runs forward, for Reply.Took; nil: Took stays 0
}

// Reply is the answer to one command.
type Reply struct {
	Command Command
	Lines   []string // its information lines, redacted, without CR and LF
	Final   string   // "OK", "ERROR", "+CME ERROR: 516"; "" when none came
	Took    time.Duration
}

// Errors of a session.
var (
	ErrTimeout   = errors.New("no answer in time")
	ErrClosed    = errors.New("session closed")
	ErrNotListed = errors.New("not on the list of commands that may be sent")
)

// FinalError is a final result other than OK.
type FinalError struct {
	Final string // as printed
	Code  int    // of +CME ERROR and +CMS ERROR; -1 when it has none
	CMS   bool   //
}

func (e *FinalError) Error() string { return e.Final }

// Session owns one port.
type Session struct{}

// NewSession starts a session.
func NewSession(port io.ReadWriteCloser, list List, o Options) *Session { return &Session{} }

// Do sends one command.
func (s *Session) Do(ctx context.Context, c Command) (Reply, error) { return Reply{}, ErrClosed }

// Sync makes sure that the modem listens.
func (s *Session) Sync(ctx context.Context) error { return ErrClosed }

// Unsolicited is where unsolicited lines come out.
func (s *Session) Unsolicited() <-chan string { return nil }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return nil }

// Err says why the session ended.
func (s *Session) Err() error { return nil }

// Close ends the session.
func (s *Session) Close() error { return nil }

// Counts is what went wrong on the wire.
type Counts struct{}

// Counts so far.
func (s *Session) Counts() Counts { return Counts{} }
