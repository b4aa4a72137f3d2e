package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"sort"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// ReplayCmd runs the rules over recorded observations.
type ReplayCmd struct {
	JSON  bool     `help:"Print the events as NDJSON, one line an event."`
	Store string   `help:"As if it had been watched live into this store: use what it has learned, store and learn. The same input a second time adds nothing." placeholder:"DB" type:"path"`
	Pass  string   `name:"passphrase-file" help:"File whose first line encrypts the store at rest." placeholder:"FILE" type:"path" env:"VIGIE_PASSPHRASE_FILE"`
	Files []string `arg:"" name:"file" help:"Observations in the interchange format (.ndjson or .ndjson.gz); several are merged by time; - is standard input."`
}

// batch is how many records are stored at once in a replay.
const batch = 1000

// Run replays.
func (c *ReplayCmd) Run(ctx context.Context, p *program) error {
	conf, err := config.Load(p.cli.Config, false)
	if err != nil {
		return err
	}
	in, err := openInputs(c.Files, p.in)
	if err != nil {
		return err
	}
	defer in.close()
	atlas, closeAtlas := openAtlas(p, conf, c.Store)
	defer closeAtlas()
	events := eventLog{}
	l := &line{engine: newEngine(conf, atlas), again: func() *analyzer.Engine { return newEngine(conf, atlas) }, event: events.add}
	if c.Store != "" {
		flags := StoreFlags{Store: c.Store, PassphraseFile: c.Pass}
		if l.store, err = flags.open(ctx, conf, storage.Options{Create: true}); err != nil {
			return err
		}
		if err := l.resume(ctx, nil); err != nil {
			return err
		}
	}
	if err := replay(ctx, l, in, p); err != nil {
		if l.store != nil {
			l.store.Close()
		}
		return err
	}
	if err := l.close(ctx); err != nil {
		return err
	}
	if c.JSON {
		err = events.writeJSON(p.out)
	} else {
		events.print(p.out)
	}
	if err != nil {
		return err
	}
	p.err.ClearProgress()
	if l.known > 0 {
		p.err.Printf("%s already in the store\n", console.Plural(l.known, "record"))
	}
	printCounts(p.err, "not analysed, or only in part", l.engine.Counts().Skipped)
	return in.report(p.err)
}

// replay feeds everything that in holds.
func replay(ctx context.Context, l *line, in *merge, p *program) error {
	recs := make([]cell.Record, 0, batch+8)
	n := 0
	for {
		next := in.read()
		recs = append(recs, next...)
		if len(recs) >= batch || next == nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := l.feed(ctx, recs...); err != nil {
				return err
			}
			n += len(recs)
			if n%(20*batch) < batch {
				p.err.Progress("%s read", console.Plural(n, "line"))
			}
			recs = recs[:0]
		}
		if next == nil {
			return nil
		}
	}
}

// eventLog keeps the last form of each event.
type eventLog struct {
	byID map[string]int
	list []analyzer.Event
}

func (l *eventLog) add(e analyzer.Event) {
	if l.byID == nil {
		l.byID = map[string]int{}
	}
	if i, ok := l.byID[e.ID]; ok {
		l.list[i] = e
		return
	}
	l.byID[e.ID] = len(l.list)
	l.list = append(l.list, e)
}

// sorted is in order of opening; equal times keep the order of the input.
func (l *eventLog) sorted() []analyzer.Event {
	sort.SliceStable(l.list, func(i, j int) bool { return l.list[i].Opened.Before(l.list[j].Opened) })
	return l.list
}

func (l *eventLog) writeJSON(w io.Writer) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, e := range l.sorted() {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (l *eventLog) print(t *console.Terminal) {
	for i, e := range l.sorted() {
		if i > 0 {
			t.Printf("\n")
		}
		printEvent(t, &e, true)
	}
	if len(l.list) == 0 {
		t.Printf("no events\n")
	}
}
