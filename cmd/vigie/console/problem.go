package console

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
		return "you may not read or write it; check its owner and mode with ls -l"
	case errors.Is(err, syscall.EISDIR):
		return "that is a directory; name a file"
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full; nothing that was stored before is lost"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only; name a store elsewhere with --store"
	}
	return ""
}

// Report prints an error on one line and its hint on another, and returns the exit status: 0 for nil.
func Report(w io.Writer, err error) int {
	if err == nil {
		return 0
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
