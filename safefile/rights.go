// Package safefile makes, replaces and removes files so that no other user decides where they go.
//
// That matters to root. In a directory of another user, that user can exchange a name for a link between any two steps of a
// program, and a program with root's rights then changes, gives away or overwrites a file of somebody else. So root works on a
// path with the rights of the first other user who controls a part of it (RightsAt): the kernel then refuses what that user
// could not have done alone, whenever a name is exchanged. For a process without root's rights all of this does nothing.
//
// The package refuses to check first and act later, and to change the owner or the mode of a file by its name.
package safefile

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Rights are the rights to files of one user. The zero Rights are those that the process has.
type Rights struct {
	set      bool
	uid, gid int
	groups   []int
}

// mayBeRoot reports whether root's rights are at hand: as the effective or the saved user.
func mayBeRoot() bool {
	_, effective, saved := unix.Getresuid()
	return effective == 0 || saved == 0
}

// ofRoot are root's own rights, where the process may have them; else those that it has.
func ofRoot() Rights { return Rights{set: mayBeRoot()} }

// AsCaller runs f with the rights of who started the program, which Become may have given up: for the port of a modem, or a file
// that the command line names as an input.
func AsCaller(f func() error) error { return ofRoot().Do(f) }

// RightsAt are those with which to work on a path: of the first user other than root who controls where it leads. The path, or
// the end of it, need not exist. For a process without root's rights they are those that it has.
func RightsAt(path string) (r Rights, err error) {
	if !mayBeRoot() {
		return Rights{}, nil
	}
	err = AsCaller(func() error {
		r, err = controller(path)
		if err != nil {
			return fmt.Errorf("%s: whose directories it is in: %w", path, err)
		}
		return nil
	})
	return r, err
}

// RightsIn are RightsAt the directory of a path: for names that are made or removed there, regardless of who owns the file that has the name now.
func RightsIn(path string) (Rights, error) { return RightsAt(filepath.Dir(path)) }

// controller has the rights of the owner of the first directory of a path that is not root's, and in a directory in which others may
// make names of the owner of what the next name is of; else of root. Who cannot reach the directory controls nothing.
func controller(path string) (r Rights, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return r, err
	}
	root := Rights{set: true}
	at, err := openPath(unix.AT_FDCWD, "/")
	if err != nil {
		return r, err
	}
	defer func() { unix.Close(at) }()
	rest := strings.Split(path, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		if rest = rest[1:]; name == "" || name == "." {
			continue
		}
		next, err := openPath(at, name)
		if errors.Is(err, unix.ENOENT) {
			return root, nil // who makes it
		} else if err != nil {
			return r, err
		}
		var in, is unix.Stat_t
		if err := errors.Join(unix.Fstat(at, &in), unix.Fstat(next, &is)); err != nil {
			unix.Close(next)
			return r, err
		}
		directory, shared := is.Mode&unix.S_IFMT == unix.S_IFDIR, in.Mode&0o022 != 0
		switch {
		case is.Uid != 0 && (directory || shared):
			defer unix.Close(next)
			if r = rightsOf(is); r.reach(next) {
				return r, nil
			}
			return root, nil
		case is.Mode&unix.S_IFMT == unix.S_IFLNK:
			to := make([]byte, unix.PathMax)
			n, err := unix.Readlinkat(next, "", to)
			unix.Close(next)
			if links++; err == nil && links > 40 {
				err = unix.ELOOP
			}
			if err != nil {
				return r, err
			}
			rest = append(strings.Split(string(to[:n]), "/"), rest...)
			if to[0] != '/' {
				continue
			}
			if next, err = openPath(unix.AT_FDCWD, "/"); err != nil {
				return r, err
			}
		case !directory:
			unix.Close(next)
			return root, nil
		}
		unix.Close(at)
		at = next
	}
	return root, nil
}

// openPath opens a name to look at, without following a link.
func openPath(at int, name string) (int, error) {
	return unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
}

// reach reports whether a user with these rights gets as far as an opened directory.
func (r Rights) reach(dir int) bool {
	name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(dir))
	if err != nil {
		return true
	}
	err = r.Do(func() error {
		again, err := openPath(unix.AT_FDCWD, name)
		if err == nil {
			unix.Close(again)
		}
		return err
	})
	return !errors.Is(err, unix.EACCES)
}

// rightsOf are those of the owner of what was found: with the groups that the system lists, or that of the file where it knows
// no such user.
func rightsOf(st unix.Stat_t) Rights {
	r := Rights{set: true, uid: int(st.Uid)}
	if r.uid == 0 {
		return r
	}
	r.gid = int(st.Gid)
	u, err := user.LookupId(strconv.Itoa(r.uid))
	if err != nil {
		return r
	}
	if gid, err := strconv.Atoi(u.Gid); err == nil {
		r.gid = gid
	}
	ids, _ := u.GroupIds()
	for _, id := range ids {
		if gid, err := strconv.Atoi(id); err == nil {
			r.groups = append(r.groups, gid)
		}
	}
	return r
}

// Become gives the whole process these rights until it ends, except while Do runs with others.
func (r Rights) Become() error {
	switch is := os.Geteuid(); {
	case !r.set || is == r.uid:
		return nil
	case is != 0:
		return fmt.Errorf("this process works for user %d already, and not for user %d as well", is, r.uid)
	}
	err := syscall.Setgroups(r.groups)
	if err == nil {
		err = syscall.Setresgid(r.gid, r.gid, -1)
	}
	if err == nil {
		err = syscall.Setresuid(r.uid, r.uid, -1) // root stays the saved user, for Do
	}
	if err != nil {
		return fmt.Errorf("giving up root's rights for those of user %d: %w", r.uid, err)
	}
	return nil
}

// Become is RightsAt(path).Become.
func Become(path string) error {
	r, err := RightsAt(path)
	if err != nil {
		return err
	}
	return r.Become()
}

// Do runs f with these rights: on its own thread, so that the rest of the process keeps what it has. f must not leave the
// goroutine.
func (r Rights) Do(f func() error) error {
	if r.AreOwn() {
		return f()
	}
	runtime.LockOSThread()
	restore, err := r.enter()
	if err != nil {
		return err // the thread ends with its goroutine
	}
	defer func() {
		if err := restore(); err != nil {
			panic(fmt.Sprintf("a thread that worked for user %d does not get its own rights back: %v", r.uid, err))
		}
		runtime.UnlockOSThread()
	}()
	return f()
}

// AreOwn reports whether these rights are those that the process has.
func (r Rights) AreOwn() bool { return !r.set || unix.Geteuid() == r.uid }

// String names the user, for the name of something that works with these rights.
func (r Rights) String() string { return strconv.Itoa(r.uid) }

// enter changes the rights of the thread; root stays its saved user. restore changes them back.
func (r Rights) enter() (restore func() error, err error) {
	groups, err := unix.Getgroups()
	if err != nil {
		return nil, err
	}
	was := ids{real: unix.Getuid(), effective: unix.Geteuid()}
	group := ids{real: unix.Getgid(), effective: unix.Getegid()}
	change := func(groups []int, gid, uid ids) error {
		err := setThread(unix.SYS_SETRESUID, ids{-1, 0})
		if err == nil {
			err = unix.Setgroups(groups)
		}
		if err == nil {
			err = setThread(unix.SYS_SETRESGID, gid)
		}
		if err == nil {
			err = setThread(unix.SYS_SETRESUID, uid)
		}
		return err
	}
	if err := change(r.groups, ids{r.gid, r.gid}, ids{r.uid, r.uid}); err != nil {
		return nil, fmt.Errorf("working with the rights of user %d: %w", r.uid, err)
	}
	return func() error { return change(groups, group, was) }, nil
}

// ids are the real and the effective number of a user or group; -1 keeps what is. The saved one is kept.
type ids struct{ real, effective int }

// setThread is setresuid(2) or setresgid(2) for this thread alone; those of package syscall are for all threads.
func setThread(call uintptr, to ids) error {
	if runtime.GOARCH == "arm" || runtime.GOARCH == "386" { // whose older calls have numbers of 16 bits
		call = map[uintptr]uintptr{unix.SYS_SETRESUID: 208, unix.SYS_SETRESGID: 210}[call] // setresuid32, setresgid32
	}
	if _, _, errno := syscall.RawSyscall(call, uintptr(to.real), uintptr(to.effective), ^uintptr(0)); errno != 0 {
		return errno
	}
	return nil
}
