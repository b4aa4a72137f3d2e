package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"vigie/analyzer"
	"vigie/storage"
)

// Verdicts teach the analyzer: benign makes the cells of an event part of what is normal, suspicious keeps them from it.
// A verdict is given at any time, by another process; what counts for the analyzer is between which two records it heard of
// it. That place is stored, so that the same records and verdicts give the same events again. A verdict that is taken back
// is as if it had never been given: what was learned since is learned again without it.

// lesson is a verdict and its place among the records. It is heard just before the next record is analysed, never at the
// end: so a state saved at a record holds the lessons after earlier records, and no others.
type lesson struct {
	Verdict int64  `json:"verdict"`
	Event   string `json:"event"`
	Benign  bool   `json:"benign"`
	After   int64  `json:"after"`             // sequence number of the last record that was analysed without it
	Settled bool   `json:"settled,omitempty"` // taken back when it could no longer be learned again: its opposite follows
}

// lessonsName is the list of lessons in the store.
const lessonsName = "verdicts"

// lessons are those of a store, and how far an engine has heard them.
type lessons struct {
	store *storage.Store // nil: nothing is taught
	list  []lesson       // in their order
	next  int            // the first that the engine has not heard
	mark  int64          // of the verdicts when they were looked at last
	open  map[string]analyzer.Event
}

// begin reads the lessons of a store for an engine that holds the records up to seq. stale: it holds a lesson that was taken
// back, so it has to learn again.
func (x *lessons) begin(ctx context.Context, s *storage.Store, seq int64) (stale bool, err error) {
	*x = lessons{store: s, mark: -1, open: map[string]analyzer.Event{}}
	text, _, err := s.LoadState(ctx, lessonsName)
	if err != nil {
		return false, err
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &x.list); err != nil {
			return false, fmt.Errorf("what the analyzer heard of verdicts cannot be read: %w", err)
		}
	}
	_, gone, err := x.compare(ctx)
	if err != nil {
		return false, err
	}
	x.mark = -1 // fresh ones are heard before the next record
	for _, l := range gone {
		stale = stale || l.After < seq
	}
	if stale {
		if again, err := whole(ctx, s); err != nil || !again {
			x.rewind(seq) // heed settles it
			return false, err
		}
		seq = 0
	}
	x.without(gone)
	x.rewind(seq)
	return stale, nil
}

// whole tells whether a store still has its first record: what retention took cannot be learned again.
func whole(ctx context.Context, s *storage.Store) (bool, error) {
	for e, err := range s.Records(ctx, storage.Query{Limit: 1, NoRaw: true}) {
		return e.Seq <= 1, err
	}
	return true, nil
}

// save stores the lessons; invalid says that the analyzer's state holds one that is no longer there, so that, should this
// process end before it has learned again, the next one does.
func (x *lessons) save(ctx context.Context, invalid bool) error {
	text, err := json.Marshal(x.list)
	if err != nil {
		return err
	}
	return x.store.Update(ctx, func(tx *storage.Tx) error {
		if invalid {
			if err := tx.SaveState(stateName, nil, 0); err != nil {
				return err
			}
		}
		return tx.SaveState(lessonsName, text, 0)
	})
}

// rewind is for an engine that holds the records up to seq.
func (x *lessons) rewind(seq int64) {
	x.next = len(x.list)
	if i := slices.IndexFunc(x.list, func(l lesson) bool { return l.After >= seq }); i >= 0 {
		x.next = i
	}
}

// compare looks for verdicts that are no lessons yet, and for lessons whose verdict was taken back.
func (x *lessons) compare(ctx context.Context) (fresh []storage.Verdict, gone []lesson, err error) {
	mark, err := x.store.VerdictMark(ctx)
	if err != nil || mark == x.mark {
		return nil, nil, err
	}
	given, err := x.store.GivenVerdicts(ctx)
	if err != nil {
		return nil, nil, err
	}
	x.mark = mark
	last := map[string]storage.Judgement{}
	for _, v := range given {
		last[v.Event] = v.Judgement
	}
	heard, stands := map[int64]bool{}, map[int64]bool{}
	for _, l := range x.list {
		heard[l.Verdict] = true
	}
	for _, v := range given {
		if v.Judgement == storage.Unsure || last[v.Event] == storage.Unsure { // whoever is unsure now takes back what was said
			continue
		}
		stands[v.ID] = true
		if !heard[v.ID] {
			fresh = append(fresh, v)
		}
	}
	for _, l := range x.list {
		if !stands[l.Verdict] && !l.Settled {
			gone = append(gone, l)
		}
	}
	return fresh, gone, nil
}

// without drops lessons, and tells whether the engine had heard one of them.
func (x *lessons) without(gone []lesson) (heard bool) {
	kept := x.list[:0:0]
	next := x.next
	for i, l := range x.list {
		if !slices.Contains(gone, l) {
			kept = append(kept, l)
		} else if i < x.next {
			heard, next = true, next-1
		}
	}
	x.list, x.next = kept, next
	return heard
}

// told remembers the events that go on: a verdict of one is about the cells that it had by then.
func (x *lessons) told(events []analyzer.Event) {
	for _, e := range events {
		if x.open == nil || e.State == analyzer.Closed {
			delete(x.open, e.ID)
		} else {
			x.open[e.ID] = e
		}
	}
}

// teach tells an engine the lessons that come before the record of a sequence number. flush takes what the engine found
// until then.
func (x *lessons) teach(ctx context.Context, e *analyzer.Engine, before int64, flush func(context.Context) error) error {
	for x.next < len(x.list) && x.list[x.next].After < before {
		if err := flush(ctx); err != nil {
			return err
		}
		l := &x.list[x.next]
		ev, open := x.open[l.Event]
		if !open {
			var err error
			if ev, err = x.store.Event(ctx, l.Event); err != nil {
				return err
			}
		}
		e.Verdict(&ev, l.Benign)
		x.next++
	}
	return nil
}

// heed makes lessons of the verdicts that were given since the last record, of which after is the number.
func (l *line) heed(ctx context.Context, after int64) error {
	x := &l.lessons
	if x.store == nil || l.failing {
		return nil
	}
	fresh, gone, err := x.compare(ctx)
	if err == nil && len(fresh)+len(gone) > 0 {
		err = l.revise(ctx, fresh, gone, after)
	}
	if err == nil {
		err = l.relearned(ctx, after)
	}
	if err == nil {
		err = x.teach(ctx, l.engine, after+1, l.flush)
	}
	if err != nil && l.patient && passing(err) {
		x.mark = -1
		l.warn("a verdict waits: %v", err)
		return nil
	}
	return err
}

// revise stores the lessons as they are now. When the engine has heard one that was taken back, it is replaced by one that
// learns without it.
func (l *line) revise(ctx context.Context, fresh []storage.Verdict, gone []lesson, after int64) error {
	state, seq, err := l.store.LoadState(ctx, stateName)
	if err != nil {
		return err
	}
	next := l.lessons
	heard := next.without(gone) || len(gone) > 0 && l.relearning != nil
	usable := state != nil && !slices.ContainsFunc(gone, func(g lesson) bool { return g.After < seq })
	if heard && !usable {
		again, err := whole(ctx, l.store)
		if err != nil {
			return err
		}
		if !again {
			next, heard = l.lessons, false
			next.list = slices.Clone(next.list)
			for i := range next.list {
				if o := &next.list[i]; slices.Contains(gone, *o) {
					o.Settled = true
					next.list = append(next.list, lesson{o.Verdict, o.Event, !o.Benign, after, true})
				}
			}
		}
	}
	for _, v := range fresh {
		next.list = append(next.list, lesson{v.ID, v.Event, v.Judgement == storage.Benign, after, false})
	}
	if err := next.save(ctx, heard && !usable); err != nil {
		return err
	}
	l.lessons = next
	if !heard {
		return nil
	}
	r := &relearning{line: line{engine: l.again()}}
	if usable && r.line.engine.Restore(state) == nil {
		r.line.seq = seq
	}
	r.line.lessons = l.lessons
	r.line.lessons.open = map[string]analyzer.Event{}
	r.line.lessons.rewind(r.line.seq)
	r.line.event = r.found.add
	l.halt() // one that is on its way is about other lessons
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.relearning, r.done = r, make(chan error, 1)
	if !l.patient || r.line.seq > 0 { // quick, or nobody waits
		r.done <- r.learn(ctx, after)
		return nil
	}
	r.running.Go(func() { r.done <- r.learn(ctx, after) })
	return nil
}

// relearning is a line that learns again from the store while another goes on.
type relearning struct {
	line  line
	found eventLog
	done  chan error
	stop  context.CancelFunc

	running sync.WaitGroup
}

// learn goes on from where it is, up to and with the record of a number.
func (r *relearning) learn(ctx context.Context, upto int64) error {
	l := &r.line
	for entry, err := range l.lessons.store.Records(ctx, storage.Query{AfterSeq: l.seq}) {
		if err != nil {
			return err
		}
		if entry.Seq > upto {
			break
		}
		if err := l.lessons.teach(ctx, l.engine, entry.Seq, l.flush); err != nil {
			return err
		}
		l.engine.Feed(entry.Record)
		l.seq = entry.Seq
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// relearned puts the engine that has learned again in the place of the one that had heard what was taken back.
func (l *line) relearned(ctx context.Context, after int64) error {
	r := l.relearning
	if r == nil {
		return nil
	}
	select {
	case err := <-r.done:
		defer r.stop()
		if err != nil { // this process saves no state any more, and the next one learns again
			return fmt.Errorf("learning again without a verdict that was taken back: %w", err)
		}
	default:
		return nil
	}
	r.line.lessons.list = l.lessons.list // with those that came meanwhile
	if err := r.learn(ctx, after); err != nil {
		return err
	}
	for id, e := range l.lessons.open { // no longer a story, or another one
		if _, same := r.found.byID[id]; !same {
			e.State = analyzer.Closed
			r.found.add(e)
		}
	}
	l.engine, l.relearning = r.line.engine, nil
	l.lessons.next, l.lessons.open = r.line.lessons.next, r.line.lessons.open
	return l.putEvents(ctx, r.found.sorted())
}

// halt ends what goes on in the background. The state in the store stays invalid.
func (l *line) halt() {
	if r := l.relearning; r != nil {
		r.stop()
		r.running.Wait()
	}
}
