package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"vigie/air/capture"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
)

// ScrubCmd copies a capture without identities.
type ScrubCmd struct {
	As  string `help:"Of a pcap of link type 147 to 162: what its packets are, as for vigie decode." placeholder:"WHAT"`
	In  string `arg:"" help:"Capture: QMDL, mi2log, DLF, pcap or pcapng, gzipped or not."`
	Out string `arg:"" help:"File to write, in the same container. It must not exist yet."`
}

// Run copies. A copy that could not be finished is removed.
func (c *ScrubCmd) Run(ctx context.Context, p *console.Program) error {
	in, err := safefile.Open(c.In)
	if err != nil {
		return err
	}
	defer in.Close()
	found := capture.Open(capture.NewReader(in))
	if found == nil {
		return console.WithHint(fmt.Errorf("%s is no capture that Vigie reads", c.In), "QMDL, mi2log, DLF, pcap and pcapng are read; recorded modem text is redacted by vigie record")
	}
	if err := found.Bare(c.As); err != nil {
		return console.Usage(err, "vigie decode --help says what --as takes")
	}
	err = safefile.WriteNew(c.Out, func(out *os.File) error {
		if err := found.Scrub(ctx, out); err != nil {
			return err
		}
		return out.Sync()
	})
	if errors.Is(err, os.ErrExist) {
		return console.WithHint(fmt.Errorf("%s exists", c.Out), "name a new file; nothing is overwritten")
	}
	if err != nil {
		return err
	}
	reportCapture(p.Err, c.In, &found.Counts)
	p.Err.Printf("%s: identities removed from %s; %s of other content zeroed whole\n", console.OneLine(c.Out), console.Plural(found.Counts.Messages, "message"), console.Plural(found.Counts.Blanked, "piece"))
	return nil
}
