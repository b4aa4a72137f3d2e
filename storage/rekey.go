package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Rekey gives a store that nobody else writes to another protection: with a passphrase where it had none, without one where it
// had one (an empty passphrase), or with another one, which takes a moment, since only its key file changes. o opens it as it is.
//
// Until the last step the store is as it was; that step is one rename. What is replaced is overwritten. On flash memory the old
// bytes may survive in blocks that the controller has put aside.
func Rekey(ctx context.Context, path string, o Options, passphrase string) error {
	s, err := Open(ctx, path, Options{Key: o.Key, Passphrase: o.Passphrase})
	if err != nil {
		return err
	}
	defer s.Close()
	path = s.path
	switch {
	case s.key == nil && passphrase == "":
		return fmt.Errorf("%w: the store is not encrypted", ErrKey)
	case s.key != nil && passphrase != "":
		return writeKey(path, s.key, passphrase)
	}
	var key []byte
	if passphrase != "" {
		key = make([]byte, 32)
		rand.Read(key)
	}
	name, err := s.copyWith(ctx, key)
	defer func() {
		for _, end := range storeFiles {
			os.Remove(name + end)
		}
	}()
	if err != nil {
		return fmt.Errorf("store %s: %w", path, Explain(withCause(filepath.Dir(path), err)))
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer old.Close()
	if key != nil { // a plain store next to a key file is a plain store: what comes next decides
		if err := writeKey(path, key, passphrase); err != nil {
			return err
		}
	}
	lock := s.lock // is held until the other store is in place
	s.lock = nil
	defer lock.Close()
	if err := s.Close(); err != nil {
		return err
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(name, path); err != nil {
		return err
	}
	err = syncFile(filepath.Dir(path))
	if key == nil {
		err = errors.Join(err, Shred(keyFile(path)))
	} else {
		err = errors.Join(err, blank(old))
	}
	return err
}

// copyWith writes a copy of the store under another name next to it, with another key (nil: plain), and checks it.
func (s *Store) copyWith(ctx context.Context, key []byte) (name string, err error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".new-*") // 0600
	if err != nil {
		return "", err
	}
	name = f.Name()
	if err := errors.Join(f.Chmod(info.Mode().Perm()), f.Close()); err != nil {
		return name, err
	}
	s.commitPending()
	a := access{path: name, key: key}
	if err := a.copyInto(ctx, s.rdb.DB); err != nil {
		return name, err
	}
	if _, err := a.checkCopy(ctx); err != nil {
		return name, fmt.Errorf("the copy is not good: %w", err)
	}
	return name, syncFile(name)
}

// blank overwrites a file.
func blank(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.NewOffsetWriter(f, 0), zeros{}, info.Size())
	return errors.Join(err, f.Sync())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
