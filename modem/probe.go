package modem

import (
	"context"
	"slices"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// Report is the result of probing one port.
type Report struct {
	Port     Port
	Holders  []Holder         // other programs that have it open, as far as we may look
	Ident    dialect.Ident    // identification of the modem
	Dialect  *dialect.Dialect // that Vigie uses with it; nil if no modem answered
	SIM      SIM              // empty if unknown
	Accepted []at.Command     // commands for watching that it answers
	Refused  []at.Command     // and those that it refuses
	Reports  cell.Fields      // fields that this modem can report
	Heard    cell.Observation // what it reported, without time

	Offers  cell.Fields              // fields that the family can report if no command is refused
	Rejects []dialect.Reject         // lines that could not be decoded
	Took    map[string]time.Duration // time until the final result, by Command.Text
	Counts  at.Counts                // irregularities on the line
}

// Probe asks the modem behind a port what it is and what it can report. It sends each query of watching once and changes
// nothing, not even a reporting switch. If the port is in use, may not be opened, or no modem answers, it returns a *PortError
// with a hint; the Report holds what was found until then.
func (h Host) Probe(ctx context.Context, p Port) (Report, error) {
	c, err := New(Config{Device: p.Device, Host: h})
	if err != nil {
		return Report{Port: p}, err
	}
	return c.probe(ctx, p)
}

func (c *Collector) probe(ctx context.Context, p Port) (Report, error) {
	r := Report{Port: p, Holders: c.Host.Holders(p.Device)}
	c.port = p
	c.emit = func(cell.Record) error { return nil }
	w, err := c.start(ctx, p)
	if err != nil {
		return r, err
	}
	defer w.session.Close()
	if err = w.examine(ctx, &r); err == nil {
		err = ctx.Err()
	}
	return r, err
}

// Answers checks that a modem answers AT on a port, and sends nothing else. Its errors are those of Probe.
func (h Host) Answers(ctx context.Context, p Port) error {
	c, err := New(Config{Device: p.Device, Host: h})
	if err != nil {
		return err
	}
	w, err := c.start(ctx, p)
	if err != nil {
		return err
	}
	return w.session.Close()
}

func (w *connection) examine(ctx context.Context, r *Report) (err error) {
	if r.Ident, err = w.identify(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	w.ident, w.dialect = r.Ident, dialect.For(r.Ident)
	r.Dialect, r.Offers = w.dialect, w.dialect.Capabilities(w.ident)
	r.Reports, r.Took = r.Offers, map[string]time.Duration{}
	commands := slices.Concat(dialect.Once, w.dialect.Serving, w.dialect.Around, w.dialect.Position)
	for _, s := range w.dialect.Settings {
		commands = append(commands, s.Read)
	}
	var answers []dialect.Answer
	asked := map[string]bool{}
	for _, cmd := range commands {
		if asked[cmd.Text] || ctx.Err() != nil {
			continue
		}
		asked[cmd.Text] = true
		reply, err := w.ask(ctx, cmd)
		if err != nil {
			return err
		}
		r.Took[cmd.Text] = reply.Took
		if w.patience.failed(cmd.Text) {
			r.Refused = append(r.Refused, cmd)
			r.Reports &^= w.dialect.Only[cmd.Text]
			continue
		}
		r.Accepted = append(r.Accepted, cmd)
		answers = append(answers, dialect.Answer{Command: cmd.Text, Lines: reply.Lines, Final: reply.Final})
	}
	if len(w.dialect.Position) > 0 && !slices.ContainsFunc(w.dialect.Position, func(c at.Command) bool { return !w.patience.failed(c.Text) }) {
		r.Reports &^= cell.FieldPosition
	}
	decoded := w.dialect.Decode(answers)
	r.SIM, r.Heard, r.Rejects, r.Counts = w.sim, decoded.Observation, decoded.Rejects, w.session.Counts()
	return nil
}
