package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// ImportCmd puts recorded observations, and the events that were found in them, into a store.
type ImportCmd struct {
	config.StoreFlags
	Identity string   `help:"The private key for what was sealed, as age-keygen wrote it." placeholder:"FILE" type:"path"`
	As       string   `help:"What the sensor of these files is called here; of a kit of several, NAME-SENSOR. Held for all that comes from the same kit later." placeholder:"NAME"`
	Files    []string `arg:"" help:"Files in the interchange format (NDJSON, .gz too), as vigie export writes them, or directories that vigie sync filled; - is standard input. Several are merged by time."`
}

// Run adds what the store does not have. It does not analyse: vigie analyze does, or the next watch.
func (c *ImportCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	rows, sealed, err := c.files()
	if err != nil {
		return err
	}
	var ids []age.Identity
	if len(sealed) > 0 {
		if c.Identity == "" {
			return console.Usage(fmt.Errorf("%s is sealed", sealed[0]), "name the private key that opens it with --identity FILE")
		}
		if ids, err = identities(c.Identity); err != nil {
			return err
		}
	}
	s, err := c.Open(ctx, conf, storage.Options{Create: true})
	if err != nil {
		return err
	}
	in, damaged, t, err := c.take(ctx, p, s, rows, sealed, ids)
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	p.Err.ClearProgress()
	if len(rows) > 0 {
		err = reportInputs(p.Err, in)
	}
	reportImport(p.Err, t)
	if damaged > 0 {
		p.Err.Printf("%s of the sealed files could not be read; all else was\n", console.Plural(damaged, "place"))
	}
	return err
}

// take puts every file into the store; damaged counts the places of sealed files that could not be read.
func (c *ImportCmd) take(ctx context.Context, p *console.Program, s *storage.Store, rows [][]string, sealed []string, ids []age.Identity) (in *transfer.Merge, damaged int, t *transfer.Importer, err error) {
	t, err = transfer.NewImporter(ctx, s, c.As, func(n int) { p.Err.Progress("%s added", console.Plural(n, "record")) })
	if err != nil {
		return nil, 0, nil, err
	}
	t.Clean = config.Cleaner
	in = &transfer.Merge{Clean: t.Clean, Each: func(in *transfer.Input, r cell.Record) { t.Rename(in.Store, r) }, Other: func(in *transfer.Input, line []byte) { t.Line(ctx, in, line) }}
	if err := in.Open(ctx, rows, console.Interruptible(ctx, p.In)); err != nil {
		return in, 0, t, err
	}
	defer in.Close()
	for recs := in.Read(); recs != nil; recs = in.Read() {
		if err := t.Add(ctx, recs...); err != nil {
			return in, 0, t, err
		}
	}
	if err := ctx.Err(); err != nil {
		return in, 0, t, err
	}
	for _, path := range sealed {
		n, err := t.Unseal(ctx, path, ids)
		if errors.Is(err, storage.ErrKey) {
			err = console.WithHint(err, "name the private key that belongs to the public one it was sealed to")
		}
		if err != nil {
			return in, damaged, t, err
		}
		damaged += n
	}
	return in, damaged, t, t.Flush(ctx)
}

// files are the files to import: rows that are read one after the other, and those that are sealed.
func (c *ImportCmd) files() (rows [][]string, sealed []string, err error) {
	pieces := map[string][]string{}
	add := func(path string) error {
		is, err := isSealed(path)
		switch {
		case err != nil:
			return err
		case is:
			sealed = append(sealed, path)
		default:
			if piece, ok := transfer.ParseName(path); ok {
				pieces[piece.Store] = append(pieces[piece.Store], path)
			} else {
				rows = append(rows, []string{path})
			}
		}
		return nil
	}
	for _, name := range c.Files {
		if st, err := os.Stat(name); name == "-" || err != nil || !st.IsDir() {
			if err := add(name); err != nil {
				return nil, nil, err
			}
			continue
		}
		n := len(rows) + len(sealed) + len(pieces)
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || !importable(path) {
				return err
			}
			return add(path)
		})
		if err != nil {
			return nil, nil, err
		}
		if n == len(rows)+len(sealed)+len(pieces) {
			return nil, nil, console.WithHint(fmt.Errorf("%s: nothing in it that can be imported", name), "it takes what vigie sync and vigie export write (.ndjson.gz, .ndjson), and sealed files (.sealed)")
		}
	}
	byPlace := func(a, b string) int {
		p, _ := transfer.ParseName(a)
		q, _ := transfer.ParseName(b)
		return cmp.Or(cmp.Compare(p.After, q.After), cmp.Compare(p.Through, q.Through), cmp.Compare(a, b))
	}
	for _, row := range pieces {
		slices.SortFunc(row, byPlace)
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	slices.SortStableFunc(sealed, byPlace)
	return rows, sealed, nil
}

func importable(path string) bool {
	return slices.ContainsFunc([]string{".ndjson", ".ndjson.gz", ".sealed"}, func(end string) bool { return strings.HasSuffix(path, end) })
}

// isSealed reports whether a file is sealed, by its first bytes.
func isSealed(path string) (bool, error) {
	if path == "-" {
		return false, nil
	}
	f, err := safefile.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return transfer.SealedID(f) != "", nil
}

// reportImport reports what became of what was imported.
func reportImport(out *console.Terminal, t *transfer.Importer) {
	out.Printf("added %s; %s already in the store\n", console.Plural(t.Records, "record"), console.Thousands(t.Duplicates))
	if t.Changes > 0 {
		out.Printf("added or updated %s\n", console.Plural(t.Changes, "event"))
	}
	renamed := t.Renamed()
	for _, name := range slices.Sorted(maps.Keys(renamed)) {
		was := renamed[name]
		out.Printf("%s\n", console.OneLine(fmt.Sprintf("the sensor %s of the kit %s is called %s here: --as gives another name", cmp.Or(was.Sensor, "(unnamed)"), was.Store, name)))
	}
	if t.Summarised > 0 {
		out.Printf("left out %s of minutes that the store keeps as summaries: they may be in them\n", console.Plural(t.Summarised, "record"))
	}
	if t.Records > 0 {
		out.Printf("the rules have not been run over them here: %s\n", "vigie analyze runs them")
	}
}

// SummariesCmd prints what is left of full rate that is gone.
type SummariesCmd struct {
	config.StoreFlags
	Since  moment `help:"Only minutes after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Sensor string `help:"Only of this sensor." placeholder:"NAME"`
}

// Run prints a line a minute.
func (c *SummariesCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer s.Close()
	out, some := json.NewEncoder(p.Out.JSON()), false
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: c.Sensor, From: c.Since.Time}) {
		if err != nil {
			return err
		}
		if err := out.Encode(m); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		some = true
	}
	if !some {
		p.Err.Printf("no summarised minutes\n")
	}
	return nil
}
