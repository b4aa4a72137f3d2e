package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// SealConfig is what may stand under [seal]: a kit that starts alone holds a public key and nothing that reads what it wrote.
type SealConfig struct {
	To    []string `toml:"to"`    // public keys (age1...) to which all is sealed; default: none, nothing is sealed
	File  string   `toml:"file"`  // where to; default: the name of the store, with .sealed
	Every duration `toml:"every"` // between two writes; default 1s
}

const sealKeys = "[seal] to, file, every"

func (c SealConfig) on() bool { return len(c.To) > 0 }

// recipients reads public keys as age-keygen prints them.
func recipients(texts []string) ([]age.Recipient, error) {
	var to []age.Recipient
	for _, s := range texts {
		all, err := age.ParseRecipients(strings.NewReader(s))
		if err != nil {
			return nil, console.Usage(fmt.Errorf("recipient %s: %w", console.OneLine(s), err), "a public key begins with age1; age-keygen -o KEYFILE makes the pair, at home, and prints it; -y KEYFILE prints it again")
		}
		to = append(to, all...)
	}
	return to, nil
}

// sealTo is the file that is sealed to.
func (f *StoreFlags) sealTo(c Config) string {
	if c.Seal.File != "" {
		return c.Seal.File
	}
	path := f.path(c)
	if f.memory(c) {
		path = filepath.Join(filepath.Dir(defaultStore()), "vigie.db")
	}
	return strings.TrimSuffix(path, ".db") + ".sealed"
}

// sealing carries all that comes into a store, which is in memory, into a sealed file until stop is called; what came up
// to then is in it when stop returns. failed is told when the file takes nothing.
func (f *StoreFlags) sealing(ctx context.Context, c Config, s *storage.Store, failed func(error)) (stop func(context.Context) error, err error) {
	to, err := recipients(c.Seal.To)
	if err != nil {
		return nil, err
	}
	path := f.sealTo(c)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot seal: %w", err)
	}
	sealed, err := storage.OpenSealed(path, to...)
	if err != nil {
		return nil, err
	}
	sealed.Every = cmp.Or(time.Duration(c.Seal.Every), time.Second)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		o := storage.FollowOptions{OnError: func(err error, _ time.Duration) { failed(err) }}
		if err := storage.Follow(ctx, s, sealName, sealed, o); err != nil && ctx.Err() == nil {
			failed(err)
		}
	}()
	return func(last context.Context) error {
		cancel()
		<-done
		sealed.Every = 0
		err := storage.Follow(last, s, sealName, sealed, storage.FollowOptions{UntilDone: true, Backoff: func(int, error) time.Duration { return -1 }})
		return errors.Join(err, sealed.Close())
	}, nil
}

// sealName is the follower's name in the store.
const sealName = "seal"

// identities reads private keys as age-keygen writes them.
func identities(path string) ([]age.Identity, error) {
	key, err := os.Open(path)
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

// UnsealCmd opens at home what a kit has sealed.
type UnsealCmd struct {
	StoreFlags
	Identity string `required:"" help:"The private key, as age-keygen wrote it. It stays at home." placeholder:"FILE" type:"path"`
	File     string `arg:"" help:"The sealed file." type:"path"`
}

// Run puts what is in the file into the store.
func (c *UnsealCmd) Run(ctx context.Context, p *program) error {
	config, err := loadConfig(p.cli.Config, true)
	if err != nil {
		return err
	}
	ids, err := identities(c.Identity)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := c.open(ctx, config, storage.Options{Create: true})
	if err != nil {
		return err
	}
	u, err := storage.Unseal(ctx, f, s, ids...)
	err = errors.Join(err, s.Close())
	switch {
	case errors.Is(err, storage.ErrKey):
		return console.WithHint(fmt.Errorf("%s: %w", c.File, err), "name the private key that belongs to the public one in the kit's configuration")
	case err != nil:
		return fmt.Errorf("%s: %w", c.File, err)
	}
	p.out.Printf("%s and %s from %s are in %s\n", console.Plural(u.Records, "record"), console.Plural(u.Events, "change")+" of events", console.Plural(u.Frames, "frame"), c.path(config))
	if u.Damaged > 0 {
		p.err.Printf("%s of the file could not be read; all else is there\n", console.Plural(u.Damaged, "place"))
	}
	return nil
}
