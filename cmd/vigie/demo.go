package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem"
	"vigie/modem/dialect"
	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// DemoCmd shows Vigie at work without hardware.
type DemoCmd struct {
	Store  string `help:"Where to leave the store. Default: a new directory for temporary files." placeholder:"DB" type:"path"`
	Glance string `help:"Also show the page for a phone here, such as 127.0.0.1:8440, until interrupted." placeholder:"ADDR"`
}

var (
	//go:embed demo/place.txt
	demoPlace string // recorded answers of a modem, of which the learned past is composed
	//go:embed demo/scenario.txt
	demoScenario string
)

const (
	demoDays  = 14          // that are learned before the demo watches
	demoEvery = time.Minute // between two observations of these days
	demoLimit = 60 * time.Second

	demoTurn   = 3 * time.Hour // in which the modem is once on the other cell
	demoOther  = 25 * time.Minute
	demoBegins = demoTurn / 2 // how far into a turn the days begin, and end
)

// Run plays the demo: a place is learned by replay, then the ordinary collector watches an emulated modem.
func (c *DemoCmd) Run(ctx context.Context, p *console.Program) (err error) {
	path, err := c.place()
	if err != nil {
		return err
	}
	began := time.Now()
	p.Out.Printf("%s\n\n", p.Out.Paint(console.Bold, "Vigie demo: no hardware, no network. What is recorded and what is staged is marked as it comes."))

	conf := config.Config{Sensor: "demo", Mode: cell.Fixed, Store: path}.WithDefaults()
	o := pipeline.Options{NewEngine: conf.NewEngine(analyzer.Atlas{})}
	flags := config.StoreFlags{}
	if o.Store, err = flags.Open(ctx, conf, storage.Options{Create: true}); err != nil {
		return err
	}
	l := pipeline.New(o)
	defer func() {
		if closing := errors.Join(l.Close(ctx), o.Store.Close()); err == nil {
			err = closing
		}
	}()

	p.Out.Printf("%s\n", p.Out.Paint(console.Cyan, "1  Learning a place"))
	var learning pipeline.EventLog
	l.OnEvent = learning.Add
	n, err := learnDemo(ctx, l, p, began)
	if err != nil {
		return err
	}
	p.Out.Printf("   %s of the last %d days, composed of answers that a Quectel RM520N-GL printed on a live network.\n", console.Plural(n, "observation"), demoDays)
	p.Out.Printf("   (Recorded: every answer. Made up: that one modem received them again and again for %d days.)\n", demoDays)
	for _, e := range learning.Sorted() {
		p.Out.Printf("   On the way, while there was little to compare with: 1 event of severity %s, on %s.\n", e.Severity, e.First.UTC().Format(time.DateOnly))
	}
	p.Out.Printf("\n")

	p.Out.Printf("%s\n", p.Out.Paint(console.Cyan, "2  Watching an emulated modem on a pseudo-terminal, first with its recorded answers"))
	state := monitor.NewState(time.Now)
	state.Watch(conf.Sensor, time.Duration(conf.Modem[0].Slow))
	stop, err := c.phone(ctx, l, p, conf, state)
	if err != nil {
		return err
	}
	defer func() { _ = stop() }() // it only shows
	events, before, err := c.watch(ctx, l, p, conf, state)
	if err != nil {
		return err
	}

	p.Out.Printf("\n%s\n", p.Out.Paint(console.Cyan, "3  What was flagged"))
	p.Out.Printf("   while the answers were recorded ones: %s\n", console.Plural(before, "event"))
	high := 0
	for _, e := range events.Sorted() {
		if e.Severity == analyzer.High {
			high++
		}
		p.Out.Printf("\n")
		printEvent(p.Out, &e, true)
	}
	p.Out.Printf("\nIt took %s. The store is %s; look at it with\n   vigie events --store %s\n   vigie review --store %s\n",
		time.Since(began).Round(100*time.Millisecond), path, path, path)
	if c.Glance != "" {
		p.Out.Printf("The page stays until Ctrl-C.\n")
		<-ctx.Done()
	}
	if high == 0 || before > 0 {
		return console.WithHint(errors.New("the demo did not show what it should: one event of severity high for the staged attack, none before it"),
			"this is a bug in this build of vigie; please report it")
	}
	return nil
}

// phone serves the page for a phone next to the demo where it was asked for, until stop is called.
func (c *DemoCmd) phone(ctx context.Context, l *pipeline.Pipeline, p *console.Program, conf config.Config, state *monitor.State) (stop func() error, err error) {
	if c.Glance == "" {
		return func() error { return nil }, nil
	}
	places, err := monitor.NewPlaces(monitor.PositionOptions{})
	if err != nil {
		return nil, err
	}
	o := monitor.PhoneOptions{Listen: c.Glance, Certificates: filepath.Dir(conf.Store), Log: func(text string) { p.Warn(text, nil) }}
	configureReview(&o.Review, conf, analyzer.Atlas{})
	overview := monitor.NewOverview(state, true, places, conf.Store)
	return monitor.ServePhone(ctx, o, l.Store, overview, nil, func(text string) { p.Out.Printf("%s\n", text) })
}

// place chooses where the store will be.
func (c *DemoCmd) place() (string, error) {
	if c.Store == "" {
		dir, err := os.MkdirTemp("", "vigie-demo-")
		return filepath.Join(dir, "demo.db"), err
	}
	if _, err := os.Stat(c.Store); err == nil {
		return "", console.Usage(fmt.Errorf("%s is there already", c.Store), "name a new file: the demo does not mix with what was really watched")
	}
	return c.Store, nil
}

// learnDemo replays the days before now, composed of the recorded answers: the first round most of the time, the second for
// 25 minutes every three hours, as a modem at one place moves between two cells.
func learnDemo(ctx context.Context, l *pipeline.Pipeline, p *console.Program, now time.Time) (int, error) {
	quectel, err := dialect.ByName("quectel")
	if err != nil {
		return 0, err
	}
	rounds, _, err := dialect.DecodeText(strings.NewReader(demoPlace), quectel)
	if err != nil {
		return 0, err
	}
	if len(rounds) != 2 {
		return 0, fmt.Errorf("the recorded answers of the demo hold %d rounds, not 2", len(rounds))
	}
	reports := quectel.Capabilities(dialect.Ident{Manufacturer: "Quectel", Model: "RM520N-GL", Firmware: "RM520NGLAAR03A03M4G"})
	recs := []cell.Record{&cell.Source{Version: 1, Sensor: "demo", Mode: cell.Fixed, Model: "RM520N-GL", Firmware: "RM520NGLAAR03A03M4G",
		Reports: cell.Some(reports), AT: true}}
	end := now.UTC().Truncate(time.Second).Add(-time.Minute)
	begin := end.Add(-demoDays * 24 * time.Hour)
	n := 0
	for t := begin; !t.After(end); t = t.Add(demoEvery) {
		o := rounds[0].Observation
		if since := t.Sub(begin) + demoBegins; since%demoTurn < demoOther { // by the time of learning, or the hour would decide what is shown
			o = rounds[1].Observation
		}
		o.Time, o.Sensor = t, "demo"
		recs = append(recs, &o)
		n++
		if len(recs) >= batch {
			if err := l.Feed(ctx, recs...); err != nil {
				return n, err
			}
			recs = recs[:0]
			p.Err.Progress("%s", console.Plural(n, "observation"))
		}
	}
	err = l.Feed(ctx, recs...)
	p.Err.ClearProgress()
	return n, err
}

// watch runs the collector on the emulated modem until the scenario ends. It returns the events, and how many there were
// before anything was staged.
func (c *DemoCmd) watch(ctx context.Context, l *pipeline.Pipeline, p *console.Program, conf config.Config, state *monitor.State) (events pipeline.EventLog, before int, err error) {
	scenario, err := emulator.Parse(demoScenario, nil)
	if err != nil {
		return events, 0, err
	}
	ctx, stop := context.WithTimeout(ctx, demoLimit)
	defer stop()
	notes := make(chan string, 16)
	modemCtx, unplug := context.WithCancel(context.WithoutCancel(ctx))
	em, err := emulator.Start(modemCtx, scenario, emulator.Options{Note: func(text string) {
		if text == "end" {
			stop()
			return
		}
		notes <- text
	}})
	if err != nil {
		unplug()
		return events, 0, err
	}
	defer em.Close()
	defer unplug()
	log := watchLog{out: p.Out}
	staged := false
	announce := func() { // from the goroutine of the collector: the terminal belongs to it
		for {
			select {
			case text := <-notes:
				p.Out.Printf("%s\n", p.Out.Paint(console.Yellow, "   -- STAGED: "+strings.TrimPrefix(text, "stage: ")))
				staged = true
			default:
				return
			}
		}
	}
	l.OnRecord = func(r cell.Record) { announce(); log.show(state.Record(r)) }
	l.OnEvent = func(e analyzer.Event) {
		log.show(state.Event(e))
		if !events.Has(e.ID) && !staged {
			before++
		}
		events.Add(e)
	}
	one := &conf.Modem[0]
	err = monitor.Watch(ctx, l, modem.Config{Device: em.Path(), Sensor: conf.Sensor, Mode: conf.Mode,
		Fast: time.Duration(one.Fast), Slow: time.Duration(one.Slow)})
	p.Out.ClearProgress()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err == nil {
		err = errors.New("the emulated modem did not come to the end of its scenario")
	}
	return events, before, err
}
