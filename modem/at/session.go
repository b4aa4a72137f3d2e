package at

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// Direction says who wrote a traced line.
type Direction uint8

// The directions.
const (
	Sent     Direction = iota // a command that was written, with its AT; its echo is not traced again
	Received                  // a line that the modem printed, redacted
)

// Options of a session. The zero value is usable.
type Options struct {
	CharDelay    time.Duration        // between two characters written, for modems that lose characters
	CommandDelay time.Duration        // between a final result and the next command
	Stopwatch    func() time.Duration // monotonic clock for Reply.Took; if nil, Took is 0

	// Trace is called with all commands and lines in order. It runs on the goroutine that owns the port: it must not block or
	// use the session.
	Trace func(Direction, string)
}

// Reply is the answer of a modem, redacted.
type Reply struct {
	Command Command
	Lines   []string // whole information lines, without their ends; also those before an error
	Final   string   // "OK", "ERROR", "+CME ERROR: 516"; empty if none arrived
	Number  int      // of the answer among the whole answers of the session, from 1; 0 if this is none
	Took    time.Duration
}

// Line is an unsolicited line.
type Line struct {
	Text   string
	Behind int // Number of the last whole answer before the line
}

// Counts are the irregularities that a session met.
type Counts struct {
	Garbage     int // bytes that were no text, or belonged to a line that was cut off
	Overlong    int // lines of more than 8 KiB, dropped
	Stale       int // lines printed before the modem first answered, dropped because their age is unknown
	Orphans     int // lines without a prefix that answered no command; passed on as unsolicited
	Echoes      int // echoes of what this session did not write, or not like that; dropped
	Late        int // final results of commands that had been given up
	Timeouts    int // commands without a final result in time
	Redactions  int // identities stripped
	Unsolicited int // unsolicited lines dropped, the oldest first, because the caller did not receive them
	Excess      int // lines of an answer that did not end, dropped
}

const (
	maxUnsolicited = 2048        // unsolicited lines that wait for the caller
	maxAnswer      = 2048        // lines of one answer
	closeLimit     = time.Second // for a port to close
)

// Session owns a port. One goroutine reads it, one writes it, and one, the owner, does everything else.
type Session struct {
	port     io.ReadWriteCloser
	list     List
	options  Options
	requests chan request
	out      chan Line     // unsolicited lines
	read     chan chunk    // from the reader to the owner
	write    chan []byte   // from the owner to the writer
	written  chan error    // and back
	stop     chan struct{} // closed when the session is to end
	stopOnce sync.Once
	done     chan struct{} // closed when it has ended

	mu       sync.Mutex
	err      error // why it ended
	closeErr error // of the port
	counts   Counts

	// The rest belongs to the owner.
	lexer   lexer
	redact  *redactor
	known   map[string]bool // prefixes of all listed commands
	waiting *waiting        // the command that waits for its answer
	tally   Counts          // what will be counts
	writing bool            // the writer is at work,
	limit   *time.Timer     // and may be for so long
	pace    *time.Timer     // runs out when the next command may be written

	synced   bool // the modem has answered AT
	stale    bool // it must answer AT again before the next command
	echo     bool // it echoed AT
	answered int  // whole answers so far
	owed     int  // final results that may still come for commands given up
	failures int  // commands given up in a row
}

type chunk struct {
	bytes []byte
	err   error
}

type request struct {
	ctx     context.Context
	command Command
	sync    bool
	answer  chan<- result
}

type result struct {
	reply Reply
	err   error
}

// NewSession starts a session on an open port, and closes the port at its end. A Read that returns 0 and no error counts as a read
// timeout. Nothing is written before the first command or Sync.
func NewSession(port io.ReadWriteCloser, list List, o Options) *Session {
	s := &Session{
		port: port, list: list, options: o,
		requests: make(chan request),
		out:      make(chan Line, maxUnsolicited),
		read:     make(chan chunk),
		write:    make(chan []byte, 1),
		written:  make(chan error, 1),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		redact:   newRedactor(list.commands()),
		known:    make(map[string]bool),
		stale:    true,
	}
	for _, c := range list.commands() {
		for _, p := range c.Prefixes {
			s.known[p] = true
		}
		for _, p := range c.After {
			s.known[p] = true
		}
	}
	var ends sync.WaitGroup
	ends.Go(s.reading)
	ends.Go(s.writingOut)
	go s.run(&ends)
	return s
}

// Do sends one command and waits for its answer. Commands wait for their turn; Command.Timeout counts from when the command is
// written. The error is a *FinalError if the final result is not OK, ErrNotListed, ErrTimeout, ErrClosed with its cause, or
// the error of the context; the Reply holds the lines that arrived even so. After a command without an answer, the session
// checks that the modem answers AT before it writes the next.
func (s *Session) Do(ctx context.Context, c Command) (Reply, error) {
	listed, err := s.list.admit(c)
	if err != nil {
		return Reply{Command: c}, err
	}
	reply, err := s.ask(request{ctx: ctx, command: listed})
	reply.Command = listed
	if err != nil {
		err = fmt.Errorf("AT%s: %w", listed.Text, err)
	}
	return reply, err
}

// Sync checks that the modem answers: it discards stale bytes, then sends AT up to five times, and waits up to a second for each
// OK. It works with echo on or off, and does not change it.
func (s *Session) Sync(ctx context.Context) error {
	_, err := s.ask(request{ctx: ctx, sync: true})
	return err
}

func (s *Session) ask(r request) (Reply, error) {
	if err := r.ctx.Err(); err != nil {
		return Reply{}, err
	}
	answer := make(chan result, 1)
	r.answer = answer
	select {
	case s.requests <- r:
	case <-r.ctx.Done():
		return Reply{}, r.ctx.Err()
	case <-s.stop:
		return Reply{}, s.Err()
	}
	got := <-answer // the owner answers every request that it accepts
	return got.reply, got.err
}

// Unsolicited returns the channel of lines that answer no command, in the order in which they were printed, including those
// between the lines of an answer. It is closed when the session has ended. The port never waits for the receiver: if 2,048 lines
// are waiting, the oldest is dropped and counted.
func (s *Session) Unsolicited() <-chan Line { return s.out }

// Done is closed when the session has ended, by Close or by an error of the port.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err returns why the session ended: ErrClosed, which wraps the cause if it was not Close. It is nil until then.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Counts so far.
func (s *Session) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Close ends the session and closes the port. It waits for both, but at most a second if the port hangs.
func (s *Session) Close() error {
	s.end(ErrClosed)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeErr
}

// fail ends the session because of an error of the port.
func (s *Session) fail(cause error) { s.end(fmt.Errorf("%w: %w", ErrClosed, cause)) }

func (s *Session) end(err error) {
	s.stopOnce.Do(func() {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
		close(s.stop)
	})
}

// run is the goroutine of the owner.
func (s *Session) run(ends *sync.WaitGroup) {
	for s.Err() == nil {
		var hung <-chan time.Time
		if s.writing {
			hung = s.limit.C
		}
		select {
		case r := <-s.requests:
			reply, err := s.serve(r)
			s.publish()
			r.answer <- result{reply, err}
		case c := <-s.read:
			s.handleBytes(c)
		case err := <-s.written:
			s.handleWrite(err)
		case <-hung:
			s.fail(errHung)
		case <-s.stop:
		}
	}
	s.lexer.drop()
	s.publish()
	close(s.write)
	gone := make(chan error, 1)
	go func() { // closing a port may hang too
		err := s.port.Close()
		ends.Wait()
		gone <- err
	}()
	select {
	case err := <-gone:
		s.mu.Lock()
		s.closeErr = err
		s.mu.Unlock()
	case <-time.After(closeLimit):
	}
	close(s.out)
	close(s.done)
}

// publish copies the counts of the owner for Counts.
func (s *Session) publish() {
	s.tally.Garbage, s.tally.Overlong, s.tally.Redactions = s.lexer.garbage, s.lexer.overlong, s.redact.count
	s.mu.Lock()
	s.counts = s.tally
	s.mu.Unlock()
}

// reading is the goroutine of the reader.
func (s *Session) reading() {
	buf := make([]byte, 4096)
	for {
		n, err := s.port.Read(buf)
		if err == nil && n == 0 {
			select {
			case <-s.stop:
				return
			default:
				continue
			}
		}
		select {
		case s.read <- chunk{bytes.Clone(buf[:n]), err}:
		case <-s.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

// writingOut is the goroutine of the writer.
func (s *Session) writingOut() {
	for b := range s.write {
		s.written <- s.writePaced(b)
	}
}

// writePaced writes all bytes at once, or one at a time with CharDelay.
func (s *Session) writePaced(b []byte) error {
	if s.options.CharDelay <= 0 {
		_, err := s.port.Write(b)
		return err
	}
	for i := range b {
		if i > 0 {
			select {
			case <-time.After(s.options.CharDelay):
			case <-s.stop:
				return ErrClosed
			}
		}
		if _, err := s.port.Write(b[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}
