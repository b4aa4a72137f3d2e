package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/celldb"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/safefile"
	"vigie/storage"
)

// openAtlas opens the cell database of a store as the atlas of an engine; done closes it. A missing or broken database is
// reported and is no error: the rules that need it are not available.
func openAtlas(p *console.Program, c config.Config, store string) (atlas analyzer.Atlas, done func()) {
	path := c.CellDB.Path(store)
	if path == "" {
		return atlas, func() {}
	}
	db, err := celldb.Open(path)
	if err != nil {
		if c.CellDB.File != "" || !errors.Is(err, os.ErrNotExist) {
			p.Err.Printf("continuing without the cell database: %s\n", console.OneLine(err.Error()))
		}
		return atlas, func() {}
	}
	reported := false
	atlas = analyzer.Atlas{ID: db.Info().ID, Find: func(x *cell.Cell) (analyzer.Place, bool, error) {
		id, ok := x.ID.Get()
		if !ok {
			return analyzer.Place{}, false, errors.New("no identity")
		}
		got, ok, err := db.Find(x.RAT, x.PLMN(), x.Area, id)
		if err != nil && !reported {
			reported = true
			p.Err.Printf("the cell database: %s\n", console.OneLine(err.Error()))
		}
		return analyzer.Place{Lat: got.Lat, Lon: got.Lon, Range: got.Range}, ok, err
	}}
	return atlas, func() { db.Close() }
}

// CellDBCmd is about the local copy of a public list of cells.
type CellDBCmd struct {
	Import CellDBImportCmd `cmd:"" help:"Make it from exports of OpenCellID or Ichnaea (Mozilla): csv or csv.gz. It takes the place of the old one."`
	Info   CellDBInfoCmd   `cmd:"" help:"Check the whole file, and say what is in it, how old it is, and how complete it has proved to be here."`
	Lookup CellDBLookupCmd `cmd:"" help:"Say where it has a cell."`
}

// CellDBImportCmd makes a cell database.
type CellDBImportCmd struct {
	CellDBFlags
	MCC   []string `help:"Only cells of these mobile country codes, such as 262 or 310,311." placeholder:"MCC"`
	Files []string `arg:"" name:"file" help:"Exports with the columns radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated; - is standard input. Or what a WiGLE app recorded. Nothing is downloaded: get exports from opencellid.org yourself."`
}

// Run imports.
func (c *CellDBImportCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	path, err := c.path(conf)
	if err != nil {
		return err
	}
	var inputs []celldb.Input
	var size, read int64
	for _, name := range c.Files {
		if name == "-" {
			inputs = append(inputs, celldb.Input{Name: "standard input", R: console.Interruptible(ctx, p.In)})
			size = -1
			continue
		}
		f, err := safefile.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && size >= 0 {
			size += st.Size()
		} else {
			size = -1
		}
		inputs = append(inputs, celldb.Input{Name: name, R: &counting{console.Interruptible(ctx, f), &read}})
	}
	if err := safefile.Become(path); err != nil { // its inputs are open
		return err
	}
	began := time.Now()
	info, err := celldb.Import(ctx, path, celldb.Options{MCC: c.MCC, Now: began, Progress: func(g celldb.Progress) {
		share := ""
		if size > 0 {
			share = fmt.Sprintf(" (%d %%)", read*100/size)
		}
		if g.Input == "" {
			p.Err.Progress("writing: %s cells", console.Thousands(g.Written))
		} else {
			p.Err.Progress("reading %s%s: %s rows, %s kept, %s bad", filepath.Base(g.Input), share, console.Thousands(g.Rows), console.Thousands(g.Kept), console.Thousands(g.Bad))
		}
	}}, inputs...)
	p.Err.ClearProgress()
	if err != nil {
		return err
	}
	rows := 0
	for _, s := range info.Sources {
		rows += s.Rows
	}
	p.Out.Printf("%s: %s cells of %s rows, in %s\n", path, console.Thousands(info.Rows), console.Thousands(rows), time.Since(began).Round(100*time.Millisecond))
	printSources(p.Out, info)
	p.Out.Printf("%s\n", celldb.Licence)
	p.Out.Printf("A watch that is running uses it after a restart.\n")
	return nil
}

// counting counts what is read.
type counting struct {
	io.Reader
	n *int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	*c.n += int64(n)
	return n, err
}

// CellDBFlags choose the cell database.
type CellDBFlags struct {
	config.StoreFlags
	DB string `help:"The cell database. Default: cells.vigie next to the store, or what the configuration says." placeholder:"FILE" type:"path"`
}

// path is the file that a command is about.
func (f *CellDBFlags) path(conf config.Config) (string, error) {
	conf.CellDB.File = cmp.Or(f.DB, conf.CellDB.File)
	path := conf.CellDB.Path(f.Path(conf))
	if path == "" {
		return "", console.Usage(errors.New("a store in memory has no place for a cell database"), "name the file with --db")
	}
	return path, nil
}

func printSources(t *console.Terminal, info celldb.Info) {
	for _, s := range info.Sources {
		t.Printf("  %s: %s rows, %s kept", console.OneLine(s.Name), console.Thousands(s.Rows), console.Thousands(s.Kept))
		if s.Others > 0 {
			t.Printf(", %s of other countries", console.Thousands(s.Others))
		}
		t.Printf("\n")
		config.PrintCounts(t, "    not taken", s.Bad)
	}
}

// CellDBInfoCmd describes a cell database.
type CellDBInfoCmd struct {
	CellDBFlags
	JSON bool `help:"Print the description of the file as one JSON object."`
}

// Run describes.
func (c *CellDBInfoCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	path, err := c.path(conf)
	if err != nil {
		return err
	}
	db, err := openCells(path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Verify(ctx); err != nil {
		return err
	}
	info := db.Info()
	if c.JSON {
		return json.NewEncoder(p.Out.JSON()).Encode(info)
	}
	p.Out.Printf("%s: whole; %s\n", path, aboutCells(info, time.Now()))
	for _, r := range []cell.RAT{cell.GSM, cell.UMTS, cell.LTE, cell.NR} {
		if n := info.RATs[r.String()]; n > 0 {
			p.Out.Printf("  %-5s %12s\n", r, console.Thousands(n))
		}
	}
	printSources(p.Out, info)
	if _, err := os.Stat(c.Path(conf)); err == nil {
		p.Out.Printf("%s\n", completeHere(ctx, conf, c.StoreFlags, info.ID))
	}
	p.Out.Printf("%s\n", celldb.Licence)
	return nil
}

func openCells(path string) (*celldb.DB, error) {
	db, err := celldb.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, console.WithHint(err, "make one with: vigie celldb import FILE, from an export of opencellid.org")
	}
	return db, err
}

// aboutCells is how many cells a database has, and how old it is.
func aboutCells(info celldb.Info, now time.Time) string {
	var codes []string
	for mcc := range info.MCCs {
		codes = append(codes, mcc)
	}
	text := fmt.Sprintf("%s cells of %s, made %s", console.Thousands(info.Rows), console.Plural(len(codes), "country code"), ago(info.Made, now))
	if !info.Newest.IsZero() {
		text += fmt.Sprintf("; the newest was seen on %s", info.Newest.Format(time.DateOnly))
	}
	return text
}

func ago(t, now time.Time) string {
	days := int(now.Sub(t).Hours() / 24)
	if days < 1 {
		return "today"
	}
	return console.Plural(days, "day") + " ago"
}

// completeHere is how complete a cell database has proved to be for the sensors of a store, in a sentence.
func completeHere(ctx context.Context, conf config.Config, f config.StoreFlags, id string) string {
	s, err := f.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return "How complete it is here is not known: " + console.OneLine(err.Error())
	}
	defer s.Close()
	e, err := learned(ctx, conf, s)
	if err != nil {
		return "How complete it is here is not known: " + console.OneLine(err.Error())
	}
	if e == nil {
		e = conf.NewEngine(analyzer.Atlas{})()
	}
	type network struct {
		rat  cell.RAT
		plmn cell.PLMN
	}
	var order []network
	sum := map[network][2]int{}
	for _, c := range e.Completeness() {
		n := network{c.RAT, c.PLMN}
		if c.Atlas != id {
			continue
		}
		if _, ok := sum[n]; !ok {
			order = append(order, n)
		}
		sum[n] = [2]int{sum[n][0] + c.Listed, sum[n][1] + c.Cells}
	}
	if len(order) == 0 {
		return "How complete it is here is not known yet: no cell has proved to be real, in three stays without an alert, since it is used."
	}
	var parts []string
	for _, n := range order {
		parts = append(parts, fmt.Sprintf("%s %s %d of %d", n.rat, n.plmn, sum[n][0], sum[n][1]))
	}
	return "Of the cells that proved to be real here it has: " + strings.Join(parts, ", ") + "."
}

// CellDBLookupCmd looks a cell up.
type CellDBLookupCmd struct {
	CellDBFlags
	RAT  string     `arg:"" help:"GSM, UMTS, LTE or NR."`
	PLMN string     `arg:"" help:"The network, as MCC-MNC: 262-01."`
	Cell uint64     `arg:"" help:"The cell identity."`
	Area *cell.Area `help:"The area code (LAC or TAC); in GSM a cell is not known without it."`
	JSON bool       `help:"Print it as one JSON object."`
}

// Run looks up.
func (c *CellDBLookupCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	path, err := c.path(conf)
	if err != nil {
		return err
	}
	rat, ok := cell.ParseRAT(strings.ToUpper(c.RAT))
	mcc, mnc, _ := strings.Cut(c.PLMN, "-")
	if _, err := cell.ParsePLMN(mcc + mnc); !ok || err != nil || len(mcc) != 3 {
		return console.Usage(fmt.Errorf("%s %s is not a RAT and a network", c.RAT, c.PLMN), "as in: vigie celldb lookup LTE 262-01 26385432")
	}
	area := cell.Opt[cell.Area]{}
	if c.Area != nil {
		area = cell.Some(*c.Area)
	}
	db, err := openCells(path)
	if err != nil {
		return err
	}
	defer db.Close()
	plmn := cell.PLMN{MCC: mcc, MNC: mnc}
	got, ok, err := db.Find(rat, plmn, area, c.Cell)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(p.Out.JSON()).Encode(struct {
			Listed bool
			Cell   celldb.Cell
		}{ok, got})
	}
	name := fmt.Sprintf("%s %s cell %d", rat, plmn, c.Cell)
	if n := plmn.Listed(); n.Operator != "" {
		name += fmt.Sprintf(" (%s, %s)", n.Operator, n.CountryName())
	}
	if !ok {
		p.Out.Printf("%s: not listed. Such lists lack many real cells.\n", name)
		return nil
	}
	p.Out.Printf("%s: area %d, %.5f, %.5f", name, got.Area, got.Lat, got.Lon)
	if got.Range > 0 {
		p.Out.Printf(", range %.1f km", got.Range/1000)
	}
	if got.Samples > 0 {
		p.Out.Printf(", %s%s", map[bool]string{true: "at least "}[got.Samples == 255], console.Plural(got.Samples, "measurement"))
	}
	if !got.Updated.IsZero() {
		p.Out.Printf(", last %s", got.Updated.Format(time.DateOnly))
	}
	p.Out.Printf("\n%s\n", celldb.Licence)
	return nil
}

// checkCellDB looks at the cell database, if there is one, for vigie doctor.
func checkCellDB(ctx context.Context, checks *console.Checks, conf config.Config) {
	path := conf.CellDB.Path(conf.Store)
	if _, err := os.Stat(path); path == "" || err != nil && conf.CellDB.File == "" {
		return
	}
	db, err := celldb.Open(path)
	if err != nil {
		checks.Add(true, "cell database", err.Error(), console.HintOf(err))
		return
	}
	defer db.Close()
	info := db.Info()
	hint := ""
	if made := info.Newest; !made.IsZero() && time.Since(made) > 365*24*time.Hour {
		hint = "cells are built and changed every month; an export of this year says more"
	}
	says := aboutCells(info, time.Now())
	if _, err := os.Stat(conf.Store); err == nil {
		says += ". " + completeHere(ctx, conf, config.StoreFlags{}, info.ID)
	}
	checks.Add(false, "cell database", says, hint)
}
