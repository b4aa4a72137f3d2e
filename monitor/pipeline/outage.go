package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// outageBuffer holds what the store cannot take for the moment: a full disk, or one that hangs for a while, must not end the
// watching. The analyzer continues, the store is tried again every few seconds, and what had to be given up is recorded as a
// gap, so that it does not look like a quiet time.
type outageBuffer struct {
	began   bool                      // writing failed, and has not succeeded since
	records []cell.Record             // copies of our own
	events  map[string]analyzer.Event // in their last form
	offered *batch                    // what the store was given and has not answered for; nil: nothing
	tried   time.Time                 // when the store last failed, by the time of the records
	lost    cell.Gap                  // what was given up since the store last took anything; zero: nothing
	dropped int                       // records that were given up
}

// batch is what is written in one transaction.
type batch struct {
	records []cell.Record
	events  []analyzer.Event
	now     time.Time // of the newest record
}

const (
	outageMost  = 7200 // records: an hour or two of one modem, a few MiB
	outageRetry = 5 * time.Second
)

// ReasonNotStored is the reason of a gap whose records could not be stored and had to be given up.
const ReasonNotStored = "not_stored"

// temporary reports whether an error of the store may pass.
func temporary(err error) bool {
	return !errors.Is(err, storage.ErrClosed) && !errors.Is(err, storage.ErrDamaged) && !errors.Is(err, context.Canceled)
}

// empty reports whether nothing waits.
func (b *outageBuffer) empty() bool { return len(b.records)+len(b.events) == 0 }

// waiting reports whether it is too early to try the store again.
func (b *outageBuffer) waiting(now time.Time) bool {
	return !b.empty() && !now.IsZero() && now.Sub(b.tried) < outageRetry && !now.Before(b.tried)
}

// add holds records; where there is no room for all, the newest, and the sources by which they are read.
func (b *outageBuffer) add(recs ...cell.Record) {
	for _, r := range recs {
		b.records = append(b.records, cell.Clone(r))
	}
	over := len(b.records) - outageMost
	if over <= 0 {
		return
	}
	var sources []cell.Record
	for _, r := range b.records[:over] {
		if _, isSource := r.(*cell.Source); isSource {
			sources = append(sources, r)
			continue
		}
		b.dropped++
		if t := r.When(); !t.IsZero() {
			if b.lost.Time.IsZero() {
				b.lost = cell.Gap{Time: t, Sensor: r.From(), Reason: ReasonNotStored}
			}
			b.lost.Until = t
		}
	}
	b.records = append(sources[max(0, len(sources)-16):], b.records[over:]...)
}

// addEvents holds events in their last form.
func (b *outageBuffer) addEvents(events []analyzer.Event) {
	if b.events == nil {
		b.events = map[string]analyzer.Event{}
	}
	for _, e := range events {
		b.events[e.ID] = e
	}
}

// offer takes everything that waits out of the buffer, to be written with what is new.
func (b *outageBuffer) offer(recs []cell.Record, now time.Time) *batch {
	out := &batch{now: now, events: slices.Collect(maps.Values(b.events))}
	if !b.lost.Time.IsZero() {
		g := b.lost
		out.records = append(out.records, &g)
	}
	out.records = append(append(out.records, b.records...), recs...)
	b.records, b.events, b.lost, b.offered = nil, nil, cell.Gap{}, out
	return out
}

// putBack holds what the store did not take, before what came meanwhile.
func (b *outageBuffer) putBack(failed *batch) {
	newer, newerEvents := b.records, slices.Collect(maps.Values(b.events))
	b.records, b.offered, b.tried = nil, nil, failed.now
	b.add(failed.records...)
	b.add(newer...)
	b.addEvents(failed.events)
	b.addEvents(newerEvents)
}

// String is what waits, in words.
func (b *outageBuffer) String() string {
	records, events := len(b.records), len(b.events)
	if b.offered != nil {
		records, events = records+len(b.offered.records), events+len(b.offered.events)
	}
	s := fmt.Sprintf("%d records and %d events wait", records, events)
	if b.dropped > 0 {
		s += fmt.Sprintf(", %d records were given up", b.dropped)
	}
	return s
}

// Outage describes an outage of the store, and what waits; empty if there is none.
func (p *Pipeline) Outage() string {
	if !p.outage.began {
		return ""
	}
	return fmt.Sprintf("the store cannot be written: %s", &p.outage)
}

// onOutage notes a write that failed, and reports the first of an outage.
func (p *Pipeline) onOutage(err error) {
	if !p.outage.began {
		p.outage.began = true
		p.complain("the store cannot be written, watching continues", err)
	}
	if p.NotStored != nil {
		p.NotStored(err)
	}
}

// complain reports what does not work, to the log and to people.
func (p *Pipeline) complain(text string, err error) {
	p.Warn(text, err)
	if p.Alarm != nil {
		p.Alarm(text, err)
	}
}

// Waiting is what waits for the store, in words.
func (p *Pipeline) Waiting() string { return p.outage.String() }

// store stores records, and returns those that are new.
func (p *Pipeline) store(ctx context.Context, recs []cell.Record) (fresh []cell.Record, err error) {
	var now time.Time
	if len(recs) > 0 {
		now = recs[len(recs)-1].When()
	}
	if p.late != nil || p.Tolerant && p.outage.waiting(now) {
		p.outage.add(recs...)
		return recs, nil
	}
	waited := !p.outage.empty()
	if p.Patience != nil { // the caller may use them again before they are written
		recs = slices.Clone(recs)
		for i := range recs {
			recs[i] = cell.Clone(recs[i])
		}
	}
	b := p.outage.offer(recs, now)
	var stored []cell.Record
	before, seq := p.seq, int64(0)
	answered, err := p.ask(func() (err error) {
		stored, seq, err = p.write(ctx, b, before)
		return err
	}, func(err error) error { return p.written(b, seq, err) })
	switch {
	case !answered:
		return recs, nil
	case err != nil || waited:
		stored = recs
	}
	return stored, p.written(b, seq, err)
}

// written takes the answer of the store to a batch. seq is the number of its last record; 0: it has none.
func (p *Pipeline) written(b *batch, seq int64, err error) error {
	o := &p.outage
	switch {
	case err == nil:
		if seq > 0 {
			p.seq = seq
		}
		if o.began {
			p.Warn(fmt.Sprintf("the store can be written again (%s)", o), nil)
		}
		o.began, o.offered, o.dropped, o.tried = false, nil, 0, time.Time{}
	case p.Tolerant && temporary(err):
		o.putBack(b)
		p.onOutage(err)
		return nil
	}
	return err
}

// storeEvents stores events.
func (p *Pipeline) storeEvents(ctx context.Context, events []analyzer.Event) error {
	if p.behind() { // after the records that they are found in
		p.outage.addEvents(events)
		return nil
	}
	b := &batch{events: events}
	answered, err := p.ask(func() error { return p.Store.PutEvents(ctx, events...) }, func(err error) error { return p.written(b, 0, err) })
	if !answered {
		p.outage.offered = b
		return nil
	}
	return p.written(b, 0, err)
}

// endOutage tries a last time to store what waits.
func (p *Pipeline) endOutage(ctx context.Context) error {
	if err := p.await(); err != nil || p.outage.empty() {
		return err
	}
	b := p.outage.offer(nil, time.Time{})
	_, seq, err := p.write(ctx, b, p.seq)
	if err != nil {
		return fmt.Errorf("at the end %s for a store that cannot be written: %w", &p.outage, err)
	}
	p.outage = outageBuffer{}
	p.seq = max(p.seq, seq)
	return nil
}

// write is one transaction. It returns the records that the store did not have, and the number of the last one. before is the
// number of the last record of an earlier one. It runs on a goroutine of its own.
func (p *Pipeline) write(ctx context.Context, b *batch, before int64) (fresh []cell.Record, seq int64, err error) {
	if p.Tolerant && len(b.events) == 0 { // one of many to come
		seq, ok, err := p.Store.AppendLater(ctx, b.records...)
		if err != nil || ok {
			return b.records, seq, err
		}
	}
	seq = before
	err = p.Store.Update(ctx, func(tx *storage.Tx) error {
		fresh = fresh[:0]
		for _, r := range b.records {
			last := tx.Seq()
			after, err := tx.Append(r)
			if err != nil {
				return err
			}
			if _, isSource := r.(*cell.Source); after > last || isSource {
				fresh = append(fresh, r)
			}
			seq = after
		}
		return tx.PutEvents(b.events...)
	})
	return fresh, seq, err
}
