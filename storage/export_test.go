package storage

import (
	"context"
	"crypto/rand"
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"

	"vigie/cell"
)

// Exports for the tests of package storage_test.

var (
	EncodeRecord = encodeRecord
	DecodeRecord = decodeRecord
	KindOf       = kindOf
	TimeKey      = timeKey
	KeyTime      = keyTime
	NewBase      = newBase
	SchemaLine   = schemaLine

	SchemaVersion = schemaVersion
)

const (
	MaxBase  = maxBase
	MaxDelta = maxDelta
)

type Base = base

func (b *base) Renewed(lines []string) []byte { text, _ := b.renewed(lines); return text }
func (b *base) AppendDelta(dst []byte, lines []string) ([]byte, bool) {
	return b.appendDelta(dst, lines)
}
func (b *base) Lines(p []byte) ([]string, error) { return b.lines(p) }
func (b *base) Size() int                        { return len(b.text) }

// RoundTrip writes a record and reads it back. Its raw lines are stored apart and put back here.
func RoundTrip(r cell.Record) (cell.Record, error) {
	key, _ := timeKey(r.When())
	got, err := decodeRecord(encodeRecord(nil, r), kindOf(r), r.From(), key)
	if err != nil {
		return nil, err
	}
	if raw := rawOf(r); raw != nil && len(*raw) > 0 && *rawOf(got) != nil {
		*rawOf(got) = *raw
	}
	return got, nil
}

func RoundTripFloat(f float64) (got float64) {
	w := &coder{writing: true}
	float(w, &f)
	r := &coder{b: w.b}
	if float(r, &got); r.bad || len(r.b) != 0 {
		panic("a float left bytes behind")
	}
	return got
}

// KnownCells are all cells of a store.
func KnownCells(t testing.TB, s *Store) (all []KnownCell) {
	for k, err := range s.Cells(t.Context(), CellQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// ReadJournal reads the pending records of the plain store of this path.
func ReadJournal(path string) ([]cell.Record, error) {
	t, err := newJournal(path, nil)
	if err != nil {
		return nil, err
	}
	recs, _, err := t.read()
	return recs, err
}

// SyncNow does what happens after a second, and with commit what happens after ten seconds.
func SyncNow(s *Store, commit bool) error {
	if commit {
		s.commitPending()
	}
	return s.sync()
}

// MigratedSchema returns the schema that the migrations up to a version make.
func MigratedSchema(ctx context.Context, version int) ([]string, error) {
	db, err := access{path: "/vigie-" + rand.Text(), memory: true, create: true}.connect()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, err
	}
	if _, err := p.UpTo(ctx, int64(version)); err != nil {
		return nil, err
	}
	return readSchema(ctx, db)
}

// TailFrame is a frame of the file of pending records, with a body as it comes.
func TailFrame(path string, key, body []byte) ([]byte, error) {
	j, err := newJournal(path, key)
	if err != nil {
		return nil, err
	}
	return j.wrap(nil, body), nil
}

// PendingBody is the body of the frame of a record.
func PendingBody(r cell.Record) []byte {
	key, _ := timeKey(r.When())
	p := pendingRecord{sensor: r.From(), kind: kindOf(r), key: key, body: encodeRecord(nil, r)}
	if raw := rawOf(r); raw != nil {
		p.raw = *raw
	}
	return encodePending(p)
}
