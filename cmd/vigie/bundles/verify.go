package bundles

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/cmd/vigie/console"
	"vigie/review"
)

// VerifyCmd checks a bundle.
type VerifyCmd struct {
	OpenFlags
	JSON   bool   `help:"Print it as JSON; docs/json.md lists the fields."`
	Bundle string `arg:"" help:"The bundle." type:"path"`
}

// Run checks.
func (c *VerifyCmd) Run(ctx context.Context, p *console.Program) error {
	keys, err := c.verifiers()
	if err != nil {
		return err
	}
	r, size, done, err := c.open(ctx, c.Bundle)
	if err != nil {
		return err
	}
	defer done()
	v, err := review.Verify(ctx, r, size, keys...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return notOpened(c.Bundle, err)
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
		t.Printf("bundle of %s\nmade %s with %s, location %s, %s\n", console.OneLine(v.About), console.Time(v.Made), console.OneLine(v.Software), console.OneLine(string(v.Location)), console.Plural(v.Members, "file"))
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
