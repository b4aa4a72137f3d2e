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
	stopGrace     = 300 * time.Millisecond // for the answer that is pending when the run ends
	maintainEvery = 30 * time.Second       // between checks of the SIM, of switches that could not be set, and of the session's counts
	joinWindow    = 250 * time.Millisecond // for which an answer waits for others that belong to the same observation
	blindAfter    = 5 * time.Second        // without an answer about the serving cell before a gap begins
)

// connection is a port that is open, with a modem that answers. The goroutine of Run owns it.
type connection struct {
	*Collector
	session    *at.Session
	serial     *timedPort
	lines      <-chan at.Line // unsolicited lines; nil when the session has ended
	schedule   schedule
	since      arrival          // when the modem first answered
	pending    pending          // answers that are not reported yet
	reported   []dialect.Answer // answers of this round that were reported
	servingAt  time.Time        // when the modem last answered about the serving cell
	gapOpened  bool             // because that was long ago
	remaining  []at.Command     // commands of Around that an interrupted round left out
	deferred   []at.Setting     // switches that could not be set yet
	maintainAt time.Time        // when maintain is due
	hinted     bool             // an unsolicited line hinted at a change since the round began
	counts     at.Counts        // as reported last
	answered   int              // at.Reply.Number of the last answer that was processed
	behind     []heldLine       // lines printed after an answer that is not processed yet
	known      bool             // the modem was identified on this connection
	held       []heldLine       // lines that arrived before that
}

// heldLine is an unsolicited line that has to wait.
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

// watch polls the modem until it is lost or ctx ends.
func (w *connection) watch(ctx context.Context) error {
	err := w.prepare(ctx)
	for err == nil && w.broken == nil && ctx.Err() == nil {
		w.Alive()
		err = w.step(ctx)
	}
	if w.dialect == nil || w.session.Err() != nil || errors.Is(err, at.ErrTimeout) {
		if ctx.Err() != nil {
			err = nil // the modem is lost, and the run ends anyway
		}
		return err
	}
	if ctx.Err() != nil || w.broken != nil {
		return w.restore(ctx, w.dialect.Settings)
	}
	return err
}

// prepare identifies the modem, reports the source, and sets the reporting switches.
func (w *connection) prepare(ctx context.Context) error {
	ident, err := w.identify(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	// A modem that is starting may leave out part of its identification: it is then taken for the one that was here before.
	ident.Manufacturer = cmp.Or(ident.Manufacturer, w.ident.Manufacturer)
	ident.Model = cmp.Or(ident.Model, w.ident.Model)
	ident.Firmware = cmp.Or(ident.Firmware, w.ident.Firmware)
	if ident != w.ident { // another modem, or another firmware
		w.ident, w.patience, w.camping = ident, patience{}, camping{}
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
	_, err = w.poll(ctx, dialect.Once, 0)
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

// choose finds the dialect. New has checked the family.
func choose(family string, ident dialect.Ident) *dialect.Dialect {
	if d, err := dialect.ByName(family); err == nil {
		return d.As(ident)
	}
	return dialect.For(ident)
}

// reportSource reports the source, if it has changed since it was last reported.
func (w *connection) reportSource() {
	s := cell.Source{Version: 1, Sensor: w.Sensor, Mode: w.Mode, Model: w.ident.Model, Firmware: w.ident.Firmware,
		Reports: cell.Some(w.reports()), AT: true, Kit: w.Kit}
	if s != w.source {
		w.source = s
		w.report(&s)
	}
}

// reports are the fields that the family can report, without those that this modem refuses and those that it is not asked for.
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

// ofServing are the fields that only answers about the serving cell hold. Without these there are registrations and neighbours.
const ofServing = cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldBandwidth | cell.FieldRSRP | cell.FieldRSRQ |
	cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP | cell.FieldEcIo | cell.FieldTA | cell.FieldPriority

func (w *connection) accepts(c at.Command) bool { return !w.patience.refused(c.Text) }

// setSIM reports the state of the SIM, if it has changed.
func (w *connection) setSIM(s SIM) {
	if s == "" || s == w.sim {
		return
	}
	before := w.sim
	if w.sim = s; s == SIMReady && before == "" {
		return // the normal state
	}
	w.report(&cell.Health{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: string(s), Detail: s.String()})
}

// maintain does what is not needed in every round.
func (w *connection) maintain(ctx context.Context) error {
	for _, cmd := range dialect.Once {
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
