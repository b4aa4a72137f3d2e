package storage

import (
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
// followed by another. The current verdict is the last one that was not taken back.
type Verdict struct {
	ID        int64 // assigned by the store
	Event     string
	Judgement Judgement
	Reason    string
	Author    string
	Time      time.Time // to the nanosecond between 1678 and 2261
	Undone    time.Time // when it was taken back; zero if it was not
	UndoneBy  string
}

// AddVerdict stores a verdict and returns it with its ID. The error wraps ErrNotFound if there is no such event.
func (s *Store) AddVerdict(ctx context.Context, v Verdict) (Verdict, error) {
	if err := v.Judgement.check(); err != nil {
		return v, err
	}
	at, _ := timeKey(v.Time)
	err := s.Update(ctx, func(t *Tx) error {
		t.urgent = true
		var n int
		if there, err := t.w.row("SELECT 1 FROM event WHERE id = ?", []any{v.Event}, &n); err != nil {
			return err
		} else if !there {
			return fmt.Errorf("event %q: %w", clip(v.Event), ErrNotFound)
		}
		if err := t.w.exec("INSERT INTO verdict (event, judgement, reason, author, time) VALUES (?, ?, ?, ?, ?)",
			v.Event, string(v.Judgement), v.Reason, v.Author, at); err != nil {
			return err
		}
		_, err := t.w.row("SELECT max(id) FROM verdict", nil, &v.ID)
		return err
	})
	return v, err
}

// UndoVerdict takes back the current verdict of an event, so that the one before it is current again. The error wraps
// ErrNotFound if there is none.
func (s *Store) UndoVerdict(ctx context.Context, event, author string, at time.Time) error {
	key, _ := timeKey(at)
	return s.Update(ctx, func(t *Tx) error {
		t.urgent = true
		var id sql.NullInt64
		if _, err := t.w.row("SELECT max(id) FROM verdict WHERE event = ? AND undone IS NULL", []any{event}, &id); err != nil {
			return err
		} else if !id.Valid {
			return fmt.Errorf("a verdict of event %q: %w", clip(event), ErrNotFound)
		}
		return t.w.exec("UPDATE verdict SET undone = ?, undone_by = ? WHERE id = ?", key, author, id.Int64)
	})
}

// Verdicts returns all verdicts of an event, those taken back included, oldest first.
func (s *Store) Verdicts(ctx context.Context, event string) ([]Verdict, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT id, judgement, reason, author, time, undone, undone_by FROM verdict WHERE event = ? ORDER BY id", event)
	if err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	defer rows.Close()
	var all []Verdict
	for rows.Next() {
		v := Verdict{Event: event}
		var at int64
		var undone sql.NullInt64
		var by sql.NullString
		if err = rows.Scan(&v.ID, &v.Judgement, &v.Reason, &v.Author, &at, &undone, &by); err != nil {
			break
		}
		v.Time = keyTime(at)
		if undone.Valid {
			v.Undone, v.UndoneBy = keyTime(undone.Int64), by.String
		}
		all = append(all, v)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	return all, nil
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

// GivenVerdicts returns all verdicts that were not taken back, in the order in which they were given.
func (s *Store) GivenVerdicts(ctx context.Context) ([]Verdict, error) {
	rows, err := s.rdb.QueryContext(ctx, "SELECT id, event, judgement, reason, author, time FROM verdict WHERE undone IS NULL ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	defer rows.Close()
	var all []Verdict
	for rows.Next() {
		var v Verdict
		var at int64
		if err = rows.Scan(&v.ID, &v.Event, &v.Judgement, &v.Reason, &v.Author, &at); err != nil {
			break
		}
		v.Time = keyTime(at)
		all = append(all, v)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return nil, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	return all, nil
}

// CurrentVerdicts returns the current verdict of each event that has one, by event ID.
func (s *Store) CurrentVerdicts(ctx context.Context) (map[string]Verdict, error) {
	given, err := s.GivenVerdicts(ctx)
	all := map[string]Verdict{}
	for _, v := range given {
		all[v.Event] = v // the last one is current
	}
	return all, err
}

// VerdictMark is a number that grows with every verdict that is given or taken back.
func (s *Store) VerdictMark(ctx context.Context) (mark int64, err error) {
	err = s.rdb.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) + (SELECT count(*) FROM verdict WHERE undone IS NOT NULL) FROM verdict").Scan(&mark)
	if err != nil {
		return 0, fmt.Errorf("reading verdicts: %w", Explain(err))
	}
	return mark, nil
}
