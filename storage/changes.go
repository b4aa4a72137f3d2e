package storage

import (
	"context"
	"database/sql"
	"math"
)

// ChangesOptions say what Changes reads of each record. The zero value is for a caller that needs neither.
type ChangesOptions struct {
	Sources bool // the source line of a sensor before its first record, and where it changes
	Raw     bool // raw lines of the modem
}

// Changes reads records and events in the order in which they were written: what a follower of the store copies. It belongs
// to one goroutine.
type Changes struct {
	s *Store
	r *reader
}

// Changes makes a reader of what was written.
func (s *Store) Changes(o ChangesOptions) *Changes { return &Changes{s, newReader(o.Sources, !o.Raw)} }

// After returns the entries after a sequence number, in order: at most limit of them, source lines not counted, and none if
// there are no more. It reads one state of the store, so that no number is skipped.
func (c *Changes) After(ctx context.Context, seq int64, limit int) ([]Entry, error) {
	entries, err := c.after(ctx, seq, limit)
	return c.s.clean.entries(entries), reading("the store", err)
}

func (c *Changes) after(ctx context.Context, seq int64, limit int) ([]Entry, error) {
	r := c.r
	tx, err := c.s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	rows, more, err := r.page(ctx, tx, "WHERE record.seq > ? ORDER BY record.seq", []any{seq}, limit)
	if err != nil {
		return nil, err
	}
	upto := int64(math.MaxInt64) // all up to here was read
	if more {
		upto = rows[len(rows)-1].Seq
	}
	evs, moreEvents, err := eventsAfter(ctx, tx, seq, upto, limit)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	add := func(e Entry, _ error) bool { entries = append(entries, e); return true }
	for n := 0; n < limit && (len(rows) > 0 || len(evs) > 0); n++ {
		if len(evs) == 0 || len(rows) > 0 && rows[0].Seq < evs[0].Seq {
			r.emit(rows[0], add)
			rows = rows[1:]
		} else {
			entries = append(entries, evs[0])
			evs = evs[1:]
			if len(evs) == 0 && moreEvents {
				break
			}
		}
	}
	return entries, nil
}

func eventsAfter(ctx context.Context, db queryer, seq, upto int64, limit int) (evs []Entry, more bool, err error) {
	size := 0
	err = eachRow(ctx, db, "SELECT seq, id, body FROM event WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", []any{seq, upto, limit}, func(rows *sql.Rows) error {
		var e Entry
		var id string
		var body []byte
		if err := rows.Scan(&e.Seq, &id, &body); err != nil {
			return err
		}
		ev, err := eventOf(id, body)
		if err != nil {
			return err
		}
		e.Event = &ev
		evs = append(evs, e)
		if size += len(body); size >= pageBytes {
			return errEnough
		}
		return nil
	})
	if len(evs) > 0 {
		err = afterRow("change", evs[len(evs)-1].Seq, err)
	}
	return evs, size >= pageBytes || len(evs) == limit, err
}

// NewestSeq is the sequence number of the newest entry that readers see; 0 if the store is empty.
func (s *Store) NewestSeq(ctx context.Context) (seq int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT max(ifnull((SELECT max(seq) FROM record), 0), ifnull((SELECT max(seq) FROM event), 0))").Scan(&seq)
	return seq, reading("the store", err)
}
