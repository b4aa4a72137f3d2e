package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/cmd/vigie/modems"
	"vigie/modem"
	"vigie/monitor"
	"vigie/safefile"
	"vigie/storage"
)

// WatchCmd watches with one modem or several.
type WatchCmd struct {
	config.StoreFlags
	Port     []string  `help:"A modem's AT port, such as /dev/ttyUSB2; may be given again for a second modem. Default: every modem found." placeholder:"DEV" sep:"none"`
	USB      []string  `name:"usb" help:"Or its USB identity, as vigie probe prints it: found again wherever it is plugged in." placeholder:"ID" sep:"none"`
	Family   string    `help:"Modem family. Default: from the identification of the modem." placeholder:"F"`
	Sensor   string    `help:"Name of this sensor. Default: vigie; with several modems, the place of each is put behind it." placeholder:"NAME"`
	Mode     cell.Mode `help:"fixed: this place is watched for long. mobile: it moves." enum:"fixed,mobile," default:""`
	Record   string    `help:"Also write every record to this file (.ndjson or .ndjson.gz)." placeholder:"FILE" type:"path"`
	Position bool      `help:"Ask the modem where it is, where its GNSS is on already."`
	Wait     bool      `help:"Wait for modems that are not there yet."`
	Seal     []string  `help:"Seal everything to this public key (age1...) and keep nothing readable on this machine; may be given again." placeholder:"KEY" sep:"none"`
	Brief    bool      `help:"Print what suits a service's journal: changes and a line an hour, and no cell, network or place."`
	Listen   string    `help:"Serve /healthz, /metrics and /status here, such as 127.0.0.1:9184. Default: nowhere, or what the configuration says." placeholder:"ADDR"`

	clocks monitor.Clocks // zero: the computer's
}

// takeOutTheSIM is printed before a modem is used that is carried.
const takeOutTheSIM = `take the SIM out before you carry it, where the modem sees enough without (vigie doctor shows it): a registered modem
      transmits as a phone does, a false cell can catch it, and its network knows whose it is and where`

// Run watches until interrupted.
func (c *WatchCmd) Run(ctx context.Context, p *console.Program) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		c.panicAnyway(ctx, p)
		return err
	}
	c.merge(&conf)
	wipe, err := c.armWipe(ctx, p, conf) // before anything is opened or asked
	if err != nil {
		return err
	}
	defer wipe.stop()
	atlas, closeAtlas := openAtlas(p, conf, c.Path(conf))
	defer closeAtlas()
	o, err := c.options(p, conf, atlas)
	if err != nil {
		return err
	}
	o.Wipe = wipe.WipeOptions
	for _, secret := range c.Secrets(conf) {
		if open := safefile.OpenToOthers(secret.Path); open != "" {
			p.Err.Printf("%s: %s\n", secret.What, console.OneLine(open))
		}
	}
	_, missing := os.Stat(c.Path(conf))
	if o.Store, err = c.Open(ctx, conf, storage.Options{Create: true, Memory: conf.Seal.On()}); err != nil {
		return err
	}
	for _, n := range o.Store.Notices() {
		p.Err.Printf("store: %s\n", console.OneLine(n))
	}
	if conf.Mode == cell.Mobile && !c.Brief {
		p.Out.Printf("%s\n", takeOutTheSIM)
	}
	err = monitor.Run(ctx, o)
	if err != nil && errors.Is(missing, fs.ErrNotExist) && !c.InMemory(conf) && !conf.Seal.On() {
		err = errors.Join(err, c.removeEmpty(context.WithoutCancel(ctx), conf))
	}
	return err
}

// removeEmpty removes the store that a watch made which failed before it saw anything: it would be in the way of one with a
// passphrase, or be taken for it.
func (c *WatchCmd) removeEmpty(ctx context.Context, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return nil // it was not made, or is not ours
	}
	stats, err := s.Stats(ctx)
	if err := errors.Join(err, s.Close()); err != nil || stats.Observations > 0 || stats.Events > 0 {
		return err
	}
	return errors.Join(storage.DestroyKey(c.Path(conf)), storage.Destroy(c.Path(conf)))
}

// options are those of a watch by the configuration.
func (c *WatchCmd) options(p *console.Program, conf config.Config, atlas analyzer.Atlas) (o monitor.Options, err error) {
	secret, err := c.Passphrase(conf)
	if err != nil {
		return o, err
	}
	seal, err := c.sealing(conf)
	if err != nil {
		return o, err
	}
	beat, err := conf.Heartbeat.URL()
	if err != nil {
		return o, err
	}
	o = monitor.Options{Version: versionText(), NewEngine: conf.NewEngine(atlas), Mode: conf.Mode, Wait: c.Wait, Clocks: c.clocks, Record: c.Record,
		Position:  monitor.PositionOptions{GPSD: conf.Position.GPSD, Phone: conf.Position.Phone, Coarse: conf.Position.Coarse},
		Retention: conf.Retention(), Grows: c.grows(conf), Seal: seal, Sinks: conf.Sinks(),
		Alerts:    monitor.AlertOptions{Open: conf.Alert.Open, Reload: func(a *alert.Alerts, log func(string)) error { return reloadAlerts(p, a, log) }},
		Health:    monitor.HealthOptions{Listen: cmp.Or(c.Listen, conf.Health.Listen), Open: conf.Health.Open, DownAfter: time.Duration(conf.Health.DownAfter)},
		Phone:     c.phone(p, conf, atlas),
		Heartbeat: monitor.HeartbeatOptions{URL: beat, Every: time.Duration(conf.Heartbeat.Every)},
		Battery:   monitor.BatteryOptions{Saving: conf.Battery.Saving, Most: conf.Battery.Most, Lasts: time.Duration(conf.Battery.Lasts)},
		Modems: func(ctx context.Context) ([]modem.Config, error) {
			all, err := modems.Choose(ctx, p, conf)
			for i := range all {
				all[i].Position, all[i].Wait = c.Position || conf.Position.Modem, c.Wait
			}
			return all, err
		},
	}
	if conf.Influx.URL != "" {
		o.Influx = conf.Influx.Open
	}
	c.show(p, conf, &o, secret != "")
	return o, nil
}

// show decides what a watch prints, and where.
func (c *WatchCmd) show(p *console.Program, conf config.Config, o *monitor.Options, encrypted bool) {
	o.Print = func(text string) { p.Out.Printf("%s\n", text) }
	o.Progress = func(n int) { p.Err.Progress("reading what was learned: %s", console.Plural(n, "record")) }
	// Where others may read the log, and not what it is about, it says nothing of cells and events.
	silent := !p.Out.Interactive && (conf.Seal.On() || encrypted || c.InMemory(conf))
	several := false
	o.Ready = func(modems []modem.Config) {
		p.Err.ClearProgress()
		several = len(modems) > 1
		for _, m := range modems {
			if !c.Brief {
				p.Out.Printf("watching %s as %s, store %s; stop with Ctrl-C\n", cmp.Or(m.Device, m.Identity), console.OneLine(m.Sensor), c.Path(conf))
			}
		}
	}
	journal := newJournalLog(p.Out)
	o.Show = func(u monitor.Update) {
		switch {
		case u.Err != nil:
			console.Report(p.Err, u.Err)
		case u.Text != "":
			p.Err.Printf("%s: %s\n", time.Now().UTC().Format(time.RFC3339), console.OneLine(u.Text))
		case c.Brief:
			journal.show(u)
		default:
			watchLog{out: p.Out, several: several, silent: silent}.show(u)
		}
	}
}

// grows is the file that grows on a disk; empty if none does.
func (c *WatchCmd) grows(conf config.Config) string {
	switch {
	case conf.Seal.On():
		return c.SealTo(conf)
	case c.InMemory(conf):
		return ""
	}
	return c.Path(conf)
}

// sealing is what everything is sealed to; nil if nothing is.
func (c *WatchCmd) sealing(conf config.Config) (*monitor.SealOptions, error) {
	to, err := config.Recipients(conf.Seal.To)
	if err != nil || !conf.Seal.On() {
		return nil, err
	}
	return &monitor.SealOptions{To: to, File: c.SealTo(conf), Every: time.Duration(conf.Seal.Every)}, nil
}

// armedWipe destroys everything on request until it is stopped.
type armedWipe struct {
	monitor.WipeOptions
	stop func()
}

// armWipe waits for what destroys everything from now on, with the rights of who owns what there is to destroy.
func (c *WatchCmd) armWipe(ctx context.Context, p *console.Program, conf config.Config) (w armedWipe, err error) {
	if grows := c.grows(conf); grows != "" {
		if err := config.Become(grows); err != nil {
			return w, err
		}
	}
	w.WipeOptions, w.stop, err = monitor.ArmWipe(ctx, c.wipe(conf), func(text string) { p.Err.Printf("%s\n", console.OneLine(text)) })
	return w, err
}

// panicAnyway destroys what was recorded if the panic file is there, although the configuration was refused, as far as that can be read;
// it then ends the program.
func (c *WatchCmd) panicAnyway(ctx context.Context, p *console.Program) {
	conf, unread, err := config.Salvage(p.ConfigFile)
	switch done := err == nil && conf.Panic.Enabled; {
	case done && len(unread) > 0:
		p.Err.Printf("the configuration cannot be read, with %s: on panic what that names is not destroyed\n", console.OneLine(strings.Join(unread, ", ")))
	case err != nil || len(unread) > 0:
		p.Err.Printf("what the configuration says of panic cannot be read: no panic file is obeyed, and nothing was destroyed\n")
		return
	case !done:
		return
	}
	c.merge(&conf)
	if w, err := c.armWipe(ctx, p, conf); err == nil {
		w.stop()
	} else {
		p.Err.Printf("no panic file is obeyed, and nothing was destroyed: %s\n", console.OneLine(err.Error()))
	}
}

// wipe is what the panic button destroys.
func (c *WatchCmd) wipe(conf config.Config) monitor.WipeOptions {
	dir := filepath.Dir(c.Path(conf))
	w := monitor.WipeOptions{Enabled: conf.Panic.Enabled, File: conf.Panic.File, Keys: []string{filepath.Join(dir, "review-key.pem")}}
	if c.InMemory(conf) || conf.Seal.On() {
		w.Files = []string{c.SealTo(conf), c.SealTo(conf) + "-spare"}
	}
	if !c.InMemory(conf) { // also when all is sealed: there may be a store from before
		w.Store = c.Path(conf)
	}
	w.Files = append(w.Files, filepath.Join(dir, "review-cert.pem"))
	if c.Record != "" {
		w.Files = append(w.Files, c.Record)
	}
	return w
}

// phone is the page for a phone; nil if it is not wanted.
func (c *WatchCmd) phone(p *console.Program, conf config.Config, atlas analyzer.Atlas) *monitor.PhoneOptions {
	g := conf.Glance
	if g.Listen == "" {
		return nil
	}
	console.GuardMemory() // passwords, sessions, and the key of a certificate
	o := &monitor.PhoneOptions{Listen: g.Listen, Hosts: g.Host, PasswordFile: g.PasswordFile, PlainHTTP: g.PlainHTTP, Discreet: g.Discreet,
		Position: conf.Position.Phone, Certificates: filepath.Dir(c.Path(conf))}
	configureReview(&o.Review, conf, atlas)
	return o
}

// merge applies the command line to the configuration.
func (c *WatchCmd) merge(conf *config.Config) {
	conf.Choose(config.Choice{Ports: c.Port, USB: c.USB, Family: c.Family, Sensor: c.Sensor, Mode: c.Mode})
	conf.Seal.To = append(conf.Seal.To, c.Seal...)
}
