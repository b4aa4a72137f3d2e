package main

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// kit is what a carried watch has beside the line: a sealed file, a page for a phone, a way to destroy it all, and a log
// that betrays nobody. Each part is off until the configuration names it.
type kit struct {
	silent  bool // what is printed goes to a log that others may read: it says nothing of cells and events
	destroy *panicking
	stops   []func() error // in order of starting
}

// catchable is said before a modem is used that is carried.
const catchable = `take the SIM out before you carry it, where the modem sees enough without (vigie doctor says it): a registered modem
      transmits as a phone does, a false cell can catch it, and its network knows whose it is and where`

// thrifty is how many percent of what is in use may lie about as garbage while the store is in memory; it is 100 otherwise.
const thrifty = 50

// startKit starts the parts that the configuration names, but for the page.
func (c *WatchCmd) startKit(ctx context.Context, p *program, conf config.Config, l *line) (*kit, error) {
	k := &kit{}
	secret, err := c.passphrase(conf)
	if err != nil {
		return nil, err
	}
	k.silent = !p.out.Interactive && (conf.Seal.On() || secret != "" || c.memory(conf))
	if l.store.Path() == "" {
		debug.SetGCPercent(thrifty)
	}
	if conf.Seal.On() {
		if c.Record != "" {
			return nil, console.Usage(errors.New("--record would write in the clear what is sealed"), "leave one of them out: vigie unseal and vigie export make the recording at home")
		}
		stop, err := c.sealing(context.WithoutCancel(ctx), conf, l.store, func(err error) {
			l.complain("the sealed file takes nothing, what comes waits in memory", err)
			l.keeper.full(err)
		})
		if err != nil {
			return nil, err
		}
		l.last = stop
	}
	if conf.Mode == cell.Mobile && !c.Brief {
		p.out.Printf("%s\n", catchable)
	}
	destroy, stop, err := c.onPanic(ctx, p, conf)
	if err != nil {
		return nil, err
	}
	k.destroy = destroy
	k.stops = append(k.stops, func() error { stop(); return nil })
	return k, nil
}

// listen puts the page for a phone, and what spares the battery, behind what is told, where they are wanted.
func (c *WatchCmd) listen(ctx context.Context, p *program, conf config.Config, atlas analyzer.Atlas, l *line, v *vitals, k *kit, modems []watched) error {
	if conf.Glance.Listen == "" && !conf.Battery.Saving {
		return nil
	}
	look := newLookout(v, conf.Mode == cell.Mobile, l.places, cmp.Or(filepath.Dir(l.store.Path()), "."))
	for e, err := range l.store.Events(ctx, storage.EventQuery{Newest: true, Limit: lastEvents}) {
		if err != nil {
			return err
		}
		look.event(e)
	}
	record, event := l.told, l.event
	l.told = func(r cell.Record) { record(r); look.record(r) }
	l.event = func(e analyzer.Event) { event(e); look.event(e) }
	if conf.Battery.Saving {
		pace := newPace(conf.Battery, look)
		l.told = func(r cell.Record) { record(r); look.record(r); pace.record(r) }
		for i := range modems {
			modems[i].Stretch = pace.ask
		}
		k.stops = append(k.stops, spare())
	}
	if conf.Glance.Listen == "" {
		return nil
	}
	stop, err := c.glance(ctx, p, conf, atlas, l, look, k.destroy)
	if err != nil {
		return err
	}
	k.stops = append(k.stops, stop)
	return nil
}

func (k *kit) stop() error {
	var errs []error
	for _, s := range k.stops {
		errs = append(errs, s())
	}
	return errors.Join(errs...)
}
