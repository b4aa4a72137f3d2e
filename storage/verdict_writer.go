package storage

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"time"
)

// VerdictWriter stores verdicts in a store that another process is writing to, so that nobody must stop watching to decide. It
// writes only the verdict table, in transactions of a millisecond, for which the writer of records waits. Nothing that the
// writer counts or caches is in that table.
type VerdictWriter struct{ db *sql.DB }

// OpenVerdictWriter opens an existing store for verdicts. Of the options only Key and Passphrase apply. The errors are those
// of Open.
func OpenVerdictWriter(ctx context.Context, path string, o Options) (*VerdictWriter, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	j, err := openVerdictWriter(ctx, abs, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, Explain(err))
	}
	return j, nil
}

func openVerdictWriter(ctx context.Context, path string, o Options) (*VerdictWriter, error) {
	plain, err := inspect(path)
	if err != nil {
		return nil, err
	}
	key, err := unlock(path, o, plain)
	if err != nil {
		return nil, err
	}
	db, err := access{path: path, key: key}.connect()
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = checkFormat(ctx, db)
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA synchronous=full") // a verdict is safe once it is acknowledged
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return &VerdictWriter{db}, nil
}

// Close closes the file.
func (w *VerdictWriter) Close() error { return w.db.Close() }

// AddVerdict is Store.AddVerdict.
func (w *VerdictWriter) AddVerdict(ctx context.Context, v Verdict) (Verdict, error) {
	v, err := addVerdict(ctx, w.db, v)
	if err != nil {
		err = fmt.Errorf("the verdict was not stored: %w", Explain(err))
	}
	return v, err
}

// UndoVerdict is Store.UndoVerdict.
func (w *VerdictWriter) UndoVerdict(ctx context.Context, event, author string, at time.Time) error {
	if err := undoVerdict(ctx, w.db, event, author, at); err != nil {
		return fmt.Errorf("the verdict was not taken back: %w", Explain(err))
	}
	return nil
}
