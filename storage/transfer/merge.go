package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"vigie/cell"
	"vigie/safefile"
	"vigie/storage"
)

// Merge reads several files of the interchange format as one, in order of time. Inside one file the order stays as it is: the
// analyzer counts what is out of order. A file that is cut or damaged ends there, and the others go on.
type Merge struct {
	Files   int      // that were opened
	Broken  []error  // files that could not be read to their end
	Skipped []error  // the first few lines that were skipped; Counts has them all
	Foreign []string // files of which nothing could be read

	Clean storage.Cleaner                // removes identities from each record
	Each  func(in *Input, r cell.Record) // gets each record before Read returns it; may be nil
	Other func(in *Input, line []byte)   // gets the lines that are for a store; may be nil

	// As returns what reads a file that is no NDJSON, told by its first bytes; nil: it is NDJSON, and nothing was taken from in. May be nil.
	As func(in *bufio.Reader, name string) Reader

	ctx    context.Context // of Open
	inputs []*Input
}

// Reader gives the records of a file, in its order; io.EOF at the end, and any other error if it cannot be read further. If it is an
// io.Closer it is closed in the end.
type Reader interface {
	Next() (cell.Record, error)
	Counts() cell.Counts
}

// ahead is how many bytes Merge.As may look at.
const ahead = 64 << 10

// Input is one file on its way through a Merge, or several that are read one after the other.
type Input struct {
	Store string // number of the store that it is from; empty if not known
	Bad   int    // lines for a store that could not be read

	name    string
	rest    []string // files to read after this one
	file    io.ReadCloser
	reader  Reader
	before  cell.Counts   // of the files that were read to their end
	sources []cell.Record // read before next, and returned before it
	next    cell.Record   // nil at the end
}

// mostNamed bounds how many bad lines are named one by one.
const mostNamed = 5

// Open opens the first file of each row of files, which are read one after the other; "-" is stdin.
// Once ctx ends, what is left of the files cannot be read any more.
func (m *Merge) Open(ctx context.Context, rows [][]string, stdin io.Reader) error {
	m.ctx = ctx
	for _, names := range rows {
		in := &Input{rest: names}
		if err := m.openNext(in, stdin); err != nil {
			m.Close()
			return err
		}
		m.inputs = append(m.inputs, in)
	}
	for _, in := range m.inputs {
		m.advance(in)
	}
	return nil
}

// openNext opens the next file of a row.
func (m *Merge) openNext(in *Input, stdin io.Reader) error {
	in.name, in.rest = in.rest[0], in.rest[1:]
	if in.name == "-" {
		in.name, in.file = "standard input", io.NopCloser(stdin)
	} else {
		f, err := safefile.Open(in.name)
		if err != nil {
			return err
		}
		in.file = f
	}
	m.Files++
	start := bufio.NewReaderSize(&until{m.ctx, in.file}, ahead)
	if m.As != nil {
		if in.reader = m.As(start, in.name); in.reader != nil {
			return nil
		}
	}
	lines := cell.NewReader(start, in.name)
	lines.OnSkip = func(e *cell.LineError) {
		if len(m.Skipped) < mostNamed {
			m.Skipped = append(m.Skipped, e)
		}
	}
	if m.Other != nil {
		lines.OnOther = func(line []byte) { m.Other(in, line) }
	}
	in.reader = lines
	return nil
}

// until ends a file with its context: one that holds no record at all would be read to its end.
type until struct {
	ctx context.Context
	io.Reader
}

func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(b)
}

// close closes the file that is open, and what reads it.
func (in *Input) close() {
	if c, ok := in.reader.(io.Closer); ok {
		c.Close()
	}
	in.file.Close()
}

// advance reads on in one file, up to its next record that has a time.
func (m *Merge) advance(in *Input) {
	in.sources, in.next = nil, nil
	for {
		r, err := in.reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				m.Broken = append(m.Broken, err)
			}
			if c := in.reader.Counts(); c.Lines > 0 && c.Observations+c.Others+c.Aside == 0 {
				m.Foreign = append(m.Foreign, in.name)
			}
			if !m.turn(in) {
				return
			}
			continue
		}
		r = m.Clean.Record(r)
		if m.Each != nil {
			m.Each(in, r)
		}
		if _, ok := r.(*cell.Source); ok {
			in.sources = append(in.sources, r)
			continue
		}
		in.next = r
		return
	}
}

// turn turns to the next file of a row that can be opened.
func (m *Merge) turn(in *Input) bool {
	for len(in.rest) > 0 {
		done := *in
		err := m.openNext(in, nil)
		if err == nil {
			in.before = plus(in.before, done.reader.Counts())
			done.close()
			return true
		}
		m.Broken = append(m.Broken, err)
	}
	return false
}

// Read returns the next record, after the source lines that come before it; nil at the end.
func (m *Merge) Read() []cell.Record {
	var first *Input
	var when time.Time
	for _, in := range m.inputs {
		if in.next == nil {
			continue
		}
		if t := in.next.When(); first == nil || t.Before(when) {
			first, when = in, t
		}
	}
	if first == nil {
		for _, in := range m.inputs { // source lines at the end of a file
			if len(in.sources) > 0 {
				s := in.sources
				in.sources = nil
				return s
			}
		}
		return nil
	}
	recs := append(first.sources, first.next)
	m.advance(first)
	return recs
}

// Close closes every file.
func (m *Merge) Close() {
	for _, in := range m.inputs {
		in.close()
	}
}

// Counts adds up what all files held.
func (m *Merge) Counts() (sum cell.Counts) {
	for _, in := range m.inputs {
		sum = plus(sum, plus(in.before, in.reader.Counts()))
		sum.Skipped += in.Bad
	}
	return sum
}

func plus(a, b cell.Counts) cell.Counts {
	sum := cell.Counts{Lines: a.Lines + b.Lines, Observations: a.Observations + b.Observations, Others: a.Others + b.Others,
		Aside: a.Aside + b.Aside, Skipped: a.Skipped + b.Skipped, UnknownKeys: map[string]int{}, BadValues: map[string]int{}}
	for _, c := range []cell.Counts{a, b} {
		for k, n := range c.UnknownKeys {
			sum.UnknownKeys[k] += n
		}
		for k, n := range c.BadValues {
			sum.BadValues[k] += n
		}
	}
	return sum
}
