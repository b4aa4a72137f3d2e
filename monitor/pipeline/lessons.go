package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"vigie/analyzer"
	"vigie/storage"
)

// Verdicts teach the analyzer: benign makes the cells of an event part of what is normal, suspicious keeps them out of it. A
// verdict is given at any time, by another process; what counts for the analyzer is between which two records it learned of
// it. That place is stored, so that the same records and verdicts give the same events again. A verdict that is taken back
// is as if it had never been given: what was learned since is learned again without it.

// lesson is a verdict and its place among the records. It is taught just before the next record is analysed, never at the
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

// lessons are those of a store, and how many of them an engine has been taught.
type lessons struct {
	store *storage.Store // nil: nothing is taught
	list  []lesson       // in their order
	next  int            // the first that the engine was not taught
	mark  int64          // of the verdicts when they were last looked at
	open  map[string]analyzer.Event
	found map[string]analyzer.Event // of the lessons that are due, read from the store
}

// revision is how the verdicts of a store differ from the lessons.
type revision struct {
	mark  int64             // of the verdicts
	fresh []storage.Verdict // that are no lessons yet
	gone  []lesson          // whose verdict was taken back
}

func (r *revision) empty() bool { return len(r.fresh)+len(r.gone) == 0 }

// begin reads the lessons of a store for an engine that holds the records up to and including seq. stale: it holds a lesson
// that was taken back, so it has to learn again from the first record.
func (x *lessons) begin(ctx context.Context, s *storage.Store, seq int64) (stale bool, err error) {
	*x = lessons{store: s, mark: -1, open: map[string]analyzer.Event{}}
	text, _, err := s.LoadState(ctx, lessonsName)
	if err != nil {
		return false, err
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &x.list); err != nil {
			return false, fmt.Errorf("the list of verdicts that the analyzer was taught cannot be read: %w", err)
		}
	}
	now, err := x.compare(ctx)
	if err != nil {
		return false, err
	}
	gone := now.gone // new ones are taught before the next record
	for _, l := range gone {
		stale = stale || l.After < seq
	}
	if stale {
		if complete, err := fromFirst(ctx, s); err != nil || !complete {
			x.rewind(seq) // applyVerdicts settles it
			return false, err
		}
		seq = 0
	}
	x.remove(gone)
	x.rewind(seq)
	return stale, nil
}

// fromFirst reports whether a store still has its first record: what retention removed cannot be learned again.
func fromFirst(ctx context.Context, s *storage.Store) (bool, error) {
	for e, err := range s.Records(ctx, storage.Query{Limit: 1, NoRaw: true}) {
		return e.Seq <= 1, err
	}
	return true, nil
}

// save stores the lessons. invalid removes the engine's state, which holds one that is no longer among them: should this
// process end before it has learned again, the next one does.
func (x *lessons) save(ctx context.Context, invalid bool) error {
	text, err := json.Marshal(x.list)
	if err != nil {
		return err
	}
	return x.store.Update(ctx, func(tx *storage.Tx) error {
		if invalid {
			if err := tx.SaveState(StateName, nil, 0); err != nil {
				return err
			}
		}
		return tx.SaveState(lessonsName, text, 0)
	})
}

// rewind is for an engine that holds the records up to and including seq.
func (x *lessons) rewind(seq int64) {
	x.next = len(x.list)
	if i := slices.IndexFunc(x.list, func(l lesson) bool { return l.After >= seq }); i >= 0 {
		x.next = i
	}
}

// compare finds verdicts that are no lessons yet, and lessons whose verdict was taken back. It changes nothing.
func (x *lessons) compare(ctx context.Context) (r revision, err error) {
	if r.mark, err = x.store.VerdictMark(ctx); err != nil || r.mark == x.mark {
		return r, err
	}
	given, err := x.store.GivenVerdicts(ctx)
	if err != nil {
		return r, err
	}
	last := map[string]storage.Judgement{}
	for _, v := range given {
		last[v.Event] = v.Judgement
	}
	taught, valid := map[int64]bool{}, map[int64]bool{}
	for _, l := range x.list {
		taught[l.Verdict] = true
	}
	for _, v := range given {
		if v.Judgement == storage.Unsure || last[v.Event] == storage.Unsure { // to be unsure later takes back what was said
			continue
		}
		valid[v.ID] = true
		if !taught[v.ID] {
			r.fresh = append(r.fresh, v)
		}
	}
	for _, l := range x.list {
		if !valid[l.Verdict] && !l.Settled {
			r.gone = append(r.gone, l)
		}
	}
	return r, nil
}

// remove drops lessons, and reports whether the engine had been taught one of them.
func (x *lessons) remove(gone []lesson) (taught bool) {
	kept := x.list[:0:0]
	next := x.next
	for i, l := range x.list {
		if !slices.Contains(gone, l) {
			kept = append(kept, l)
		} else if i < x.next {
			taught, next = true, next-1
		}
	}
	x.list, x.next = kept, next
	return taught
}

// onEvents remembers the events that are open: a verdict on one is about the cells that it had by then.
func (x *lessons) onEvents(events []analyzer.Event) {
	for _, e := range events {
		if x.open == nil || e.State == analyzer.Closed {
			delete(x.open, e.ID)
		} else {
			x.open[e.ID] = e
		}
	}
}

// teach teaches an engine the lessons that come before the record numbered before. flush takes what the engine found until
// then.
func (x *lessons) teach(ctx context.Context, e *analyzer.Engine, before int64, flush func(context.Context) error) error {
	for x.next < len(x.list) && x.list[x.next].After < before {
		if err := flush(ctx); err != nil {
			return err
		}
		l := &x.list[x.next]
		ev, known := x.open[l.Event]
		if !known {
			ev, known = x.found[l.Event]
		}
		if !known {
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

// find reads the events of the lessons that come before the record numbered before and are not open. It changes nothing.
func (x *lessons) find(ctx context.Context, before int64) (map[string]analyzer.Event, error) {
	found := map[string]analyzer.Event{}
	for _, l := range x.list[x.next:] {
		if l.After >= before {
			break
		}
		e, err := x.store.Event(ctx, l.Event)
		if err != nil {
			return nil, err
		}
		found[l.Event] = e
	}
	return found, nil
}
