// Package witness reads what other programs recorded next to Vigie: the CSV of Tower Collector (Android), the analysis report of Rayhunter,
// the export of CellGuard (iOS), and any table whose columns somebody names. It turns them into records, so that they stand on the same
// time axis as Vigie's own, and what Rayhunter warned of into events that say whose they are.
//
// The formats are those that the programs document and write; see the file of each. A file that is none of them is refused with the
// reason. The package refuses to guess: a value that makes no sense, or whose unit differs between versions of a program, is absent and
// counted. It knows no rules, no files and no clock.
package witness

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"vigie/analyzer"
	"vigie/cell"
)

// Options say how a file is read.
type Options struct {
	Sensor  string  // what the records are called; empty: the name of the program
	Columns Columns // of a table that is none of the known ones; nil: only known files are read
}

// Takers get what a file holds. An error of one ends the reading.
type Takers struct {
	Record func(cell.Record) error
	Event  func(analyzer.Event) error
}

// Report says what was read.
type Report struct {
	Format       string         // name of the program, or "table"
	Rows         int            // or lines
	Observations int            //
	Events       int            //
	Left         map[string]int // rows that were left out, by reason
	Absent       map[string]int // values that make no sense, by column
}

func (r *Report) leave(why string)    { count(&r.Left, why) }
func (r *Report) absent(what string)  { count(&r.Absent, what) }
func (r *Report) used() bool          { return r.Observations+r.Events > 0 }
func (r *Report) problem(text string) { r.leave(text) }

// mostReasons bounds what is counted by name, because the input chooses some of the names.
const mostReasons = 64

func count(m *map[string]int, name string) {
	if *m == nil {
		*m = map[string]int{}
	}
	if _, known := (*m)[name]; !known && len(*m) >= mostReasons {
		name = "others"
	}
	(*m)[name]++
}

// ErrUnknown is wrapped by the error for a file that is of none of the programs.
var ErrUnknown = errors.New("it is none of the files that are known: Tower Collector CSV, Rayhunter report, CellGuard export")

// format is one kind of file.
type format struct {
	name string
	// is reports whether a file is of this kind, by its beginning.
	is   func(head []byte) bool
	read func(ctx context.Context, in *bufio.Reader, o Options, to Takers, r *Report) error
}

// formats are the kinds of files that are read as a stream, in the order in which they are tried.
var formats = []format{
	{"Tower Collector", isTowerCollector, readTowerCollector},
	{"Rayhunter", isRayhunter, readRayhunter},
}

// headLength is how much of a file is looked at to tell what it is.
const headLength = 64 << 10

// Is reports whether a file is of one of the programs, by its beginning, gzipped or not. A zip archive is not: see IsZip.
func Is(in io.ReaderAt) bool {
	buf, err := unzipped(io.NewSectionReader(in, 0, 1<<62))
	if err != nil {
		return false
	}
	head, _ := buf.Peek(headLength)
	for _, f := range formats {
		if f.is(head) {
			return true
		}
	}
	return false
}

// Read reads a file, gzipped or not. The error wraps ErrUnknown if it is of none of the programs and no columns are named.
func Read(ctx context.Context, in io.Reader, o Options, to Takers) (*Report, error) {
	buf, err := unzipped(in)
	if err != nil {
		return nil, err
	}
	head, err := buf.Peek(headLength)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r := &Report{}
	for _, f := range formats {
		if o.Columns == nil && f.is(head) {
			r.Format = f.name
			if o.Sensor == "" {
				o.Sensor = sensorName(f.name)
			}
			return r, r.end(f.read(ctx, buf, o, to, r))
		}
	}
	if o.Columns == nil {
		return nil, fmt.Errorf("%w; name the columns of another table with --columns", ErrUnknown)
	}
	r.Format = "table"
	if o.Sensor == "" {
		o.Sensor = r.Format
	}
	return r, r.end(readTable(ctx, buf, o, to, r))
}

// end adds to the end of reading that nothing of a file could be used.
func (r *Report) end(err error) error {
	if err == nil && !r.used() && r.Rows > 0 && len(r.Left) > 0 {
		return fmt.Errorf("nothing in it could be used: %s", firstOf(r.Left))
	}
	return err
}

// firstOf is the reason that was met most often.
func firstOf(m map[string]int) (best string) {
	for why, n := range m {
		if best == "" || n > m[best] || n == m[best] && why < best {
			best = why
		}
	}
	return best
}

func sensorName(program string) string { return strings.ReplaceAll(strings.ToLower(program), " ", "-") }

// unzipped reads through gzip if a file begins so, and drops the mark that some editors put first.
func unzipped(in io.Reader) (*bufio.Reader, error) {
	buf := bufio.NewReaderSize(in, headLength)
	if head, _ := buf.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(buf)
		if err != nil {
			return nil, fmt.Errorf("broken gzip: %w", err)
		}
		buf = bufio.NewReaderSize(z, headLength)
	}
	if head, _ := buf.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		_, _ = buf.Discard(3)
	}
	return buf, nil
}

// firstLine is the first line of the beginning of a file.
func firstLine(head []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), []byte("\n"))
	return strings.TrimSpace(string(line))
}
