package transfer

import (
	"context"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Left counts the events that a copy leaves behind, so that nobody takes it for all that was found.
type Left struct {
	Events      int
	BySeverity  [analyzer.High + 1]int
	First, Last time.Time // of their evidence, as recorded
}

// Add counts an event; nil is none.
func (l *Left) Add(e *analyzer.Event) {
	if e == nil {
		return
	}
	l.Events++
	l.BySeverity[min(e.Severity, analyzer.High)]++
	if l.First.IsZero() || e.First.Before(l.First) {
		l.First = e.First
	}
	if e.Last.After(l.Last) {
		l.Last = e.Last
	}
}

// ExportedEvents counts what ExportEvents wrote and left behind.
type ExportedEvents struct {
	Events, Written int // Written: verdicts and remarks
	Refused         Left
	NotAsked        Left // without write: events that might have been written
}

// ExportEvents writes the events that a query selects as lines of the interchange format, with the verdicts and remarks on them; without
// write it only counts. may reports whether what happened from one time to another may leave the store.
func ExportEvents(ctx context.Context, s *storage.Store, q storage.EventQuery, may func(from, to time.Time) bool, write func(lines []byte) error) (x ExportedEvents, err error) {
	var enc cell.Encoder
	var text []byte
	chosen := map[string]bool{}
	for e, err := range s.Events(ctx, q) {
		switch {
		case err != nil:
			return x, err
		case !may(e.First, e.Last):
			x.Refused.Add(&e)
			continue
		case write == nil:
			x.NotAsked.Add(&e)
			continue
		}
		if text, err = storage.AppendEntry(text[:0], &enc, storage.Entry{Event: &e}); err != nil {
			return x, err
		}
		if err := write(text); err != nil {
			return x, err
		}
		chosen[e.ID] = true
		x.Events++
	}
	if write == nil {
		return x, nil
	}
	all, _, err := WrittenIn(ctx, s, func(e storage.Entry) bool { return chosen[e.Event.ID] })
	if err != nil {
		return x, err
	}
	for i := range all {
		if text, err = all[i].Append(text[:0]); err == nil {
			err = write(text)
		}
		if err != nil {
			return x, err
		}
	}
	x.Written = len(all)
	return x, nil
}
