package console

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"vigie/words"
)

// Usage returns an error for wrong usage: exit status 2.
func Usage(err error, hint string) error { return words.WrongUsage(err, hint) }

// WithHint adds a hint to an error: exit status 1. A nil error stays nil.
func WithHint(err error, hint string) error { return words.WithHint(err, hint) }

// HintOf returns the hint of the first error in the chain that has one, or one for a well-known cause; empty if there is none.
func HintOf(err error) string {
	if h := words.Hint(err); h != "" {
		return h
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "check the spelling of the path"
	case errors.Is(err, fs.ErrPermission):
		return permissionHint(err)
	case errors.Is(err, syscall.EISDIR):
		return "that is a directory; name a file"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full; nothing that was stored before is lost"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only; name a store elsewhere with --store"
	}
	return ""
}

// permissionHint says how to get the permission that is missing.
func permissionHint(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok && strings.HasPrefix(e.Path, "/dev/") {
		return "join the group that may use it, which ls -l " + e.Path + " shows (sudo adduser $USER GROUP, and log in again); or run vigie with sudo"
	}
	return "run vigie with sudo, or as a user or with a group that may: ls -l shows which"
}

// ErrReported is returned by a command that has printed already what failed: exit status 1, and nothing more to print.
var ErrReported = errors.New("what failed was printed")

// Report prints an error on one line and its hint on another, and returns the exit status: 0 for nil.
func Report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, ErrReported) {
		return 1
	}
	status := 1
	var u interface{ WrongUsage() bool }
	if errors.As(err, &u) && u.WrongUsage() {
		status = 2
	}
	fmt.Fprintf(w, "vigie: %s\n", OneLine(err.Error()))
	if hint := HintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", OneLine(hint))
	}
	return status
}
