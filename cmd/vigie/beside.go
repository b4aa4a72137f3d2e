package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// beside is, for each event that other sensors have seen too, what stands beside it, by id (analyzer.Together).
type beside map[string][]analyzer.Event

// seenTogether groups events, with the times that really were. s may be nil: then nothing is known of positions.
func seenTogether(ctx context.Context, s *storage.Store, sets storage.Corrections, all []analyzer.Event) (beside, error) {
	sightings, fixed := make([]analyzer.Sighting, len(all)), make([]analyzer.Event, len(all))
	for i, e := range all {
		fixed[i], _ = corrected(sets, e)
		sightings[i] = analyzer.SightingOf(&fixed[i])
	}
	var position func(i int) *cell.Position
	var failed error
	if s != nil {
		known := map[int]*cell.Position{}
		position = func(i int) *cell.Position {
			p, ok := known[i]
			if !ok {
				var err error
				if p, err = s.PositionAt(ctx, all[i].Sensor, all[i].First); err != nil {
					failed = err
				}
				known[i] = p
			}
			return p
		}
	}
	b := beside{}
	for _, g := range analyzer.Together(sightings, position) {
		for _, i := range g {
			for _, j := range g {
				if i != j {
					b[all[i].ID] = append(b[all[i].ID], fixed[j])
				}
			}
		}
	}
	return b, failed
}

// mostBeside is how many are named beside one event.
const mostBeside = 8

// print adds to an event who has seen it too.
func (b beside) print(t *console.Terminal, e *analyzer.Event) {
	others := b[e.ID]
	var names []string
	for _, o := range others[:min(len(others), mostBeside)] {
		names = append(names, fmt.Sprintf("%s (%s to %s UTC, %s, %s)", console.OneLine(console.OrUnnamed(o.Sensor)), o.First.UTC().Format(time.TimeOnly), o.Last.UTC().Format(time.TimeOnly), o.Severity, console.OneLine(o.ID)))
	}
	if more := len(others) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		t.Printf("      %s\n", console.Wrap("also seen by "+strings.Join(names, ", "), console.LineWidth, "      "))
	}
}

// chosen tells whether an event is among those that a query asks for.
func chosen(q storage.EventQuery, e *analyzer.Event) bool {
	return !e.Last.Before(q.From) && e.Severity >= q.Severity && (q.Sensor == "" || e.Sensor == q.Sensor) &&
		(q.Rule == "" || slices.ContainsFunc(e.Findings, func(f analyzer.Finding) bool { return f.Rule == q.Rule }))
}
