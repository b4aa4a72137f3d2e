package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// idState is the name of the state that holds the number of the store.
const idState = "id"

// ID is a random number of 16 hexadecimal digits that a store gets when it is made. It distinguishes the copies of two stores,
// and says nothing of their owner. It is empty for a store of an older Vigie that was not opened for writing since.
func (s *Store) ID(ctx context.Context) (string, error) {
	var id []byte
	err := s.rdb.QueryRowContext(ctx, "SELECT CASE WHEN length(body) <= 64 THEN body END FROM state WHERE name = ?", idState).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return string(id), reading("the number of the store", err)
}

// number gives a store its number if it has none. A store that has no room for it now gets it the next time.
func (w *writer) number() error {
	var seq int64
	there := w.row("SELECT seq FROM state WHERE name = ?", []any{idState}, &seq)
	if there || w.failed != nil {
		return w.failed
	}
	_ = w.exec("INSERT INTO state (name, seq, body) VALUES (?, 0, ?)", idState, newID())
	w.failed = nil
	return nil
}

// renumber gives a store that was put back to an earlier state another number: what it writes from now on is not what others
// hold under the old one.
func renumber(ctx context.Context, path string, o Options) error {
	s, err := Open(ctx, path, o)
	if err != nil {
		return err
	}
	err = s.SaveState(ctx, idState, newID(), 0)
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("a new number for the store: %w", err)
	}
	return nil
}

func newID() []byte {
	var b [8]byte
	rand.Read(b[:])
	return hex.AppendEncode(nil, b[:])
}
