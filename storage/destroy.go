package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DestroyKey makes a store that is protected by a passphrase permanently unreadable: it overwrites, syncs and removes the key
// file. A store without one is left as it is, without an error. On flash memory the old bytes may survive in blocks that the
// controller has put aside; they are still sealed by the passphrase.
func DestroyKey(path string) error { return Shred(keyFile(path)) }

// Shred overwrites a small file (up to 1 MiB of it), syncs it and removes it. A file that is not there is no error.
func Shred(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil {
			noise := make([]byte, min(info.Size(), 1<<20))
			rand.Read(noise)
			_, err = f.WriteAt(noise, 0)
		}
		err = errors.Join(err, f.Sync(), f.Close())
	}
	err = errors.Join(err, os.Remove(name)) // also when it could not be overwritten
	if err == nil {
		err = syncFile(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("destroying %s: %w", name, err)
	}
	return nil
}

// Remove removes the files of a store. A process that has it open keeps a store that is no longer on the disk.
func Remove(path string) error {
	var errs []error
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal", path + "-tail", path + "-spare"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
