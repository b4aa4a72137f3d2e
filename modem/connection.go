package modem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

const (
	stopGrace     = 300 * time.Millisecond // for the answer under way when the run ends
	maintainEvery = 30 * time.Second       // between looks at the SIM, at switches that could not be set, at the session's counts
	joinWindow    = 250 * time.Millisecond // how long an answer waits for more that belongs into the same observation
	blindAfter    = 5 * time.Second        // without an answer about the serving cell, after which a gap begins
)

// visit is one opening of the port. The goroutine of Run owns it.
type connection struct {
	*Collector
	session    *at.Session
	serial     *timedPort
	lines      <-chan at.Line // unsolicited lines; nil when the session has ended
	schedule   schedule
	since      arrival          // when the modem first answered
	pending    pending          // answers that are not told yet
	reported   []dialect.Answer // those of this round that were told
	servingAt  time.Time        // when the serving cell was last answered for
	gapOpened  bool             // a gap was opened because that was long ago
	remaining  []at.Command     // what an interrupted round left out of Around
	deferred   []at.Setting     // switches that could not be set yet
	maintainAt time.Time        // when to look after these things next
	hinted     bool             // since the round began an unsolicited line hinted at a change
	counts     at.Counts        // as told last
	answered   int              // at.Reply.Number of the last answer that was taken
	behind     []heldLine       // lines that were printed behind an answer that is not taken yet
	known      bool             // the modem was identified, also after this opening
	held       []heldLine       // lines from before that
}

type heldLine struct {
	line string
	at   arrival
}

// pending are answers of one round that become one observation.
type pending struct {
	answers []dialect.Answer
	at      arrival // the last byte of the last
	saw     bool    // one of them is about the serving cell
	due     <-chan time.Time
}

// watch does all that is done with a modem that answers, until it is lost or ctx ends.
func (w *connection) watch(ctx context.Context) error {
	err := w.prepare(ctx)
	for err == nil && w.broken == nil && ctx.Err() == nil {
		w.Alive()
		err = w.step(ctx)
	}
	if w.dialect == nil || w.session.Err() != nil || errors.Is(err, at.ErrTimeout) {
		if ctx.Err() != nil {
			err = nil // the modem is gone, and so are we
		}
		return err
	}
	if ctx.Err() != nil || w.broken != nil {
		return w.restore(ctx, w.dialect.Settings)
	}
	return err
}

// prepare identifies the modem, tells the source, and sets the switches.
func (w *connection) prepare(ctx context.Context) error {
	ident, err := w.identify(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	// A modem that is starting may not say all of what it is: then it is taken for the one that was here.
	ident.Manufacturer = cmp.Or(ident.Manufacturer, w.ident.Manufacturer)
	ident.Model = cmp.Or(ident.Model, w.ident.Model)
	ident.Firmware = cmp.Or(ident.Firmware, w.ident.Firmware)
	if ident != w.ident { // another modem, or another firmware
		w.ident, w.patience, w.last = ident, patience{}, last{}
		clear(w.originals)
	}
	w.dialect = choose(w.Family, ident)
	w.reportSource()
	w.endGap(w.since)
	w.lastReport = w.since.Time
	w.known = true
	for _, e := range w.held {
		w.unsolicited(e.line, e.at)
	}
	w.held = nil
	if w.deferred, err = w.set(ctx, w.dialect.Settings); err != nil {
		return err
	}
	_, err = w.poll(ctx, w.dialect.Once, 0)
	return err
}

func (w *connection) identify(ctx context.Context) (dialect.Ident, error) {
	var answers []dialect.Answer
	for _, cmd := range dialect.IdentifyCommands {
		reply, err := w.ask(ctx, cmd)
		if err != nil {
			return dialect.Ident{}, err
		}
		answers = append(answers, dialect.Answer{Command: cmd.Text, Lines: reply.Lines, Final: reply.Final})
	}
	ident := dialect.Identify(answers)
	ident.VID, ident.PID = w.port.VID, w.port.PID
	return ident, nil
}

// choose finds the dialect; a family was checked by New.
func choose(family string, ident dialect.Ident) *dialect.Dialect {
	if d, err := dialect.ByName(family); err == nil {
		return d.As(ident)
	}
	return dialect.For(ident)
}

// describe tells the source, when it is another one than was told.
func (w *connection) reportSource() {
	s := cell.Source{Version: 1, Sensor: w.Sensor, Mode: w.Mode, Model: w.ident.Model, Firmware: w.ident.Firmware,
		Reports: cell.Some(w.reports()), AT: true, Kit: w.Kit}
	if s != w.source {
		w.source = s
		w.report(&s)
	}
}

// reports are what the family can report, less what this modem refuses and what is not asked.
func (w *connection) reports() cell.Fields {
	f := w.dialect.Capabilities(w.ident)
	if !w.Position || len(w.dialect.Position) == 0 || !slices.ContainsFunc(w.dialect.Position, w.accepts) {
		f &^= cell.FieldPosition
	}
	for text, only := range w.dialect.Only {
		if w.patience.refused(text) {
			f &^= only
		}
	}
	if !slices.ContainsFunc(w.dialect.Serving, w.accepts) {
		f &^= ofServing
	}
	return f
}

// ofServing is what only answers about the serving cell tell: without them there are registrations and neighbours.
const ofServing = cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldBandwidth | cell.FieldRSRP | cell.FieldRSRQ |
	cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP | cell.FieldEcIo | cell.FieldTA | cell.FieldPriority

func (w *connection) accepts(c at.Command) bool { return !w.patience.refused(c.Text) }

// cardIs tells the state of the SIM when it is another one than was told.
func (w *connection) setSIM(s SIM) {
	if s == "" || s == w.sim {
		return
	}
	before := w.sim
	if w.sim = s; s == SIMReady && before == "" {
		return // as it should be
	}
	w.report(&cell.Health{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: string(s), Detail: s.String()})
}

// lookAfter does now and then what need not be done every round.
func (w *connection) maintain(ctx context.Context) error {
	for _, cmd := range w.dialect.Once {
		if cmd.Text == askSIM && w.patience.asks(cmd.Text, time.Now()) {
			if _, err := w.ask(ctx, cmd); err != nil {
				return err
			}
		}
	}
	if len(w.deferred) > 0 {
		var err error
		if w.deferred, err = w.set(ctx, w.deferred); err != nil {
			return err
		}
	}
	now, before := w.session.Counts(), w.counts
	w.counts = now
	w.complain(now.Garbage-before.Garbage, "garbage", "bytes from the port that are no text; is the cable good, is the port shared?")
	w.complain(now.Unsolicited-before.Unsolicited, "lines_dropped", "unsolicited lines came faster than they were taken")
	w.complain(now.Overlong-before.Overlong+now.Excess-before.Excess, "overlong", "lines or answers that did not end were dropped")
	if n := now.Echoes - before.Echoes; n > 0 {
		who := "an unknown program"
		if h := w.Host.Holders(w.port.Device); len(h) > 0 {
			who = fmt.Sprint(h)
		}
		w.complain(n, "port_shared", "the modem echoes commands that Vigie did not write: "+who+" uses the port too")
	}
	for _, h := range w.complaint.due(stamp(w.Now()), false) {
		w.report(h)
	}
	return nil
}
