package storage

import (
	"context"
	"database/sql"
	"iter"
	"time"
)

// Rejected is a dead letter: a point that the server of a sink refused permanently. The entry that it was made from is
// still in the store.
type Rejected struct {
	Seq    int64     // of the entry
	Time   time.Time // when it was refused
	Status int       // HTTP status of the answer; 0 if it could not be sent
	Reason string    // the server's words
	Point  string    // as it was sent; cut if it is very long
}

const mostRejected = 10_000 // kept; the count has no limit

// AddRejected stores a dead letter, safe from the death of the process when it returns. It reports whether it is new: the
// same point of the same entry is stored once.
func (s *Store) AddRejected(ctx context.Context, r Rejected) (isNew bool, err error) {
	err = s.Update(ctx, func(t *Tx) error {
		var n int64
		if t.w.row("SELECT 1 FROM aside WHERE seq = ? AND point = ?", []any{r.Seq, r.Point}, &n) {
			return nil
		}
		isNew = true
		t.w.exec("INSERT INTO aside (seq, time, status, reason, point) VALUES (?, ?, ?, ?, ?)", r.Seq, keyOf(r.Time), r.Status, r.Reason, r.Point)
		t.w.exec("DELETE FROM aside WHERE id <= (SELECT max(id) FROM aside) - ?", mostRejected)
		return t.w.exec("UPDATE aside_count SET total = total + 1")
	})
	return isNew && err == nil, err
}

// RemoveRejected removes a dead letter that was delivered after all.
func (s *Store) RemoveRejected(ctx context.Context, r Rejected) error {
	return s.Update(ctx, func(t *Tx) error {
		t.w.exec("DELETE FROM aside WHERE seq = ? AND point = ?", r.Seq, r.Point)
		return t.w.exec("UPDATE aside_count SET total = max(total - 1, 0)")
	})
}

// Rejected yields the dead letters, oldest first, and how many there ever were that were not delivered after all. At most the last 10,000 are kept.
func (s *Store) Rejected(ctx context.Context) (total int64, list iter.Seq2[Rejected, error], err error) {
	if err := s.rdb.QueryRowContext(ctx, "SELECT total FROM aside_count").Scan(&total); err != nil {
		return 0, nil, reading("rejected points", err)
	}
	return total, stream("rejected points", func(yield func(Rejected, error) bool) error {
		return eachRow(ctx, s.rdb, "SELECT seq, time, status, reason, point FROM aside ORDER BY id", nil, func(rows *sql.Rows) error {
			var r Rejected
			var at int64
			err := rows.Scan(&r.Seq, &at, &r.Status, &r.Reason, &r.Point)
			if r.Time = keyTime(at); err == nil && !yield(r, nil) {
				err = errEnough
			}
			return err
		})
	}), nil
}
