package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
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

const importBatch = 1000

// Run adds what the store does not have. It does not analyse: vigie analyze does, or the next watch.
func (c *ImportCmd) Run(ctx context.Context, p *console.Program) error {
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
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
	t := &taking{store: s, as: c.As, status: func(n int) { p.Err.Progress("%s added", console.Plural(n, "record")) }}
	in := &merge{each: func(in *input, r cell.Record) { t.rename(in.store, r) }, other: func(in *input, line []byte) { t.line(ctx, in, line) }}
	if err = t.begin(ctx); err == nil {
		err = in.open(rows, p.In)
	}
	defer in.close()
	for recs := in.read(); recs != nil && err == nil; recs = in.read() {
		err = t.add(ctx, recs...)
	}
	harm := 0
	for _, path := range sealed {
		var n int
		if err == nil {
			n, err = t.unseal(ctx, path, ids)
		}
		harm += n
	}
	if err == nil {
		err = t.flush(ctx)
	}
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	p.Err.ClearProgress()
	if len(rows) > 0 {
		err = in.report(p.Err)
	}
	t.report(p.Err)
	if harm > 0 {
		p.Err.Printf("%s of the sealed files could not be read; all else was\n", console.Plural(harm, "place"))
	}
	return err
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

// isSealed tells by its first bytes whether a file is sealed.
func isSealed(path string) (bool, error) {
	if path == "-" {
		return false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return transfer.SealedID(f) != "", nil
}

// taking puts what other stores hold into a store.
type taking struct {
	store  *storage.Store
	as     string
	status func(added int)

	names   map[string]map[string]string // by store and sensor: what it is called here
	taken   map[string]bool              // names of sensors that are here
	renamed map[string]string            // what was called otherwise, to be told
	naming  bool                         // names changed

	batch  []cell.Record
	events []analyzer.Event
	failed error // while a line was taken

	records, changes, known, summed int
}

// namesState is where a store keeps what the sensors of other stores are called in it.
const namesState = "imported"

// mostSensors bounds the stores, and the sensors of each, that are remembered: a file is hostile.
const mostSensors = 1000

func (t *taking) begin(ctx context.Context) error {
	t.names, t.taken, t.renamed = map[string]map[string]string{}, map[string]bool{}, map[string]string{}
	text, _, err := t.store.LoadState(ctx, namesState)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &t.names)
	}
	if err != nil {
		return fmt.Errorf("names of imported sensors: %w", err)
	}
	sensors, err := t.store.Sensors(ctx)
	for _, s := range sensors {
		t.taken[s.Name] = true
	}
	return err
}

// name is what a sensor of another store is called here: as there, unless somebody else has that name.
func (t *taking) name(store, sensor string) string {
	if store == "" && t.as == "" {
		return sensor
	}
	known, short := t.names[store], "here" // of a file that names no store, for this run alone
	if name, ok := known[sensor]; ok {
		return name
	}
	if store != "" {
		short = store[:4]
	}
	name := sensor
	switch {
	case len(known) >= mostSensors, known == nil && len(t.names) >= mostSensors:
		return sensor + "-" + short
	case t.as != "" && len(known) > 0:
		name = t.as + "-" + sensor
	case t.as != "":
		name = t.as
	case t.taken[sensor]:
		name = sensor + "-" + short
	}
	if known == nil {
		known = map[string]string{}
		t.names[store] = known
	}
	known[sensor], t.taken[name], t.naming = name, true, true
	if name != sensor && store != "" {
		t.renamed[name] = fmt.Sprintf("the sensor %s of the kit %s is called %s here", console.OrUnnamed(sensor), short, name)
	}
	return name
}

// rename gives a record the name that its sensor has here.
func (t *taking) rename(store string, r cell.Record) {
	name := t.name(store, r.From())
	switch r := r.(type) {
	case *cell.Source:
		if r.Kit != "" && store != "" && name != r.Sensor {
			r.Kit += "-" + store[:4] // another kit of that name
		}
		r.Sensor = name
	case *cell.Observation:
		r.Sensor = name
	case *cell.Gap:
		r.Sensor = name
	case *cell.Health:
		r.Sensor = name
	case *cell.Clock:
		r.Sensor = name
	}
}

// line takes a line that is for a store.
func (t *taking) line(ctx context.Context, in *input, line []byte) {
	if store := storage.StoreOfLine(line); store != "" {
		in.store = store
	} else if e, err := storage.EventOfLine(line); err != nil {
		in.bad++
	} else if t.failed == nil {
		t.failed = t.event(ctx, in.store, e)
	}
}

func (t *taking) event(ctx context.Context, store string, e analyzer.Event) error {
	if name := t.name(store, e.Sensor); name != e.Sensor {
		sum := sha256.Sum256([]byte(e.ID + "\x00" + name)) // the one of that name may have begun at the same moment
		e.ID, e.Sensor = hex.EncodeToString(sum[:8]), name
	}
	if t.events = append(t.events, e); len(t.events) < importBatch {
		return nil
	}
	return t.flush(ctx)
}

// add takes records.
func (t *taking) add(ctx context.Context, recs ...cell.Record) error {
	if t.batch = append(t.batch, recs...); len(t.batch) < importBatch {
		return nil
	}
	t.status(t.records)
	return t.flush(ctx)
}

// flush stores what was taken.
func (t *taking) flush(ctx context.Context) error {
	if t.failed != nil {
		return t.failed
	}
	err := t.store.Update(ctx, func(tx *storage.Tx) error {
		for _, r := range t.batch {
			before := tx.Seq()
			if there, err := tx.Summarised(r); err != nil {
				return err
			} else if there {
				t.summed++
				continue
			}
			after, err := tx.Append(r)
			if err != nil {
				return err
			}
			if _, isSource := r.(*cell.Source); isSource {
				continue
			}
			if t.records++; after == before {
				t.records, t.known = t.records-1, t.known+1
			}
		}
		for _, e := range t.events {
			changed, err := tx.TakeEvent(e)
			if err != nil {
				return err
			}
			if changed {
				t.changes++
			}
		}
		if !t.naming {
			return nil
		}
		lasting := maps.Clone(t.names)
		delete(lasting, "")
		text, err := json.Marshal(lasting)
		if err != nil {
			return err
		}
		return tx.SaveState(namesState, text, 0)
	})
	t.batch, t.events, t.naming = t.batch[:0], t.events[:0], false
	return err
}

// unseal takes what is in a sealed file, and says how many places of it could not be read.
func (t *taking) unseal(ctx context.Context, path string, ids []age.Identity) (damaged int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	piece, ok := transfer.ParseName(path)
	if !ok {
		piece.Store = transfer.SealedID(f)
	}
	u, err := transfer.ReadSealed(f, ids, func(r cell.Record) error {
		t.rename(piece.Store, r)
		return t.add(ctx, r)
	}, func(e analyzer.Event) error {
		return t.event(ctx, piece.Store, e)
	})
	if errors.Is(err, storage.ErrKey) {
		err = console.WithHint(err, "name the private key that belongs to the public one it was sealed to")
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return u.Damaged, nil
}

// report says what became of it.
func (t *taking) report(out *console.Terminal) {
	out.Printf("added %s; %s already in the store\n", console.Plural(t.records, "record"), console.Thousands(t.known))
	if t.changes > 0 {
		out.Printf("added or brought up to date %s\n", console.Plural(t.changes, "event"))
	}
	for _, name := range slices.Sorted(maps.Keys(t.renamed)) {
		out.Printf("%s: --as gives another name\n", console.OneLine(t.renamed[name]))
	}
	if t.summed > 0 {
		out.Printf("left out %s of minutes that the store keeps as summaries: they may be in them\n", console.Plural(t.summed, "record"))
	}
	if t.records > 0 {
		out.Printf("the rules have not seen them here: %s\n", "vigie analyze runs them")
	}
}

// SummariesCmd prints what is left of full rate that is gone.
type SummariesCmd struct {
	config.StoreFlags
	Since  string `help:"Only minutes after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Sensor string `help:"Only of this sensor." placeholder:"NAME"`
}

// Run prints a line a minute.
func (c *SummariesCmd) Run(ctx context.Context, p *console.Program) error {
	s, err := c.OpenRead(ctx, p.ConfigFile)
	if err != nil {
		return err
	}
	defer s.Close()
	since, err := parseSince(c.Since)
	if err != nil {
		return err
	}
	out, some := json.NewEncoder(p.Out), false
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
		p.Err.Printf("no summarised minutes\n")
	}
	return nil
}
