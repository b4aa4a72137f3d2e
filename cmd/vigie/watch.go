package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/storage"
)

// WatchCmd watches with one modem or several.
type WatchCmd struct {
	StoreFlags
	Port     []string  `help:"A modem's AT port, such as /dev/ttyUSB2; may be given again for a second modem. Default: every modem found." placeholder:"DEV" sep:"none"`
	USB      []string  `name:"usb" help:"Or its USB identity, as vigie probe prints it: found again wherever it is plugged in." placeholder:"ID" sep:"none"`
	Family   string    `help:"Modem family. Default: from what the modem says it is." placeholder:"F"`
	Sensor   string    `help:"Name of this sensor. Default: vigie; with several modems, the place of each is put behind it." placeholder:"NAME"`
	Mode     cell.Mode `help:"fixed: this place is watched for long. mobile: it moves." enum:"fixed,mobile," default:""`
	Record   string    `help:"Also write every observation to this file (.ndjson or .ndjson.gz)." placeholder:"FILE" type:"path"`
	Position bool      `help:"Ask the modem where it is, where its GNSS is on already."`
	Wait     bool      `help:"Wait for modems that are not there yet."`
	Seal     []string  `help:"Seal all to this public key (age1...) and keep nothing that can be read here; may be given again." placeholder:"KEY" sep:"none"`
	Brief    bool      `help:"Say what a service should: changes and a line an hour, and no cell, network or place."`
	Listen   string    `help:"Serve /healthz, /metrics and /status here, such as 127.0.0.1:9184. Default: nowhere, or what the configuration says." placeholder:"ADDR"`
}

// Run watches until interrupted.
func (c *WatchCmd) Run(ctx context.Context, p *program) (err error) {
	conf, err := config.Load(p.cli.Config, true)
	if err != nil {
		return err
	}
	c.merge(&conf)
	if _, err := config.Recipients(conf.Seal.To); err != nil { // before anything is opened or asked
		return err
	}
	atlas, closeAtlas := openAtlas(p, conf, c.path(conf))
	defer closeAtlas()
	v := newVitals(time.Now)
	l := &line{engine: newEngine(conf, atlas), again: func() *analyzer.Engine { return newEngine(conf, atlas) }, patient: true, warn: func(format string, args ...any) {
		p.err.Printf("%s: %s\n", time.Now().UTC().Format(time.RFC3339), console.OneLine(fmt.Sprintf(format, args...)))
	}}
	if l.store, err = c.open(ctx, conf, storage.Options{Create: true, Memory: conf.Seal.On()}); err != nil {
		return err
	}
	defer func() {
		if closing := l.close(ctx); err == nil {
			err = closing
		}
	}()
	for _, n := range l.store.Notices() {
		p.err.Printf("store: %s\n", console.OneLine(n))
	}
	unserve, err := c.service(ctx, conf, v, l.store)
	if err != nil {
		return err
	}
	defer unserve()
	modems, err := c.choose(ctx, p, conf, v)
	if err != nil || len(modems) == 0 {
		return err
	}
	reload, unfollow, err := followInflux(context.WithoutCancel(ctx), conf.Influx, l.store, v, func(text string) { p.err.Printf("influx: %s\n", console.OneLine(text)) })
	if err != nil {
		return err
	}
	defer func() {
		if stopping := unfollow(); err == nil {
			err = stopping
		}
	}()
	alerts, err := followAlerts(context.WithoutCancel(ctx), p, conf.Alert, l.store, v)
	if err != nil {
		return err
	}
	defer func() {
		if stopping := alerts.stop(); err == nil {
			err = stopping
		}
	}()
	l.alarm = func(text string, err error) { alerts.alarm(modems[0].Sensor, text, err) }
	defer onHangup(func() {
		reloading(func() {
			if err := errors.Join(reload(), alerts.reload()); err != nil {
				console.Report(p.err, fmt.Errorf("reloading: %w", err))
			}
		})
	})()
	places, lost, err := followPosition(ctx, conf.Position, func(err error) { l.complain("position", err) })
	if err != nil {
		return err
	}
	defer lost()
	l.places = places
	grows := l.store.Path()
	if conf.Seal.On() {
		grows = c.sealTo(conf)
	}
	l.keeper = newKeeper(conf, l.store, grows, modems[0].Sensor, l.warn, alerts.cursors()...)
	kit, err := c.startKit(ctx, p, conf, l)
	if err != nil {
		return err
	}
	defer func() {
		if stopping := kit.stop(); err == nil {
			err = stopping
		}
	}()
	if err := l.resume(ctx, func(n int) { p.err.Progress("taking up what was learned: %s", console.Plural(n, "record")) }); err != nil {
		return err
	}
	defer l.keeper.start(ctx, l)()
	if c.Record != "" {
		if l.record, err = newRecording(c.Record, 30*time.Second); err != nil {
			return err
		}
	}
	p.err.ClearProgress()
	stats, err := l.store.Stats(ctx)
	if err != nil {
		return err
	}
	times := newTimekeeper(p.clock, stats.Newest)
	if times.guesses() {
		l.warn("the clock stands before what the store holds: times are counted on from there until it is set")
	}
	debug.FreeOSMemory() // what making a key of a passphrase and taking up the store took is not needed again
	for i := range modems {
		m := &modems[i]
		m.Position, m.Wait = c.Position || conf.Position.Modem, c.Wait
		m.Alive = func() { v.alive(m.Sensor) }
		v.watch(m.Sensor, max(m.Fast, m.Slow))
		if _, m.last, err = l.store.Span(ctx, m.Sensor); err != nil {
			return err
		}
		m.Now, m.guessed = times.now, times.guesses()
		if !c.Brief {
			p.out.Printf("watching %s as %s, store %s; stop with Ctrl-C\n", cmp.Or(m.Device, m.Identity), console.OneLine(m.Sensor), c.path(conf))
		}
	}
	log := watchLogs{out: p.out, several: len(modems) > 1, silent: kit.silent}
	logRecord, logEvent := log.record, log.event
	if c.Brief {
		brief := newBriefLog(p.out)
		logRecord, logEvent = brief.record, brief.event
	}
	l.told = func(r cell.Record) {
		logRecord(r)
		v.record(r)
		v.storing(l.trouble())
	}
	l.event = func(e analyzer.Event) {
		logEvent(e)
		v.event(e)
	}
	defer (&chargeWatch{sys: "/sys", sensor: modems[0].Sensor}).start(ctx, l)()
	if err := c.listen(ctx, p, conf, atlas, l, v, kit, modems); err != nil {
		return err
	}
	return watch(ctx, l, func(sensor string, err error) {
		v.lost(sensor, err.Error())
		console.Report(p.err, fmt.Errorf("%s: %w", sensor, err))
	}, modems...)
}

// onHangup calls f at each SIGHUP until the returned function is called.
func onHangup(f func()) (stop func()) {
	hangups, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-hangups:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(done)
	}
}

// watched is one modem to watch.
type watched struct {
	modem.Config
	last    time.Time // when this sensor was last heard, if ever: since then nobody looked, which is told as a gap
	guessed bool      // nobody knows how long ago that is: time is counted on from there
}

// hear takes a record of a modem, with the gap before its first one.
func (l *line) hear(ctx context.Context, m *watched, r cell.Record) error {
	l.places.put(r, time.Now())
	now := r.When()
	if m.last.IsZero() || now.IsZero() {
		return l.feed(ctx, r)
	}
	gap := &cell.Gap{Time: m.last, Sensor: m.Sensor, Until: now, Reason: gapNotRunning}
	m.last = time.Time{}
	if now.Sub(gap.Time) <= 2*m.Slow && !m.guessed {
		return l.feed(ctx, r)
	}
	return l.feed(ctx, gap, r)
}

// watch runs a collector for each modem until ctx ends. What they hear goes into the line in the order in which it
// arrives, one record at a time, from this goroutine. A modem that is lost for good is told to failed while others are
// still watched; the error is of those that were not told.
func watch(ctx context.Context, l *line, failed func(sensor string, err error), modems ...watched) error {
	storing := context.WithoutCancel(ctx) // what was on the way when ctx ended is stored too
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	collectors := make([]*modem.Collector, len(modems))
	for i := range modems {
		m := &modems[i]
		if l.store != nil {
			m.Load, m.Save = l.settings(storing)
		}
		var err error
		if collectors[i], err = modem.New(m.Config); err != nil {
			return console.Usage(err, "vigie probe lists the modems that are here")
		}
	}
	type heard struct {
		from   *watched
		record cell.Record
		stored chan<- error
	}
	type ended struct {
		from *watched
		err  error
	}
	records, ends := make(chan heard), make(chan ended)
	for i, c := range collectors {
		m := &modems[i]
		go func() {
			stored := make(chan error)
			err := c.Run(ctx, func(r cell.Record) error {
				records <- heard{m, r, stored}
				return <-stored
			})
			ends <- ended{m, err}
		}()
	}
	var errs []error
	for left := len(modems); left > 0; {
		select {
		case h := <-records:
			err := l.hear(storing, h.from, h.record)
			h.stored <- err
			if err != nil {
				stop() // nothing can be kept: nobody need be watched
			}
		case r := <-l.own:
			if err := l.feed(storing, r); err != nil {
				errs = append(errs, err)
				stop()
			}
		case e := <-ends:
			left--
			if e.err != nil && left > 0 && ctx.Err() == nil {
				failed(e.from.Sensor, e.err)
			} else {
				errs = append(errs, e.err)
			}
		}
	}
	return errors.Join(errs...)
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

func (c *WatchCmd) merge(conf *config.Config) {
	if named := len(c.Port) + len(c.USB); named > 0 {
		like := conf.Modem[0]
		like.Port, like.USB = "", ""
		if len(conf.Modem) > 1 || named > 1 {
			like.Sensor = "" // it names another one
		}
		conf.Modem = nil
		for _, port := range c.Port {
			like.Port, like.USB = port, ""
			conf.Modem = append(conf.Modem, like)
		}
		for _, id := range c.USB {
			like.Port, like.USB = "", id
			conf.Modem = append(conf.Modem, like)
		}
	}
	if c.Family != "" {
		for i := range conf.Modem {
			conf.Modem[i].Family = c.Family
		}
	}
	if c.Sensor != "" {
		conf.Sensor = c.Sensor
		if len(conf.Modem) == 1 {
			conf.Modem[0].Sensor = ""
		}
	}
	if c.Mode != "" {
		conf.Mode = c.Mode
	}
	conf.Seal.To = append(conf.Seal.To, c.Seal...)
	if conf.Mode == "" {
		conf.Mode = cell.Mobile
	}
}
