package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor/pipeline"
	"vigie/storage"
	"vigie/storage/transfer"
)

// ReplayCmd runs the rules over recorded observations and signalling.
type ReplayCmd struct {
	JSON   bool     `help:"Print the events as NDJSON, one line an event."`
	Budget string   `help:"False alarms that you accept: of a fixed sensor a month, and of a moving one a day of moving." placeholder:"MONTH,DAY"`
	Store  string   `help:"As if it had been watched live into this store: use what it has learned, store and learn. The same input a second time adds nothing." placeholder:"DB" type:"path"`
	Pass   string   `name:"passphrase-file" help:"File whose first line encrypts the store at rest." placeholder:"FILE" type:"path" env:"VIGIE_PASSPHRASE_FILE"`
	Files  []string `arg:"" name:"file" help:"Observations in the interchange format (.ndjson or .ndjson.gz), or captures of signalling as vigie decode reads them; told by content. Several are merged by time; - is standard input."`
}

// batch is how many records are stored at once in a replay.
const batch = 1000

// Run replays.
func (c *ReplayCmd) Run(ctx context.Context, p *console.Program) error {
	pipeline.LimitHeap()
	conf, err := config.Load(p.ConfigFile, false)
	if err != nil {
		return err
	}
	if err := c.budget(&conf.Analyzer); err != nil {
		return err
	}
	in, err := openInputs(ctx, c.Files, p.In)
	if err != nil {
		return err
	}
	defer in.Close()
	atlas, closeAtlas := openAtlas(p, conf, c.Store)
	defer closeAtlas()
	events := pipeline.EventLog{}
	o := pipeline.Options{NewEngine: conf.NewEngine(atlas), OnEvent: events.Add, Warn: p.Warn}
	if c.Store != "" {
		flags := config.StoreFlags{Store: c.Store, PassphraseFile: c.Pass}
		if o.Store, err = flags.Open(ctx, conf, storage.Options{Create: true}); err != nil {
			return err
		}
	}
	l := pipeline.New(o)
	if err = replay(ctx, l, &in.Merge, p); err == nil {
		err = l.Close(ctx)
	}
	if o.Store != nil {
		err = errors.Join(err, o.Store.Close())
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = pipeline.WriteEvents(p.Out.JSON(), events.All())
	} else {
		err = printEvents(p.Out, events.All())
	}
	if err != nil {
		return err
	}
	p.Err.ClearProgress()
	if n := l.Duplicates(); n > 0 {
		p.Err.Printf("%s already in the store\n", console.Plural(n, "record"))
	}
	counts := l.Engine().Counts()
	config.PrintCounts(p.Err, "not analysed, or only in part", counts.Skipped)
	if n := counts.Noted[analyzer.Disagree]; n > 0 {
		config.PrintCounts(p.Err, "not analysed, since they are of two moments", map[string]int{analyzer.Disagree: n})
	}
	return reportInputs(p.Err, in)
}

// budget replaces that of the configuration.
func (c *ReplayCmd) budget(a *config.Analyzer) error {
	if c.Budget == "" {
		return nil
	}
	var rest string
	n, _ := fmt.Sscanf(c.Budget+" .", "%g,%g %s", &a.AlertsPerMonth, &a.AlertsPerDay, &rest)
	if n != 3 || rest != "." || !(a.AlertsPerMonth > 0 && a.AlertsPerDay > 0 && a.AlertsPerMonth+a.AlertsPerDay < 1e9) {
		return console.Usage(fmt.Errorf("%q is no budget", c.Budget), "give two numbers above 0, as in --budget 4,1: alerts a month of a fixed sensor, and a day of a moving one")
	}
	return nil
}

// replay resumes from the pipeline's store, if it has one, and feeds everything that in holds.
func replay(ctx context.Context, l *pipeline.Pipeline, in *transfer.Merge, p *console.Program) error {
	if l.Store != nil {
		if err := l.Resume(ctx, nil); err != nil {
			return err
		}
	}
	recs := make([]cell.Record, 0, batch+8)
	n := 0
	for {
		next := in.Read()
		recs = append(recs, next...)
		if len(recs) >= batch || next == nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := l.Feed(ctx, recs...); err != nil {
				return err
			}
			n += len(recs)
			if n%(20*batch) < batch {
				p.Err.Progress("%s read", console.Plural(n, "line"))
			}
			recs = recs[:0]
		}
		if next == nil {
			return nil
		}
	}
}

func printEvents(t *console.Terminal, events iter.Seq2[analyzer.Event, error]) error {
	some := false
	for e, err := range events {
		if err != nil {
			return err
		}
		if some {
			t.Printf("\n")
		}
		printEvent(t, &e, true)
		some = true
	}
	if !some {
		t.Printf("no events\n")
	}
	return nil
}
