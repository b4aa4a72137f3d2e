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

const (
	grace      = 300 * time.Millisecond // for the answer under way when the run ends
	careEvery  = 30 * time.Second       // between looks at the SIM, at switches that could not be set, at the session's counts
	together   = 250 * time.Millisecond // how long an answer waits for more that belongs into the same observation
	blindAfter = 5 * time.Second        // without an answer about the serving cell, after which a gap begins
)

// visit is one opening of the port. The goroutine of Run owns it.
type visit struct {
	*Collector
	session  *at.Session
	wire     *stamped
	heard    <-chan at.Line // unsolicited lines; nil when the session has ended
	schedule schedule
	since    arrival          // when the modem first answered
	pending  pending          // answers that are not told yet
	said     []dialect.Answer // those of this round that were told
	saw      time.Time        // when the serving cell was last answered for
	blinded  bool             // a gap was opened because that was long ago
	rest     []at.Command     // what an interrupted round left out of Around
	later    []at.Setting     // switches that could not be set yet
	care     time.Time        // when to look after these things next
	hinted   bool             // since the round began an unsolicited line hinted at a change
	counts   at.Counts        // as told last
	answered int              // at.Reply.Number of the last answer that was taken
	behind   []early          // lines that were printed behind an answer that is not taken yet
	known    bool             // the modem was identified, also after this opening
	early    []early          // lines from before that
}

type early struct {
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
func (w *visit) watch(ctx context.Context) error {
	err := w.prepare(ctx)
	for err == nil && w.broken == nil && ctx.Err() == nil {
		w.Alive()
		err = w.turn(ctx)
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
func (w *visit) prepare(ctx context.Context) error {
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
	w.describe()
	w.found(w.since)
	w.told = w.since.Time
	w.known = true
	for _, e := range w.early {
		w.unsolicited(e.line, e.at)
	}
	w.early = nil
	if w.later, err = w.set(ctx, w.dialect.Settings); err != nil {
		return err
	}
	_, err = w.round(ctx, w.dialect.Once, 0)
	return err
}

func (w *visit) identify(ctx context.Context) (dialect.Ident, error) {
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
func (w *visit) describe() {
	s := cell.Source{Version: 1, Sensor: w.Sensor, Mode: w.Mode, Model: w.ident.Model, Firmware: w.ident.Firmware,
		Reports: cell.Some(w.reports()), AT: true, Kit: w.Kit}
	if s != w.source {
		w.source = s
		w.tell(&s)
	}
}

// reports are what the family can report, less what this modem refuses and what is not asked.
func (w *visit) reports() cell.Fields {
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

func (w *visit) accepts(c at.Command) bool { return !w.patience.refused(c.Text) }

// turn waits for what comes next, a line or a round that is due, and does it.
func (w *visit) turn(ctx context.Context) error {
	w.catchUp()
	timer := time.NewTimer(w.schedule.wait(time.Now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil
	case line, ok := <-w.heard:
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
		if len(w.rest) == 0 {
			w.rest = w.dialect.Around
		}
		commands = append(commands, w.rest...)
		if w.Position {
			commands = append(commands, w.dialect.Position...)
		}
		if !now.Before(w.care) {
			w.care = now.Add(careEvery)
			if err := w.lookAfter(ctx); err != nil {
				return err
			}
		}
	}
	asked, err := w.round(ctx, commands, len(w.dialect.Serving))
	if around {
		w.rest = w.rest[min(len(w.rest), max(0, asked-len(w.dialect.Serving))):]
		w.describe()
	}
	return err
}

// round asks some commands, the first of them about the serving cell, and makes an observation of what was answered: several
// when an answer takes long, or an unsolicited line comes in between. A hint at a change ends a long round after the serving
// cell was asked about, so that it can be asked about again; asked counts the commands that were dealt with.
func (w *visit) round(ctx context.Context, commands []at.Command, serving int) (asked int, err error) {
	w.hinted, w.said = false, nil
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
		reply, at, err = w.question(ctx, cmd)
		good := asked <= serving && reply.Final == "OK"
		saw = saw || good
		if len(reply.Lines) > 0 || reply.Final != "" {
			w.keep(dialect.Answer{Command: cmd.Text, Lines: reply.Lines, Final: reply.Final}, at, good)
		}
		w.catchUp()
		if err != nil {
			break
		}
	}
	w.flush()
	if serving > 0 && err == nil && ctx.Err() == nil {
		w.heed(saw)
	}
	return asked, err
}

// keep holds an answer back, for a moment, for what belongs to it.
func (w *visit) keep(a dialect.Answer, at arrival, saw bool) {
	p := &w.pending
	if len(p.answers) == 0 {
		p.due = time.After(together)
	}
	p.answers, p.at, p.saw = append(p.answers, a), at, p.saw || saw
}

// flush tells the answers that were held back. They are told before anything that was printed after them.
func (w *visit) flush() {
	p := w.pending
	w.pending = pending{}
	w.observe(w.said, p.answers, p.at, p.saw)
	w.said = append(w.said, p.answers...)
}

// heed opens a gap when the modem has not answered about the serving cell for some time, though it answers AT.
func (w *visit) heed(saw bool) {
	now := time.Now()
	if saw || w.saw.IsZero() {
		w.saw, w.blinded = now, false
		return
	}
	if w.blinded || now.Sub(w.saw) < max(blindAfter, 2*w.Fast) {
		return
	}
	w.blinded = true
	w.blind(GapNoAnswer, "the modem answers, but refuses or leaves open what it is asked about the serving cell", w.told)
}

// ask asks one command. That the modem refuses it is no error, it is remembered; that it does not answer is one when
// it does not answer AT either.
func (w *visit) ask(ctx context.Context, cmd at.Command) (at.Reply, error) {
	reply, _, err := w.question(ctx, cmd)
	return reply, err
}

// question is ask, and tells when the answer came.
func (w *visit) question(ctx context.Context, cmd at.Command) (at.Reply, arrival, error) {
	if w.Limit > 0 {
		cmd.Timeout = min(w.Limit, cmp.Or(cmd.Timeout, at.DefaultTimeout))
	}
	reply, err := w.during(ctx, func(ctx context.Context) (at.Reply, error) { return w.session.Do(ctx, cmd) })
	came := w.wire.lastByte()
	if reply.Final != "" {
		w.seen = came.Time
	}
	if cmd.Text == askSIM {
		w.cardIs(simOf(reply.Lines, err))
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
		err = nil // it was we who gave up
	}
	return reply, came, err
}

// refused remembers that a command got no OK, and says so once of what is asked to see cells.
func (w *visit) refused(cmd at.Command, reason string, err error) {
	is := func(c at.Command) bool { return c.Text == cmd.Text }
	most, watching := refusalLimit, false
	if d := w.dialect; d != nil {
		watching = slices.ContainsFunc(slices.Concat(d.Serving, d.Around, d.Position), is)
		if slices.ContainsFunc(d.Serving, is) {
			most = w.Slow
		}
	}
	if w.patience.refuse(cmd.Text, time.Now(), most) && watching {
		w.tell(&cell.Health{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: reason,
			Detail: fmt.Sprintf("%v; it is asked for %s, and will be asked again now and then", err, cmd.Why)})
	}
}

// unknownCommand tells a refusal for good from an answer like "no SIM" or "no fix", which may be another one next time.
func unknownCommand(e *at.FinalError) bool {
	return e.Code < 0 && !strings.HasPrefix(e.Final, "+CM") || !e.CMS && (e.Code == 3 || e.Code == 4 || e.Code == 50 || e.Code == 100)
}

func (w *visit) sync(ctx context.Context) error {
	_, err := w.during(ctx, func(ctx context.Context) (at.Reply, error) { return at.Reply{}, w.session.Sync(ctx) })
	if err == nil {
		w.seen = w.wire.lastByte().Time
	}
	return err
}

// during lets unsolicited lines through while something is asked. What was printed before the end of the answer is told
// before it, and what was printed behind it has to wait, for catchUp: modems say what they held back behind an OK. When ctx ends the answer under way has a moment left.
func (w *visit) during(ctx context.Context, ask func(context.Context) (at.Reply, error)) (at.Reply, error) {
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
		case line, ok := <-w.heard:
			w.between(line, ok)
		case <-w.pending.due:
			w.flush()
		case r := <-answer:
			for n := len(w.heard); n > 0; n-- {
				line, ok := <-w.heard
				w.between(line, ok)
			}
			w.answered = max(w.answered, r.reply.Number)
			return r.reply, r.err
		case <-ended:
			ended, late = nil, time.After(grace)
		case <-late:
			cancel()
		}
	}
}

// between takes a line that came while something was asked.
func (w *visit) between(line at.Line, ok bool) {
	if ok && line.Behind > w.answered {
		w.behind = append(w.behind, early{line.Text, w.wire.lastByte()})
		return
	}
	w.line(line, ok)
}

// catchUp takes the lines that had to wait.
func (w *visit) catchUp() {
	for len(w.behind) > 0 {
		e := w.behind[0]
		w.behind = w.behind[1:]
		w.take(e)
	}
}

// line takes an unsolicited line. Until the modem was identified it has to wait, since the source and the end of the gap come
// first.
func (w *visit) line(line at.Line, ok bool) {
	if !ok {
		w.heard = nil
		return
	}
	w.take(early{line.Text, w.wire.lastByte()})
}

func (w *visit) take(e early) {
	if !w.known {
		w.early = append(w.early, e)
		return
	}
	w.unsolicited(e.line, e.at)
}

// unsolicited makes an observation of an unsolicited line. The modem was where its answers so far say before the line.
func (w *visit) unsolicited(line string, at arrival) {
	w.flush()
	if strings.HasPrefix(line, "+CPIN:") {
		w.cardIs(simOf([]string{line}, nil))
	}
	if news := w.observe(nil, []dialect.Answer{{Lines: []string{line}}}, at, false); news && w.dialect.Hint(line) {
		w.hinted = true
		w.schedule.moved(time.Now())
	}
}

// observe tells what some answers, or an unsolicited line, say. earlier are answers of the same round that were told. saw tells
// that one of them is about the serving cell, with which a gap ends. news is false when all that was said are registrations as
// they were.
func (w *visit) observe(earlier, answers []dialect.Answer, at arrival, saw bool) (news bool) {
	if len(answers) == 0 {
		return false
	}
	decoded := w.dialect.DecodeAfter(earlier, answers)
	if saw {
		w.found(at)
	}
	if o := &decoded.Observation; !decoded.Empty() || len(o.Raw) > 0 {
		w.keepTime(at)
		o.Time, o.Sensor = at.Time, w.Sensor
		w.told = o.Time
		news = !w.last.repeated(o)
		if w.last.moved(o) {
			w.schedule.moved(time.Now())
		}
		w.tell(o)
	}
	for _, r := range decoded.Rejects {
		w.complain(1, string(r.Reason), rejectDetail[r.Reason], r.Line)
	}
	return news
}

var rejectDetail = map[dialect.Reason]string{
	dialect.UnknownToken:  "this firmware prints a word that Vigie does not know; the line is kept as it is",
	dialect.UnknownLayout: "this firmware prints columns that Vigie does not know; the line is kept as it is",
	dialect.BadValue:      "a value is out of its range, so that its row is not believed; the line is kept as it is",
	dialect.Truncated:     "a line ended too early; it is kept as it is",
}

// cardIs tells the state of the SIM when it is another one than was told.
func (w *visit) cardIs(s SIM) {
	if s == "" || s == w.sim {
		return
	}
	before := w.sim
	if w.sim = s; s == SIMReady && before == "" {
		return // as it should be
	}
	w.tell(&cell.Health{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: string(s), Detail: s.String()})
}

// lookAfter does now and then what need not be done every round.
func (w *visit) lookAfter(ctx context.Context) error {
	for _, cmd := range w.dialect.Once {
		if cmd.Text == askSIM && w.patience.asks(cmd.Text, time.Now()) {
			if _, err := w.ask(ctx, cmd); err != nil {
				return err
			}
		}
	}
	if len(w.later) > 0 {
		var err error
		if w.later, err = w.set(ctx, w.later); err != nil {
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
		w.tell(h)
	}
	return nil
}
