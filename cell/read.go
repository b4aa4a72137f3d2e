package cell

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that a Reader accepts, in bytes. A longer one is skipped and counted.
const MaxLine = 1 << 20

// MaxList is the largest number of cells, registrations or raw lines in a record. A modem lists a few dozen; the rest is left out
// and counted, so that a small file cannot fill the memory.
const MaxList = 256

// Lines that are for a store and not for an analyzer: an event, what people decided and wrote next to events, and which store the lines
// after it are from. A Reader hands them on whole. An event carries its evidence, so its line may be longer than others.
const (
	EventLine   = `{"kind":"event",`
	VerdictLine = `{"kind":"verdict",`
	RemarkLine  = `{"kind":"remark",`
	StoreLine   = `{"kind":"store",`
	maxEvent    = 8 << 20
)

// Counts are statistics of a Reader.
type Counts struct {
	Lines        int            // not empty
	Observations int            //
	Others       int            // every other record
	Aside        int            // lines for a store: see EventLine
	Skipped      int            // lines that could not be read at all
	UnknownKeys  map[string]int // ignored
	BadValues    map[string]int // key by key: values of the wrong type or out of range, taken as absent
}

// LineError describes a line that was skipped.
type LineError struct {
	Name string // of the file
	Line int    // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Reader reads the interchange format, plain or gzipped (told by its first bytes). It keeps what is good: a line that
// does not parse is skipped, counted and named; a value that makes no sense is absent and counted.
type Reader struct {
	// OnSkip, if set, is called for each line that was skipped.
	OnSkip func(*LineError)
	// OnOther, if set, is called with each line that is for a store: EventLine and the others. It must not keep the line.
	OnOther func(line []byte)

	name   string
	line   int
	src    *bufio.Reader
	opened bool
	in     io.Reader
	zip    *gzip.Reader
	buf    []byte
	sensor string // of the source line in force
	counts Counts
	dec    decoder
}

// NewReader returns a Reader that reads from r; errors call it name.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{in: r, name: name, dec: decoder{intern: map[string]string{}}}
}

// Counts returns the statistics so far.
func (r *Reader) Counts() Counts {
	c := r.counts
	c.UnknownKeys, c.BadValues = r.dec.unknown, r.dec.bad
	return c
}

// Next returns the next record. Records of a sensor that the line does not name carry the sensor of the source line
// in force. At the end it returns io.EOF. Any other error means that the input cannot be read further, for example a broken gzip
// stream; the records before it are good.
func (r *Reader) Next() (Record, error) {
	for {
		line, err := r.readLine()
		if len(line) > 0 {
			r.counts.Lines++
			if isStoreLine(line) {
				r.counts.Aside++
				if r.OnOther != nil {
					r.OnOther(line)
				}
			} else if rec, bad := r.dec.record(line); bad == nil {
				return r.resolve(rec), nil
			} else {
				r.skip(bad)
			}
		}
		if err != nil {
			if err == io.EOF {
				return nil, io.EOF
			}
			return nil, fmt.Errorf("%s: after line %d: %w", r.name, r.line, err)
		}
	}
}

func isStoreLine(line []byte) bool {
	for _, head := range [...]string{EventLine, VerdictLine, RemarkLine, StoreLine} {
		if bytes.HasPrefix(line, []byte(head)) {
			return true
		}
	}
	return false
}

func (r *Reader) skip(err error) {
	r.counts.Skipped++
	if r.OnSkip != nil {
		r.OnSkip(&LineError{r.name, r.line, err})
	}
}

func (r *Reader) resolve(rec Record) Record {
	r.counts.Others++
	switch rec := rec.(type) {
	case *Source:
		r.sensor = rec.Sensor
		return rec
	case *Observation:
		r.counts.Others--
		r.counts.Observations++
	}
	if rec.From() == "" {
		SetSensor(rec, r.sensor)
	}
	return rec
}

func (r *Reader) open() error {
	r.opened = true
	r.src = bufio.NewReaderSize(r.in, 64<<10)
	head, err := r.src.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		if r.zip, err = gzip.NewReader(r.src); err != nil {
			return fmt.Errorf("broken gzip: %w", err)
		}
		r.src = bufio.NewReaderSize(r.zip, 64<<10)
	}
	if head, _ = r.src.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) { // an editor's byte order mark
		_, _ = r.src.Discard(3)
	}
	return nil
}

var errTooLong = fmt.Errorf("longer than %d MiB", MaxLine>>20)

// readLine returns the next line without its end and surrounding space; the error is that of the input.
func (r *Reader) readLine() ([]byte, error) {
	if !r.opened {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	if r.src == nil {
		return nil, io.ErrClosedPipe
	}
	r.buf = r.buf[:0]
	long := false
	for {
		part, err := r.src.ReadSlice('\n')
		most := MaxLine
		if bytes.HasPrefix(r.buf, []byte(EventLine)) {
			most = maxEvent
		}
		if len(r.buf)+len(part) > most {
			long = true
			r.buf = r.buf[:0]
		} else if !long {
			if len(r.buf) == 0 && err == nil {
				r.line++
				return bytes.TrimSpace(part), nil // the common case, without a copy
			}
			r.buf = append(r.buf, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(r.buf) > 0 || long || err == nil {
			r.line++
		}
		if long {
			r.counts.Lines++
			r.skip(errTooLong)
			return nil, err
		}
		if err != nil && r.zip != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("broken gzip: %w", err)
			return nil, err // the last line may be cut: it is not what was written
		}
		return bytes.TrimSpace(r.buf), err
	}
}
