package modem

import (
	"context"
	"slices"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// Report is what a look at one port found.
type Report struct {
	Port     Port
	Holders  []Holder         // the other programs that have it open, as far as we may look
	Ident    dialect.Ident    // what the modem says it is
	Dialect  *dialect.Dialect // that Vigie speaks with it; nil when no modem answered
	SIM      SIM              // "" is not known
	Accepted []at.Command     // of the commands for watching, those that it answers
	Refused  []at.Command     // and those that it does not know
	Reports  cell.Fields      // what this modem can report to Vigie
	Heard    cell.Observation // what it said just now, without time

	Offers  cell.Fields              // what the family reports where no command is refused
	Rejects []dialect.Reject         // lines that looked readable and were not
	Took    map[string]time.Duration // by Command.Text, how long the answer took
	Counts  at.Counts                // what was not in order on the line
}

// Probe asks the modem behind a port what it is and what it can report. It asks the questions of watching once and
// changes nothing, not even a reporting switch. The Report holds what was found out even when there is an error: a
// *PortError with a hint when the port is in use, may not be opened, or has no modem that answers.
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

// Answers makes sure that a modem answers AT on a port; the error says why not, as that of Probe. It asks nothing more.
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
	commands := slices.Concat(w.dialect.Once, w.dialect.Serving, w.dialect.Around, w.dialect.Position)
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
