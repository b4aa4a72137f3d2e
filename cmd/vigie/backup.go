package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// BackupCmd copies the store, also while a watch writes to it.
type BackupCmd struct {
	config.StoreFlags
	Keep int    `help:"FILE is a directory: put the copy there under the name of the store and the time, and keep this many; the oldest are deleted." placeholder:"N"`
	JSON bool   `help:"Print it as JSON; docs/json.md lists the fields."`
	File string `arg:"" optional:"" help:"A new file. The copy of an encrypted store is encrypted, and its key file is copied next to it. Default: a copy in the directory of [backup]." type:"path"`
}

// Run copies and checks the copy.
func (c *BackupCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	dir := ""
	switch {
	case c.Keep < 0:
		return console.Usage(fmt.Errorf("--keep is %d", c.Keep), "it is how many copies are kept: 7, for example")
	case c.File == "" && conf.Backup.To == "":
		return console.Usage(errors.New("no file is named"), "name a new file, or write a section [backup] with to into the configuration")
	case c.File == "":
		dir, c.Keep = kong.ExpandPath(conf.Backup.To), cmp.Or(c.Keep, conf.Backup.Keep)
	case c.Keep > 0:
		dir = c.File
	}
	if dir != "" {
		c.File = filepath.Join(dir, storage.CopyName(c.Path(conf), time.Now()))
	}
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
	if dir != "" {
		if err := storage.PruneCopies(dir, c.Path(conf), c.Keep); err != nil {
			return console.WithHint(fmt.Errorf("the copy is made, and older ones could not be deleted: %w", err), "delete them yourself; the newest is "+c.File)
		}
	}
	if c.JSON {
		return p.Out.WriteJSON(copied{c.File, st.Observations + st.Others, st.Events})
	}
	p.Err.Printf("copied %s and %s to %s, and read the copy from end to end\n", console.Plural(int(st.Observations+st.Others), "record"), console.Plural(int(st.Events), "event"), c.File)
	return nil
}

// copied is what a copy holds.
type copied struct {
	File    string `json:"file"`
	Records int64  `json:"records"`
	Events  int64  `json:"events"`
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
		aside = time.Now().UTC().Format(".before-20060102-150405.000")
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
