package storage

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Judgement is a person's opinion of an event.
type Judgement string

// The judgements.
const (
	Benign     Judgement = "benign"
	Suspicious Judgement = "suspicious"
	Unsure     Judgement = "unsure"
)

func (j Judgement) check() error {
	switch j {
	case Benign, Suspicious, Unsure:
		return nil
	}
	return fmt.Errorf("%q is no judgement; use benign, suspicious or unsure", clip(string(j)))
}

// Verdict is a person's judgement of an event. It is stored next to the event, never in it, and stays when it is taken back or
// followed by another. The current verdict is the last one, by Time, that was not taken back.
type Verdict struct {
	ID        int64     `json:"-"` // assigned by the store
	Event     string    `json:"event"`
	Judgement Judgement `json:"judgement"`
	Reason    string    `json:"reason,omitempty"`
	Author    string    `json:"author,omitempty"`
	Time      time.Time `json:"time"`            // to the nanosecond between 1678 and 2261
	Undone    time.Time `json:"undone,omitzero"` // when it was taken back; zero if it was not
	UndoneBy  string    `json:"undone_by,omitempty"`
}

// AddVerdict stores a verdict and returns it with its ID. The error wraps ErrNotFound if there is no such event.
func (s *Store) AddVerdict(ctx context.Context, v Verdict) (Verdict, error) {
	err := s.Update(ctx, func(t *Tx) (err error) {
		t.urgent = true
		v, err = addVerdict(ctx, t.w.conn, v)
		return err
	})
	return v, err
}

// execer is a connection, or several.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// verdictOrder is the order of verdicts on an event: the same in every store that has them, whichever came first.
const verdictOrder = "time, author, judgement, reason"

func addVerdict(ctx context.Context, db execer, v Verdict) (Verdict, error) {
	if err := v.Judgement.check(); err != nil {
		return v, err
	}
	// A verdict is never earlier than the one that it follows, also where the clock was put back in between.
	var last sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT max(time) FROM verdict WHERE event = ?", v.Event).Scan(&last); err != nil {
		return v, err
	}
	if last.Valid && keyOf(v.Time) <= last.Int64 {
		v.Time = keyTime(last.Int64 + 1)
	}
	res, err := db.ExecContext(ctx, "INSERT INTO verdict (event, judgement, reason, author, time) SELECT id, ?, ?, ?, ? FROM event WHERE id = ?",
		string(v.Judgement), v.Reason, v.Author, keyOf(v.Time), v.Event)
	if err != nil {
		return v, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return v, errors.Join(err, fmt.Errorf("event %q: %w", clip(v.Event), ErrNotFound))
	}
	v.ID, err = res.LastInsertId()
	return v, err
}

func undoVerdict(ctx context.Context, db execer, event, author string, at time.Time) error {
	n, err := affected(db.ExecContext(ctx, "UPDATE verdict SET undone = ?, undone_by = ? WHERE id = (SELECT id FROM verdict WHERE event = ? AND undone IS NULL ORDER BY time DESC, author DESC, judgement DESC, reason DESC LIMIT 1)", keyOf(at), author, event))
	if err == nil && n == 0 {
		err = fmt.Errorf("a verdict of event %q: %w", clip(event), ErrNotFound)
	}
	return err
}

// UndoVerdict takes back the current verdict of an event, so that the one before it is current again. The error wraps
// ErrNotFound if there is none.
func (s *Store) UndoVerdict(ctx context.Context, event, author string, at time.Time) error {
	return s.Update(ctx, func(t *Tx) error {
		t.urgent = true
		return undoVerdict(ctx, t.w.conn, event, author, at)
	})
}

// Verdicts returns all verdicts of an event, those taken back included, oldest first.
func (s *Store) Verdicts(ctx context.Context, event string) ([]Verdict, error) {
	return s.verdicts(ctx, "event = ?", verdictOrder, event)
}

// verdicts returns the verdicts that a condition selects.
func (s *Store) verdicts(ctx context.Context, where, order string, args ...any) (all []Verdict, err error) {
	size := 0
	err = eachRow(ctx, s.rdb, "SELECT id, event, judgement, reason, author, time, undone, undone_by FROM verdict WHERE "+where+" ORDER BY "+order, args, func(rows *sql.Rows) error {
		var v Verdict
		var at int64
		var undone sql.NullInt64
		var by sql.NullString
		err := rows.Scan(&v.ID, &v.Event, &v.Judgement, &v.Reason, &v.Author, &at, &undone, &by)
		v.Time = keyTime(at)
		if undone.Valid {
			v.Undone, v.UndoneBy = keyTime(undone.Int64), by.String
		}
		all = append(all, v)
		if size += rowHeap + len(v.Event) + len(v.Reason) + len(v.Author) + len(v.UndoneBy); size > mostGathered && err == nil {
			err = errTooMany
		}
		return err
	})
	if len(all) > 0 {
		err = afterRow("verdict", all[len(all)-1].ID, err)
	}
	return all, reading("verdicts", err)
}

// VerdictOf returns the current verdict of an event; ok is false if there is none.
func (s *Store) VerdictOf(ctx context.Context, event string) (v Verdict, ok bool, err error) {
	all, err := s.Verdicts(ctx, event)
	for _, one := range all {
		if one.Undone.IsZero() {
			v, ok = one, true
		}
	}
	return v, ok, err
}

// AllVerdicts returns all verdicts, those taken back included, by event and in the order of Verdicts.
func (s *Store) AllVerdicts(ctx context.Context) ([]Verdict, error) {
	return s.verdicts(ctx, "true", "event, "+verdictOrder)
}

// TakeVerdict stores a verdict of another store, with when it was taken back, and reports whether anything changed. Of two times at which
// it was taken back the earlier one holds. The error wraps ErrNotFound if there is no such event.
func (t *Tx) TakeVerdict(v Verdict) (changed bool, err error) {
	if err := t.check(); err != nil {
		return false, err
	}
	v = t.clean.Verdict(v)
	if err := v.Judgement.check(); err != nil {
		return false, err
	}
	t.urgent = true
	var there int64
	if !t.w.row("SELECT 1 FROM event WHERE id = ?", []any{v.Event}, &there) {
		return false, cmp.Or(t.w.failed, fmt.Errorf("event %q: %w", clip(v.Event), ErrNotFound))
	}
	var undone, by any
	if !v.Undone.IsZero() {
		undone, by = keyOf(v.Undone), v.UndoneBy
	}
	same := []any{v.Event, string(v.Judgement), v.Reason, v.Author, keyOf(v.Time), undone, by}
	n, err := affected(t.w.conn.ExecContext(t.ctx, `INSERT INTO verdict (event, judgement, reason, author, time, undone, undone_by) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
		WHERE NOT EXISTS (SELECT 1 FROM verdict WHERE event = ?1 AND judgement = ?2 AND reason = ?3 AND author = ?4 AND time = ?5)`, same...))
	if err != nil || n > 0 || undone == nil {
		return n > 0, err
	}
	n, err = affected(t.w.conn.ExecContext(t.ctx, `UPDATE verdict SET undone = ?6, undone_by = ?7 WHERE event = ?1 AND judgement = ?2 AND reason = ?3 AND author = ?4 AND time = ?5
		AND (undone IS NULL OR (undone, undone_by) > (?6, ?7))`, same...))
	return n > 0, err
}

// GivenVerdicts returns all verdicts that were not taken back, in the order in which the store got them.
func (s *Store) GivenVerdicts(ctx context.Context) ([]Verdict, error) {
	return s.verdicts(ctx, "undone IS NULL", "id")
}

// CurrentVerdicts returns the current verdict of each event that has one, by event ID.
func (s *Store) CurrentVerdicts(ctx context.Context) (map[string]Verdict, error) {
	given, err := s.verdicts(ctx, "undone IS NULL", verdictOrder)
	all := map[string]Verdict{}
	for _, v := range given {
		all[v.Event] = v // the last one is current
	}
	return all, err
}

// VerdictMark is a number that grows with every verdict that is given or taken back.
func (s *Store) VerdictMark(ctx context.Context) (mark int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) + (SELECT count(*) FROM verdict WHERE undone IS NOT NULL) FROM verdict").Scan(&mark)
	return mark, reading("verdicts", err)
}
