package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor"
	"vigie/storage"
)

// host checks what Vigie relies on besides a modem: configuration, clock, store, disk, alerts, InfluxDB. It
// changes nothing and asks no network.
func (c *DoctorCmd) host(ctx context.Context, p *console.Program, conf config.Config) error {
	failed := false
	check := func(what, finding, hint string, err error) {
		if err != nil {
			finding, hint = err.Error(), cmp.Or(console.HintOf(err), hint)
		}
		failed = failed || err != nil
		console.PrintCheck(p.Out, err != nil, what, finding, hint)
	}
	p.Out.Printf("%s\n", p.Out.Paint(console.Bold, "this computer"))
	check("configuration", cmp.Or(config.Find(p.ConfigFile), "none: the defaults"), "", nil)
	if monitor.ClockSynced() {
		check("clock", "is synchronised", "", nil)
	} else {
		check("clock", "is not known to be right", "times are corrected when it is set; a network, GPS or a clock chip sets it", nil)
	}
	finding, hint, err := c.store(ctx, conf)
	check("store", finding, hint, err)
	if dir := filepath.Dir(c.Path(conf)); !c.InMemory(conf) {
		for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) { // a store that is not made yet
			if _, err := os.Stat(dir); err == nil {
				break
			}
		}
		free, all := monitor.DiskOf(dir)
		is, hint := monitor.RoomBy(free, all, monitor.RoomOK), ""
		if is != monitor.RoomOK {
			hint = "the oldest observations become summaries early; docs/keeping.md lists what goes when"
		}
		var full error
		if is == monitor.RoomFull {
			full = fmt.Errorf("%s of %s are free", console.Size(free), console.Size(all))
		}
		check("disk", fmt.Sprintf("%s of %s are free", console.Size(free), console.Size(all)), hint, full)
	}
	if o, err := conf.Alert.Options(nil); err != nil {
		check("alerts", "", "", err)
	} else if len(o.To) > 0 || o.LED != "" {
		where := console.Plural(len(o.To), "destination")
		if o.LED != "" {
			where += ", LED " + o.LED
		}
		check("alerts", where, "vigie alert test tries them", nil)
	}
	if conf.Influx.URL != "" {
		check("InfluxDB", "is configured", "vigie doctor --influx checks the server", nil)
	}
	p.Out.Printf("\n")
	if failed {
		return console.ErrCheck
	}
	return nil
}

// store opens the store that watching would use, and asks what is in it.
func (c *DoctorCmd) store(ctx context.Context, conf config.Config) (finding, hint string, err error) {
	if c.InMemory(conf) || conf.Seal.On() {
		return "in memory: " + map[bool]string{true: "what is watched is sealed to " + c.SealTo(conf), false: "all is gone when the watch ends"}[conf.Seal.On()], "", nil
	}
	path := c.Path(conf)
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return path + " is not there yet: vigie watch makes it", "", nil
	case errors.Is(err, fs.ErrPermission):
		return path, "it belongs to the service: look as root", nil
	}
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return "", "", err
	}
	defer s.Close()
	stats, err := s.Stats(ctx)
	if err != nil {
		return "", "", err
	}
	secret, err := c.Passphrase(conf)
	if err != nil {
		return "", "", err
	}
	finding = fmt.Sprintf("%s, %s, %s", path, console.Size(stats.Bytes), map[bool]string{true: "encrypted", false: "not encrypted"}[secret != ""])
	if !stats.Newest.IsZero() {
		finding += ", newest record of " + stats.Newest.UTC().Format("2006-01-02 15:04 MST")
	}
	return finding, strings.Join(s.Notices(), "; "), nil
}
