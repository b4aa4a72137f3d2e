package influx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vigie/storage"
)

const (
	followPage = 1000   // entries that are read and sent at once, with about ten points each at most
	splitAt    = 20_000 // entries behind at which new entries are sent before old ones
	lookBack   = 1000   // entries that a sampler sees before it begins
)

// Follow copies what is in the store to the server, all of it and everything that is added, behind the durable cursor of this
// name, until ctx ends. It returns the error of ctx, or of a store that cannot be read or written.
//
// A server that was killed, or whose disk was full, may have lost the last of what it had acknowledged. So what was sent
// shortly before an outage is sent once more afterwards, and the stored cursor stays that far behind.
//
// Far behind, after months without a network, it sends new entries as they are added, and the backlog in between, oldest
// first. Only the backlog has a cursor: if the process dies, the new entries are sent once more, which changes nothing at the
// server.
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
		if ctx.Err() != nil { // rather than the error that the store makes of it
			err = ctx.Err()
		}
		err = errors.Join(err, f.save(context.WithoutCancel(ctx)), f.s.SetCursor(context.WithoutCancel(ctx), SentCursor(f.name), f.old.seq))
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
		select {
		case <-time.After(batchDelay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// SentCursor is the name of a cursor that says how much the server has, for people. The one of Follow stays behind, since what a
// server acknowledged it may lose.
func SentCursor(name string) string { return name + " sent" }

// batchDelay is how long to wait for more, so that records that are added one by one go in one request.
const batchDelay = 100 * time.Millisecond

// follower belongs to the goroutine that runs Follow.
type follower struct {
	x    *Sink
	s    *storage.Store
	name string
	old  *stream // from the cursor
	live *stream // what was added since the backlog was seen; nil: old is the only stream
	from int64   // start of live: old has caught up when it is here

	// What may be lost at the server is sent again when there is nothing else to send.
	marks   []mark  // how far old was and when, from the beginning of the window
	outages int64   // of the server that were handled
	resend  *stream // nil: nothing may be lost
	upto    int64   // end of resend

	saved   int64     // the stored cursor
	savedAt time.Time // when it was stored
}

type mark struct {
	at  time.Time
	seq int64
}

// window is how much of what a server acknowledged it may lose: the last entries of this time, or this many, whichever is
// less.
type window struct {
	time    time.Duration
	entries int64
}

// defaultUnconfirmed covers what InfluxDB 1.8 holds only in its log and memory: up to 10 minutes, or 25 MB, some 100,000
// points.
var defaultUnconfirmed = window{15 * time.Minute, 100_000}

// How far the stored cursor may be behind, so that a flash card need not take one write per second.
const (
	saveAfter  = 20_000 // entries
	saveWithin = 30 * time.Second
)

// confirmed is the sequence number up to which the server cannot lose anything any more.
func (f *follower) confirmed() int64 {
	if f.resend != nil {
		return min(f.resend.seq, f.marks[0].seq)
	}
	return f.marks[0].seq
}

func (f *follower) save(ctx context.Context) error {
	seq := f.confirmed()
	if seq == f.saved {
		return nil
	}
	if err := f.s.SetCursor(ctx, f.name, seq); err != nil {
		return fmt.Errorf("influx: remembering how far it is: %w", err)
	}
	f.saved, f.savedAt = seq, time.Now()
	return nil
}

// mark records how far the oldest stream is, and drops marks that are outside the window.
func (f *follower) mark() {
	now := time.Now()
	last := &f.marks[len(f.marks)-1]
	if f.old.seq-last.seq >= f.x.unconfirmed.entries/20 || now.Sub(last.at) >= f.x.unconfirmed.time/20 {
		f.marks = append(f.marks, mark{now, f.old.seq})
	}
	for len(f.marks) > 1 && (now.Sub(f.marks[1].at) > f.x.unconfirmed.time || f.old.seq-f.marks[1].seq > f.x.unconfirmed.entries) {
		f.marks = f.marks[1:]
	}
}

// checkOutages begins to send again what may be lost, if the server was away since the last call.
func (f *follower) checkOutages(ctx context.Context) (err error) {
	outages := f.x.Status().Outages
	if outages == f.outages {
		return nil
	}
	f.outages = outages
	f.upto = max(f.upto, f.old.seq)
	if from := f.marks[0].seq; f.resend == nil || from < f.resend.seq {
		if f.resend, err = f.streamAt(ctx, from); err != nil {
			return err
		}
	}
	if f.live != nil { // few: those added since the backlog was seen
		f.live, err = f.streamAt(ctx, f.from)
	}
	return err
}

// stream is a position in the store from which entries are sent.
type stream struct {
	seq    int64
	read   *storage.Changes
	sample sampler
	p      points
}

// streamAt returns a stream that continues after seq. Its sampler has seen a few entries before it.
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
			st.sample.passes(e)
		}
	}
	return st, nil
}

// step sends a page of each stream, new entries first. more reports that there may be more to send.
func (f *follower) step(ctx context.Context) (more bool, err error) {
	if f.live == nil {
		newest, err := f.s.NewestSeq(ctx)
		if err != nil {
			return false, err
		}
		f.setBehind(newest - f.old.seq)
		if newest-f.old.seq > splitAt {
			if f.live, err = f.streamAt(ctx, newest); err != nil {
				return false, err
			}
			f.from = newest
		}
	} else {
		for n := followPage; n == followPage; { // all new entries, if more than a page is added per round
			if n, err = f.page(ctx, f.live, followPage); err != nil {
				return false, err
			}
		}
		f.setBehind(f.from - f.old.seq)
	}
	n, err := f.page(ctx, f.old, followPage)
	if err != nil {
		return false, err
	}
	if f.live != nil && f.old.seq >= f.from { // the backlog has reached what was sent already
		f.old, f.live = f.live, nil
		n = 1
	}
	f.mark()
	if err := f.checkOutages(ctx); err != nil {
		return false, err
	}
	if n == 0 && f.resend != nil {
		if n, err = f.page(ctx, f.resend, followPage); err != nil {
			return false, err
		}
		if n == 0 || f.resend.seq >= f.upto {
			f.resend, f.upto = nil, 0
		}
	}
	if f.confirmed()-f.saved >= saveAfter || time.Since(f.savedAt) >= saveWithin {
		err = f.save(ctx)
	}
	return n > 0, err
}

// page sends the next entries of a stream, and returns how many there were.
func (f *follower) page(ctx context.Context, st *stream, limit int) (int, error) {
	entries, err := st.read.After(ctx, st.seq, limit)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	if err := f.x.write(ctx, &st.p, &st.sample, entries); err != nil {
		return 0, err
	}
	st.seq = entries[len(entries)-1].Seq
	return len(entries), nil
}

func (f *follower) setBehind(behind int64) {
	through := f.old.seq
	if f.resend != nil {
		through = min(through, f.resend.seq)
	}
	f.x.mu.Lock()
	f.x.status.Behind, f.x.status.Through = max(0, behind), through
	f.x.mu.Unlock()
}
