package main

import (
	"context"
	"errors"
	"fmt"

	"vigie/cmd/vigie/bundles"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// UnsealCmd opens what a kit has sealed, where the private key is.
type UnsealCmd struct {
	config.StoreFlags
	Identity string `required:"" help:"The private key, as age-keygen wrote it. It never goes with the kit." placeholder:"FILE" type:"path"`
	File     string `arg:"" help:"The sealed file." type:"path"`
}

// Run puts what is in the file into the store.
func (c *UnsealCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	ids, err := bundles.Identities(c.Identity)
	if err != nil {
		return err
	}
	f, err := safefile.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := c.Open(ctx, conf, storage.Options{Create: true})
	if err != nil {
		return err
	}
	u, err := transfer.Unseal(ctx, f, s, ids...)
	err = errors.Join(err, s.Close())
	switch {
	case errors.Is(err, storage.ErrKey):
		return console.WithHint(fmt.Errorf("%s: %w", c.File, err), "name the private key that belongs to the public one in the kit's configuration")
	case err != nil:
		return fmt.Errorf("%s: %w", c.File, err)
	}
	p.Out.Printf("%s and %s from %s are in %s\n", console.Plural(u.Records, "record"), console.Plural(u.Events, "change")+" of events", console.Plural(u.Frames, "frame"), c.Path(conf))
	if u.Damaged > 0 {
		p.Err.Printf("%s of the file could not be read; everything else is there\n", console.Plural(u.Damaged, "place"))
	}
	return nil
}
