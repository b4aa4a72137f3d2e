package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vigie/safefile"
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
	in, err := safefile.RightsIn(to) // the copy may go where the owner of the store may not write
	if err != nil {
		return st, err
	}
	var name string
	err = in.Do(func() error {
		for _, name := range []string{to, keyFile(to), to + "-wal"} {
			if _, err := os.Lstat(name); err == nil {
				return fmt.Errorf("%s: %w", name, fs.ErrExist)
			}
		}
		f, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".new-*") // 0600
		if err != nil {
			return err
		}
		name = f.Name()
		return f.Close()
	})
	if err != nil {
		return st, err
	}
	defer in.Do(func() error {
		for _, end := range append(storeFiles, "-journal") {
			os.Remove(name + end)
		}
		return nil
	})
	s.commitPending()
	a := access{path: name, key: s.key, rights: in}
	if err := a.copyInto(ctx, s.rdb); err != nil {
		return st, err
	}
	if st, err = a.checkCopy(ctx); err != nil {
		return st, fmt.Errorf("the copy is not good: %w", err)
	}
	return st, in.Do(func() error {
		if s.sealed != nil {
			if err := writeNew(keyFile(to), s.sealed); err != nil {
				return err
			}
		}
		if err := syncFile(name); err != nil {
			return err
		}
		if err := os.Rename(name, to); err != nil {
			return err
		}
		return syncFile(filepath.Dir(to))
	})
}

// checkCopy reads a copy from end to end, and leaves no file next to it.
func (a access) checkCopy(ctx context.Context) (st Stats, err error) {
	a.readOnly, a.immutable = true, true
	s := &Store{path: a.path, readOnly: true, key: a.key, changed: make(chan struct{})}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.connect(ctx, a); err != nil {
		return st, err
	}
	if err := s.Check(ctx); err != nil {
		return st, err
	}
	return s.Stats(ctx)
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
// or if suffix is empty the error wraps fs.ErrExist. Of the options, Key and Passphrase open the copy. Root's rights are given up
// for those of who controls the path (safefile) once the copy was read.
func Restore(ctx context.Context, copied, path string, o Options, suffix string) (st Stats, err error) {
	s, err := Open(ctx, copied, Options{ReadOnly: true, Key: o.Key, Passphrase: o.Passphrase, untouched: true})
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
	if err := safefile.Become(path); err != nil {
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
