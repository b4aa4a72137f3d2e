package influx

import (
	"context"
	"fmt"
	"time"

	"vigie/storage"
)

const mostRejectedPart = 4 << 10 // bytes of a point or of the server's words that are stored

// reject stores a point that the server refused, durably before it counts as done.
func (x *Sink) reject(ctx context.Context, r storage.Rejected) error {
	r.Time, r.Reason, r.Point = time.Now(), cleaned(r.Reason, mostRejectedPart), cleaned(r.Point, mostRejectedPart)
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
		x.say("influx: the server refused a point for good; it is set aside with the server's words, and the rest goes on: vigie influx aside lists them")
	}
	return nil
}
