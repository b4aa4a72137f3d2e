package main

import (
	"context"
	"errors"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// StoreCmd changes how a store that is there is protected.
type StoreCmd struct {
	Encrypt    StoreEncryptCmd    `cmd:"" help:"Encrypt a store that is not: with the new passphrase."`
	Passphrase StorePassphraseCmd `cmd:"" help:"Give an encrypted store another passphrase."`
	Decrypt    StoreDecryptCmd    `cmd:"" help:"Take the encryption off a store."`
}

// newPassphrase asks for a new passphrase, or reads it from a file.
type newPassphrase struct {
	NewPassphraseFile string `help:"File whose first line is the new passphrase. Default: it is asked for." placeholder:"FILE" type:"path"`
}

func (n newPassphrase) read(p *console.Program) (string, error) {
	secret, err := "", error(nil)
	if n.NewPassphraseFile != "" {
		secret, err = config.ReadPassphrase(n.NewPassphraseFile)
	} else {
		secret, err = console.AskNewSecret(p.In, p.Err, "new passphrase of the store", "again")
	}
	if err == nil && secret == "" {
		err = console.Usage(errors.New("no new passphrase was given"), "type it, or name its file with --new-passphrase-file")
	}
	return secret, err
}

// StoreEncryptCmd encrypts a store.
type StoreEncryptCmd struct {
	config.StoreFlags
	newPassphrase `embed:""`
}

// Run encrypts.
func (c *StoreEncryptCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	secret, err := c.read(p)
	if err != nil {
		return err
	}
	return rekey(ctx, p, &c.StoreFlags, conf, "", secret, "encrypted %s; keep a copy of the passphrase elsewhere: without it nobody can read the store")
}

// StorePassphraseCmd changes the passphrase.
type StorePassphraseCmd struct {
	config.StoreFlags
	newPassphrase `embed:""`
}

// Run changes it.
func (c *StorePassphraseCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	old, err := c.StoreFlags.Passphrase(conf)
	if err != nil {
		return err
	}
	secret, err := c.read(p)
	if err != nil {
		return err
	}
	return rekey(ctx, p, &c.StoreFlags, conf, old, secret, "%s has the new passphrase; copies of it that were made before keep the old one")
}

// StoreDecryptCmd takes the encryption off.
type StoreDecryptCmd struct {
	config.StoreFlags
	Yes bool `help:"Do it without being asked."`
}

// Run decrypts.
func (c *StoreDecryptCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	old, err := c.Passphrase(conf)
	if err != nil {
		return err
	}
	if !c.Yes && !p.Confirm("whoever has this disk can read the store then. go on?") {
		return console.WithHint(errors.New("nothing was changed"), "answer y, or give --yes where nobody is there to answer")
	}
	return rekey(ctx, p, &c.StoreFlags, conf, old, "", "%s is no longer encrypted")
}

func rekey(ctx context.Context, p *console.Program, f *config.StoreFlags, conf config.Config, old, secret, done string) error {
	path := f.Path(conf)
	if err := config.Become(path); err != nil {
		return err
	}
	err := storage.Rekey(ctx, path, storage.Options{Passphrase: old}, secret)
	switch {
	case errors.Is(err, storage.ErrLocked):
		return console.WithHint(err, "stop the watch first: systemctl stop vigie")
	case errors.Is(err, storage.ErrKey):
		return console.WithHint(err, "vigie store encrypt is for a store without a passphrase, vigie store passphrase for one with; --passphrase-file names the present one")
	case err != nil:
		return err
	}
	p.Err.Printf(done+"\n", path)
	return nil
}
