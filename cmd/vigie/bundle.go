package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"vigie/cmd/vigie/bundles"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/safefile"
)

// BundleCmd writes a bundle, makes a key for bundles, or adds an outside timestamp to one.
type BundleCmd struct {
	config.StoreFlags
	HandFlags
	TrimFlags
	bundles.SignFlags
	NewKey string `help:"Make a signing key of this name, write it to FILE, print the public key to check with, and stop." placeholder:"NAME"`
	Stamp  string `help:"Copy the bundle named here and add FILE.tsr or FILE.ots, an outside timestamp of its manifest, to the copy." placeholder:"BUNDLE" type:"path"`
	With   string `help:"With --stamp: the timestamp." placeholder:"FILE" type:"path"`
	File   string `arg:"" help:"A new file, or - for standard output."`
}

// Run writes.
func (c *BundleCmd) Run(ctx context.Context, p *console.Program) error {
	switch {
	case c.NewKey != "":
		return c.newKey(p)
	case c.Stamp != "":
		return c.stamp(ctx, p)
	}
	sign, err := c.Signing()
	if err != nil {
		return err
	}
	d, o, done, err := c.open(ctx, p, &c.StoreFlags, c.TrimFlags)
	if err != nil {
		return err
	}
	defer done()
	o.Signer = sign.Signer
	return writeNew(c.File, p, func(w io.Writer) error {
		sealed, err := sign.Seal(w)
		if err != nil {
			return err
		}
		switch {
		case c.Event != "":
			err = trimHint(d.EventBundle(ctx, sealed, c.Event, o))
		case c.Case != "":
			err = d.CaseBundle(ctx, sealed, c.Case, o)
		default:
			err = d.PeriodBundle(ctx, sealed, c.Sensor, c.From.Time, c.To.Time, o)
		}
		return errors.Join(err, sealed.Close())
	})
}

func (c *BundleCmd) newKey(p *console.Program) error {
	console.GuardMemory()
	private, public, err := note.GenerateKey(rand.Reader, c.NewKey)
	if err != nil {
		return console.Usage(fmt.Errorf("key name %q: %w", console.OneLine(c.NewKey), err), "one word without a plus sign; it is printed with every signature")
	}
	if err := writeNew(c.File, p, func(w io.Writer) error { _, err := fmt.Fprintln(w, private); return err }); err != nil {
		return err
	}
	p.Out.Printf("%s\n", public)
	p.Err.Printf("give the line above to those who check: vigie verify --key FILE. One key links all bundles that it signs\n")
	return nil
}

func (c *BundleCmd) stamp(ctx context.Context, p *console.Program) error {
	if c.With == "" {
		return console.Usage(errors.New("no timestamp is named"), "name the file with --with; it is a timestamp of the SHA-256 that vigie verify prints")
	}
	stamp, err := bundles.ReadSmall(c.With)
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	f, err := safefile.Open(c.Stamp)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return writeNew(c.File, p, func(w io.Writer) error {
		return review.Attach(ctx, w, f, info.Size(), strings.TrimPrefix(filepath.Ext(c.With), "."), stamp)
	})
}
