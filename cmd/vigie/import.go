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
	"vigie/cmd/vigie/bundles"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/review"
	"vigie/safefile"
	"vigie/storage"
	"vigie/storage/transfer"
)

// ImportCmd puts recorded observations, and the events that were found in them, into a store.
type ImportCmd struct {
	config.StoreFlags
	bundles.OpenFlags
	Columns string   `help:"Read the files as tables (CSV) with these columns: time=Date,rat=Type,mcc=MCC,... ; a name alone is also that of its column." placeholder:"NAME=HEADER,..."`
	As      string   `help:"What the sensor of these files is called here; of a kit of several, NAME-SENSOR. Held for all that comes from the same kit later." placeholder:"NAME"`
	Files   []string `arg:"" help:"Files in the interchange format (NDJSON, .gz too), as vigie export writes them, captures of signalling as vigie decode reads them, directories that vigie sync filled, bundles and answers to them (zip), which are checked first, or what other programs recorded: Tower Collector (csv), Rayhunter (ndjson), CellGuard (cells2, zip); - is standard input. Several are merged by time."`
}

// Run adds what the store does not have. It does not analyse: vigie analyze does, or the next watch.
func (c *ImportCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	var ids []age.Identity
	if len(files.sealed) > 0 {
		if c.Identity == "" {
			return console.Usage(fmt.Errorf("%s is sealed", files.sealed[0]), "name the private key that opens it with --identity FILE")
		}
		if ids, err = bundles.Identities(c.Identity); err != nil {
			return err
		}
	}
	lent, done, err := c.OpenBundles(ctx, files.bundles)
	if err != nil {
		return err
	}
	defer done()
	s, err := c.Open(ctx, conf, storage.Options{Create: true})
	if err != nil {
		return err
	}
	in, damaged, t, err := c.take(ctx, p, s, files, ids, lent)
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	p.Err.ClearProgress()
	if len(files.rows) > 0 {
		err = reportInputs(p.Err, in)
		if len(in.Foreign) > 0 {
			err = console.WithHint(fmt.Errorf("%s: no line of it could be read, and it is of no program that is known", in.Foreign[0]), "it takes observations as NDJSON (docs/fields.md), bundles, and what Tower Collector, Rayhunter and CellGuard write; --columns reads another table, vigie decode what a modem printed")
		}
	}
	reportImport(p.Err, t)
	if damaged > 0 {
		p.Err.Printf("%s of the sealed files and bundles could not be read; all else was\n", console.Plural(damaged, "place"))
	}
	return err
}

// take puts every file into the store; damaged counts the places of sealed files that could not be read.
func (c *ImportCmd) take(ctx context.Context, p *console.Program, s *storage.Store, files importFiles, ids []age.Identity, lent []*review.Bundle) (in *inputs, damaged int, t *transfer.Importer, err error) {
	t, err = transfer.NewImporter(ctx, s, c.As, func(n int) { p.Err.Progress("%s added", console.Plural(n, "record")) })
	if err != nil {
		return nil, 0, nil, err
	}
	t.Clean = config.Cleaner
	in = newInputs(ctx)
	in.Each = func(in *transfer.Input, r cell.Record) { t.Rename(in.Store, r) }
	in.Other = func(in *transfer.Input, line []byte) { t.Line(ctx, in, line) }
	if err := in.Open(ctx, files.rows, console.Interruptible(ctx, p.In)); err != nil {
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
	for _, path := range files.sealed {
		n, err := t.Unseal(ctx, path, ids)
		if errors.Is(err, storage.ErrKey) {
			err = console.WithHint(err, "name the private key that belongs to the public one it was sealed to")
		}
		if err != nil {
			return in, damaged, t, err
		}
		damaged += n
	}
	for _, b := range lent {
		n, err := bundles.Take(ctx, t, b)
		if damaged += n; err != nil {
			return in, damaged, t, err
		}
	}
	for _, path := range files.others {
		r, err := bundles.TakeWitness(ctx, t, path, c.Columns)
		if err != nil {
			return in, damaged, t, err
		}
		bundles.PrintWitness(p.Err, path, r)
	}
	return in, damaged, t, t.Finish(ctx)
}

// importFiles are the files to import, by what is done with them.
type importFiles struct {
	rows    [][]string // of the interchange format; those of a row are read one after the other
	sealed  []string
	bundles []string
	others  []string // that other programs recorded
}

// files sorts the files of the command line.
func (c *ImportCmd) files() (f importFiles, err error) {
	chunks := map[string][]string{}
	for _, name := range c.Files {
		if st, err := os.Stat(name); name == "-" || err != nil || !st.IsDir() {
			if err := c.sort(name, &f, chunks); err != nil {
				return f, err
			}
			continue
		}
		some := false
		err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || !importable(path) {
				return err
			}
			some = true
			return c.sort(path, &f, chunks)
		})
		if err != nil {
			return f, err
		}
		if !some {
			return f, console.WithHint(fmt.Errorf("%s: nothing in it that can be imported", name), "it takes what vigie sync and vigie export write (.ndjson.gz, .ndjson), and sealed files (.sealed)")
		}
	}
	byPlace := func(a, b string) int {
		p, _ := transfer.ParseName(a)
		q, _ := transfer.ParseName(b)
		return cmp.Or(cmp.Compare(p.After, q.After), cmp.Compare(p.Through, q.Through), cmp.Compare(a, b))
	}
	for _, row := range chunks {
		slices.SortFunc(row, byPlace)
		f.rows = append(f.rows, row)
	}
	slices.SortFunc(f.rows, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	slices.SortStableFunc(f.sealed, byPlace)
	return f, nil
}

// sort puts a file where it belongs; chunks are the rows of chunks, by their store.
func (c *ImportCmd) sort(path string, f *importFiles, chunks map[string][]string) error {
	if c.Columns != "" && path != "-" {
		f.others = append(f.others, path)
		return nil
	}
	for _, kind := range []struct {
		is func(string) (bool, error)
		to *[]string
	}{{isSealed, &f.sealed}, {bundles.IsWitness, &f.others}, {bundles.Is, &f.bundles}} {
		is, err := kind.is(path)
		if err != nil {
			return err
		}
		if is {
			*kind.to = append(*kind.to, path)
			return nil
		}
	}
	if chunk, ok := transfer.ParseName(path); ok {
		chunks[chunk.Store] = append(chunks[chunk.Store], path)
	} else {
		f.rows = append(f.rows, []string{path})
	}
	return nil
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
	if t.Written+t.WrittenKnown > 0 {
		out.Printf("verdicts and notes: %s new, %s already in the store\n", console.Thousands(t.Written), console.Thousands(t.WrittenKnown))
	}
	if t.WrittenLeft > 0 {
		out.Printf("left out verdicts and notes about events that are not in the store: %s\n", console.Thousands(t.WrittenLeft))
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
