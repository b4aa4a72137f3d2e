package storage

import (
	"fmt"
	"slices"

	"vigie/analyzer"
)

// A store may come from a stranger, and what is read from it must fit in memory, whatever is in it. These limits are far above what any
// store has.
const (
	longestValue = 8 << 20   // bytes of a text, a blob, or a row
	longestState = 256 << 20 // bytes of a saved state: that of the analyzer grows with the cells ever heard
	mostGathered = 64 << 20  // bytes of rows that are gathered in memory
	rowHeap      = 256       // bytes that a row takes besides its texts, about
	mostDecoded  = 64 << 20  // bytes of the elements of lists in one record or event
)

var (
	errTooLong = fmt.Errorf("%w: a value in it is longer than any that Vigie stores (%d MiB)", ErrDamaged, longestValue>>20)
	errTooMany = fmt.Errorf("%w: it has more rows of this kind than can be read at once (%d MiB)", ErrDamaged, mostGathered>>20)
)

// caught turns a panic while a stored value is read into an error: the value is input, and the values after it may be good.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errCodec, p)
	}
}

// longestRaw is how many bytes of raw lines of one record are stored, and of the evidence of one event half of it. A modem that prints more is hostile or broken,
// and what it prints must not stand in the way of what comes after.
const longestRaw = 4 << 20

// shorten returns lines without what is over a number of bytes, and says at the end what was left out.
func shorten(lines []string, most int) []string {
	size := 0
	for i, l := range lines {
		if size += len(l) + 1; size > most {
			return append(lines[:i:i], fmt.Sprintf("(the last %d of %d lines were too long to store)", len(lines)-i, len(lines)))
		}
	}
	return lines
}

// shortenEvidence returns an event whose evidence fits in its row: each part of it is shortened alike.
func shortenEvidence(e *analyzer.Event) *analyzer.Event {
	size, parts := 0, 0
	for i := range e.Findings {
		for _, x := range e.Findings[i].Evidence {
			parts++
			for _, l := range x.Raw {
				size += len(l)
			}
		}
	}
	if size <= longestRaw/2 {
		return e
	}
	short := *e
	short.Findings = slices.Clone(e.Findings)
	for i := range short.Findings {
		f := &short.Findings[i]
		f.Evidence = slices.Clone(f.Evidence)
		for k := range f.Evidence {
			f.Evidence[k].Raw = shorten(f.Evidence[k].Raw, longestRaw/2/parts)
		}
	}
	return &short
}
