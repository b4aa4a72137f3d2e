package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"

	"vigie/air/capture"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/modem/dialect"
	"vigie/review/evidence"
)

// DecodeCmd turns recorded modem text into observations, and captures of a modem's signalling into messages.
type DecodeCmd struct {
	JSON       bool     `help:"Print NDJSON: observations, without time where the text has none, or messages."`
	Tree       bool     `help:"Of a capture: every leaf of each RRC message too. Needs --json."`
	NoMessages bool     `help:"Of a capture: only the counts of what is in it, on standard error."`
	As         string   `help:"Of a pcap of link type 147 to 162: what its packets are, NAS or an RRC channel such as DL-DCCH. Default: those of 148 are NAS." placeholder:"WHAT"`
	Family     string   `help:"Modem family of recorded text. Default: recognised from the text." placeholder:"F"`
	Files      []string `arg:"" name:"file" optional:"" help:"Recorded modem text: what was typed and what was printed, with or without echo. Or a capture: QMDL, mi2log, DLF, pcap or pcapng with GSMTAP, gzipped or not; told by content. Default, or -: standard input."`
}

// Run decodes.
func (c *DecodeCmd) Run(ctx context.Context, p *console.Program) error {
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
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in, shown = f, name
	}
	ahead := capture.NewReader(in)
	if family == nil {
		if found := capture.Open(ahead); found != nil {
			if err := found.Bare(c.As); err != nil {
				return console.Usage(err, "leave out --as to have link type 148 read as NAS")
			}
			return c.capture(ctx, p, shown, found)
		}
	}
	return c.text(p, shown, ahead, family)
}

func (c *DecodeCmd) text(p *console.Program, shown string, in io.Reader, family *dialect.Dialect) error {
	limited := &io.LimitedReader{R: in, N: mostText}
	rounds, counts, err := dialect.DecodeText(limited, family)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	if limited.N == 0 {
		return console.WithHint(fmt.Errorf("%s is longer than %d MiB", shown, mostText>>20), "recorded modem text is a few lines to a few thousand; cut it, or use vigie replay for observations")
	}
	out := bufio.NewWriter(p.Out)
	if c.JSON {
		out.Reset(p.Out.JSON())
	}
	for i := range rounds {
		o := &rounds[i].Observation
		if c.JSON {
			out.Write(append(cell.AppendRecord(nil, o), '\n'))
			continue
		}
		describeObservation(out, o)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	how := "as named"
	switch {
	case counts.Guessed:
		how = "recognised from the text"
	case family == nil:
		how = "no line names a family"
	}
	p.Err.Printf("%s: family %s (%s), %s from %s\n", console.OneLine(shown), counts.Dialect.Name, how, console.Plural(len(rounds), "observation"), console.Plural(counts.Lines, "line"))
	if len(rounds) == 0 {
		p.Err.Printf("hint: no line is an answer that Vigie reads; give what a modem printed, such as +QENG or +CEREG lines, and --family if no line shows which it is\n")
	}
	for _, r := range counts.Rejects {
		p.Err.Printf("not decoded (%s): %s\n", r.Reason, console.OneLine(r.Line))
	}
	return nil
}

// mostText bounds what decode reads: it is held in memory.
const mostText = 64 << 20

// describeObservation prints an observation for people.
func describeObservation(w io.Writer, o *cell.Observation) {
	if o.State != "" {
		fmt.Fprintf(w, "state      %s\n", o.State)
	}
	if o.Serving != nil {
		fmt.Fprintf(w, "serving    %s\n", cell.Heard(o.Serving))
	}
	for i := range o.Secondary {
		fmt.Fprintf(w, "secondary  %s\n", cell.Heard(&o.Secondary[i]))
	}
	for i := range o.Neighbours {
		fmt.Fprintf(w, "neighbour  %s\n", cell.Heard(&o.Neighbours[i]))
	}
	if o.Neighbours != nil && len(o.Neighbours) == 0 {
		fmt.Fprintln(w, "neighbours none")
	}
	for _, r := range o.Registration {
		fmt.Fprintf(w, "register   %s\n", evidence.StatusOf(r).In("en"))
	}
	if o.Position != nil {
		fmt.Fprintf(w, "position   %.5f %.5f\n", o.Position.Lat, o.Position.Lon)
	}
	fmt.Fprintln(w)
}
