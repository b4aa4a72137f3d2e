package influx

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"vigie/storage"
)

const maxRejectedPart = 4 << 10 // bytes of a point or of the server's words that are stored

// reject stores a point that the server refused, as a dead letter. It returns once that is durable.
func (x *Sink) reject(ctx context.Context, r storage.Rejected) error {
	r.Time, r.Reason, r.Point = time.Now(), clean(r.Reason, maxRejectedPart), clean(r.Point, maxRejectedPart)
	x.mu.Lock()
	x.refusals++
	x.mu.Unlock()
	isNew, err := x.store.AddRejected(ctx, r)
	if err != nil {
		return fmt.Errorf("influx: storing a rejected point: %w", err)
	}
	if !isNew {
		return nil
	}
	x.mu.Lock()
	x.status.Rejected++
	first := x.status.Rejected == 1
	x.mu.Unlock()
	if first {
		x.log("influx: the server refused a point permanently; it is set aside with the server's words, and copying continues: vigie influx aside lists them")
	}
	return nil
}

// SendRejected sends what was rejected again, from the store: the entries of points, and everything from the first entry that
// went without a field on. What the server takes now is no longer rejected. It returns how many dead letters were and how
// many are left.
func (x *Sink) SendRejected(ctx context.Context) (were, left int, err error) {
	_, letters, err := x.store.Rejected(ctx)
	if err != nil {
		return 0, 0, err
	}
	var all []storage.Rejected
	for r, err := range letters {
		if err != nil {
			return 0, 0, err
		}
		all = append(all, r)
	}
	for _, r := range all {
		x.mu.Lock()
		x.refusedFields = nil
		x.mu.Unlock()
		refused, err := x.sendAgain(ctx, r)
		if err != nil {
			return len(all), left, err
		}
		if refused {
			left++
			continue
		}
		if err := x.store.RemoveRejected(ctx, r); err != nil {
			return len(all), left, err
		}
	}
	return len(all), left, nil
}

// sendAgain sends what a dead letter is about, and reports whether the server refuses any of it again. An entry that is no
// longer in the store, such as the earlier form of an event, has nothing to send.
func (x *Sink) sendAgain(ctx context.Context, r storage.Rejected) (refused bool, err error) {
	x.mu.Lock()
	before := x.refusals
	x.mu.Unlock()
	changes := x.store.Changes(storage.ChangesOptions{})
	var p points
	for seq, field := r.Seq-1, !strings.Contains(r.Point, "="); ; {
		entries, err := changes.After(ctx, seq, followPage)
		if err != nil {
			return false, err
		}
		if !field {
			entries = slices.DeleteFunc(entries, func(e storage.Entry) bool { return e.Seq != r.Seq })
		}
		if err := x.write(ctx, &p, nil, entries); err != nil {
			return false, err
		}
		if !field || len(entries) == 0 {
			break
		}
		seq = entries[len(entries)-1].Seq
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.refusals != before, nil
}
