package modem

import (
	"context"
	"errors"
	"slices"
	"time"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/dialect"
)

// GapSurvey is the reason of the gap during a survey: a modem that scans does not watch.
const GapSurvey = "survey"

// SurveyLimit is the longest time that a scan of any family may take.
const SurveyLimit = 200 * time.Second

// Scan is what one survey found.
type Scan struct {
	Source  cell.Source
	Command at.Command          // that was used
	Refused []at.Command        // better ones that this modem refuses
	Gap     cell.Gap            // for the duration of the survey
	Rows    []*cell.Observation // one per cell or network heard; the last may hold lines that could not be decoded
	Rejects []dialect.Reject
}

// Survey scans once for all cells or networks, with the best scan of its family that the modem supports. It interrupts service
// and must be requested by a person: a Collector cannot send these commands. A scan that begins and fails is not tried again.
// began is called with each command as it is sent. When ctx ends, Survey returns; the modem may continue to scan until it is
// done.
func Survey(ctx context.Context, config Config, began func(at.Command)) (Scan, error) {
	var scan Scan
	c, err := New(config)
	if err != nil {
		return scan, err
	}
	if c.list, err = dialect.SurveyCommands(); err != nil {
		return scan, err
	}
	c.emit = func(cell.Record) error { return nil }
	port, err := c.locate()
	if err != nil {
		return scan, missing(c.Identity, err)
	}
	w, err := c.start(ctx, port)
	if err != nil {
		return scan, err
	}
	defer w.session.Close()
	c.port = port
	if w.ident, err = w.identify(ctx); err != nil {
		return scan, err
	}
	w.dialect = choose(c.Family, w.ident)
	w.reportSource()
	scan.Source = w.source
	return scan, w.scan(ctx, &scan, began)
}

// refusalWithin is the time within which a modem refuses a scan that it does not support. One that fails later was begun.
const refusalWithin = 5 * time.Second

func (w *connection) scan(ctx context.Context, scan *Scan, began func(at.Command)) error {
	scan.Gap = cell.Gap{Time: stamp(w.Now()), Sensor: w.Sensor, Reason: GapSurvey}
	var reply at.Reply
	err := errors.New("this family has no scan")
	for _, cmd := range w.dialect.Surveys {
		if cmd.Timeout <= 0 || cmd.Timeout > SurveyLimit {
			cmd.Timeout = SurveyLimit
		}
		if w.Limit > 0 {
			cmd.Timeout = min(cmd.Timeout, w.Limit)
		}
		began(cmd)
		reply, err = w.session.Do(ctx, cmd)
		scan.Command = cmd
		var final *at.FinalError
		if !errors.As(err, &final) || !unknownCommand(final) || reply.Took > refusalWithin {
			break
		}
		scan.Refused = append(scan.Refused, cmd)
	}
	scan.Gap.Until = stamp(w.Now())
	if len(reply.Lines) == 0 {
		return err
	}
	decoded := w.dialect.Decode([]dialect.Answer{{Command: scan.Command.Text, Lines: reply.Lines, Final: reply.Final}})
	scan.Rejects = decoded.Rejects
	rest := decoded.Observation.Raw
	for i := range decoded.Sweep {
		o := &decoded.Sweep[i]
		o.Time, o.Sensor = scan.Gap.Until, w.Sensor
		scan.Rows = append(scan.Rows, o)
		rest = slices.DeleteFunc(rest, func(l string) bool { return slices.Contains(o.Raw, l) })
	}
	if len(rest) > 0 {
		scan.Rows = append(scan.Rows, &cell.Observation{Time: scan.Gap.Until, Sensor: w.Sensor, Survey: true, Raw: rest})
	}
	return err
}
