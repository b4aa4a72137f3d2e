package main

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// problem is an error for a person: what was wrong, what to do, and the exit status.
type problem struct {
	err    error
	hint   string
	status int
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

// Hint is what to do about it.
func (p *problem) Hint() string { return p.hint }

// usage is for what was asked for wrongly.
func usage(err error, hint string) error { return &problem{err, hint, 2} }

// hinted adds what to do to an error; nil stays nil.
func hinted(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &problem{err, hint, 1}
}

// hintOf finds the hint that a room gave with its error, or one that fits a well-known cause.
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
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

// oneLine keeps an error on one line and free of control characters: it may quote a file, and a file is hostile.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0:
			return '?'
		case r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069: // text direction
			return '?'
		}
		return r
	}, s)
}
