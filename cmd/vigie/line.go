package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/cmd/vigie/config"
	"vigie/storage"
)

// line is the straight line from a record to an event: record -> store -> analyzer -> event -> store. Watching, replaying
// and the demo differ only in where the records come from and who is told.
//
// A record is stored before it is analysed, and the analyzer's state is stored with the number of the last record that it
// holds. So after a crash the analyzer takes up the state and reads on in the store: nothing is lost, nothing counts twice.
type line struct {
	engine *analyzer.Engine
	store  *storage.Store       // nil: nothing is kept
	record *recording           // nil: not recorded to a file
	told   func(cell.Record)    // of each record, once; may be nil
	event  func(analyzer.Event) // of each event that opened, changed or closed; may be nil

	places places                      // where it is, while watching
	last   func(context.Context) error // done when all is stored, before the store is closed; may be nil

	lessons    lessons                 // what reviewers taught
	again      func() *analyzer.Engine // makes an engine that knows nothing
	relearning *relearning             // nil: none

	keeper *keeper          // makes room; nil: nobody does
	own    chan cell.Record // what the watch has to say of itself; may be nil

	seq   int64     // of the last record that the engine has
	saved time.Time // time of the record at which the state was last stored
	known int       // records that the store had already
	fed   bool      // anything that is new

	patient bool                 // bears a store or file that takes nothing for a while
	warn    func(string, ...any) // tells of that; set where patient is
	alarm   func(string, error)  // tells people, of what the store cannot be told; may be nil
	failing bool                 // the store took nothing the last time
	held    hold
}

// stateName is the analyzer's state in the store.
const stateName = "analyzer"

// saveEvery is how much watching a crash may cost in reading the store again. The state is written whole; a minute
// would wear out an SD card for nothing.
const saveEvery = 15 * time.Minute

func newEngine(c config.Config, atlas analyzer.Atlas) *analyzer.Engine {
	return analyzer.New(c.Rules(), analyzer.Options{AlertsPerMonth: c.Analyzer.AlertsPerMonth, Atlas: atlas})
}

// resume takes up what the store has learned.
func (l *line) resume(ctx context.Context, status func(done int)) error {
	state, seq, err := l.store.LoadState(ctx, stateName)
	if err != nil {
		return err
	}
	stale, err := l.lessons.begin(ctx, l.store, seq)
	if err != nil {
		return err
	}
	if stale {
		if err := l.lessons.save(ctx, true); err != nil {
			return err
		}
	}
	if stale || l.engine.Restore(state) != nil {
		seq = 0 // made by other rules, or with a verdict that was taken back: learn it again from the records, which are the truth
		l.lessons.rewind(seq)
	}
	l.seq = seq
	n := 0
	for entry, err := range l.store.Records(ctx, storage.Query{AfterSeq: l.seq}) {
		if err != nil {
			return err
		}
		if err := l.lessons.teach(ctx, l.engine, entry.Seq, l.flush); err != nil {
			return err
		}
		l.engine.Feed(entry.Record)
		l.seq = max(l.seq, entry.Seq)
		if n++; n%20000 == 0 {
			if status != nil {
				status(n)
			}
			if err := l.flush(ctx); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return nil
	}
	return l.save(ctx)
}

// feed takes records in order of time. A record that the store has already is passed over.
func (l *line) feed(ctx context.Context, recs ...cell.Record) error {
	if len(recs) == 0 {
		return nil
	}
	fresh := recs
	if l.store != nil {
		var err error
		before := l.seq
		if fresh, err = l.put(ctx, recs); err != nil {
			return err
		}
		l.known += len(recs) - len(fresh)
		if len(fresh) > 0 {
			if err := l.heed(ctx, before); err != nil {
				return err
			}
		}
	}
	if l.record != nil {
		if err := l.record.append(fresh...); err != nil {
			if !l.patient {
				return err
			}
			l.complain("recording to the file ends, watching goes on", err)
			_ = l.record.close()
			l.record = nil
		}
	}
	var last time.Time
	for _, r := range fresh {
		l.engine.Feed(r)
		if _, isSource := r.(*cell.Source); !isSource {
			l.fed = true
		}
		if l.told != nil {
			l.told(r)
		}
		if t := r.When(); !t.IsZero() {
			last = t
		}
	}
	if l.saved.IsZero() || last.Before(l.saved) { // or the clock was set back
		l.saved = last
	}
	if l.store != nil && last.Sub(l.saved) >= saveEvery {
		l.saved = last
		return l.save(ctx)
	}
	return l.flush(ctx)
}

// flush stores and tells the events that are new.
func (l *line) flush(ctx context.Context) error {
	events := l.engine.Take()
	if len(events) == 0 {
		return nil
	}
	l.lessons.told(events)
	if l.store != nil {
		if err := l.putEvents(ctx, events); err != nil {
			return err
		}
	}
	if l.event != nil {
		for _, e := range events {
			l.event(e)
		}
	}
	return nil
}

// save stores the analyzer's state, with the events that it knows of.
func (l *line) save(ctx context.Context) error {
	if err := l.flush(ctx); err != nil || l.store == nil || l.failing || l.relearning != nil {
		return err
	}
	state, err := l.engine.Save()
	if err != nil {
		return fmt.Errorf("saving what was learned: %w", err)
	}
	return l.store.SaveState(ctx, stateName, state, l.seq)
}

// close stores what is not stored yet, even when ctx has ended.
func (l *line) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	l.halt()
	if l.fed {
		l.engine.Finish() // events that go on are told in their last form
	}
	var err error
	if l.failing { // a last try
		l.held.tried = time.Time{}
		if _, err = l.append(ctx, append(l.held.gap(), l.held.records...), slices.Collect(maps.Values(l.held.events))); err != nil {
			err = fmt.Errorf("at the end %s for a store that takes nothing: %w", &l.held, err)
		} else {
			l.failing = false
		}
	}
	if err == nil {
		err = l.save(ctx)
	}
	if l.record != nil {
		err = errors.Join(err, l.record.close())
	}
	if l.last != nil {
		err = errors.Join(err, l.last(ctx))
	}
	if l.store != nil {
		err = errors.Join(err, l.store.Close())
	}
	return err
}
