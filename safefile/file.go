package safefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Open opens a file for reading, with the rights of who started the program, which Become may have given up: what a command line names
// is that user's to give. In a directory of another user it has that user's rights, who could put a link to a file of root's there.
func Open(path string) (f *os.File, err error) {
	at, err := RightsAt(path)
	if err != nil {
		return nil, err
	}
	err = at.Do(func() error { f, err = os.Open(path); return err })
	return f, err
}

// Stat looks at a file that who started the program named, which the owner of the store may not reach.
func Stat(path string) (info os.FileInfo, err error) {
	err = AsCaller(func() error { info, err = os.Stat(path); return err })
	return info, err
}

// Create makes a new file for its user alone, and follows no link. The error wraps fs.ErrExist if anything has the name.
func Create(path string) (f *os.File, err error) {
	in, err := RightsIn(path)
	if err != nil {
		return nil, err
	}
	err = in.Do(func() error {
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
		return err
	})
	return f, err
}

// WriteNew makes a new file as Create does and has it written. What could not be finished is removed.
func WriteNew(path string, write func(*os.File) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		_ = Remove(path)
		return err
	}
	return nil
}

// Append opens a file for reading and writing, and makes it for its user alone if nothing has the name.
func Append(path string) (f *os.File, err error) {
	at, err := RightsAt(path)
	if err != nil {
		return nil, err
	}
	err = at.Do(func() error { f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); return err })
	return f, err
}

// Remove removes a name.
func Remove(path string) error {
	in, err := RightsIn(path)
	if err != nil {
		return err
	}
	return in.Do(func() error { return os.Remove(path) })
}

// Replace puts a small file in the place of another, or of none, at once, and with this mode from its first byte on. A link is
// replaced, not followed. Root leaves the file to whom the old one belonged.
func Replace(path string, text []byte, mode fs.FileMode) error {
	in, err := RightsIn(path)
	if err != nil {
		return err
	}
	return in.Do(func() error {
		dir, err := os.OpenRoot(filepath.Dir(path))
		if err != nil {
			return err
		}
		defer dir.Close()
		return ReplaceIn(dir, filepath.Base(path), text, mode)
	})
}

// ReplaceIn is Replace of a name below an opened directory, with the rights that the process has.
func ReplaceIn(dir *os.Root, name string, text []byte, mode fs.FileMode) (err error) {
	next := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".new-"+rand.Text()[:8])
	f, err := dir.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.Remove(next))
		}
	}()
	if old, err := dir.Lstat(name); err == nil && old.Mode().IsRegular() && os.Geteuid() == 0 {
		if owner, ok := old.Sys().(*syscall.Stat_t); ok {
			_ = f.Chown(int(owner.Uid), int(owner.Gid)) // only root may; it is our own new file
		}
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return dir.Rename(next, name)
}

// LeaveTo makes a new, empty file that belongs to the owner of another and has its mode. It does nothing if something has the
// name: only what is certainly new can be given away.
func LeaveTo(path string, like *os.File) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := like.Stat()
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
			_ = f.Chown(int(owner.Uid), int(owner.Gid)) // only root may
		}
	}
	return errors.Join(err, f.Close())
}
