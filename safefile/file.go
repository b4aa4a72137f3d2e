package safefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
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

// WriteNew has a new file written, for its user alone, and follows no link. The file gets its name once it is whole and on the disk:
// whatever ends the program before, nothing has the name. What could not be finished is removed, also by Discard; if the program is
// killed, it stays under a hidden name that begins with .vigie-. The error wraps fs.ErrExist if anything has the name.
func WriteNew(path string, write func(*os.File) error) error {
	in, err := RightsIn(path)
	if err != nil {
		return err
	}
	var f *os.File
	part := filepath.Join(filepath.Dir(path), ".vigie-"+rand.Text()[:8])
	err = in.Do(func() error {
		if err := free(path); err != nil {
			return err
		}
		f, err = os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	unfinished.Store(part, in)
	defer unfinished.Delete(part)
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	return in.Do(func() error {
		if err == nil {
			err = rename(part, path)
		}
		if err != nil {
			_ = os.Remove(part)
			return err
		}
		return syncDir(filepath.Dir(path))
	})
}

// unfinished are the files that WriteNew has begun: the hidden name of each, and whose Rights it takes to remove it.
var unfinished sync.Map

// Discard removes what WriteNew has begun and not finished: for a process that ends without waiting for those who write.
func Discard() {
	unfinished.Range(func(part, in any) bool {
		_ = in.(Rights).Do(func() error { return os.Remove(part.(string)) })
		return true
	})
}

// free is an error if anything has the name.
func free(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return err
}

// rename gives a file a name that nothing has.
func rename(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // a file system or kernel that cannot
		if err := free(to); err != nil {
			return err
		}
		return os.Rename(from, to)
	case err != nil:
		return &fs.PathError{Op: "create", Path: to, Err: err}
	}
	return nil
}

// syncDir makes the names in a directory safe from a power cut, where the file system can.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return nil // one in which names may be made, and not be read
	}
	defer dir.Close()
	if err := dir.Sync(); !errors.Is(err, unix.EINVAL) {
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
