package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vigie/cell"
	"vigie/storage"
)

// What is handed on leaves out home zones and, where that is chosen, the start and the end of each walk, as vigie export does.

// May tells whether what was recorded from one time to another may be handed on; nil: all may.
type May func(from, to time.Time) bool

// ErrTrimmed is wrapped by the error of a report or bundle of an event that lies in what is left out.
var ErrTrimmed = errors.New("it lies in what is left out: a home zone, or the start or end of a walk")

// trimWalks is what the pages offer to leave out at either end of a walk.
const trimWalks = 15 * time.Minute

// leaving is what may be handed on of each store.
type leaving map[*storage.Store]May

func (l leaving) may(s Store, from, to time.Time) bool {
	may := l[s.Store]
	return may == nil || may(from, to)
}

// trims tells whether anything of a store is left out: then nothing is told that was gathered from all of it.
func (l leaving) trims(s Store) bool { return l[s.Store] != nil }

// some tells whether anything is left out anywhere.
func (l leaving) some() bool {
	for _, may := range l {
		if may != nil {
			return true
		}
	}
	return false
}

// trim takes out of what is handed on the events that may not be.
func (d *Desk) trim(ctx context.Context, h *handover, o BundleOptions) error {
	h.leaving = leaving{}
	if d.o.May == nil {
		return nil
	}
	for _, s := range h.sensors {
		if _, known := h.leaving[s.store.Store]; known {
			continue
		}
		may, err := d.o.May(ctx, s.store.Store, o.Trim, o.WithHomes)
		if err != nil {
			return fmt.Errorf("what may be handed on: %w", err)
		}
		h.leaving[s.store.Store] = may
	}
	if !h.leaving.some() {
		return nil
	}
	kept, stored, may := h.events[:0:0], h.stored[:0:0], map[string]bool{}
	for _, e := range h.events {
		own, s, err := d.lookup(ctx, plainTo(e.ID, 64))
		if err != nil {
			return err
		}
		was, err := s.Event(ctx, own.key)
		if err != nil {
			return err
		}
		if h.leaving.may(s, was.First, was.Last) {
			kept, may[e.ID] = append(kept, e), true
		}
	}
	for _, e := range h.stored {
		if may[e.ID] {
			stored = append(stored, e)
		}
	}
	if h.id != "" && len(kept) == 0 {
		return fmt.Errorf("event %s: %w", plainTo(h.id, 64), ErrTrimmed)
	}
	h.events, h.stored = kept, stored
	return nil
}

// trimmed takes out of a window what may not be handed on. Its records are by so much later than recorded, or not at all where the
// clock was set among them: what may not leave at either time does not.
func (w *window) trimmed(l leaving, s Store, by time.Duration) {
	if !l.trims(s) {
		return
	}
	may := func(r cell.Record) bool {
		at := r.When()
		return l.may(s, at, at) && l.may(s, at.Add(-by), at.Add(-by))
	}
	w.Records = slices.DeleteFunc(w.Records, func(r cell.Record) bool { return !may(r) })
	w.Minutes = slices.DeleteFunc(w.Minutes, func(r cell.Record) bool { return !may(r) })
}
