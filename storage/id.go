package storage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// idState is where a store keeps its number.
const idState = "id"

// ID is a random number that a store was given when it was made: it tells the copies of two stores apart, and says nothing of
// who has it. "" for one that was made by an older Vigie and not opened for writing since.
func (s *Store) ID(ctx context.Context) (string, error) {
	id, _, err := s.LoadState(ctx, idState)
	return string(id), err
}

// number gives a store its number if it has none. One that cannot take it now, for lack of room, gets it the next time.
func (w *writer) number() error {
	var seq int64
	there, err := w.row("SELECT seq FROM state WHERE name = ?", []any{idState}, &seq)
	if err == nil && !there {
		_ = w.exec("INSERT INTO state (name, seq, body) VALUES (?, 0, ?)", idState, newID())
		w.failed = nil
	}
	return err
}

// renumber gives a store that was put back to an earlier state another number: what it writes from here on is not what others
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
