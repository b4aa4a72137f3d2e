package influx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/storage"
)

const (
	followPage = 1000   // entries that are read and sent at a time, with some ten points each at most
	jumpAt     = 20_000 // entries behind from which on what is new is sent before what is old
	lookBack   = 1000   // entries that a thinner is shown before it begins
)

// Follow copies what is in the store to the server, all of it and everything that comes, behind the durable cursor of this
// name, until ctx ends. It returns ctx's error, or that of a store that cannot be read or written.
//
// A server that was killed, or whose disk was full, may have lost the last of what it had acknowledged. So what was sent
// shortly before the server was away is sent once more when it is back, and the cursor stays that much behind.
//
// Far behind, after months without a network, it sends what is new as it comes, and the backlog from the oldest on
// between. Only the backlog has a cursor: when the process dies, what was sent of the new is sent once more, and changes
// nothing at the server.
func (x *Sink) Follow(ctx context.Context, name string) (err error) {
	f := follower{x: x, s: x.store, name: name, savedAt: time.Now(), outages: x.Status().Outages}
	seq, err := f.s.Cursor(ctx, name)
	if err != nil {
		return err
	}
	if f.old, err = f.streamAt(ctx, seq); err != nil {
		return err
	}
	f.saved, f.marks = seq, []mark{{time.Now(), seq}}
	defer func() {
		if ctx.Err() != nil { // not what the store made of it
			err = ctx.Err()
		}
		err = errors.Join(err, f.save(context.WithoutCancel(ctx)))
	}()
	for {
		changed := f.s.Changed()
		more, err := f.step(ctx)
		if err != nil {
			return err
		}
		if more {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := gather(ctx); err != nil {
			return err
		}
	}
}

// gather waits a moment, so that what comes in single records goes in one request.
func gather(ctx context.Context) error {
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const gatherFor = 100 * time.Millisecond

// follower belongs to the goroutine that runs Follow.
type follower struct {
	x    *Sink
	s    *storage.Store
	name string
	old  *stream // from the cursor on
	live *stream // what came since it was seen how far behind we are; nil: old is the only one
	from int64   // where live began: old has come home when it is here

	// What may have been lost at the server is sent again when there is nothing else to send.
	marks   []mark  // how far old was when: from the beginning of the doubtful window on
	outages int64   // of the server, as far as they were dealt with
	again   *stream // nil: nothing is in doubt
	upto    int64   // where again ends

	saved   int64     // the cursor
	savedAt time.Time // when it was stored
}

type mark struct {
	at  time.Time
	seq int64
}

// window is how much of what a server acknowledged it may lose: so long, or so many entries, whichever is less.
type window struct {
	time    time.Duration
	entries int64
}

// usualDoubt covers what InfluxDB 1.8 has in its log and memory only: up to 10 minutes, or 25 MB, some 100,000 points.
var usualDoubt = window{15 * time.Minute, 100_000}

// How far the stored cursor may lag behind. A flash card need not bear a write a second.
const (
	saveAfter  = 20_000 // entries
	saveWithin = 30 * time.Second
)

// sure is up to where everything is at the server for good.
func (f *follower) sure() int64 {
	if f.again != nil {
		return min(f.again.seq, f.marks[0].seq)
	}
	return f.marks[0].seq
}

func (f *follower) save(ctx context.Context) error {
	seq := f.sure()
	if seq == f.saved {
		return nil
	}
	if err := f.s.SetCursor(ctx, f.name, seq); err != nil {
		return fmt.Errorf("influx: remembering how far it is: %w", err)
	}
	f.saved, f.savedAt = seq, time.Now()
	return nil
}

// mark remembers how far old is, and forgets what is no longer in doubt.
func (f *follower) mark() {
	now := time.Now()
	last := &f.marks[len(f.marks)-1]
	if f.old.seq-last.seq >= f.x.doubt.entries/20 || now.Sub(last.at) >= f.x.doubt.time/20 {
		f.marks = append(f.marks, mark{now, f.old.seq})
	}
	for len(f.marks) > 1 && (now.Sub(f.marks[1].at) > f.x.doubt.time || f.old.seq-f.marks[1].seq > f.x.doubt.entries) {
		f.marks = f.marks[1:]
	}
}

// question looks whether the server was away meanwhile.
func (f *follower) question(ctx context.Context) (err error) {
	outages := f.x.Status().Outages
	if outages == f.outages {
		return nil
	}
	f.outages = outages
	f.upto = max(f.upto, f.old.seq)
	if from := f.marks[0].seq; f.again == nil || from < f.again.seq {
		if f.again, err = f.streamAt(ctx, from); err != nil {
			return err
		}
	}
	if f.live != nil { // not much: what came since the backlog began to drain
		f.live, err = f.streamAt(ctx, f.from)
	}
	return err
}

// stream is one place in the store from which entries are sent on.
type stream struct {
	seq  int64
	read *storage.Changes
	thin thinner
	p    points
}

// streamAt is a stream that goes on after seq, having seen a little of what came before.
func (f *follower) streamAt(ctx context.Context, seq int64) (*stream, error) {
	st := &stream{seq: seq, read: f.s.Changes(storage.ChangesOptions{})}
	if f.x.o.FullRate || seq <= 0 {
		return st, nil
	}
	before, err := st.read.After(ctx, max(0, seq-lookBack), lookBack)
	if err != nil {
		return nil, err
	}
	for _, e := range before {
		if e.Seq <= seq {
			st.thin.keep(e)
		}
	}
	return st, nil
}

// step sends a page of each stream, what is new first. more tells that there may be more to send.
func (f *follower) step(ctx context.Context) (more bool, err error) {
	if f.live == nil {
		newest, err := f.s.NewestSeq(ctx)
		if err != nil {
			return false, err
		}
		f.note(newest - f.old.seq)
		if newest-f.old.seq > jumpAt {
			if f.live, err = f.streamAt(ctx, newest); err != nil {
				return false, err
			}
			f.from = newest
		}
	} else {
		for n := followPage; n == followPage; { // all that is new, if it comes faster than a page a round
			if n, err = f.page(ctx, f.live, followPage); err != nil {
				return false, err
			}
		}
		f.note(f.from - f.old.seq)
	}
	n, err := f.page(ctx, f.old, followPage)
	if err != nil {
		return false, err
	}
	if f.live != nil && f.old.seq >= f.from { // the backlog has met what was sent already
		f.old, f.live = f.live, nil
		n = 1
	}
	f.mark()
	if err := f.question(ctx); err != nil {
		return false, err
	}
	if n == 0 && f.again != nil {
		if n, err = f.page(ctx, f.again, followPage); err != nil {
			return false, err
		}
		if n == 0 || f.again.seq >= f.upto {
			f.again, f.upto = nil, 0
		}
	}
	if f.sure()-f.saved >= saveAfter || time.Since(f.savedAt) >= saveWithin {
		err = f.save(ctx)
	}
	return n > 0, err
}

// page sends the next entries of a stream and returns how many there were.
func (f *follower) page(ctx context.Context, st *stream, limit int) (int, error) {
	entries, err := st.read.After(ctx, st.seq, limit)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	if err := f.x.write(ctx, &st.p, &st.thin, entries); err != nil {
		return 0, err
	}
	st.seq = entries[len(entries)-1].Seq
	return len(entries), nil
}

func (f *follower) note(behind int64) {
	through := f.old.seq
	if f.again != nil {
		through = min(through, f.again.seq)
	}
	f.x.mu.Lock()
	f.x.status.Behind, f.x.status.Through = max(0, behind), through
	f.x.mu.Unlock()
}
