package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// corrections are the times at which the clock of a sensor was set. What a store holds stays as it was recorded; what people
// are shown is corrected, and says so.
type corrections []cell.Clock

func readCorrections(ctx context.Context, s *storage.Store) (all corrections, err error) {
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Clocks}) {
		if err != nil {
			return nil, err
		}
		if c, ok := e.Record.(*cell.Clock); ok && !c.Since.IsZero() {
			all = append(all, *c)
		}
	}
	return all, nil
}

// printNote adds to an event what was corrected.
func printNote(t *term, note string) {
	if note != "" {
		t.printf("      %s\n", t.paint(yellow, wrap(note, lineWidth, "      ")))
	}
}

// at is a recorded time as it really was. A clock that was set several times while it was watched was wrong by all the steps
// that came after.
func (cs corrections) at(sensor string, t time.Time) time.Time {
	var until time.Time // of the stretch before the last step that was added
	for _, c := range cs {
		if c.Sensor == sensor && (c.Since.Equal(until) || !t.Before(c.Since) && t.Before(c.Time.Add(-c.Offset))) {
			t, until = t.Add(c.Offset), c.Time
		}
	}
	return t
}

// event corrects the times of an event, and says that it did; "" where there was nothing to correct.
func (cs corrections) event(e *analyzer.Event) (note string) {
	was := e.First
	fix := func(t *time.Time) {
		now := cs.at(e.Sensor, *t)
		if d := now.Sub(*t); d != 0 && note == "" {
			note = fmt.Sprintf("its times before the clock was set were wrong by %s; they are corrected here, and stored as they were (%s)", d.Round(time.Second), was.UTC().Format(time.DateTime))
		}
		*t = now
	}
	fix(&e.First)
	fix(&e.Opened)
	fix(&e.Last)
	e.Findings = slices.Clone(e.Findings)
	for i := range e.Findings {
		f := &e.Findings[i]
		fix(&f.First)
		fix(&f.Last)
		f.Evidence = slices.Clone(f.Evidence)
		for j := range f.Evidence {
			fix(&f.Evidence[j].Time)
		}
	}
	return note
}
