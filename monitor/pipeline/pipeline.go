// Package pipeline is the straight line from a record to an event: record -> store -> analyzer -> event -> store. Watching,
// replaying and the demo differ only in where the records come from and in what else sees them.
//
// A record is stored before it is analysed, and the analyzer's state is stored with the number of the last record that it
// holds. So after a crash the analyzer restores the state and reads on in the store: nothing is lost, nothing counts twice.
//
// It asks no clock, opens no connection and writes to no terminal: time comes with the records, and what it has to report
// goes through the functions of Options. One goroutine owns a Pipeline.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Options are what a pipeline is made of.
type Options struct {
	NewEngine func() *analyzer.Engine // makes an engine that has learned nothing
	Store     *storage.Store          // nil: nothing is stored
	Recorder  *Recorder               // nil: nothing is recorded to a file

	// Tolerant is for watching: a store or a file that cannot be written for a while is tolerated, and records that come
	// one at a time are written to the disk in batches.
	Tolerant bool

	// Patience is for watching: it returns a channel that gives something when the pipeline has waited for the store for long
	// enough. What comes then waits in memory until the store answers, and is analysed meanwhile. nil: it waits as long as that takes.
	Patience func() <-chan time.Time

	OnLate    func(late bool)              // gets when the store did not answer in time, and when it has answered; may be nil
	OnRecord  func(cell.Record)            // gets every new record, once, after it was analysed; may be nil
	OnEvent   func(analyzer.Event)         // gets every event that opened, changed or closed; may be nil
	Warn      func(text string, err error) // gets what the log should say; err may be nil. May be nil
	Alarm     func(text string, err error) // gets what people should be alerted to and the store cannot hold now; may be nil
	NotStored func(error)                  // gets each error of a write that is tolerated; may be nil
}

// Pipeline takes records in order of time and reports events.
type Pipeline struct {
	Options
	engine *analyzer.Engine
	outage outageBuffer
	late   *request // what the store has not answered in time; nil: nothing
	file   recording

	lessons    lessons     // what verdicts have taught
	relearning *relearning // nil: none

	seq        int64     // of the last record that the engine has
	saved      time.Time // time of the record at which the engine's state was last stored
	duplicates int
	fed        bool // anything new
}

// StateName is the analyzer's state in the store.
const StateName = "analyzer"

// saveEvery bounds how much of the store is read again after a crash. The state is written whole: every minute would wear
// out an SD card for nothing.
const saveEvery = 15 * time.Minute

// New makes a pipeline whose engine has learned nothing yet: see Resume.
func New(o Options) *Pipeline {
	if o.Warn == nil {
		o.Warn = func(string, error) {}
	}
	return &Pipeline{Options: o, engine: o.NewEngine()}
}

// Engine is the analyzer. Between two calls of Feed its counts and state may be read.
func (p *Pipeline) Engine() *analyzer.Engine { return p.engine }

// Duplicates is how many of the records fed so far the store had already.
func (p *Pipeline) Duplicates() int { return p.duplicates }

// Resume restores what the engine learned from the store, and reads on where the saved state ends. progress gets the number
// of records read so far, every 20,000; it may be nil.
func (p *Pipeline) Resume(ctx context.Context, progress func(records int)) error {
	state, seq, err := p.Store.LoadState(ctx, StateName)
	if err != nil {
		return err
	}
	stale, err := p.lessons.begin(ctx, p.Store, seq)
	if err != nil {
		return err
	}
	if stale {
		if err := p.lessons.save(ctx, true); err != nil {
			return err
		}
	}
	if state != nil && !stale {
		if err := p.engine.Restore(state); err != nil {
			p.Warn("what was learned is from another version or other rules: it is learned again from the store", nil)
			stale = true
		}
	}
	if stale || state == nil { // the records are the truth
		seq = 0
		p.lessons.rewind(seq)
	}
	p.seq = seq
	n, err := p.learn(ctx, storage.Query{AfterSeq: seq}, 0, progress)
	if err != nil || n == 0 {
		return err
	}
	return p.save(ctx)
}

// Learn feeds what a store has recorded, with every verdict at its place among the records, into a pipeline without a store
// of its own. It ends with the last event in its last form. progress is as for Resume.
func (p *Pipeline) Learn(ctx context.Context, s *storage.Store, q storage.Query, progress func(records int)) (records int, err error) {
	if _, err := p.lessons.begin(ctx, s, 0); err != nil {
		return 0, err
	}
	if records, err = p.learn(ctx, q, 0, progress); err != nil {
		return records, err
	}
	p.engine.Finish()
	return records, p.flush(ctx)
}

// SaveLearned stores what Learn has learned in the store that it read, with events, in one transaction.
func (p *Pipeline) SaveLearned(ctx context.Context, events ...analyzer.Event) error {
	state, err := p.engine.Save()
	if err != nil {
		return err
	}
	err = p.lessons.store.Update(ctx, func(tx *storage.Tx) error {
		if err := tx.PutEvents(events...); err != nil {
			return err
		}
		return tx.SaveState(StateName, state, p.seq)
	})
	if err != nil {
		return err
	}
	return p.lessons.save(ctx, false)
}

// progressEvery is how many records are learned between two reports of progress, and between two writes of events.
const progressEvery = 20000

// learn reads records of the store that the lessons are of, up to and including the one numbered last (0: all).
func (p *Pipeline) learn(ctx context.Context, q storage.Query, last int64, progress func(int)) (n int, err error) {
	for entry, err := range p.lessons.store.InOrder(ctx, q) {
		if err != nil {
			return n, err
		}
		if last > 0 && entry.Seq > last {
			break
		}
		if err := p.lessons.teach(ctx, p.engine, entry.Seq, p.flush); err != nil {
			return n, err
		}
		p.engine.Feed(entry.Record)
		p.seq = max(p.seq, entry.Seq)
		if n++; n%progressEvery == 0 && progress != nil {
			progress(n)
		}
		if p.Store == nil || n%progressEvery == 0 { // a store gets an event in its last form, not each earlier one
			if err := p.flush(ctx); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// Feed takes records in order of time. A record that the store has already is skipped. The caller may use the records again
// when Feed has returned.
func (p *Pipeline) Feed(ctx context.Context, recs ...cell.Record) error {
	if len(recs) == 0 {
		return nil
	}
	fresh := recs
	if p.Store != nil {
		if err := p.settle(); err != nil {
			return err
		}
		var err error
		before := p.seq
		if fresh, err = p.store(ctx, recs); err != nil {
			return err
		}
		p.duplicates += len(recs) - len(fresh)
		if len(fresh) > 0 {
			if err := p.applyVerdicts(ctx, before); err != nil {
				return err
			}
		}
	}
	if err := p.recordToFile(fresh); err != nil {
		return err
	}
	var last time.Time
	for _, r := range fresh {
		p.engine.Feed(r)
		if _, isSource := r.(*cell.Source); !isSource {
			p.fed = true
		}
		if p.OnRecord != nil {
			p.OnRecord(r)
		}
		if t := r.When(); !t.IsZero() {
			last = t
		}
	}
	if p.saved.IsZero() || last.Before(p.saved) { // or the clock was set back
		p.saved = last
	}
	if p.Store != nil && last.Sub(p.saved) >= saveEvery && !p.behind() {
		p.saved = last
		return p.save(ctx)
	}
	return p.flush(ctx)
}

// flush stores and reports the events that are new.
func (p *Pipeline) flush(ctx context.Context) error { return p.Report(ctx, p.engine.Take()) }

// Report stores and reports events as those that the analyzer finds.
func (p *Pipeline) Report(ctx context.Context, events []analyzer.Event) error {
	if len(events) == 0 {
		return nil
	}
	p.lessons.onEvents(events)
	if p.Store != nil {
		if err := p.storeEvents(ctx, events); err != nil {
			return err
		}
	}
	if p.OnEvent != nil {
		for _, e := range events {
			p.OnEvent(e)
		}
	}
	return nil
}

// save stores the engine's state, with the events that it has found.
func (p *Pipeline) save(ctx context.Context) error {
	if err := p.flush(ctx); err != nil || p.Store == nil || p.behind() || p.relearning != nil {
		return err
	}
	state, err := p.engine.Save()
	if err != nil {
		return fmt.Errorf("saving what was learned: %w", err)
	}
	seq := p.seq
	answer := func(err error) error { return p.written(&batch{}, 0, err) }
	answered, err := p.ask(func() error { return p.Store.SaveState(ctx, StateName, state, seq) }, answer)
	if !answered {
		return nil
	}
	return answer(err)
}

// Close stores what is not stored yet, even when ctx has ended, and closes the recorder. The store stays open: it is the
// caller's.
func (p *Pipeline) Close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	p.Patience = nil // what is not stored now is lost
	p.stopRelearning()
	if p.fed {
		p.engine.Finish() // events that are still open are reported in their last form
	}
	err := p.endOutage(ctx)
	if err == nil {
		err = p.save(ctx)
	}
	return errors.Join(err, p.closeRecorder())
}
