package storage

import (
	"context"
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
	at, _ := timeKey(r.Time)
	err = s.Update(ctx, func(t *Tx) error {
		var n int64
		known, err := t.w.row("SELECT 1 FROM aside WHERE seq = ? AND point = ?", []any{r.Seq, r.Point}, &n)
		if err != nil || known {
			return err
		}
		isNew = true
		if err := t.w.exec("INSERT INTO aside (seq, time, status, reason, point) VALUES (?, ?, ?, ?, ?)", r.Seq, at, r.Status, r.Reason, r.Point); err != nil {
			return err
		}
		if err := t.w.exec("DELETE FROM aside WHERE id <= (SELECT max(id) FROM aside) - ?", mostRejected); err != nil {
			return err
		}
		return t.w.exec("UPDATE aside_count SET total = total + 1")
	})
	return isNew && err == nil, err
}

// Rejected yields the dead letters, oldest first, and how many there ever were. At most the last 10,000 are kept.
func (s *Store) Rejected(ctx context.Context) (total int64, list iter.Seq2[Rejected, error], err error) {
	if err := s.rdb.QueryRowContext(ctx, "SELECT total FROM aside_count").Scan(&total); err != nil {
		return 0, nil, reading("rejected points", err)
	}
	return total, func(yield func(Rejected, error) bool) {
		if err := s.rejected(ctx, yield); err != nil {
			yield(Rejected{}, reading("rejected points", err))
		}
	}, nil
}

func (s *Store) rejected(ctx context.Context, yield func(Rejected, error) bool) error {
	rows, err := s.rdb.QueryContext(ctx, "SELECT seq, time, status, reason, point FROM aside ORDER BY id")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r Rejected
		var at int64
		if err := rows.Scan(&r.Seq, &at, &r.Status, &r.Reason, &r.Point); err != nil {
			return err
		}
		r.Time = keyTime(at)
		if !yield(r, nil) {
			return nil
		}
	}
	return rows.Err()
}
