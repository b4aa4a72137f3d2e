package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/monitor/pipeline"
	"vigie/storage"
)

// AnalyzeCmd runs today's rules over what a store has recorded, and says how the events differ from the stored ones.
type AnalyzeCmd struct {
	config.StoreFlags
	JSON  bool   `help:"Print the events as NDJSON, the same lines as replay prints."`
	Since moment `help:"Only events that lasted until after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h. What was recorded before it is still learned from." placeholder:"TIME"`
	Write bool   `help:"Store the events that are new or changed, and what was learned. Events that are gone stay in the store."`
}

// Run analyzes.
func (c *AnalyzeCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	s, err := c.Open(ctx, conf, storage.Options{ReadOnly: !c.Write})
	if err != nil {
		return err
	}
	defer s.Close()
	atlas, closeAtlas := openAtlas(p, conf, c.Path(conf))
	defer closeAtlas()
	now := pipeline.EventLog{}
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(atlas), OnEvent: now.Add})
	n, err := l.Learn(ctx, s, storage.Query{}, func(n int) { p.Err.Progress("%s analysed", console.Plural(n, "record")) })
	if err != nil {
		return err
	}
	p.Err.ClearProgress()
	var stored []analyzer.Event
	for e, err := range s.Events(ctx, storage.EventQuery{From: c.Since.Time}) {
		if err != nil {
			return err
		}
		stored = append(stored, e)
	}
	events := lasting(now.Sorted(), c.Since.Time)
	d := compare(stored, events)
	if c.Write {
		if err := l.SaveLearned(ctx, slices.Concat(d.fresh, d.changed)...); err != nil {
			return err
		}
	}
	if c.JSON {
		err = pipeline.WriteEvents(p.Out.JSON(), pipeline.InOrder(events))
	} else {
		d.print(p.Out)
	}
	p.Err.Printf("%s analysed: %s new, %d gone, %d changed, %d the same\n", console.Plural(n, "record"), console.Plural(len(d.fresh), "event"), len(d.gone), len(d.changed), len(d.same))
	return err
}

// lasting keeps the events that lasted until after a time.
func lasting(events []analyzer.Event, since time.Time) []analyzer.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e analyzer.Event) bool { return e.Last.Before(since) })
}

// difference is how today's events compare with the stored ones.
type difference struct {
	fresh, gone, changed, same []analyzer.Event
}

// compare pairs events by id, and what is left by sensor and overlap: another version of a rule may move the first
// evidence by a moment, which gives the same event another id.
func compare(stored, now []analyzer.Event) difference {
	var d difference
	left := slices.Clone(stored)
	take := func(fits func(*analyzer.Event) bool) (analyzer.Event, bool) {
		i := slices.IndexFunc(left, func(e analyzer.Event) bool { return fits(&e) })
		if i < 0 {
			return analyzer.Event{}, false
		}
		e := left[i]
		left = slices.Delete(left, i, i+1)
		return e, true
	}
	var unpaired []analyzer.Event
	for _, e := range now {
		old, ok := take(func(o *analyzer.Event) bool { return o.ID == e.ID })
		switch {
		case !ok:
			unpaired = append(unpaired, e)
		case equalEvents(old, e):
			d.same = append(d.same, e)
		default:
			d.changed = append(d.changed, e)
		}
	}
	for _, e := range unpaired {
		if old, ok := take(func(o *analyzer.Event) bool {
			return o.Sensor == e.Sensor && !o.First.After(e.Last) && !e.First.After(o.Last)
		}); ok {
			e.ID = old.ID // the same event by today's rules: its verdicts and links stay with it
			d.changed = append(d.changed, e)
		} else {
			d.fresh = append(d.fresh, e)
		}
	}
	d.gone = left
	return d
}

func equalEvents(a, b analyzer.Event) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

func (d *difference) print(t *console.Terminal) {
	for _, part := range []struct {
		what string
		list []analyzer.Event
	}{{"new", d.fresh}, {"gone", d.gone}, {"changed", d.changed}, {"the same", d.same}} {
		for i := range part.list {
			t.Printf("%s:\n", part.what)
			printEvent(t, &part.list[i], false)
		}
	}
}
