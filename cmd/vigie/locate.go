package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"vigie/analyzer/locate"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// LocateCmd computes where a cell may stand.
type LocateCmd struct {
	config.StoreFlags
	Cell      string   `help:"The cell, as RAT:MCC-MNC:AREA:ID; PLMN and area may be empty. Files of observations may follow." placeholder:"CELL"`
	From      moment   `help:"Only what was recorded after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	To        moment   `help:"Only what was recorded before this time." placeholder:"TIME"`
	Sensor    string   `help:"Only records of this sensor. Without it, all sensors locate together." placeholder:"NAME"`
	GeoJSON   string   `name:"geojson" help:"Also write the regions to a new file, for a map program." placeholder:"FILE"`
	JSON      bool     `help:"Print one object a cell."`
	DebugBest bool     `help:"With --json: print the most likely point even where the region is too large to show it."`
	What      []string `arg:"" optional:"" help:"An event of the store, by its id or enough of its beginning, or a cell as --cell takes it; with --cell, files."`
}

// Run locates.
func (c *LocateCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	if c.Cell == "" && len(c.What) == 1 && strings.Contains(c.What[0], ":") {
		c.Cell, c.What = c.What[0], nil
	}
	one, err := cell.ParseName(c.Cell)
	switch {
	case c.Cell == "" && len(c.What) != 1:
		return console.Usage(errors.New("neither one event nor a cell is named"), "name an event of the store (vigie events lists them), or a cell with --cell RAT:MCC-MNC:AREA:ID and files")
	case c.Cell != "" && err != nil:
		return console.Usage(err, "vigie events show ID names the cells of an event")
	}
	find := locate.NewFinder(one)
	if find.From, find.To, find.Sensor = c.From.Time, c.To.Time, c.Sensor; c.Cell != "" && len(c.What) > 0 {
		m, err := openInputs(ctx, c.What, p.In)
		if err != nil {
			return err
		}
		defer m.Close()
		for recs := m.Read(); len(recs) > 0; recs = m.Read() {
			find.Add(recs...)
		}
		err = reportInputs(p.Err, m)
		return errors.Join(err, c.print(p, find.Places()))
	}
	known, done, err := openEvidence(ctx, conf, &c.StoreFlags)
	if err != nil {
		return err
	}
	defer done()
	if c.Cell == "" {
		e, err := findEvent(ctx, known, c.What[0])
		if err != nil {
			return err
		}
		stored, _, err := e.Events(ctx)
		if find = find.Event(stored.Cells, stored.First, stored.Last); err != nil || find == nil {
			return errors.Join(err, console.WithHint(errors.New("the event names no cell with an identity"), "name a cell with --cell RAT:MCC-MNC:AREA:ID"))
		}
	}
	for e, err := range known.Stores()[0].Records(ctx, storage.Query{From: find.From, To: find.To, Sensor: c.Sensor, NoRaw: true}) {
		if err != nil {
			return err
		}
		find.Add(e.Record)
	}
	return c.print(p, find.Places())
}

// print prints the places, and writes those for the map.
func (c *LocateCmd) print(p *console.Program, places locate.Places) error {
	p.Out.Printf("%s", places.Print(c.JSON, c.DebugBest, func(s string) string { return console.Wrap(s, console.LineWidth, "  ") }))
	if c.GeoJSON == "" {
		return nil
	}
	return writeNew(c.GeoJSON, p, func(w io.Writer) error { _, err := w.Write(places.GeoJSON()); return err })
}
