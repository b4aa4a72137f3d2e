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
	"vigie/words"
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
	if err := a.copyInto(ctx, s.rdb.DB); err != nil {
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
// or if suffix is empty the error wraps fs.ErrExist. Of the options, Key and Passphrase open the copy. The copy is read with the
// rights of who controls where it is (safefile), and root's rights are then given up for those of who controls the path.
func Restore(ctx context.Context, copied, path string, o Options, suffix string) (st Stats, err error) {
	s, err := openCopy(ctx, copied, Options{ReadOnly: true, Key: o.Key, Passphrase: o.Passphrase, untouched: true})
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
	if path, err = resolve(path); err != nil {
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

// openCopy opens a store to be read: one in a directory of another user with that user's rights, who could put a link there to a store
// that only root may read.
func openCopy(ctx context.Context, path string, o Options) (*Store, error) {
	rights, err := safefile.RightsAt(path)
	switch {
	case err != nil:
		return nil, err
	case rights.AreOwn():
		return Open(ctx, path, o)
	}
	s, err := openWith(ctx, rights, path, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, Explain(err))
	}
	return s, nil
}

func openWith(ctx context.Context, rights safefile.Rights, path string, o Options) (s *Store, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	s = &Store{path: path, readOnly: true, changed: make(chan struct{})}
	err = rights.Do(func() error {
		plain, err := inspect(path)
		if err != nil {
			return err
		}
		for _, end := range []string{"-wal", "-tail"} {
			if !empty(path + end) {
				return words.WithHint(fmt.Errorf("it belongs to user %s and is no copy that vigie backup made: %s holds a part of it", rights, path+end),
					"move both into a directory of yours, or have its user run vigie backup")
			}
		}
		if s.key, err = unlock(path, o, plain); err != nil || s.key == nil {
			return err
		}
		if s.sealed, err = readKeyFile(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.connect(ctx, access{path: path, key: s.key, readOnly: true, immutable: true, rights: rights})
	if err == nil {
		err = s.checkAtStart(ctx)
	}
	if s.key != nil && notADatabase(err) {
		err = fmt.Errorf("%w: it does not open this store (or the beginning of the file is damaged)", ErrKey)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
