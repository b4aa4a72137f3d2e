package at

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// errHung ends the session if the port accepts no bytes.
var errHung = fmt.Errorf("%w: the port takes no bytes", ErrTimeout)

const (
	syncTries      = 5                      // bare ATs before a modem counts as silent
	syncWait       = time.Second            // for the answer to each
	flush          = 50 * time.Millisecond  // for bytes that were printed before the port was opened
	lateResultWait = 300 * time.Millisecond // for a late final result, after the OK to a bare AT
)

// waiting is the command that was written and has no complete answer yet.
type waiting struct {
	command Command
	lines   []string
	final   string   // the last final result
	finals  int      // their number, counted for the AT of sync
	after   []string // of command.After, what has not arrived yet
	echo    bool     // its echo has arrived
	sync    bool     // it is the AT of sync
	numeric bool     // a single digit arrived: ATV0
	number  int      // of the answer, once it is complete
}

// complete reports whether the whole answer has arrived.
func (w *waiting) complete() bool { return w.final != "" && (w.final != "OK" || len(w.after) == 0) }

// serve handles a request. Like everything in this file, it runs on the goroutine of the owner.
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

// exchange writes one command and collects its answer.
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
			s.lexer.tear() // half of a line that was to follow may have arrived
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

// send passes a command to the writer and waits for its answer.
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

// hung ends the session if a write did not complete in time.
func (s *Session) hung(err error) error {
	if !errors.Is(err, ErrTimeout) {
		return err
	}
	s.fail(errHung)
	return s.Err()
}

// wait handles events of the port until the condition holds. It returns ErrTimeout if the timer expires, the error of the context,
// or the reason why the session ends.
func (s *Session) wait(ctx context.Context, timer *time.Timer, until func() bool) error {
	for !until() {
		select {
		case c := <-s.read:
			s.handleBytes(c)
		case err := <-s.written:
			s.handleWrite(err)
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

// sync checks that the modem answers, and that no final result of an earlier command is outstanding: each AT has a result of its
// own, so results are counted. It waits lateResultWait for a modem that answers out of order.
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
				s.owed = 0 // another doubt would cost the next command its answer
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

// handleBytes handles bytes from the reader.
func (s *Session) handleBytes(c chunk) {
	s.lexer.feed(c.bytes, s.line)
	s.publish()
	if c.err != nil {
		s.fail(fmt.Errorf("reading from the modem: %w", c.err))
	}
}

// handleWrite handles the result of a write.
func (s *Session) handleWrite(err error) {
	s.writing = false
	if err != nil {
		s.fail(fmt.Errorf("writing to the modem: %w", err))
	}
}

// line handles one line of the lexer. After this point it holds no identity.
func (s *Session) line(raw string) {
	if raw == "" {
		s.redact.line("")
		return
	}
	split(raw, func(prefix string) bool { return s.known[prefix] }, s.handleLine)
}

// handleLine handles what the modem meant to be one line.
func (s *Session) handleLine(raw string) {
	text, body := s.redact.line(raw)
	w := s.waiting
	if w != nil && !w.sync && w.complete() {
		w, s.waiting = nil, nil // what arrives with the same read does not belong to it
	}
	var c *Command
	if w != nil {
		c = &w.command
	}
	kind := unsolicited
	if !body {
		kind = classify(text, c)
	}
	switch {
	case kind == final && w == nil && !isPlainFinal(text):
		kind = unsolicited // NO CARRIER of another connection
	case kind == information && s.owed > 0 && s.echo && !w.echo:
		kind = unsolicited // it arrived before the echo: the answer to an earlier query of the same kind
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

// result handles a final result. While one of an earlier command is outstanding, it belongs to the pending command only if the
// echo, or an information line if there is no echo, shows that the modem has received the command.
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
			s.stale, s.owed = true, 1 // and another result may follow such a one
		}
	default:
		s.tally.Late++
		s.owed = max(0, s.owed-1)
	}
}

// pass adds a line to the unsolicited ones.
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
