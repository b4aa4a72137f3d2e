package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// BackupCmd copies the store, also while a watch writes to it.
type BackupCmd struct {
	config.StoreFlags
	File string `arg:"" help:"A new file. The copy of an encrypted store is encrypted, and its key file is copied next to it." type:"path"`
}

// Run copies and checks the copy.
func (c *BackupCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer s.Close()
	p.Err.Progress("copying")
	st, err := s.Backup(ctx, c.File)
	p.Err.ClearProgress()
	if errors.Is(err, fs.ErrExist) {
		return console.Usage(err, "name a new file: nothing is written over")
	}
	if err != nil {
		return err
	}
	p.Err.Printf("copied %s and %s to %s, and read the copy from end to end\n", console.Plural(int(st.Observations+st.Others), "record"), console.Plural(int(st.Events), "event"), c.File)
	return nil
}

// RestoreCmd makes a store of a copy.
type RestoreCmd struct {
	config.StoreFlags
	Replace bool   `help:"Replace the store that is there; it is kept under another name next to it."`
	File    string `arg:"" help:"The copy that vigie backup made." type:"existingfile"`
}

// Run checks the copy and puts it in the place of the store.
func (c *RestoreCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	secret, err := c.Passphrase(conf)
	if err != nil {
		return err
	}
	aside := ""
	if c.Replace {
		aside = time.Now().UTC().Format(".before-20060102-150405")
	}
	p.Err.Progress("reading the copy from end to end")
	st, err := storage.Restore(ctx, c.File, c.Path(conf), storage.Options{Passphrase: secret}, aside)
	p.Err.ClearProgress()
	switch {
	case errors.Is(err, fs.ErrExist):
		return console.Usage(fmt.Errorf("there is a store already: %w", err), "with --replace it is kept under another name; or name another place with --store")
	case errors.Is(err, storage.ErrLocked):
		return console.WithHint(err, "stop the watch first; a store in use is not replaced")
	case errors.Is(err, storage.ErrKey):
		return console.WithHint(err, "name the file that holds the passphrase of the copy with --passphrase-file")
	case err != nil:
		return err
	}
	p.Err.Printf("restored %s and %s to %s\n", console.Plural(int(st.Observations+st.Others), "record"), console.Plural(int(st.Events), "event"), c.Path(conf))
	return nil
}
