package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

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
	SignKey string   `help:"File of the key to sign with, made by --new-key. One key links all bundles that it signed; a signature proves no time." placeholder:"FILE" type:"path"`
	SealTo  []string `help:"Seal the bundle to this age recipient (age1...): only who holds the key can open it. May be given several times." placeholder:"RECIPIENT"`
	NewKey  string   `help:"Make a signing key of this name, write it to FILE, print the public key to check with, and stop." placeholder:"NAME"`
	Stamp   string   `help:"Copy the bundle named here and add FILE.tsr or FILE.ots, an outside timestamp of its manifest, to the copy." placeholder:"BUNDLE" type:"path"`
	With    string   `help:"With --stamp: the timestamp." placeholder:"FILE" type:"path"`
	File    string   `arg:"" help:"A new file, or - for standard output."`
}

// Run writes.
func (c *BundleCmd) Run(ctx context.Context, p *console.Program) error {
	switch {
	case c.NewKey != "":
		return c.newKey(p)
	case c.Stamp != "":
		return c.stamp(ctx, p)
	}
	var signer note.Signer
	if c.SignKey != "" {
		console.GuardMemory()
		text, err := readSmall(c.SignKey)
		if err != nil {
			return fmt.Errorf("signing key: %w", err)
		}
		if signer, err = note.NewSigner(strings.TrimSpace(string(text))); err != nil {
			return console.WithHint(fmt.Errorf("signing key %s: %w", c.SignKey, err), "vigie bundle --new-key NAME FILE makes one")
		}
	}
	var to []age.Recipient
	for _, s := range c.SealTo {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return console.Usage(fmt.Errorf("recipient %s: %w", console.OneLine(s), err), "a recipient begins with age1; age-keygen -y KEYFILE prints it")
		}
		to = append(to, r)
	}
	d, o, done, err := c.open(ctx, p, &c.StoreFlags, c.TrimFlags)
	if err != nil {
		return err
	}
	defer done()
	o.Signer = signer
	return writeNew(c.File, p, func(w io.Writer) error {
		sealed, err := seal(w, to)
		if err != nil {
			return err
		}
		if c.Event != "" {
			err = trimHint(d.EventBundle(ctx, sealed, c.Event, o))
		} else {
			err = d.PeriodBundle(ctx, sealed, c.Sensor, c.From.Time, c.To.Time, o)
		}
		return errors.Join(err, sealed.Close())
	})
}

// seal encrypts what is written to w, where there are recipients.
func seal(w io.Writer, to []age.Recipient) (io.WriteCloser, error) {
	if len(to) == 0 {
		return unsealed{w}, nil
	}
	return age.Encrypt(w, to...)
}

type unsealed struct{ io.Writer }

func (unsealed) Close() error { return nil }

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
	stamp, err := readSmall(c.With)
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
