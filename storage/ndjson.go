package storage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"

	"vigie/cell"
	"vigie/safefile"
)

// NDJSON is a Sink that writes a file in the interchange format (docs/fields.md), which vigie replay reads. It writes records
// and leaves events out: a replay finds them again. On a full disk what was acknowledged stays, and Write fails until there is
// room.
//
// A file whose name ends in .gz is compressed, each Write as a gzip member of its own: readers see one file, and if the
// process is killed, at most the member that was being written is incomplete. Fewer and larger writes compress better.
type NDJSON struct {
	mu   sync.Mutex
	file *os.File // nil when closed
	size int64    // of what is acknowledged
	gz   *gzip.Writer
	enc  cell.Encoder
	text []byte
	out  bytes.Buffer
	err  error // of taking back a write that failed
}

// OpenNDJSON opens a file for appending, and creates it (permission 0600) if it is not there. It first repairs a line or
// member that was cut off because the process was killed: it ends a cut line, and keeps the complete lines of a cut member.
// The error wraps ErrLocked if another process writes to the file.
func OpenNDJSON(path string) (*NDJSON, error) {
	f, err := safefile.Append(path)
	if err != nil {
		return nil, fmt.Errorf("cannot record: %w", Explain(err))
	}
	n := &NDJSON{file: f}
	if strings.HasSuffix(path, ".gz") {
		n.gz = gzip.NewWriter(io.Discard)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w: give another file name", ErrLocked)
		return nil, errors.Join(fmt.Errorf("cannot record to %s: %w", path, err), f.Close())
	}
	if err := n.mend(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot append to %s: %w", path, Explain(err)), f.Close())
	}
	return n, nil
}

// mend finds the end of what is good and repairs what follows.
func (n *NDJSON) mend() error {
	info, err := n.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a file")
	}
	if n.size = info.Size(); n.size == 0 {
		return nil
	}
	if n.gz == nil {
		var last [1]byte
		if _, err := n.file.ReadAt(last[:], n.size-1); err != nil || last[0] == '\n' {
			return err
		}
		return n.write([]byte("\n"))
	}
	whole, rest, err := lastMember(n.file)
	if err != nil {
		return err
	}
	if whole == n.size {
		return nil
	}
	if err := n.file.Truncate(whole); err != nil {
		return err
	}
	n.size = whole
	if rest = rest[:bytes.LastIndexByte(rest, '\n')+1]; len(rest) == 0 {
		return nil
	}
	n.text = append(n.text[:0], rest...)
	return n.flush()
}

// lastMember reads gzip members up to the last complete one, and what can be read of the one after it.
func lastMember(f *os.File) (end int64, rest []byte, err error) {
	in := &counter{r: bufio.NewReader(io.NewSectionReader(f, 0, 1<<62))}
	var gz gzip.Reader
	for {
		rest = nil
		if err := gz.Reset(in); errors.Is(err, io.EOF) {
			return end, nil, nil
		} else if err != nil {
			if torn(io.NewSectionReader(f, end, 1<<62)) {
				return end, nil, nil
			}
			return end, nil, fmt.Errorf("%w: from byte %d on it is not gzip; give another file name", ErrForeign, end)
		}
		gz.Multistream(false)
		var out bytes.Buffer
		if _, err := io.CopyN(&out, &gz, 64<<20); err == nil { // of a large member only the fact that it is whole matters
			if _, err = io.Copy(io.Discard, &gz); err != nil {
				return end, out.Bytes(), nil
			}
		} else if !errors.Is(err, io.EOF) {
			return end, out.Bytes(), nil
		}
		end = in.n
	}
}

// torn reports whether what is left is the beginning of a member, perhaps followed by zeros, as a power cut leaves it.
func torn(r io.Reader) bool {
	b, magic := bufio.NewReader(r), []byte{0x1f, 0x8b, 8}
	if head, _ := b.Peek(len(magic)); bytes.Equal(head, magic) {
		return true
	}
	for {
		c, err := b.ReadByte()
		switch {
		case err != nil:
			return errors.Is(err, io.EOF)
		case len(magic) > 0 && c == magic[0]:
			magic = magic[1:]
		case c == 0:
			magic = nil
		default:
			return false
		}
	}
}

// counter counts what is read. It is an io.ByteReader, so that gzip reads no more than it needs.
type counter struct {
	r *bufio.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// Append adds records. When it returns nil they are in the file, but not yet safe from a power cut: see Sync.
func (n *NDJSON) Append(recs ...cell.Record) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = n.text[:0]
	for _, r := range recs {
		n.add(r)
	}
	return n.flush()
}

// Write appends the records among entries, for Follow. It leaves events out.
func (n *NDJSON) Write(_ context.Context, entries []Entry) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text = n.text[:0]
	for _, e := range entries {
		if e.Record != nil {
			n.add(e.Record)
		}
	}
	return n.flush()
}

func (n *NDJSON) add(r cell.Record) {
	n.text = n.enc.Append(n.text, r)
}

func (n *NDJSON) flush() error {
	switch {
	case n.file == nil:
		return fmt.Errorf("cannot record: %w", fs.ErrClosed)
	case len(n.text) == 0:
		return nil
	case n.gz == nil:
		return n.write(n.text)
	}
	n.out.Reset()
	n.gz.Reset(&n.out)
	if _, err := n.gz.Write(n.text); err != nil {
		return err
	}
	if err := n.gz.Close(); err != nil {
		return err
	}
	return n.write(n.out.Bytes())
}

// write appends all of p or nothing.
func (n *NDJSON) write(p []byte) error {
	if n.err != nil {
		if n.err = n.file.Truncate(n.size); n.err != nil {
			return fmt.Errorf("cannot record to %s: %w", n.file.Name(), Explain(n.err))
		}
	}
	m, err := n.file.WriteAt(p, n.size)
	if err != nil {
		n.enc = cell.Encoder{}          // a source line may be gone: name the sensor again
		n.err = n.file.Truncate(n.size) // some of p may be there, whatever m says
		return fmt.Errorf("cannot record to %s: %w", n.file.Name(), Explain(err))
	}
	n.size += int64(m)
	return nil
}

// Sync makes what was appended safe from a power cut.
func (n *NDJSON) Sync() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return fs.ErrClosed
	}
	return n.file.Sync()
}

// Close syncs and closes the file.
func (n *NDJSON) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return nil
	}
	err := n.file.Sync()
	err = errors.Join(err, n.file.Close())
	n.file = nil
	if err != nil {
		return fmt.Errorf("closing the recording: %w", Explain(err))
	}
	return nil
}
