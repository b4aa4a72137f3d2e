package modem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// step waits for the next event, an unsolicited line or a round that is due, and handles it.
func (w *connection) step(ctx context.Context) error {
	w.catchUp()
	timer := time.NewTimer(w.schedule.wait(time.Now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil
	case line, ok := <-w.lines:
		w.line(line, ok)
		return nil
	case <-w.session.Done():
		return w.session.Err()
	case <-timer.C:
	}
	now := time.Now()
	around := w.schedule.all(now)
	if w.Stretch != nil {
		n := time.Duration(max(1, w.Stretch()))
		w.schedule.fast, w.schedule.slow = n*w.Fast, n*w.Slow
	}
	w.schedule.asked(now, around)
	commands := slices.Clone(w.dialect.Serving)
	if around {
		if len(w.remaining) == 0 {
			w.remaining = w.dialect.Around
		}
		commands = append(commands, w.remaining...)
		if w.Position {
			commands = append(commands, w.dialect.Position...)
		}
		if !now.Before(w.maintainAt) {
			w.maintainAt = now.Add(maintainEvery)
			if err := w.maintain(ctx); err != nil {
				return err
			}
		}
	}
	asked, err := w.poll(ctx, commands, len(w.dialect.Serving))
	w.schedule.ended(time.Now())
	if around {
		w.remaining = w.remaining[min(len(w.remaining), max(0, asked-len(w.dialect.Serving))):]
		w.reportSource()
	}
	return err
}

// poll sends commands, the first of which ask about the serving cell, and makes an observation of the answers: several if an
// answer takes long or an unsolicited line arrives in between. A hint at a change ends a long round after the questions about
// the serving cell, so that they can be asked again. asked counts the commands that were handled.
func (w *connection) poll(ctx context.Context, commands []at.Command, serving int) (asked int, err error) {
	w.hinted, w.reported = false, nil
	saw := false
	for _, cmd := range commands {
		if ctx.Err() != nil || w.broken != nil || w.hinted && asked >= serving {
			break
		}
		asked++
		if !w.patience.asks(cmd.Text, time.Now()) {
			continue
		}
		var reply at.Reply
		var at arrival
		reply, at, err = w.askTimed(ctx, cmd)
		good := asked <= serving && reply.Final == "OK"
		saw = saw || good
		if len(reply.Lines) > 0 || reply.Final != "" {
			w.collect(dialect.Answer{Command: cmd.Text, Lines: reply.Lines, Final: reply.Final}, at, good)
		}
		w.catchUp()
		if err != nil {
			break
		}
	}
	w.flush()
	if serving > 0 && err == nil && ctx.Err() == nil {
		w.checkServing(saw)
	}
	return asked, err
}

// collect holds an answer back for joinWindow, for others that belong to the same observation.
func (w *connection) collect(a dialect.Answer, at arrival, saw bool) {
	p := &w.pending
	if len(p.answers) == 0 {
		p.due = time.After(joinWindow)
	}
	p.answers, p.at, p.saw = append(p.answers, a), at, p.saw || saw
}

// flush reports the answers that were held back, before anything that was printed after them.
func (w *connection) flush() {
	p := w.pending
	w.pending = pending{}
	w.observe(w.reported, p.answers, p.at, p.saw)
	w.reported = append(w.reported, p.answers...)
}

// checkServing opens a gap if the modem answers AT but has not answered about the serving cell for some time.
func (w *connection) checkServing(saw bool) {
	now := time.Now()
	if saw || w.servingAt.IsZero() {
		w.servingAt, w.gapOpened = now, false
		return
	}
	if w.gapOpened || now.Sub(w.servingAt) < max(blindAfter, 2*w.Fast) {
		return
	}
	w.gapOpened = true
	w.openGap(GapNoAnswer, "the modem answers, but refuses or leaves open what it is asked about the serving cell", w.lastReport)
}

// ask sends one command. A refusal is remembered and is no error. No answer is an error if the modem does not answer AT either.
func (w *connection) ask(ctx context.Context, cmd at.Command) (at.Reply, error) {
	reply, _, err := w.askTimed(ctx, cmd)
	return reply, err
}

// askTimed is ask, and returns when the answer arrived.
func (w *connection) askTimed(ctx context.Context, cmd at.Command) (at.Reply, arrival, error) {
	if w.Limit > 0 {
		cmd.Timeout = min(w.Limit, cmp.Or(cmd.Timeout, at.DefaultTimeout))
	}
	reply, err := w.during(ctx, func(ctx context.Context) (at.Reply, error) { return w.session.Do(ctx, cmd) })
	came := w.serial.lastByte()
	if reply.Final != "" {
		w.lastAnswer = came.Time
	}
	if cmd.Text == askSIM {
		w.setSIM(simOf(reply.Lines, err))
	}
	var final *at.FinalError
	switch {
	case err == nil:
		w.patience.took(cmd.Text)
	case errors.As(err, &final):
		if unknownCommand(final) {
			w.refused(cmd, "command_refused", err)
		}
		err = nil
	case errors.Is(err, at.ErrTimeout) && !errors.Is(err, at.ErrClosed):
		unanswered := err
		if err = w.sync(ctx); err == nil {
			w.refused(cmd, "command_unanswered", unanswered)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = nil // the run has ended
	}
	return reply, came, err
}

// refused remembers that a command got no OK. If the command is used for watching, it reports that once.
func (w *connection) refused(cmd at.Command, reason string, err error) {
	is := func(c at.Command) bool { return c.Text == cmd.Text }
	most, watching := refusalLimit, false
	if d := w.dialect; d != nil {
		watching = slices.ContainsFunc(slices.Concat(d.Serving, d.Around, d.Position), is)
		if slices.ContainsFunc(d.Serving, is) {
			most = w.Slow
		}
	}
	if w.patience.refuse(cmd.Text, time.Now(), most) && watching {
		w.report(&cell.Health{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: reason,
			Detail: fmt.Sprintf("%v; it is asked for %s, and will be asked again now and then", err, cmd.Why)})
	}
}

// unknownCommand distinguishes a permanent refusal from errors like "no SIM" or "no fix", which may be gone next time.
func unknownCommand(e *at.FinalError) bool {
	return e.Code < 0 && !strings.HasPrefix(e.Final, "+CM") || !e.CMS && (e.Code == 3 || e.Code == 4 || e.Code == 50 || e.Code == 100)
}

func (w *connection) sync(ctx context.Context) error {
	_, err := w.during(ctx, func(ctx context.Context) (at.Reply, error) { return at.Reply{}, w.session.Sync(ctx) })
	if err == nil {
		w.lastAnswer = w.serial.lastByte().Time
	}
	return err
}

// during handles unsolicited lines while a command is pending. Lines printed before the end of the answer are reported before it.
// Lines printed after it wait for catchUp: modems print after an OK what they held back. When ctx ends, the pending answer
// has stopGrace left.
func (w *connection) during(ctx context.Context, ask func(context.Context) (at.Reply, error)) (at.Reply, error) {
	type result struct {
		reply at.Reply
		err   error
	}
	w.catchUp()
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	answer := make(chan result, 1)
	go func() {
		reply, err := ask(inner)
		answer <- result{reply, err}
	}()
	ended := ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case line, ok := <-w.lines:
			w.between(line, ok)
		case <-w.pending.due:
			w.flush()
		case r := <-answer:
			for n := len(w.lines); n > 0; n-- {
				line, ok := <-w.lines
				w.between(line, ok)
			}
			w.answered = max(w.answered, r.reply.Number)
			return r.reply, r.err
		case <-ended:
			ended, late = nil, time.After(stopGrace)
		case <-late:
			cancel()
		}
	}
}
