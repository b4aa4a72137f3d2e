package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the store to a new file: everything that was committed at one moment, while this or another process
// continues to write. The copy of an encrypted store is encrypted with the same key, and has a key file if the store has one.
// It is read once from end to end before it gets its name, and is a store like any other. The error wraps fs.ErrExist if there
// is a file already.
func (s *Store) Backup(ctx context.Context, to string) (Stats, error) {
	st, err := s.backup(ctx, to)
	if err != nil {
		return st, fmt.Errorf("copying the store to %s: %w", to, Explain(withCause(filepath.Dir(to), err)))
	}
	return st, nil
}

func (s *Store) backup(ctx context.Context, to string) (st Stats, err error) {
	if to, err = filepath.Abs(to); err != nil {
		return st, err
	}
	for _, name := range []string{to, keyFile(to), to + "-wal"} {
		if _, err := os.Lstat(name); err == nil {
			return st, fmt.Errorf("%s: %w", name, fs.ErrExist)
		}
	}
	s.commitPending()
	f, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".new-*") // 0600
	if err != nil {
		return st, err
	}
	f.Close()
	defer func() {
		for _, end := range storeFiles {
			os.Remove(f.Name() + end)
		}
	}()
	a := access{path: f.Name(), key: s.key}
	if err := a.copyInto(ctx, s.rdb); err != nil {
		return st, err
	}
	made, err := open(ctx, f.Name(), Options{ReadOnly: true, Key: s.key})
	if err != nil {
		return st, err
	}
	err = made.Check(ctx)
	if err == nil {
		st, err = made.Stats(ctx)
	}
	if err := errors.Join(err, made.Close()); err != nil {
		return st, fmt.Errorf("the copy is not good: %w", err)
	}
	sealed, err := os.ReadFile(keyFile(s.path))
	switch {
	case s.path == "" || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return st, err
	default:
		if err := writeNew(keyFile(to), sealed); err != nil {
			return st, err
		}
	}
	if err := syncFile(f.Name()); err != nil {
		return st, err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return st, err
	}
	return st, syncFile(filepath.Dir(to))
}

// writeNew writes a new file that only its owner can read.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// storeFiles are the suffixes of the files that make up a store.
var storeFiles = []string{"", "-wal", "-shm", "-tail", "-key"}

// Restore makes a store at path from a copy that Backup made. A store at path must not be in use: it is renamed to path+suffix,
// or if suffix is empty the error wraps fs.ErrExist. Of the options, Key and Passphrase open the copy.
func Restore(ctx context.Context, copied, path string, o Options, suffix string) (st Stats, err error) {
	s, err := Open(ctx, copied, Options{ReadOnly: true, Key: o.Key, Passphrase: o.Passphrase})
	if err != nil {
		return st, err
	}
	defer s.Close()
	if len(s.Notices()) > 0 {
		return st, fmt.Errorf("%s: %w: %s", copied, ErrDamaged, strings.Join(s.Notices(), "; "))
	}
	if err := s.Check(ctx); err != nil {
		return st, fmt.Errorf("%s: %w", copied, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return st, err
	}
	if _, err := os.Lstat(path); err == nil {
		if suffix == "" {
			return st, fmt.Errorf("%s: %w", path, fs.ErrExist)
		}
		lock, err := lock(ctx, path)
		if err != nil {
			return st, fmt.Errorf("store %s: %w", path, err)
		}
		defer lock.Close()
		for _, end := range storeFiles {
			if err := os.Rename(path+end, path+suffix+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return st, err
			}
		}
	}
	if st, err = s.Backup(ctx, path); err == nil {
		err = renumber(ctx, path, Options{Key: s.key})
	}
	return st, err
}
