package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// BundleParts are the members of a bundle that a store takes; nil: the bundle has none. The caller has checked the bundle.
type BundleParts struct {
	Records, Events, Verdicts, Notes io.Reader
}

// mostBundleLine is the longest line of an event in a bundle, in bytes.
const mostBundleLine = 8 << 20

// Bundle takes what a bundle holds. bad counts the lines that could not be read.
func (t *Importer) Bundle(ctx context.Context, b BundleParts) (bad int, err error) {
	if b.Records != nil {
		r := cell.NewReader(b.Records, "the records of the bundle")
		for err == nil {
			var rec cell.Record
			if rec, err = r.Next(); err == nil {
				err = t.Take(ctx).Record(rec)
			}
		}
		bad += r.Counts().Skipped
		if !errors.Is(err, io.EOF) {
			return bad, err
		}
	}
	for _, part := range []struct {
		name string
		r    io.Reader
		take func(line []byte) error // an error of errLine is of a line that cannot be read
	}{
		{"events", b.Events, func(line []byte) error {
			e, err := storage.EventOfWording(line)
			if err != nil {
				return errLine
			}
			return t.event(ctx, "", e)
		}},
		{"verdicts", b.Verdicts, func(line []byte) error { return t.writtenLine(cell.VerdictLine, line) }},
		{"notes", b.Notes, func(line []byte) error { return t.writtenLine(cell.RemarkLine, line) }},
	} {
		n, err := eachLine(ctx, part.r, part.take)
		bad += n
		if err != nil {
			return bad, fmt.Errorf("the %s of the bundle: %w", part.name, err)
		}
	}
	return bad, nil
}

// Take takes records and events of a file that names no store.
func (t *Importer) Take(ctx context.Context) Takers {
	return Takers{Record: func(r cell.Record) error {
		r = t.Clean.Record(r)
		t.Rename("", r)
		return t.Add(ctx, r)
	}, Event: func(e analyzer.Event) error { return t.event(ctx, "", e) }, Written: func(w Written) error { return t.keep("", w) }}
}

var errLine = errors.New("not understood")

// writtenLine takes the line of a verdict or remark. Bundles of before had verdicts without the kind of the line.
func (t *Importer) writtenLine(head string, line []byte) error {
	if !bytes.HasPrefix(line, []byte(head)) && bytes.HasPrefix(line, []byte(`{"event":`)) {
		line = append([]byte(head), line[1:]...)
	}
	w, is, err := writtenOfLine(line)
	if !is || err != nil {
		return errLine
	}
	return t.keep("", w)
}

// eachLine passes on the lines of a file that are not empty. bad counts those that are too long or not understood.
func eachLine(ctx context.Context, r io.Reader, take func([]byte) error) (bad int, err error) {
	if r == nil {
		return 0, nil
	}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, long, end := readLine(in)
		if line = bytes.TrimSpace(line); len(line) > 0 && !long {
			if err := take(line); errors.Is(err, errLine) {
				bad++
			} else if err != nil {
				return bad, err
			}
		}
		if long {
			bad++
		}
		switch {
		case errors.Is(end, io.EOF):
			return bad, nil
		case end != nil:
			return bad, end
		case ctx.Err() != nil:
			return bad, ctx.Err()
		}
	}
}

// readLine reads a line of at most mostBundleLine bytes; of a longer one nothing is kept.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > mostBundleLine {
			line, long = nil, true
		} else if !long {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, long, err
		}
	}
}

// Temporary makes a store in a directory of its own, encrypted with a key that is nowhere but in memory: what a crash leaves of it can be
// read by nobody. remove closes the store and removes the directory.
func Temporary(ctx context.Context, clean storage.Cleaner) (s *storage.Store, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "vigie-") // for its owner alone
	if err != nil {
		return nil, nil, fmt.Errorf("a temporary store: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	s, err = storage.Open(ctx, filepath.Join(dir, "bundle.db"), storage.Options{Create: true, Key: key, Clean: clean})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, func() error { return errors.Join(s.Close(), os.RemoveAll(dir)) }, nil
}
