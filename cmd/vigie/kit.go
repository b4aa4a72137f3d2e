package main

import (
	"context"
	"errors"
)

// kit is what a carried watch has beside the line: a sealed file, and a terminal or log that betrays nobody. Each part
// is off until the configuration names it.
type kit struct {
	silent bool // what is printed goes to a log that others may read: it says nothing of cells and events
	stops  []func(context.Context) error
}

// startKit starts the parts that the configuration names.
func (c *WatchCmd) startKit(ctx context.Context, p *program, config Config, l *line) (*kit, error) {
	k := &kit{}
	secret, err := c.passphrase(config)
	if err != nil {
		return nil, err
	}
	k.silent = !p.out.live && (config.Seal.on() || secret != "" || c.memory(config))
	if config.Seal.on() {
		if c.Record != "" {
			return nil, usage(errors.New("--record would write in the clear what is sealed"), "leave one of them out: vigie unseal and vigie export make the recording at home")
		}
		stop, err := c.sealing(context.WithoutCancel(ctx), config, l.store, func(err error) { l.warn("the sealed file takes nothing, what comes waits in memory: %v", err) })
		if err != nil {
			return nil, err
		}
		l.last = stop
	}
	return k, nil
}

func (k *kit) stop(ctx context.Context) error {
	var errs []error
	for _, s := range k.stops {
		errs = append(errs, s(ctx))
	}
	return errors.Join(errs...)
}
