package influx

import (
	"context"
	"fmt"
	"time"

	"vigie/storage"
)

const maxRejectedPart = 4 << 10 // bytes of a point or of the server's words that are stored

// reject stores a point that the server refused, as a dead letter. It returns once that is durable.
func (x *Sink) reject(ctx context.Context, r storage.Rejected) error {
	r.Time, r.Reason, r.Point = time.Now(), clean(r.Reason, maxRejectedPart), clean(r.Point, maxRejectedPart)
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
