package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"
)

// SaveState stores the state of the analyzer or another component under a name. seq says which records it includes: those up
// to this sequence number (see Tx.Seq). Saved in the transaction of the events that it led to, it cannot contradict them.
func (t *Tx) SaveState(name string, state []byte, seq int64) error {
	if err := t.check(); err != nil {
		return err
	}
	t.urgent = true
	if state == nil {
		state = []byte{}
	}
	save := func() error {
		return t.w.exec("INSERT INTO state (name, seq, body) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, body = excluded.body", name, seq, state)
	}
	if len(state) < longestValue/2 {
		return save()
	}
	return withLongValues(t.w.conn, save)
}

// SaveState stores a state in a transaction of its own (see Tx.SaveState).
func (s *Store) SaveState(ctx context.Context, name string, state []byte, seq int64) error {
	return s.Update(ctx, func(t *Tx) error { return t.SaveState(name, state, seq) })
}

// LoadState returns what SaveState stored under this name; nil and 0 if there is nothing. Records with a greater sequence
// number than seq are not included.
func (s *Store) LoadState(ctx context.Context, name string) (state []byte, seq int64, err error) {
	conn, err := s.rdb.Conn(ctx)
	if err == nil {
		err = withLongValues(conn, func() error {
			return conn.QueryRowContext(ctx, "SELECT seq, body FROM state WHERE name = ?", name).Scan(&seq, &state)
		})
		conn.Close()
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fmt.Errorf("state %q: %w", clip(name), Explain(err))
	}
	return state, seq, nil
}

// SetCursor stores how far the follower of this name is.
func (t *Tx) SetCursor(name string, seq int64) error {
	if err := t.check(); err != nil {
		return err
	}
	return t.w.exec("INSERT INTO cursor (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq", name, seq)
}

// SetCursor stores a cursor in a transaction of its own. A power cut within a second may take it back; the follower then
// delivers again what it had delivered.
func (s *Store) SetCursor(ctx context.Context, name string, seq int64) error {
	return s.Update(ctx, func(t *Tx) error { return t.SetCursor(name, seq) })
}

// Cursor is how far the follower of this name is: the sequence number of the last entry that it delivered; 0 if it has
// delivered none.
func (s *Store) Cursor(ctx context.Context, name string) (seq int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT seq FROM cursor WHERE name = ?", name).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("cursor %q: %w", clip(name), Explain(err))
	}
	return seq, nil
}

// Behind is how many sequence numbers the cursor of that name is behind the newest one.
func (s *Store) Behind(ctx context.Context, name string) (int64, error) {
	st, err := s.Stats(ctx)
	if err != nil {
		return 0, err
	}
	seq, err := s.Cursor(ctx, name)
	return max(0, st.Seq-seq), err
}

// Stats counts what is in a store.
type Stats struct {
	Observations int64
	Others       int64 // gaps, health and clock lines
	Events       int64
	Cells        int64 // that were reported with their identity
	Verdicts     int64
	Oldest       time.Time // record; zero if there is none
	Newest       time.Time // record
	Seq          int64     // the last sequence number
	Bytes        int64     // of the database
	FreeBytes    int64     // of Bytes, not in use
	LogBytes     int64     // of SQLite's log
}

// Stats is quick: records are counted when they are stored, not here. Pending records (AppendLater) are included.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	st, err := s.stats(ctx)
	return st, reading("the store", err)
}

func (s *Store) stats(ctx context.Context) (st Stats, err error) {
	observations, others, last, seq := s.pendingStats() // first, so that what is committed in between has no lesser number
	tx, err := s.rdb.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return st, err
	}
	defer tx.Rollback()
	fresh, err := uncounted(ctx, tx)
	if err != nil {
		return st, err
	}
	var oldest, newest sql.NullInt64
	var pages, free, size int64
	// The conditions are always true. Without one SQLite counts in a loop that the end of ctx does not end.
	err = tx.QueryRowContext(ctx, `SELECT (SELECT observations FROM tally), (SELECT others FROM tally), (SELECT count(*) FROM event WHERE seq >= -1),
		(SELECT count(*) FROM cell WHERE rat >= 0), (SELECT count(*) FROM verdict WHERE id >= -1), (SELECT min(time) FROM record), (SELECT max(time) FROM record),
		max((SELECT spent FROM sequence), ifnull((SELECT max(seq) FROM record), 0), ifnull((SELECT max(seq) FROM event), 0)),
		(SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size)`).
		Scan(&st.Observations, &st.Others, &st.Events, &st.Cells, &st.Verdicts, &oldest, &newest, &st.Seq, &pages, &free, &size)
	if err != nil {
		return st, err
	}
	st.Observations += fresh.observations
	st.Others += fresh.others
	for key := range fresh.cells {
		var n int64
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM cell WHERE rat = ? AND mcc = ? AND mnc = ? AND area = ? AND id = ?",
			int64(key.rat), key.mcc, key.mnc, key.area, int64(key.id)).Scan(&n); err != nil {
			return st, err
		}
		st.Cells += 1 - n
	}
	if oldest.Valid {
		st.Oldest, st.Newest = keyTime(oldest.Int64), keyTime(newest.Int64)
	}
	if observations+others > 0 && seq > st.Seq {
		st.Observations, st.Others, st.Seq = st.Observations+observations, st.Others+others, seq
		if at := keyTime(last); st.Newest.Before(at) {
			st.Newest = at
		}
		if st.Oldest.IsZero() {
			st.Oldest = st.Newest
		}
	}
	st.Bytes, st.FreeBytes = pages*size, free*size
	if info, err := os.Stat(s.path + "-wal"); s.path != "" && err == nil {
		st.LogBytes = info.Size()
	}
	return st, nil
}
