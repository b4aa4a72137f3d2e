package main

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// identities reads private keys as age-keygen writes them.
func identities(path string) ([]age.Identity, error) {
	console.GuardMemory()
	key, err := safefile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	defer key.Close()
	ids, err := age.ParseIdentities(key)
	if err != nil {
		return nil, console.Usage(fmt.Errorf("identity %s: %w", path, err), "the file is what age-keygen wrote")
	}
	return ids, nil
}

// UnsealCmd opens what a kit has sealed, where the private key is.
type UnsealCmd struct {
	config.StoreFlags
	Identity string `required:"" help:"The private key, as age-keygen wrote it. It never goes with the kit." placeholder:"FILE" type:"path"`
	File     string `arg:"" help:"The sealed file." type:"path"`
}

// Run puts what is in the file into the store.
func (c *UnsealCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	ids, err := identities(c.Identity)
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
