package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"filippo.io/age/armor"
	"golang.org/x/mod/sumdb/note"

	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/safefile"
	"vigie/storage/transfer"
)

// VerifyCmd checks a bundle.
type VerifyCmd struct {
	Key      []string `help:"File with the public key of somebody who should have signed. May be given several times." placeholder:"FILE" type:"path"`
	Identity string   `help:"File with the age identity that opens a sealed bundle." placeholder:"FILE" type:"path"`
	JSON     bool     `help:"Print it as JSON; docs/json.md lists the fields."`
	Bundle   string   `arg:"" help:"The bundle." type:"path"`
}

// Run checks.
func (c *VerifyCmd) Run(ctx context.Context, p *console.Program) error {
	var keys []note.Verifier
	for _, name := range c.Key {
		text, err := readSmall(name)
		if err != nil {
			return fmt.Errorf("key: %w", err)
		}
		k, err := note.NewVerifier(strings.TrimSpace(string(text)))
		if err != nil {
			return console.Usage(fmt.Errorf("key %s: %w", name, err), "the file holds the one line that vigie bundle --new-key printed")
		}
		keys = append(keys, k)
	}
	r, size, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	v, err := review.Verify(ctx, r, size, keys...)
	if errors.Is(err, review.ErrSealed) {
		return console.Usage(fmt.Errorf("%s: %w", c.Bundle, err), "give the file with the age identity that it was sealed to: --identity FILE")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return console.WithHint(fmt.Errorf("%s: %w", c.Bundle, err), "a bundle is a zip file that vigie bundle or the review desk wrote; a sealed one needs --identity")
	}
	wrong := console.WithHint(fmt.Errorf("%s does not pass the check: %s", c.Bundle, console.Plural(len(v.Problems), "problem")), "compare the SHA-256 of the manifest, and the key if you gave one, with those of its maker, and ask for another copy")
	if v.Good() {
		wrong = nil
	}
	if c.JSON {
		return errors.Join(wrong, p.Out.WriteJSON(verifiedOf(v)))
	}
	printVerified(p.Out, v)
	return wrong
}

// verified is what the check of a bundle found.
type verified struct {
	OK           bool      `json:"ok"`
	About        string    `json:"about"`
	Made         time.Time `json:"made"`
	Software     string    `json:"software"`
	Location     string    `json:"location"`
	Files        int       `json:"files"`
	Manifest     string    `json:"manifest_sha256"`
	Signers      []string  `json:"signers"`
	NotChecked   []string  `json:"signatures_not_checked"`
	Timestamps   []string  `json:"timestamps"`
	Notes        []string  `json:"notes"`
	Problems     []string  `json:"problems"`
	Proves       []string  `json:"proves"`
	DoesNotProve []string  `json:"does_not_prove"`
}

func verifiedOf(v *review.Verification) verified {
	list := func(all []string) []string { return append([]string{}, all...) } // never null
	out := verified{OK: v.Good(), About: v.About, Made: v.Made.UTC(), Software: v.Software, Location: string(v.Location), Files: v.Members, Manifest: v.Manifest,
		Signers: list(v.Signers), NotChecked: list(v.Unknown), Timestamps: list(v.Stamps), Notes: list(v.Notes), Problems: list(v.Problems), Proves: []string{}, DoesNotProve: []string{}}
	if v.Good() {
		out.Proves, out.DoesNotProve = list(v.Proves()), list(v.ProvesNot())
	}
	return out
}

// printVerified prints it for people.
func printVerified(t *console.Terminal, v *review.Verification) {
	if v.About != "" {
		t.Printf("bundle of %s\nmade %s with %s, location %s, %s\n", console.OneLine(v.About), v.Made.UTC().Format(time.DateTime+" UTC"), console.OneLine(v.Software), console.OneLine(string(v.Location)), console.Plural(v.Members, "file"))
	}
	if v.Manifest != "" {
		t.Printf("manifest SHA-256 %s\n", v.Manifest)
	}
	for _, s := range v.Signers {
		t.Printf("%s by %s\n", t.Paint(console.Green, "signed"), console.OneLine(s))
	}
	for _, s := range v.Unknown {
		t.Printf("a signature by %s was not checked: give its public key with --key\n", console.OneLine(s))
	}
	for _, s := range v.Stamps {
		t.Printf("an outside timestamp is attached (%s); check it with the tool it is from\n", console.OneLine(s))
	}
	for _, n := range v.Notes {
		t.Printf("note: %s\n", console.OneLine(n))
	}
	if !v.Good() {
		for _, problem := range v.Problems {
			t.Printf("%s %s\n", t.Paint(console.Red, "wrong:"), console.OneLine(problem))
		}
		return
	}
	t.Printf("%s\n\nthis proves that\n", t.Paint(console.Green, "whole"))
	for _, s := range v.Proves() {
		t.Printf("  - %s\n", console.Wrap(console.OneLine(s), t.Width()-4, "    "))
	}
	t.Printf("this does not prove\n")
	for _, s := range v.ProvesNot() {
		t.Printf("  - %s\n", console.Wrap(console.OneLine(s), t.Width()-4, "    "))
	}
}

// mostSealed bounds what is opened in memory; a sealed bundle leaves nothing readable on the disk.
const mostSealed = 1 << 30

func (c *VerifyCmd) open(ctx context.Context) (r io.ReaderAt, size int64, done func(), err error) {
	info, err := os.Stat(c.Bundle)
	if err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		err = console.Usage(fmt.Errorf("%s is not a file", c.Bundle), "a bundle is one zip file")
	}
	if err != nil {
		return nil, 0, nil, err
	}
	f, err := safefile.Open(c.Bundle)
	if err != nil {
		return nil, 0, nil, err
	}
	if c.Identity == "" {
		return f, info.Size(), func() { f.Close() }, nil
	}
	defer f.Close()
	ids, err := identities(c.Identity)
	if err != nil {
		return nil, 0, nil, err
	}
	var in io.Reader = f
	head := make([]byte, len(armor.Header))
	if _, err := f.ReadAt(head, 0); err == nil && string(head) == armor.Header {
		in = armor.NewReader(f)
	}
	plain, err := transfer.OpenAge(in, ids...)
	if err != nil {
		return nil, 0, nil, console.WithHint(fmt.Errorf("opening %s: %w", c.Bundle, err), "it is sealed to somebody else, or not sealed at all")
	}
	defer context.AfterFunc(ctx, func() { f.Close() })() // ends the reading
	data, err := io.ReadAll(io.LimitReader(plain, mostSealed+1))
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err == nil && len(data) > mostSealed {
		err = errors.New("larger than 1 GiB")
	}
	if err != nil {
		return nil, 0, nil, fmt.Errorf("opening %s: %w", c.Bundle, err)
	}
	return bytes.NewReader(data), int64(len(data)), func() {}, nil
}

// mostSmall is the longest key or timestamp that is read.
const mostSmall = 1 << 20

// readSmall reads a file that is small if it is what it should be.
func readSmall(name string) ([]byte, error) {
	f, err := safefile.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostSmall+1))
	if err == nil && len(text) > mostSmall {
		err = fmt.Errorf("%s is longer than 1 MiB", name)
	}
	return text, err
}
