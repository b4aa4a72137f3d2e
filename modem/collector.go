package modem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// Reasons of gaps.
const (
	GapUnplugged = "unplugged" // the port is gone
	GapSilent    = "silent"    // the modem answers nothing, not even AT
	GapNoAnswer  = "no_answer" // the modem answers AT, and nothing about the serving cell: it refuses, or takes too long
	GapBusy      = "busy"      // another program has the port
	GapError     = "error"     // anything else: the detail is in a health line
)

// Run watches the modem until ctx ends. It passes records to emit, in order and one at a time: a *cell.Source once the modem
// is identified, then observations, health lines, gaps, and a *cell.Clock when the wall clock was set. A gap is emitted twice:
// when it begins, and again with Until when it ends. It begins at the last whole answer, since nothing is known from then on,
// and ends with the next one. A gap with the reason GapNoAnswer begins at the last observation, and ends with the first answer
// about the serving cell.
//
// If the port cannot be opened at the start, Run returns a *PortError with a hint, unless Config.Wait is set. After the first
// answer Run waits for a modem that is lost, and finds it again by its USB identity. When ctx ends, Run restores the reporting
// switches and returns nil within two seconds, or an error that says what could not be restored. Run also ends when emit returns
// an error.
func (c *Collector) Run(ctx context.Context, emit func(cell.Record) error) error {
	c.emit = emit
	c.keepTime(c.now())
	pause := c.Retry
	for started := c.Wait; ; {
		c.Alive()
		answered, err := c.serve(ctx)
		for _, h := range c.complaint.due(stamp(c.Now()), ctx.Err() != nil) {
			c.report(h)
		}
		switch {
		case c.broken != nil:
			return fmt.Errorf("handing on what the modem said: %w", c.broken)
		case ctx.Err() != nil && !answered:
			return nil // nothing was changed that would have to be restored
		case ctx.Err() != nil:
			return err
		case !answered && !started:
			return err
		}
		if started = true; answered {
			pause, c.silence = c.Retry, silence{}
		}
		c.lost(err)
		c.reauthorize(gapReason(err))
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		pause = min(2*pause, 8*c.Retry)
	}
}

// lost opens a gap when the port or the modem is gone.
func (c *Collector) lost(err error) {
	since := c.lastAnswer
	if c.lastReport.After(since) {
		since = c.lastReport // an unsolicited line
	}
	if since.IsZero() {
		now := c.now()
		c.keepTime(now)
		since = now.Time
	}
	c.openGap(gapReason(err), err.Error(), since)
}

// openGap opens a gap. If one is open already for another reason, it reports the new reason.
func (c *Collector) openGap(reason, detail string, since time.Time) {
	if c.gap != nil {
		if reason != c.gap.Reason {
			c.complain(1, reason, detail)
		}
		return
	}
	if reason == GapError || reason == GapBusy || reason == GapNoAnswer {
		c.complain(1, reason, detail)
	}
	c.gap = &cell.Gap{Time: since, Sensor: c.Sensor, Reason: reason}
	begins := *c.gap
	c.report(&begins)
}

// endGap ends the gap, if one is open.
func (c *Collector) endGap(at arrival) {
	if c.gap == nil {
		return
	}
	c.keepTime(at)
	ended := *c.gap
	ended.Until = at.Time
	c.gap = nil
	c.report(&ended)
}

func gapReason(err error) string {
	switch {
	case errors.Is(err, ErrUnplugged), errors.Is(err, ErrMissing), errors.Is(err, ErrNotPresent):
		return GapUnplugged
	case errors.Is(err, ErrBusy):
		return GapBusy
	case errors.Is(err, at.ErrTimeout), errors.Is(err, ErrWriteHangs), errors.Is(err, ErrNoAnswer):
		return GapSilent
	}
	return GapError
}

// locate finds the port, by its USB identity where it has one: ttyUSB numbers change.
func (c *Collector) locate() (Port, error) {
	switch {
	case c.port.Identity != "":
		return c.Host.Lookup(c.port.Identity)
	case c.Identity != "":
		return c.Host.Lookup(c.Identity)
	}
	return c.Host.At(c.Device)
}

// serve opens the port and watches until the modem is lost or ctx ends. answered reports whether the modem answered at least AT.
func (c *Collector) serve(ctx context.Context) (answered bool, err error) {
	port, err := c.locate()
	if err != nil {
		return false, missing(c.Identity, err)
	}
	w, err := c.start(ctx, port)
	if err != nil {
		return false, err
	}
	defer w.session.Close() // an error of closing means that the port is gone, which was reported
	c.port = port
	return true, w.watch(ctx)
}

// start opens a port and checks that a modem answers on it.
func (c *Collector) start(ctx context.Context, port Port) (*connection, error) {
	opened, err := c.open(port.Device)
	if err != nil {
		return nil, err
	}
	wire := &timedPort{ReadWriteCloser: opened, now: c.now}
	session := at.NewSession(wire, c.list, c.Options)
	w := &connection{Collector: c, session: session, serial: wire, lines: session.Unsolicited(), schedule: schedule{fast: c.Fast, slow: c.Slow}}
	if err := w.sync(ctx); err != nil {
		if errors.Is(err, at.ErrTimeout) && !errors.Is(err, at.ErrClosed) {
			err = noAnswer(port, err)
		}
		session.Close()
		return nil, err
	}
	w.since = wire.lastByte()
	return w, nil
}
