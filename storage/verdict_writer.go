package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// VerdictWriter stores verdicts and remarks in a store that another process is writing to, so that nobody must stop watching to decide.
// It writes only the tables of these, in transactions of a millisecond, for which the writer of records waits. Nothing that the
// writer counts or caches is in them.
type VerdictWriter struct {
	db      *sql.DB
	remarks bool // the schema has them
}

// OpenVerdictWriter opens an existing store for verdicts. Of the options only Key and Passphrase apply. The errors are those
// of Open.
func OpenVerdictWriter(ctx context.Context, path string, o Options) (*VerdictWriter, error) {
	abs, err := resolve(path)
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
	version, err := checkFormat(ctx, db)
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA synchronous=full") // a verdict is safe once it is acknowledged
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return &VerdictWriter{db, version >= remarkSchema}, nil
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

// AddRemark is Store.AddRemark. The error wraps ErrReadOnly for a store of an older Vigie that was not opened for writing since.
func (w *VerdictWriter) AddRemark(ctx context.Context, r Remark) (Remark, error) {
	if r.ID == "" {
		r.ID = NewRemarkID()
	}
	err := fmt.Errorf("%w: the store is of an older Vigie; open it once for writing", ErrReadOnly)
	if w.remarks {
		_, err = addRemark(ctx, w.db, r)
	}
	if err != nil {
		return r, fmt.Errorf("the remark was not stored: %w", Explain(err))
	}
	return r, nil
}
