package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"vigie/safefile"
)

// DestroyKey makes a store that is protected by a passphrase permanently unreadable: it overwrites, syncs and removes the key
// file. A store without one is left as it is, without an error. On flash memory the old bytes may survive in blocks that the
// controller has put aside; they are still sealed by the passphrase.
func DestroyKey(path string) error {
	names, err := named(path)
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, Shred(keyFile(name)))
	}
	return errors.Join(errs...)
}

// Shred overwrites a small file (up to 1 MiB of it), syncs it and removes it, with the links that lead to it. A file that is not
// there is no error.
func Shred(name string) error {
	names, err := named(name)
	errs := []error{err}
	for _, name := range slices.Backward(names) { // the file before the link that leads to it
		err := in(name, func() error {
			err := overwrite(name)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			err = errors.Join(err, unlink(name)) // also when it could not be overwritten
			if err == nil {
				err = syncFile(filepath.Dir(name))
			}
			return err
		})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("destroying %s: %w", name, err)
	}
	return nil
}

func overwrite(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil // a link: what it leads to is overwritten by its own name
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		noise := make([]byte, min(info.Size(), 1<<20))
		rand.Read(noise)
		_, err = f.WriteAt(noise, 0)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// destroyed are the stores that Destroy was called for: nothing more is written to their journal.
var destroyed sync.Map

// Destroy removes the files of a store, and those of unfinished and of replaced ones next to it; its key goes by DestroyKey, and
// first. A process that has the store open keeps one that is no longer on the disk.
//
// Whatever ends the process in the middle leaves as little as possible: the logs, which hold the newest, are cut to nothing
// first, then the database, and only then names are removed. It follows links to what they lead to. It looks afterwards, and
// the error names what is still there.
func Destroy(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	var logs, databases, rest []string
	names, hidden := named(path)
	for _, name := range names {
		destroyed.Store(name, true)
		logs = append(logs, name+"-wal", name+"-tail", name+"-journal")
		databases = append(databases, name)
		for _, pattern := range []string{".before-*", ".new-*"} { // of Restore, and of Open and Backup
			more, _ := filepath.Glob(globQuoted(name) + pattern)
			rest = append(rest, more...)
		}
		rest = append(rest, name+"-spare")
	}
	err = DestroyFiles(slices.Concat(logs, databases, rest), slices.Concat(withEnd(databases, "-shm"), withEnd(databases, "-key"))...)
	return errors.Join(hidden, err)
}

// DestroyFiles cuts files to nothing, removes them and the others, follows links to what they lead to, and looks whether all are
// gone. A file that is not there is no error. (The others are those that cannot be cut: a process that has the index of a log
// mapped would crash.)
func DestroyFiles(files []string, others ...string) error {
	files, hidden := expand(files)
	others, more := expand(others)
	all := slices.Concat(files, others)
	errs := []error{hidden, more}
	for _, name := range files {
		errs = append(errs, in(name, func() error { return cut(name) }))
	}
	dirs := map[string]bool{}
	for _, name := range all {
		errs = append(errs, in(name, func() error { return unlink(name) }))
		dirs[filepath.Dir(name)] = true
	}
	for dir := range dirs {
		errs = append(errs, in(filepath.Join(dir, "name"), func() error { return SyncIfPossible(dir) }))
	}
	for _, name := range all {
		errs = append(errs, in(name, func() error {
			if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
				return errors.Join(fmt.Errorf("%s is still there", name), err)
			}
			return nil
		}))
	}
	return errors.Join(errs...)
}

// named are the names of a file: the one that was given, and what it leads to where it is a link. The error says of a link that
// what it leads to cannot be found out; a file that is not there is none.
func named(path string) ([]string, error) {
	real, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []string{path}, nil
	case err != nil:
		return []string{path}, fmt.Errorf("what %s leads to is not known: %w", path, err)
	case real != path:
		return []string{path, real}, nil
	}
	return []string{path}, nil
}

func expand(names []string) (all []string, err error) {
	for _, name := range names {
		more, hidden := named(name)
		all, err = append(all, more...), errors.Join(err, hidden)
	}
	return all, err
}

func withEnd(names []string, end string) []string {
	all := slices.Clone(names)
	for i := range all {
		all[i] += end
	}
	return all
}

// globQuoted is a path as a pattern that only it matches.
func globQuoted(path string) string {
	var b []byte
	for i := range len(path) {
		if slices.Contains([]byte(`*?[\`), path[i]) {
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}

// in works on a name with the rights of who controls its directory.
func in(name string, f func() error) error {
	r, err := safefile.RightsIn(name)
	if err != nil {
		return err
	}
	return r.Do(f)
}

// cut makes a file empty, if it is one.
func cut(name string) error {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil // unlink reports what is wrong
	}
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Close())
}

func unlink(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
