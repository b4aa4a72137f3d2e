package main

import (
	"context"
	"errors"

	"vigie/air/capture"
	"vigie/cmd/vigie/console"
	"vigie/modem/dialect"
	"vigie/safefile"
)

// DecodeCmd turns recorded modem text into observations, and captures of a modem's signalling into messages.
type DecodeCmd struct {
	JSON       bool     `help:"Print NDJSON: observations, without time where the text has none, or messages."`
	Tree       bool     `help:"Of a capture: every leaf of each RRC message too. Needs --json."`
	NoMessages bool     `help:"Of a capture: only the counts of what is in it, on standard error."`
	As         string   `help:"Of a pcap of link type 147 to 162: what its packets are, NAS or an RRC channel such as DL-DCCH. Default: those of 148 are NAS." placeholder:"WHAT"`
	Explain    bool     `help:"Of recorded text: say for each value from which column of which line it comes, and on what document that rests. With --json in the key explain."`
	Family     string   `help:"Modem family of recorded text. Default: recognised from the text, also where it is of several modems." placeholder:"F"`
	Files      []string `arg:"" name:"file" optional:"" help:"Recorded modem text: what was typed and what was printed, with or without echo; stamps, prompts and other text in between do no harm. Or a capture: QMDL, mi2log, DLF, pcap or pcapng with GSMTAP, gzipped or not; told by content. Default, or -: standard input."`
}

// Run decodes.
func (c *DecodeCmd) Run(ctx context.Context, p *console.Program) error {
	if c.Tree && !c.JSON {
		return console.Usage(errors.New("--tree prints the leaves as NDJSON only"), "give --json too")
	}
	var family *dialect.Dialect
	if c.Family != "" {
		var err error
		if family, err = dialect.ByName(c.Family); err != nil {
			return console.Usage(err, "leave out --family to have it recognised from the text")
		}
	}
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.file(ctx, p, name, family); err != nil {
			return err
		}
	}
	return nil
}

func (c *DecodeCmd) file(ctx context.Context, p *console.Program, name string, family *dialect.Dialect) error {
	in, shown := p.In, "standard input"
	if name != "-" {
		f, err := safefile.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in, shown = f, name
	}
	ahead := capture.NewReader(console.Interruptible(ctx, in))
	if family == nil {
		if found := capture.Open(ahead); found != nil {
			if err := found.Bare(c.As); err != nil {
				return console.Usage(err, "leave out --as to have link type 148 read as NAS")
			}
			return c.capture(ctx, p, shown, found)
		}
	}
	return c.text(ctx, p, shown, ahead, family)
}
