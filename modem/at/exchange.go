package at

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// errHung is the cause of death of a port that takes no bytes.
var errHung = fmt.Errorf("%w: the port takes no bytes", ErrTimeout)

const (
	syncTries      = 5                      // bare ATs before a modem counts as silent
	syncWait       = time.Second            // for the answer to each
	flush          = 50 * time.Millisecond  // for bytes from before the port was opened
	lateResultWait = 300 * time.Millisecond // for a final result that is still owed, behind the OK to a bare AT
)

// waiting is a command that was written and waits for its answer.
type waiting struct {
	command Command
	lines   []string
	final   string   // the last final result
	finals  int      // their number, counted for the AT of sync
	after   []string // of command.After, what has not come yet
	echo    bool     // its echo has come
	sync    bool     // it is the AT of sync
	numeric bool     // a lone digit came: ATV0
	number  int      // of the answer, once it is whole
}

// complete says whether the whole answer has come.
func (w *waiting) complete() bool { return w.final != "" && (w.final != "OK" || len(w.after) == 0) }

// serve does what was asked. It is called by the owner, as all in this file.
func (s *Session) serve(r request) (Reply, error) {
	if err := s.ready(r.ctx); err != nil {
		return Reply{}, err
	}
	if r.sync || s.stale {
		if err := s.sync(r.ctx); err != nil || r.sync {
			return Reply{}, err
		}
	}
	return s.exchange(r.ctx, r.command)
}

// ready waits until the writer is free and the pause between commands is over.
func (s *Session) ready(ctx context.Context) error {
	if s.writing {
		if err := s.wait(ctx, s.limit, func() bool { return !s.writing }); err != nil {
			return s.hung(err)
		}
	}
	if s.pace == nil {
		return nil
	}
	err := s.wait(ctx, s.pace, func() bool { return false })
	if !errors.Is(err, ErrTimeout) {
		return err
	}
	s.pace = nil
	return nil
}

// exchange writes one command and gathers its answer.
func (s *Session) exchange(ctx context.Context, c Command) (Reply, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	w := &waiting{command: c, after: slices.Clone(c.After)}
	began := s.stopwatch()
	err := s.send(ctx, w, timeout, w.complete)
	s.waiting = nil
	if s.options.CommandDelay > 0 {
		s.pace = time.NewTimer(s.options.CommandDelay)
	}
	reply := Reply{Lines: w.lines, Final: w.final, Number: w.number, Took: s.stopwatch() - began}
	if w.final != "" {
		if !w.complete() {
			s.lexer.tear() // half a line may have come of what was to follow
		}
		return reply, resultError(w.final)
	}
	s.lexer.tear()
	s.stale = true
	s.owed++
	s.failures++
	if errors.Is(err, ErrTimeout) && !errors.Is(err, ErrClosed) {
		s.tally.Timeouts++
		err = fmt.Errorf("%w: no final result within %v", err, timeout)
	}
	return reply, err
}

// send hands a command to the writer and waits until its answer is there.
func (s *Session) send(ctx context.Context, w *waiting, timeout time.Duration, until func() bool) error {
	b := encode(w.command)
	s.waiting = w
	s.trace(Sent, string(b[:len(b)-1]))
	s.writing = true
	s.limit = time.NewTimer(timeout + time.Duration(len(b))*s.options.CharDelay)
	s.write <- b
	err := s.wait(ctx, s.limit, until)
	if err != nil && s.writing {
		return s.hung(err)
	}
	return err
}

// hung makes an end of a port to which a write did not get through in time.
func (s *Session) hung(err error) error {
	if !errors.Is(err, ErrTimeout) {
		return err
	}
	s.fail(errHung)
	return s.Err()
}

// wait lets the owner work until something is so. The error is ErrTimeout when the timer ran out, the context's, or why
// the session ends.
func (s *Session) wait(ctx context.Context, timer *time.Timer, until func() bool) error {
	for !until() {
		select {
		case c := <-s.read:
			s.take(c)
		case err := <-s.written:
			s.wrote(err)
		case <-timer.C:
			return ErrTimeout
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stop:
			return s.Err()
		}
	}
	return nil
}

// sync makes sure that the modem listens, and that no final result of an earlier command is still to come: each AT has one
// of its own, so those that come are counted. A modem that answers out of order gets the time settle.
func (s *Session) sync(ctx context.Context) error {
	if !s.synced {
		if err := s.wait(ctx, time.NewTimer(flush), func() bool { return false }); !errors.Is(err, ErrTimeout) {
			return err
		}
		s.lexer.drop()
	}
	defer func() { s.waiting = nil }()
	numeric, heard := false, "no answer"
	for range syncTries {
		if err := s.ready(ctx); err != nil {
			return err
		}
		w := &waiting{command: attention, sync: true}
		err := s.send(ctx, w, syncWait, func() bool { return w.finals > 0 })
		for err == nil && w.finals <= s.owed {
			before := w.finals
			err = s.wait(ctx, time.NewTimer(lateResultWait), func() bool { return w.finals > before })
		}
		s.owed = max(0, s.owed+1-w.finals)
		s.tally.Late += max(0, w.finals-1)
		numeric = numeric || w.numeric
		if err != nil && !errors.Is(err, ErrTimeout) || errors.Is(err, ErrClosed) {
			return err
		}
		if w.final != "" {
			heard = w.final
		}
		if w.final == "OK" {
			if s.failures > 1 {
				s.owed = 0 // doubting again would cost another command its answer
			}
			s.synced, s.stale, s.echo = true, false, w.echo
			return nil
		}
	}
	if numeric {
		return fmt.Errorf("%w: the modem answers in digits, not in words; set it to words with ATV1", ErrTimeout)
	}
	return fmt.Errorf("%w: to AT, sent %d times, the modem gives %s", ErrTimeout, syncTries, heard)
}

// take takes what the reader has read.
func (s *Session) take(c chunk) {
	s.lexer.feed(c.bytes, s.line)
	s.publish()
	if c.err != nil {
		s.fail(fmt.Errorf("reading from the modem: %w", c.err))
	}
}

// wrote takes what the writer says.
func (s *Session) wrote(err error) {
	s.writing = false
	if err != nil {
		s.fail(fmt.Errorf("writing to the modem: %w", err))
	}
}

// line takes one line as the lexer made it. Beyond this point there is no identity in it.
func (s *Session) line(raw string) {
	if raw == "" {
		s.redact.line("")
		return
	}
	split(raw, func(prefix string) bool { return s.known[prefix] }, s.piece)
}

// piece takes what the modem meant to be one line.
func (s *Session) piece(raw string) {
	text, body := s.redact.line(raw)
	w := s.waiting
	if w != nil && !w.sync && w.complete() {
		w, s.waiting = nil, nil // what comes with the same read does not belong to it
	}
	var c *Command
	if w != nil {
		c = &w.command
	}
	kind := unsolicited
	if !body {
		kind = classify(text, c, s.buf)
	}
	switch {
	case kind == final && w == nil && !isPlainFinal(text):
		kind = unsolicited // NO CARRIER of somebody else's connection
	case kind == information && s.owed > 0 && s.echo && !w.echo:
		kind = unsolicited // it came before the echo: the answer to an earlier question of the same kind
	}
	switch kind {
	case ownEcho:
		w.echo = true
		s.lexer.garbage += len(text) - len("AT"+c.Text)
		return
	case information:
		text = s.redact.answer(text, c)
	case unsolicited:
		if !body {
			text = s.redact.stray(text)
		}
	}
	s.trace(Received, text)
	switch kind {
	case otherEcho:
		s.tally.Echoes++
	case final:
		s.result(text)
	case information:
		w.information(text, &s.tally)
	case unsolicited:
		s.pass(text, body)
	}
	if w != nil && !w.sync && w.complete() {
		s.answered++
		w.number = s.answered
	}
}

// information adds a line to the answer.
func (w *waiting) information(line string, tally *Counts) {
	if len(w.lines) == maxAnswer {
		tally.Excess++
		return
	}
	w.lines = append(w.lines, line)
	w.after = slices.DeleteFunc(w.after, func(p string) bool { return hasPrefix(line, []string{p}) })
}

// result takes a final result. While one is owed, it is the waiting command's only when something else shows that the
// modem has heard the command: its echo, or where there is none an information line.
func (s *Session) result(text string) {
	w := s.waiting
	switch {
	case w != nil && w.sync:
		w.final = text
		w.finals++
	case w != nil && w.final == "" && (s.owed == 0 || w.echo || !s.echo && len(w.lines) > 0):
		w.final = text
		s.owed, s.failures = 0, 0 // modems answer in order
		if !isPlainFinal(text) {
			s.stale, s.owed = true, 1 // and may put another behind such a one
		}
	default:
		s.tally.Late++
		s.owed = max(0, s.owed-1)
	}
}

// pass hands a line to whoever takes the unsolicited ones.
func (s *Session) pass(text string, body bool) {
	if w := s.waiting; w != nil && w.sync && consistsOf(text, isDigit) && len(text) == 1 {
		w.numeric = true
	}
	if !s.synced {
		s.tally.Stale++
		return
	}
	if prefix, _ := Prefix(text); prefix == "" && !body {
		s.tally.Orphans++
	}
	for {
		select {
		case s.out <- Line{text, s.answered}:
			return
		default:
		}
		select {
		case <-s.out:
			s.tally.Unsolicited++
		default:
		}
	}
}

func (s *Session) trace(d Direction, line string) {
	if s.options.Trace != nil {
		s.options.Trace(d, line)
	}
}

func (s *Session) stopwatch() time.Duration {
	if s.options.Stopwatch == nil {
		return 0
	}
	return s.options.Stopwatch()
}
