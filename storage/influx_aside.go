package storage

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Aside is a point that the server refused for good. The entry it was made from is still in the store.
type Aside struct {
	Seq    int64     // of the entry
	Time   time.Time // when it was refused
	Status int       // of the answer; 0: it could not be sent
	Reason string    // the server's words
	Point  string    // as it was sent; cut when it is very long
}

const (
	mostAsides    = 10_000  // that are kept; what is counted has no end
	mostAsidePart = 4 << 10 // bytes of a point or of the server's words
)

// setAside stores what was refused, durably before it counts as done. The same point refused again is one.
func (x *Influx) setAside(ctx context.Context, a Aside) error {
	a.Reason, a.Point = cleaned(a.Reason, mostAsidePart), cleaned(a.Point, mostAsidePart)
	fresh := false
	err := x.store.Update(ctx, func(t *Tx) error {
		var n int64
		known, err := t.w.row("SELECT 1 FROM aside WHERE seq = ? AND point = ?", []any{a.Seq, a.Point}, &n)
		if err != nil || known {
			return err
		}
		fresh = true
		if err := t.w.exec("INSERT INTO aside (seq, time, status, reason, point) VALUES (?, ?, ?, ?, ?)", a.Seq, time.Now().UnixNano(), a.Status, a.Reason, a.Point); err != nil {
			return err
		}
		if err := t.w.exec("DELETE FROM aside WHERE id <= (SELECT max(id) FROM aside) - ?", mostAsides); err != nil {
			return err
		}
		return t.w.exec("UPDATE aside_count SET total = total + 1")
	})
	if err != nil {
		return fmt.Errorf("influx: setting aside what the server refused: %w", err)
	}
	if !fresh {
		return nil
	}
	x.mu.Lock()
	x.status.SetAside++
	first := x.status.SetAside == 1
	x.mu.Unlock()
	if first {
		x.say("influx: the server refused a point for good; it is set aside with the server's words, and the rest goes on: vigie influx aside lists them")
	}
	return nil
}

// Asides yields what was set aside, oldest first, and how many there ever were. At most 10,000 are kept.
func (s *Store) Asides(ctx context.Context) (total int64, list iter.Seq2[Aside, error], err error) {
	if err := s.rdb.QueryRowContext(ctx, "SELECT total FROM aside_count").Scan(&total); err != nil {
		return 0, nil, fmt.Errorf("reading what was set aside: %w", explain(err))
	}
	return total, func(yield func(Aside, error) bool) {
		rows, err := s.rdb.QueryContext(ctx, "SELECT seq, time, status, reason, point FROM aside ORDER BY id")
		for err == nil && rows.Next() {
			var a Aside
			var at int64
			if err = rows.Scan(&a.Seq, &at, &a.Status, &a.Reason, &a.Point); err != nil {
				break
			}
			a.Time = keyTime(at)
			if !yield(a, nil) {
				rows.Close()
				return
			}
		}
		if err == nil {
			err = rows.Err()
		}
		if rows != nil {
			rows.Close()
		}
		if err != nil {
			yield(Aside{}, fmt.Errorf("reading what was set aside: %w", explain(err)))
		}
	}, nil
}
