package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vigie/cell"
	"vigie/modem"
	"vigie/storage"
)

// WatchCmd watches with a modem.
type WatchCmd struct {
	StoreFlags
	Port     string    `help:"The modem's AT port, such as /dev/ttyUSB2. Default: the first modem found." placeholder:"DEV"`
	USB      string    `name:"usb" help:"Or its USB identity, as vigie probe prints it: found again wherever it is plugged in." placeholder:"ID"`
	Family   string    `help:"Modem family. Default: from what the modem says it is." placeholder:"F"`
	Sensor   string    `help:"Name of this sensor. Default: vigie." placeholder:"NAME"`
	Mode     cell.Mode `help:"fixed: this place is watched for long. mobile: it moves." enum:"fixed,mobile," default:""`
	Record   string    `help:"Also write every observation to this file (.ndjson or .ndjson.gz)." placeholder:"FILE" type:"path"`
	Position bool      `help:"Ask the modem where it is, where its GNSS is on already."`
	Wait     bool      `help:"Wait for a modem that is not there yet."`
}

// Run watches until interrupted.
func (c *WatchCmd) Run(ctx context.Context, p *program) (err error) {
	config, err := loadConfig(p.cli.Config, true)
	if err != nil {
		return err
	}
	c.merge(&config)
	mc := modem.Config{Device: config.Modem.Port, Identity: config.Modem.USB, Family: config.Modem.Family, Sensor: config.Sensor,
		Mode: config.Mode, Position: c.Position, Fast: time.Duration(config.Modem.Fast), Slow: time.Duration(config.Modem.Slow), Wait: c.Wait}
	if mc.Device == "" && mc.Identity == "" {
		port, err := firstModem(p)
		if err != nil {
			return err
		}
		mc.Device, mc.Identity = port.Device, port.Identity
	}
	l := &line{engine: newEngine(config)}
	if l.store, err = c.open(ctx, config, storage.Options{Create: true}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close(ctx)) }()
	for _, n := range l.store.Notices() {
		p.err.printf("store: %s\n", oneLine(n))
	}
	if err := l.resume(ctx, func(n int) { p.err.status("taking up what was learned: %s", plural(n, "record")) }); err != nil {
		return err
	}
	if c.Record != "" {
		if l.record, err = storage.OpenNDJSON(c.Record); err != nil {
			return err
		}
	}
	_, last, err := l.store.Span(ctx, config.Sensor)
	if err != nil {
		return err
	}
	log := &watchLog{out: p.out}
	l.told, l.event = log.record, log.event
	p.err.clear()
	p.out.printf("watching %s as %s, store %s; stop with Ctrl-C\n", orElse(mc.Device, mc.Identity), oneLine(config.Sensor), c.path(config))
	return watch(ctx, l, mc, last)
}

// watch runs the collector into the line until ctx ends. Last is when this sensor was last heard, if ever: since then
// nobody looked, which is told as a gap.
func watch(ctx context.Context, l *line, mc modem.Config, last time.Time) error {
	if l.store != nil {
		mc.Load, mc.Save = l.settings(context.WithoutCancel(ctx))
	}
	collector, err := modem.New(mc)
	if err != nil {
		return usage(err, "vigie probe lists the modems that are here")
	}
	// What was on the way when ctx ended is stored too.
	storing := context.WithoutCancel(ctx)
	return collector.Run(ctx, func(r cell.Record) error {
		if now := r.When(); !last.IsZero() && !now.IsZero() {
			gap := &cell.Gap{Time: last, Sensor: mc.Sensor, Until: now, Reason: gapNotRunning}
			if last = (time.Time{}); now.Sub(gap.Time) > 2*mc.Slow {
				return l.feed(storing, gap, r)
			}
		}
		return l.feed(storing, r)
	})
}

// gapNotRunning is the reason of a gap in which Vigie itself was not there to look.
const gapNotRunning = "not_running"

// settings keeps what the reporting switches of a modem were before Vigie changed them in the store, so that they are put
// back after a crash too.
func (l *line) settings(ctx context.Context) (load func(string) map[string]string, save func(string, map[string]string) error) {
	load = func(id string) map[string]string {
		text, _, err := l.store.LoadState(ctx, "settings "+id)
		values := map[string]string{}
		if err != nil || json.Unmarshal(text, &values) != nil {
			return nil
		}
		return values
	}
	save = func(id string, values map[string]string) error {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		return l.store.SaveState(ctx, "settings "+id, text, 0)
	}
	return load, save
}

func (c *WatchCmd) merge(config *Config) {
	if c.Port != "" || c.USB != "" {
		config.Modem.Port, config.Modem.USB = c.Port, c.USB
	}
	if c.Family != "" {
		config.Modem.Family = c.Family
	}
	if c.Sensor != "" {
		config.Sensor = c.Sensor
	}
	if c.Mode != "" {
		config.Mode = c.Mode
	}
	if config.Mode == "" {
		config.Mode = cell.Mobile
	}
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// firstModem finds a modem, or says how to.
func firstModem(p *program) (modem.Port, error) {
	ports, err := modem.Find()
	if err != nil {
		return modem.Port{}, fmt.Errorf("looking for modems: %w", err)
	}
	found := modem.Candidates(ports)
	if len(found) == 0 {
		hint := "plug it in; name its AT port with --port if it is a plain serial one; \"vigie demo\" needs none"
		if len(ports) > 0 {
			hint = "vigie probe lists the ports that are here; name the AT port with --port"
		}
		return modem.Port{}, hinted(errors.New("no modem with an AT port was found"), hint)
	}
	if len(found) > 1 {
		p.err.printf("%s found; watching with %s (vigie probe lists them, --port or --usb chooses)\n", plural(len(found), "AT port"), found[0].Device)
	}
	return found[0], nil
}
