package storage

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	followPage = 1000   // entries that are read and sent at a time, with some ten points each at most
	jumpAt     = 20_000 // entries behind from which on what is new is sent before what is old
	lookBack   = 1000   // entries that a thinner is shown before it begins
)

// Follow copies what is in the store to the server, all of it and everything that comes, behind the durable cursor of this
// name, until ctx ends. It returns ctx's error, or that of a store that cannot be read or written.
//
// Far behind, after months without a network, it sends what is new as it comes, and the backlog from the oldest on
// between. Only the backlog has a cursor: when the process dies, what was sent of the new is sent once more, and changes
// nothing at the server.
func (x *Influx) Follow(ctx context.Context, name string) (err error) {
	f := influxFollower{x: x, s: x.store, name: name, savedAt: time.Now()}
	seq, err := f.s.Cursor(ctx, name)
	if err != nil {
		return err
	}
	if f.old, err = f.streamAt(ctx, seq); err != nil {
		return err
	}
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

// influxFollower belongs to the goroutine that runs Follow.
type influxFollower struct {
	x    *Influx
	s    *Store
	name string
	old  *stream // from the cursor on
	live *stream // what came since it was seen how far behind we are; nil: old is the only one
	from int64   // where live began: old has come home when it is here

	unsaved int       // entries since the cursor was stored
	savedAt time.Time // when it was
}

// How far the cursor may lag behind. What is sent twice changes nothing, and a flash card need not bear a write a second.
const (
	saveAfter  = 20_000 // entries
	saveWithin = 30 * time.Second
)

func (f *influxFollower) save(ctx context.Context) error {
	if f.unsaved == 0 {
		return nil
	}
	if err := f.s.SetCursor(ctx, f.name, f.old.seq); err != nil {
		return fmt.Errorf("influx: remembering how far it is: %w", err)
	}
	f.unsaved, f.savedAt = 0, time.Now()
	return nil
}

// stream is one place in the store from which entries are sent on.
type stream struct {
	seq  int64
	read *reader
	thin thinner
	p    points
}

// streamAt is a stream that goes on after seq, having seen a little of what came before.
func (f *influxFollower) streamAt(ctx context.Context, seq int64) (*stream, error) {
	st := &stream{seq: seq, read: newReader(false, true)}
	if f.x.o.FullRate || seq <= 0 {
		return st, nil
	}
	before, err := f.s.after(ctx, st.read, max(0, seq-lookBack), lookBack)
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
func (f *influxFollower) step(ctx context.Context) (more bool, err error) {
	if f.live == nil {
		newest, err := f.s.newestSeq(ctx)
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
	f.unsaved += n
	if f.unsaved >= saveAfter || f.unsaved > 0 && time.Since(f.savedAt) >= saveWithin {
		err = f.save(ctx)
	}
	return n > 0, err
}

// page sends the next entries of a stream and returns how many there were.
func (f *influxFollower) page(ctx context.Context, st *stream, limit int) (int, error) {
	entries, err := f.s.after(ctx, st.read, st.seq, limit)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	if err := f.x.write(ctx, &st.p, &st.thin, entries); err != nil {
		return 0, err
	}
	st.seq = entries[len(entries)-1].Seq
	return len(entries), nil
}

func (f *influxFollower) note(behind int64) {
	f.x.mu.Lock()
	f.x.status.Behind, f.x.status.Through = max(0, behind), f.old.seq
	f.x.mu.Unlock()
}

// newestSeq is the number of the newest entry.
func (s *Store) newestSeq(ctx context.Context) (seq int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT max(ifnull((SELECT max(seq) FROM record), 0), ifnull((SELECT max(seq) FROM event), 0))").Scan(&seq)
	return seq, err
}
