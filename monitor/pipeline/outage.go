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
	began   bool                      // an outage is under way
	records []cell.Record             // copies of our own
	events  map[string]analyzer.Event // in their last form
	tried   time.Time                 // when the store was last tried, by the time of the records
	lost    cell.Gap                  // what was given up since the store last took anything; zero: nothing
	dropped int                       // records that were given up
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

// waiting reports whether it is too early to try the store again.
func (b *outageBuffer) waiting(now time.Time) bool {
	return len(b.records)+len(b.events) > 0 && !now.IsZero() && now.Sub(b.tried) < outageRetry && !now.Before(b.tried)
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

// gap returns what was given up, once.
func (b *outageBuffer) gap() []cell.Record {
	if b.lost.Time.IsZero() {
		return nil
	}
	g := b.lost
	b.lost = cell.Gap{}
	return []cell.Record{&g}
}

// String is what waits, in words.
func (b *outageBuffer) String() string {
	s := fmt.Sprintf("%d records and %d events wait", len(b.records), len(b.events))
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

// store stores records, and returns those that are new.
func (p *Pipeline) store(ctx context.Context, recs []cell.Record) (fresh []cell.Record, err error) {
	now := recs[len(recs)-1].When()
	if p.Tolerant && p.outage.waiting(now) {
		p.outage.add(recs...)
		return recs, nil
	}
	all := append(append(p.outage.gap(), p.outage.records...), recs...)
	if len(all) == len(recs) && len(p.outage.events) == 0 {
		fresh, err = p.write(ctx, recs, nil)
	} else {
		_, err = p.write(ctx, all, slices.Collect(maps.Values(p.outage.events)))
		fresh = recs
	}
	switch {
	case err == nil && p.outage.began:
		p.Warn(fmt.Sprintf("the store can be written again (%s)", &p.outage), nil)
		p.outage = outageBuffer{}
	case err == nil:
	case p.Tolerant && temporary(err):
		p.onOutage(err)
		p.outage.tried = now
		p.outage.add(recs...)
		return recs, nil
	}
	return fresh, err
}

// storeEvents stores events.
func (p *Pipeline) storeEvents(ctx context.Context, events []analyzer.Event) error {
	if p.outage.began {
		p.outage.addEvents(events)
		return nil
	}
	err := p.Store.PutEvents(ctx, events...)
	if err != nil && p.Tolerant && temporary(err) {
		p.onOutage(err)
		p.outage.addEvents(events)
		return nil
	}
	return err
}

// endOutage tries a last time to store what waits.
func (p *Pipeline) endOutage(ctx context.Context) error {
	if !p.outage.began {
		return nil
	}
	if _, err := p.write(ctx, append(p.outage.gap(), p.outage.records...), slices.Collect(maps.Values(p.outage.events))); err != nil {
		return fmt.Errorf("at the end %s for a store that cannot be written: %w", &p.outage, err)
	}
	p.outage.began = false
	return nil
}

// write is one transaction: records, and events that waited. It returns the records that the store did not have.
func (p *Pipeline) write(ctx context.Context, recs []cell.Record, events []analyzer.Event) (fresh []cell.Record, err error) {
	if p.Tolerant && len(events) == 0 { // one of many to come
		seq, ok, err := p.Store.AppendLater(ctx, recs...)
		if err != nil {
			return nil, err
		}
		if ok {
			p.seq = seq
			return recs, nil
		}
	}
	seq := p.seq
	err = p.Store.Update(ctx, func(tx *storage.Tx) error {
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
	p.seq = seq
	return fresh, nil
}
