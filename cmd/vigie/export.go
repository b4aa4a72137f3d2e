package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// ExportCmd writes the stored records in the interchange format.
type ExportCmd struct {
	config.StoreFlags
	TrimFlags
	Events bool   `help:"Write the events too, with the verdicts and notes on them." xor:"events"`
	Since  moment `help:"Only what was recorded after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME" xor:"since"`
	Sensor string `help:"Only records of this sensor." placeholder:"NAME" xor:"sensor"`
	PCAP   string `name:"pcap" help:"Instead, the signalling messages around this event, by its id or enough of its beginning, as a pcapng that Wireshark opens, with the findings as comments." placeholder:"EVENT" xor:"since,sensor,events"`
	File   string `arg:"" help:"A new file (.ndjson, .ndjson.gz, or .csv for a table of the observations; .pcapng with --pcap), or - for standard output."`
}

// Run exports.
func (c *ExportCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	if c.PCAP != "" {
		return c.pcap(ctx, p)
	}
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer s.Close()
	trim, err := c.trimmer(ctx, s, time.Now())
	if err != nil {
		return err
	}
	if err := review.Exportable(c.File, c.Events); err != nil {
		return err
	}
	n, withheld := 0, 0
	var evs transfer.ExportedEvents
	write := func(w io.Writer) error {
		out := bufio.NewWriter(w)
		put, done := review.NewExport(c.File, out)
		for e, err := range s.InOrder(ctx, storage.Query{From: c.Since.Time, Sensor: c.Sensor}) {
			if err != nil {
				return err
			}
			if !trim.May(e.Record.When(), e.Record.When()) {
				withheld++
				continue
			}
			if err := put(e.Record); err != nil {
				return err
			}
			if n++; n%20000 == 0 {
				p.Err.Progress("%s written", console.Plural(n, "line"))
			}
		}
		lines := func(text []byte) error { _, err := out.Write(text); return err }
		if !c.Events {
			lines = nil
		}
		var err error
		evs, err = transfer.ExportEvents(ctx, s, storage.EventQuery{From: c.Since.Time, Sensor: c.Sensor}, trim.May, lines)
		return errors.Join(err, done(), out.Flush())
	}
	if c.File == "-" {
		err = write(p.Out.JSON())
	} else {
		err = safefile.WriteNew(c.File, func(f *os.File) error {
			if !strings.HasSuffix(c.File, ".gz") {
				return write(f)
			}
			zip := gzip.NewWriter(f)
			return errors.Join(write(zip), zip.Close())
		})
	}
	p.Err.ClearProgress()
	if errors.Is(err, os.ErrExist) {
		return console.Usage(fmt.Errorf("%s is there already", c.File), "name a new file: what was exported before is not overwritten")
	}
	if err != nil {
		return err
	}
	p.Err.Printf("wrote %s\n", console.Plural(n, "line"))
	c.reportEvents(p.Err, evs)
	if withheld > 0 {
		p.Err.Printf("left out %s, for --trim and home zones\n", console.Plural(withheld, "line"))
	}
	warnUnplaced(p.Err, trim)
	return nil
}

// reportEvents reports the events that were written, and those that stay behind.
func (c *ExportCmd) reportEvents(out *console.Terminal, x transfer.ExportedEvents) {
	if x.Events > 0 {
		out.Printf("wrote %s; verdicts and notes on them: %s\n", console.Plural(x.Events, "event"), console.Thousands(x.Written))
	}
	reportLeft(out, x.NotAsked, "--events writes them too")
	reportLeft(out, x.Refused, c.more())
}

// pcap writes the signalling messages around an event.
func (c *ExportCmd) pcap(ctx context.Context, p *console.Program) error {
	hand := HandFlags{Event: c.PCAP, Location: string(evidence.Exact)}
	d, o, done, err := hand.open(ctx, p, &c.StoreFlags, c.TrimFlags)
	if err != nil {
		return err
	}
	defer done()
	return writeNew(c.File, p, func(w io.Writer) error { return trimHint(d.EventPCAP(ctx, w, hand.Event, o)) })
}
