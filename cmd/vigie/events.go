package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// EventsCmd lists or shows what was flagged.
type EventsCmd struct {
	List EventsListCmd `cmd:"" default:"withargs" help:"List the stored events, oldest first."`
	Show EventsShowCmd `cmd:"" help:"Show one event in full."`
}

// EventsListCmd lists the stored events.
type EventsListCmd struct {
	StoreFlags
	JSON     bool   `help:"Print NDJSON, the same lines as replay prints."`
	Severity string `help:"Only events of at least this severity: info, low, medium or high." enum:"info,low,medium,high" default:"info"`
	Since    string `help:"Only events that lasted until after this time: 2026-11-23, 2026-11-23T20:00:00Z, or 36h ago as 36h." placeholder:"TIME"`
	Rule     string `help:"Only events with a finding of this rule." placeholder:"ID"`
	Sensor   string `help:"Only events of this sensor." placeholder:"NAME"`
	From     string `help:"store: what this machine recorded. influx: what all sensors wrote to the server of the configuration." enum:"store,influx" default:"store"`
}

// Run lists.
func (c *EventsListCmd) Run(ctx context.Context, p *program) error {
	since, err := parseSince(c.Since)
	if err != nil {
		return err
	}
	var least analyzer.Severity
	if err := least.UnmarshalText([]byte(c.Severity)); err != nil {
		return err
	}
	log, all := eventLog{}, eventLog{} // what is asked for, and what may stand beside it
	var sets storage.Corrections
	var others beside
	q := storage.EventQuery{From: since, Severity: least, Rule: c.Rule, Sensor: c.Sensor}
	each := func(e analyzer.Event) {
		if all.add(e); chosen(q, &e) {
			log.add(e)
		}
	}
	if c.From == "influx" {
		if sets, err = influxEvents(ctx, p, storage.EventQuery{From: since}, each); err == nil {
			others, err = seenTogether(ctx, nil, sets, all.list)
		}
	} else {
		sets, others, err = c.storeEvents(ctx, p, storage.EventQuery{From: since}, each, &all)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return log.writeJSON(p.out)
	}
	for _, e := range log.sorted() {
		e, note := corrected(sets, e)
		printEvent(p.out, &e, false)
		others.print(p.out, &e)
		printNote(p.out, note)
	}
	if len(log.list) == 0 {
		p.out.Printf("no events\n")
	}
	return nil
}

// storeEvents reads the events of the store, when its clocks were set, and what stands beside what.
func (f *StoreFlags) storeEvents(ctx context.Context, p *program, q storage.EventQuery, each func(analyzer.Event), all *eventLog) (storage.Corrections, beside, error) {
	s, err := f.openRead(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	for e, err := range s.Events(ctx, q) {
		if err != nil {
			return nil, nil, err
		}
		each(e)
	}
	sets, err := s.Corrections(ctx)
	if err != nil {
		return nil, nil, err
	}
	others, err := seenTogether(ctx, s, sets, all.list)
	return sets, others, err
}

// EventsShowCmd shows one event.
type EventsShowCmd struct {
	StoreFlags
	ID   string `arg:"" help:"The event's id, or enough of its beginning."`
	JSON bool   `help:"Print it as JSON."`
}

// Run shows.
func (c *EventsShowCmd) Run(ctx context.Context, p *program) error {
	s, err := c.openRead(ctx, p)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := findEvent(ctx, s, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		log := eventLog{list: []analyzer.Event{found}}
		return log.writeJSON(p.out)
	}
	sets, err := s.Corrections(ctx)
	if err != nil {
		return err
	}
	var all []analyzer.Event
	for e, err := range s.Events(ctx, storage.EventQuery{}) {
		if err != nil {
			return err
		}
		all = append(all, e)
	}
	others, err := seenTogether(ctx, s, sets, all)
	if err != nil {
		return err
	}
	found, note := corrected(sets, found)
	printEvent(p.out, &found, true)
	others.print(p.out, &found)
	printNote(p.out, note)
	return nil
}

// findEvent finds the one event that an id, or the beginning of one, names.
func findEvent(ctx context.Context, s *storage.Store, id string) (analyzer.Event, error) {
	var found []analyzer.Event
	if e, err := s.Event(ctx, id); err == nil || !errors.Is(err, storage.ErrNotFound) {
		return e, err
	}
	if id != "" {
		for e, err := range s.Events(ctx, storage.EventQuery{}) {
			if err != nil {
				return e, err
			}
			if strings.HasPrefix(e.ID, id) {
				found = append(found, e)
			}
		}
	}
	switch {
	case len(found) == 0:
		return analyzer.Event{}, console.WithHint(fmt.Errorf("no event %q in the store", id), "vigie events lists them with their ids")
	case len(found) > 1:
		return analyzer.Event{}, console.Usage(fmt.Errorf("%d events begin with %q", len(found), id), "give more of the id")
	}
	return found[0], nil
}

// openRead opens the store that the command line or the configuration names, for reading only.
func (f *StoreFlags) openRead(ctx context.Context, p *program) (*storage.Store, error) {
	conf, err := config.Load(p.cli.Config, true)
	if err != nil {
		return nil, err
	}
	return f.open(ctx, conf, storage.Options{ReadOnly: true})
}

// parseSince reads a date, a time, or how long ago; "" is no bound.
func parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return time.Now().Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, console.Usage(fmt.Errorf("--since %q is not a time", s), "write 2026-11-23, 2026-11-23T20:00:00Z, or 36h for the last 36 hours")
}
