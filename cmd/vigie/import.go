package main

import (
	"context"
	"encoding/json"
	"fmt"

	"vigie/cell"
	"vigie/storage"
)

// ImportCmd puts recorded observations into a store.
type ImportCmd struct {
	StoreFlags
	Files []string `arg:"" help:"Files in the interchange format (NDJSON, .gz too), as vigie export writes them; - is standard input. Several are merged by time."`
}

const importBatch = 1000

// Run adds what the store does not have. It does not analyse: vigie analyze does, or the next watch.
func (c *ImportCmd) Run(ctx context.Context, p *program) error {
	config, err := loadConfig(p.cli.Config, true)
	if err != nil {
		return err
	}
	in, err := openInputs(c.Files, p.in)
	if err != nil {
		return err
	}
	defer in.close()
	s, err := c.open(ctx, config, storage.Options{Create: true})
	if err != nil {
		return err
	}
	added, known, summed := 0, 0, 0
	put := func(recs []cell.Record) error {
		return s.Update(ctx, func(tx *storage.Tx) error {
			for _, r := range recs {
				before := tx.Seq()
				if there, err := tx.Summarised(r); err != nil {
					return err
				} else if there {
					summed++
					continue
				}
				after, err := tx.Append(r)
				if err != nil {
					return err
				}
				if _, isSource := r.(*cell.Source); isSource {
					continue
				}
				if added++; after == before {
					added, known = added-1, known+1
				}
			}
			return nil
		})
	}
	var batch []cell.Record
	for recs := in.read(); recs != nil && err == nil; recs = in.read() {
		if batch = append(batch, recs...); len(batch) >= importBatch {
			err, batch = put(batch), nil
			p.err.status("%s added", plural(added, "record"))
		}
	}
	if err == nil {
		err = put(batch)
	}
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	p.err.clear()
	err = in.report(p.err)
	p.err.printf("added %s; %s already in the store\n", plural(added, "record"), thousands(known))
	if summed > 0 {
		p.err.printf("left out %s of minutes that the store keeps as summaries: they may be in them\n", plural(summed, "record"))
	}
	if added > 0 {
		p.err.printf("the rules have not seen them yet: %s\n", "vigie analyze runs them")
	}
	return err
}

// SummariesCmd prints what is left of full rate that is gone.
type SummariesCmd struct {
	StoreFlags
	Since  string `help:"Only minutes after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Sensor string `help:"Only of this sensor." placeholder:"NAME"`
}

// Run prints a line a minute.
func (c *SummariesCmd) Run(ctx context.Context, p *program) error {
	s, err := c.openRead(ctx, p)
	if err != nil {
		return err
	}
	defer s.Close()
	since, err := parseSince(c.Since)
	if err != nil {
		return err
	}
	out, some := json.NewEncoder(p.out), false
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: c.Sensor, From: since}) {
		if err != nil {
			return err
		}
		if err := out.Encode(m); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		some = true
	}
	if !some {
		p.err.printf("no summarised minutes\n")
	}
	return nil
}
