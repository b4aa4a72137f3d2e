package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// FollowOptions say how a Sink follows a Store. The zero FollowOptions are the usual ones.
type FollowOptions struct {
	Batch     int  // most entries offered at once, source lines not counted; 0: 500
	UntilDone bool // return nil once the sink has everything, instead of waiting for more

	// Poll makes Follow read again after this time even if nothing was written through this Store, to follow what another
	// process writes. 0: never.
	Poll time.Duration

	// Backoff returns how long to wait after a number of failures of the sink in a row. A negative time makes Follow give up
	// and return the error. nil: Backoff of this package.
	Backoff func(failures int, err error) time.Duration

	// Lag is how far the stored cursor may be behind what the sink has acknowledged, which saves a flash card one write per
	// second. After a crash the sink is offered that much again. 0: not at all.
	Lag time.Duration

	// OnError, if set, is called after each failure of the sink, before the wait.
	OnError func(err error, wait time.Duration)
}

// RetryAfter may be implemented by the error of a Sink, to say when the far end wants the next attempt.
type RetryAfter interface{ RetryAfter() time.Duration }

const (
	firstWait = time.Second
	longest   = 5 * time.Minute
)

// Backoff is how long Follow waits by default: a second after the first failure and twice as long after each further one, at
// most 5 minutes, of which a random half is subtracted so that many sinks do not return at once. RetryAfter takes precedence,
// within the same limit.
func Backoff(failures int, err error) time.Duration {
	var after RetryAfter
	if errors.As(err, &after) && after.RetryAfter() > 0 {
		return min(after.RetryAfter(), longest)
	}
	wait := longest
	if failures < 10 {
		wait = min(firstWait<<max(failures-1, 0), longest)
	}
	return wait/2 + rand.N(wait/2+1)
}

// Follow copies everything that a Store holds, and everything that is added to it, to a sink until ctx ends. It keeps its
// place in the Store under name, continues from there after a restart, and begins with the oldest entry under a new name.
// Entries go in order of sequence number. An event goes in its current form, and again when it changes. The source line of a
// sensor goes before its first record of each run, and where it changes.
//
// Nothing is skipped: an entry that the sink has not acknowledged is offered again, so the sink sees each entry at least once.
// Memory does not grow with the backlog. Follow returns the error of ctx, of the Store, or of the sink if Backoff gives up.
func Follow(ctx context.Context, s *Store, name string, sink Sink, o FollowOptions) (err error) {
	if o.Batch <= 0 {
		o.Batch = 500
	}
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	seq, err := s.Cursor(ctx, name)
	if err != nil {
		return err
	}
	saved, savedAt := seq, time.Now()
	save := func() error {
		if seq == saved {
			return nil
		}
		saved, savedAt = seq, time.Now()
		return s.SetCursor(context.WithoutCancel(ctx), name, seq) // it has been delivered
	}
	defer func() {
		if saving := save(); err == nil {
			err = saving
		}
	}()
	changes := s.Changes(ChangesOptions{Sources: true, Raw: true})
	for {
		changed := s.Changed() // before reading, so that nothing added in between is missed
		entries, err := changes.After(ctx, seq, o.Batch)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(entries) > 0 {
			if err := offer(ctx, sink, entries, o); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			seq = entries[len(entries)-1].Seq
			if time.Since(savedAt) >= o.Lag {
				if err := save(); err != nil {
					return err
				}
			}
			continue
		}
		if o.UntilDone {
			return nil
		}
		var poll <-chan time.Time
		if o.Poll > 0 {
			poll = time.After(o.Poll)
		}
		select {
		case <-changed:
		case <-poll:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// offer passes entries to a sink until it accepts them.
func offer(ctx context.Context, sink Sink, entries []Entry, o FollowOptions) error {
	for failures := 1; ; failures++ {
		err := sink.Write(ctx, entries)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := o.Backoff(failures, err)
		if wait < 0 {
			return err
		}
		if o.OnError != nil {
			o.OnError(err, wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
