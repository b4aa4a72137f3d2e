package influx

import (
	"context"
	"time"

	"vigie/storage"
)

// Hurry shortens the waits of a Sink.
func (x *Sink) Hurry(stopped time.Duration) {
	x.wait = waits{first: time.Millisecond, most: 20 * time.Millisecond, after: 50 * time.Millisecond, stopped: stopped}
}

// Lines are the points of entries, at full rate or sampled.
func Lines(o Options, entries []storage.Entry) []string {
	x := Sink{o: o, shape: shape{positions: o.Positions}}
	var p points
	var t sampler
	for _, e := range entries {
		if o.FullRate || t.passes(e) {
			x.shape.add(&p, e)
		}
	}
	lines := make([]string, p.len())
	for i := range lines {
		lines[i] = p.line(i)
	}
	return lines
}

// Entries are all entries of the store, in order of writing.
func Entries(ctx context.Context, s *storage.Store) (all []storage.Entry, err error) {
	var seq int64
	for {
		page, err := s.Changes(storage.ChangesOptions{}).After(ctx, seq, 10_000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all, seq = append(all, page...), page[len(page)-1].Seq
	}
}

// PauseFor is how long an answer makes a Sink wait.
func (x *Sink) PauseFor(ctx context.Context, status int, retryAfter string, attempt int) (time.Duration, error) {
	start := time.Now()
	v := retry
	if status != 0 {
		v = outcomeOf(status)
	}
	err := x.pause(ctx, answer{outcome: v, status: status, after: parseRetryAfter(retryAfter, start)}, attempt)
	return time.Since(start), err
}

// KnownPLMN is the code of a network that exists.
var KnownPLMN = knownPLMN

// Narrow makes a Sink assume that a server loses no more than this many entries.
func (x *Sink) Narrow(entries int64) { x.unconfirmed.entries = entries }
