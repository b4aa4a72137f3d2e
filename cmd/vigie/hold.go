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
	"vigie/cmd/vigie/console"
	"vigie/storage"
)

// hold keeps what a store does not take for the moment: a full disk, or one that hangs for a while, must not end the
// watching. The analyzer goes on, the store is tried again every few seconds, and what had to be given up is told as a
// gap, so that it does not look like a quiet time.
type hold struct {
	records []cell.Record
	events  map[string]analyzer.Event // in their last form
	tried   time.Time                 // when the store was last tried, by the time of the records
	lost    cell.Gap                  // what was given up since the store last took anything; zero: nothing
	dropped int
}

const (
	holdMost  = 7200 // records: an hour or two of one modem, a few MiB
	holdRetry = 5 * time.Second
)

// gapNotStored is the reason of a gap whose records the store did not take until they had to be given up.
const gapNotStored = "not_stored"

// passing tells an error of the store that may pass from one that will not.
func passing(err error) bool {
	return !errors.Is(err, storage.ErrClosed) && !errors.Is(err, storage.ErrDamaged) && !errors.Is(err, context.Canceled)
}

// waiting tells whether the store should not be tried yet.
func (h *hold) waiting(now time.Time) bool {
	return len(h.records)+len(h.events) > 0 && !now.IsZero() && now.Sub(h.tried) < holdRetry && !now.Before(h.tried)
}

// keep holds records back, the newest ones where there is no room for all.
func (h *hold) keep(recs ...cell.Record) {
	h.records = append(h.records, recs...)
	over := len(h.records) - holdMost
	if over <= 0 {
		return
	}
	var sources []cell.Record // what is kept is read by them
	for _, r := range h.records[:over] {
		if _, isSource := r.(*cell.Source); isSource {
			sources = append(sources, r)
			continue
		}
		h.dropped++
		if t := r.When(); !t.IsZero() {
			if h.lost.Time.IsZero() {
				h.lost = cell.Gap{Time: t, Sensor: r.From(), Reason: gapNotStored}
			}
			h.lost.Until = t
		}
	}
	h.records = append(sources[max(0, len(sources)-16):], h.records[over:]...)
}

// gap is what was given up, once.
func (h *hold) gap() []cell.Record {
	if h.lost.Time.IsZero() {
		return nil
	}
	g := h.lost
	h.lost = cell.Gap{}
	return []cell.Record{&g}
}

// keepEvents holds events back in their last form.
func (h *hold) keepEvents(events []analyzer.Event) {
	if h.events == nil {
		h.events = map[string]analyzer.Event{}
	}
	for _, e := range events {
		h.events[e.ID] = e
	}
}

func (h *hold) String() string {
	s := fmt.Sprintf("%s and %s wait", console.Plural(len(h.records), "record"), console.Plural(len(h.events), "event"))
	if h.dropped > 0 {
		s += fmt.Sprintf(", %s given up", console.Plural(h.dropped, "record"))
	}
	return s
}

// trouble says that the store takes nothing, and what waits; "" it does.
func (l *line) trouble() string {
	if !l.failing {
		return ""
	}
	return fmt.Sprintf("the store takes nothing: %s", &l.held)
}

// refused notes that the store took nothing, and says so once.
func (l *line) refused(err error) {
	if !l.failing {
		l.failing = true
		l.complain("the store takes nothing, watching goes on", err)
	}
	l.keeper.full(err)
}

// complain says what does not work in the log, and to people.
func (l *line) complain(text string, err error) {
	l.warn("%s: %v", text, err)
	if l.alarm != nil {
		l.alarm(text, err)
	}
}

// put stores records, and returns those that are new. A watch bears a store that takes nothing for a while.
func (l *line) put(ctx context.Context, recs []cell.Record) (fresh []cell.Record, err error) {
	now := recs[len(recs)-1].When()
	if l.patient && l.held.waiting(now) {
		l.held.keep(recs...)
		return recs, nil
	}
	all := append(append(l.held.gap(), l.held.records...), recs...)
	if len(all) == len(recs) && len(l.held.events) == 0 {
		fresh, err = l.append(ctx, recs, nil)
	} else {
		_, err = l.append(ctx, all, slices.Collect(maps.Values(l.held.events)))
		fresh = recs
	}
	switch {
	case err == nil && l.failing:
		l.failing = false
		l.warn("the store takes records again (%s)", &l.held)
		l.held = hold{}
	case err == nil:
	case l.patient && passing(err):
		l.refused(err)
		l.held.tried = now
		l.held.keep(recs...)
		return recs, nil
	}
	return fresh, err
}

// putEvents stores events; a watch bears a store that takes nothing for a while.
func (l *line) putEvents(ctx context.Context, events []analyzer.Event) error {
	if l.failing {
		l.held.keepEvents(events)
		return nil
	}
	err := l.store.PutEvents(ctx, events...)
	if err != nil && l.patient && passing(err) {
		l.refused(err)
		l.held.keepEvents(events)
		return nil
	}
	return err
}

// append is one transaction: records, and events that waited. It returns the records that the store did not have.
func (l *line) append(ctx context.Context, recs []cell.Record, events []analyzer.Event) (fresh []cell.Record, err error) {
	if l.patient && len(events) == 0 { // one of many to come
		seq, ok, err := l.store.AppendLater(ctx, recs...)
		if err != nil {
			return nil, err
		}
		if ok {
			l.seq = seq
			return recs, nil
		}
	}
	seq := l.seq
	err = l.store.Update(ctx, func(tx *storage.Tx) error {
		fresh = fresh[:0]
		for _, r := range recs {
			before := tx.Seq()
			after, err := tx.Append(r)
			if err != nil {
				return err
			}
			if _, isSource := r.(*cell.Source); after > before || isSource {
				fresh = append(fresh, r)
			}
			seq = after
		}
		return tx.PutEvents(events...)
	})
	if err != nil {
		return nil, err
	}
	l.seq = seq
	return fresh, nil
}
