package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem/at"
	"vigie/monitor/pipeline"
	"vigie/review/evidence"
	"vigie/storage"
)

// EventsCmd lists or shows what was flagged.
type EventsCmd struct {
	List EventsListCmd `cmd:"" default:"withargs" help:"List the stored events, oldest first."`
	Show EventsShowCmd `cmd:"" help:"Show one event in full."`
}

// EventsListCmd lists the stored events.
type EventsListCmd struct {
	config.StoreFlags
	JSON     bool   `help:"Print NDJSON, the same lines as replay prints."`
	Severity string `help:"Only events of at least this severity: info, low, medium or high." enum:"info,low,medium,high" default:"info"`
	Since    moment `help:"Only events that lasted until after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Rule     string `help:"Only events with a finding of this rule." placeholder:"ID"`
	Sensor   string `help:"Only events of this sensor." placeholder:"NAME"`
	From     string `help:"store: what this machine recorded. influx: what all sensors wrote to the server of the configuration." enum:"store,influx" default:"store"`
}

// Run lists.
func (c *EventsListCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	var least analyzer.Severity
	if err := least.UnmarshalText([]byte(c.Severity)); err != nil {
		return err
	}
	var known *evidence.Library
	var done func()
	var err error
	if c.From == "influx" {
		known, done, err = influxEvidence(ctx, conf, c.Since.Time)
	} else {
		known, done, err = openEvidence(ctx, conf, &c.StoreFlags)
	}
	if err != nil {
		return err
	}
	defer done()
	all, _, err := known.Everywhere(ctx)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(e *evidence.Entry) bool {
		return e.Last.Before(c.Since.Time) || e.Severity < least || c.Sensor != "" && e.Sensor != c.Sensor || c.Rule != "" && !slices.Contains(e.Rules, c.Rule)
	})
	slices.SortFunc(chosen, func(a, b *evidence.Entry) int { return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID)) })
	if c.JSON {
		return printStored(ctx, p, chosen...)
	}
	groups, err := known.Groups(ctx, all)
	if err != nil {
		return err
	}
	for _, e := range chosen {
		if err := printEntry(ctx, p.Out, e, groups, false); err != nil {
			return err
		}
	}
	if len(chosen) == 0 {
		p.Out.Printf("no events\n")
	}
	return nil
}

// EventsShowCmd shows one event.
type EventsShowCmd struct {
	config.StoreFlags
	ID   string `arg:"" help:"The event's id, or enough of its beginning."`
	JSON bool   `help:"Print it as JSON."`
}

// Run shows.
func (c *EventsShowCmd) Run(ctx context.Context, p *console.Program, conf config.Config) error {
	known, done, err := openEvidence(ctx, conf, &c.StoreFlags)
	if err != nil {
		return err
	}
	defer done()
	e, err := findEvent(ctx, known, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printStored(ctx, p, e)
	}
	groups, err := known.AllGroups(ctx)
	if err != nil {
		return err
	}
	return printEntry(ctx, p.Out, e, groups, true)
}

// printStored prints events as they are stored, in NDJSON, oldest first.
func printStored(ctx context.Context, p *console.Program, entries ...*evidence.Entry) error {
	var events []analyzer.Event
	for _, e := range entries {
		stored, _, err := e.Events(ctx)
		if err != nil {
			return err
		}
		events = append(events, stored)
	}
	return pipeline.WriteEvents(p.Out.JSON(), pipeline.InOrder(events))
}

// printEntry prints an event at its corrected times, who else saw it, and what was corrected.
func printEntry(ctx context.Context, t *console.Terminal, e *evidence.Entry, groups evidence.Groups, full bool) error {
	_, corrected, err := e.Events(ctx)
	if err != nil {
		return err
	}
	printEvent(t, &corrected, full)
	const most, indent = 8, "      "
	var names []string
	others := groups.Concurrent(e)
	for _, o := range others[:min(len(others), most)] {
		names = append(names, fmt.Sprintf("%s (%s to %s UTC, %s, %s)", console.OneLine(cmp.Or(o.Label, "(unnamed)")), o.First.UTC().Format(time.TimeOnly), o.Last.UTC().Format(time.TimeOnly), o.Severity, console.OneLine(o.ID)))
	}
	if more := len(groups[e]) - 1 - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		t.Printf("%s%s\n", indent, console.Wrap("also seen by "+strings.Join(names, ", "), t.Width()-len(indent), indent))
	}
	if e.Shift != 0 {
		note := fmt.Sprintf("its times before the clock was set were wrong by %s; they are corrected here, and stored as they were (%s)", e.Shift.Round(time.Second), console.Time(e.Was()))
		t.Printf("%s%s\n", indent, t.Paint(console.Yellow, console.Wrap(note, t.Width()-len(indent), indent)))
	}
	return nil
}

// findEvent finds the one event that an id, or the beginning of one, names.
func findEvent(ctx context.Context, known *evidence.Library, id string) (*evidence.Entry, error) {
	found, err := known.Named(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, console.WithHint(fmt.Errorf("no event %q in the store", id), "vigie events lists them with their ids")
	case len(found) > 1:
		return nil, console.Usage(fmt.Errorf("%d events begin with %q", len(found), id), "give more of the id")
	}
	return found[0], nil
}

// openEvidence opens what the store of the flags knows, for reading only. done closes it.
func openEvidence(ctx context.Context, conf config.Config, f *config.StoreFlags) (known *evidence.Library, done func(), err error) {
	s, err := f.Open(ctx, conf, storage.Options{ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	known, err = evidence.New(evidence.Options{Stores: []evidence.Named{{Store: s}}, Scrub: at.Scrub, Now: time.Now, Most: math.MaxInt})
	return known, func() { _ = s.Close() }, err
}
