package transfer

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"filippo.io/age"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/safefile"
	"vigie/storage"
)

// A sealed file is written by a kit that must not be able to read it back. It is a sequence of frames:
//
//	frameMark
//	length of the age file     4 bytes, big-endian
//	CRC-32C of the age file    4 bytes, big-endian
//	age file                   age-encryption.org/v1
//
// The age file holds, deflated, lines of the interchange format (docs/fields.md), and for an event a line
// {"kind":"event","body":...} with the event as the store keeps it. Each frame is complete by itself: a cut or damaged frame
// costs what was in it and nothing else. Without the private key the file shows only its size, how it grew, and when.
const (
	frameMark = "\x89vigie1\n"
	frameHead = len(frameMark) + 8
	frameMost = 64 << 20 // bytes of one frame; storage.Follow passes far fewer

	// A sealed file may come from a stranger.
	mostText   = 64 << 20  // bytes of the lines of a frame: what is compressed can be a thousand times as long as it looks
	mostWasted = 256 << 20 // bytes that are read for frames that turn out to be damaged
	mostHeader = 64 << 10  // bytes before the contents of an age file: each line of them may cost a multiplication on a curve
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SealedID is the number of a sealed file: 16 hexadecimal digits, a hash of its first frame; empty if it has none.
func SealedID(r io.ReaderAt) string {
	first := &frames{r: r}
	body, err := first.next()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// Sealed is a storage.Sink that writes a sealed file. Each Write is a frame, and is safe from a power cut when it returns.
// OpenSealed makes one.
type Sealed struct {
	// Every is the least time between two frames; Write waits for it. Set it before the first Write.
	Every time.Duration

	mu   sync.Mutex
	file *os.File // nil when closed
	size int64    // of what is acknowledged
	to   []age.Recipient
	last time.Time     // when the last frame was written
	torn bool          // there may be something after size
	pack *flate.Writer // large, so it is reused; nil at first
}

// OpenSealed opens a sealed file for appending, and creates it (permission 0600) if it is not there. It cuts off what a crash
// left of a last frame. The error wraps storage.ErrLocked if another process writes to the file, and storage.ErrForeign if it
// is not a sealed file.
func OpenSealed(path string, to ...age.Recipient) (*Sealed, error) {
	if len(to) == 0 {
		return nil, errors.New("a sealed file needs a public key to seal to")
	}
	f, err := safefile.Append(path)
	if err != nil {
		return nil, fmt.Errorf("cannot seal: %w", storage.Explain(err))
	}
	s := &Sealed{file: f, to: to}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("cannot seal to %s: %w", path, storage.ErrLocked), f.Close())
	}
	if s.size, err = goodFrames(f); err == nil {
		err = f.Truncate(s.size)
	}
	if err == nil {
		err = storage.SyncIfPossible(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot seal to %s: %w", path, storage.Explain(err)), f.Close())
	}
	return s, nil
}

// goodFrames returns the offset at which the last complete frame ends. Damage before it stays: the frames after it are good.
func goodFrames(f *os.File) (end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%w: it is not a file", storage.ErrForeign)
	}
	r := &frames{r: f}
	for err == nil {
		_, err = r.next()
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if r.marks == 0 && info.Size() >= int64(len(frameMark)) {
		return 0, fmt.Errorf("%w: it is not a sealed file", storage.ErrForeign)
	}
	return r.end, nil
}

// Write appends the entries as one frame, and returns when they are safe from a power cut.
func (s *Sealed) Write(ctx context.Context, entries []storage.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return fmt.Errorf("cannot seal: %w", fs.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	if wait := s.Every - time.Since(s.last); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	frame, err := s.frame(linesOf(entries))
	if err != nil {
		return fmt.Errorf("cannot seal: %w", err)
	}
	s.last = time.Now()
	if s.torn {
		if err := s.file.Truncate(s.size); err != nil {
			return fmt.Errorf("cannot seal to %s: %w", s.file.Name(), storage.Explain(err))
		}
	}
	s.torn = true
	if _, err = s.file.WriteAt(frame, s.size); err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("cannot seal to %s: %w", s.file.Name(), storage.Explain(err))
	}
	s.torn = false
	s.size += int64(len(frame))
	return nil
}

// linesOf writes entries as the lines of a frame.
func linesOf(entries []storage.Entry) func(io.Writer) error {
	return func(w io.Writer) error {
		var line []byte
		for _, e := range entries {
			line = line[:0]
			switch {
			case e.Event != nil:
				line = storage.AppendEventBody(line, e.Event)
			case e.Record != nil:
				line = cell.AppendRecord(line, e.Record)
			default:
				continue
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	}
}

// frame seals what a function writes.
func (s *Sealed) frame(lines func(io.Writer) error) ([]byte, error) {
	var out bytes.Buffer
	out.Write(make([]byte, frameHead))
	sealed, err := age.Encrypt(&out, s.to...)
	if err != nil {
		return nil, err
	}
	if s.pack == nil {
		if s.pack, err = flate.NewWriter(sealed, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	s.pack.Reset(sealed)
	if err := errors.Join(lines(s.pack), s.pack.Close(), sealed.Close()); err != nil {
		return nil, err
	}
	frame := out.Bytes()
	body := frame[frameHead:]
	copy(frame, frameMark)
	binary.BigEndian.PutUint32(frame[len(frameMark):], uint32(len(body)))
	binary.BigEndian.PutUint32(frame[len(frameMark)+4:], crc32.Checksum(body, castagnoli))
	return frame, nil
}

// Close closes the file.
func (s *Sealed) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// frames reads frames, and skips what is damaged.
type frames struct {
	r       io.ReaderAt
	at      int64 // offset at which to continue
	end     int64 // of the last complete frame
	marks   int   // seen
	lost    bool  // inside a damaged place, which is counted already
	damaged int   // places where something was cut or changed
	wasted  int64 // bytes that were read for damaged frames
}

// next returns the age file of the next complete frame; io.EOF if there is none.
func (f *frames) next() ([]byte, error) {
	head := make([]byte, frameHead)
	for {
		n, err := f.r.ReadAt(head, f.at)
		if n < frameHead {
			if n > 0 && errors.Is(err, io.EOF) {
				f.harm()
			}
			return nil, err
		}
		if string(head[:len(frameMark)]) != frameMark {
			f.harm()
			if err := f.seek(); err != nil {
				return nil, err
			}
			continue
		}
		f.marks++
		length := int64(binary.BigEndian.Uint32(head[len(frameMark):]))
		var body bytes.Buffer // grows with what is there, whatever the length says
		if length <= frameMost {
			if _, err := io.Copy(&body, io.NewSectionReader(f.r, f.at+int64(frameHead), length)); err != nil {
				return nil, err
			}
		}
		if int64(body.Len()) == length && crc32.Checksum(body.Bytes(), castagnoli) == binary.BigEndian.Uint32(head[len(frameMark)+4:]) {
			f.at += int64(frameHead) + length
			f.end, f.lost = f.at, false
			return body.Bytes(), nil
		}
		f.harm() // the length may be what is damaged: continue right after the mark
		f.at += int64(len(frameMark))
		if f.wasted += int64(body.Len()); f.wasted > mostWasted {
			return nil, fmt.Errorf("%w: it has marks everywhere and hardly a frame; what came before was read", storage.ErrDamaged)
		}
	}
}

// harm counts a damaged place once.
func (f *frames) harm() {
	if !f.lost {
		f.damaged++
	}
	f.lost = true
}

// seek moves to the next byte that may begin a frame.
func (f *frames) seek() error {
	buf := make([]byte, 4096)
	for f.at++; ; {
		n, err := f.r.ReadAt(buf, f.at)
		if i := bytes.IndexByte(buf[:n], frameMark[0]); i >= 0 {
			f.at += int64(i)
			return nil
		}
		if f.at += int64(n); err != nil {
			return err
		}
	}
}

// Unsealed counts what a sealed file holds.
type Unsealed struct {
	Frames, Records, Events int
	Written                 int // verdicts and remarks
	Damaged                 int // frames that were cut or changed, and lines that could not be read
}

// Unseal reads a sealed file into a store, which then equals one that was never sealed. What the store has already adds
// nothing. The error wraps storage.ErrKey if no identity opens the file, and storage.ErrForeign if it is not a sealed file.
func Unseal(ctx context.Context, r io.ReaderAt, s *storage.Store, ids ...age.Identity) (u Unsealed, err error) {
	return u.read(ctx, r, ids, func(text io.Reader) error {
		return s.Update(ctx, func(t *storage.Tx) error {
			return u.lines(text, Takers{
				func(r cell.Record) error { _, err := t.Append(r); return err },
				func(e analyzer.Event) error { _, err := t.TakeEvent(e); return err },
				func(w Written) error { _, err := w.take(t); return err },
			})
		})
	})
}

// Takers get what a file holds, in order. An error of one ends the reading.
type Takers struct {
	Record  func(cell.Record) error
	Event   func(analyzer.Event) error
	Written func(Written) error
}

// ReadSealed reads a sealed file as Unseal does, and passes on what it holds. It ends with ctx.
func ReadSealed(ctx context.Context, r io.ReaderAt, ids []age.Identity, to Takers) (u Unsealed, err error) {
	return u.read(ctx, r, ids, func(text io.Reader) error { return u.lines(text, to) })
}

// read passes on the text of each frame.
func (u *Unsealed) read(ctx context.Context, r io.ReaderAt, ids []age.Identity, each func(text io.Reader) error) (Unsealed, error) {
	f := &frames{r: readerUntil{ctx, r}}
	for {
		text, err := u.open(f, ids)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = each(text)
		}
		if err != nil {
			return *u, err
		}
	}
	if f.marks == 0 {
		return *u, fmt.Errorf("%w: it is not a sealed file", storage.ErrForeign)
	}
	u.Damaged += f.damaged
	return *u, nil
}

// readerUntil reads until its context ends.
type readerUntil struct {
	ctx context.Context
	r   io.ReaderAt
}

func (r readerUntil) ReadAt(p []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.ReadAt(p, at)
}

// open returns the text of the next frame; io.EOF if there is none.
func (u *Unsealed) open(f *frames, ids []age.Identity) (io.Reader, error) {
	for {
		body, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("reading the sealed file: %w", err)
		}
		plain, err := OpenAge(bytes.NewReader(body), ids...)
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, fmt.Errorf("%w: it was sealed to another one", storage.ErrKey)
		}
		if err != nil {
			u.Damaged++
			continue
		}
		u.Frames++
		return &frameText{u: u, r: io.LimitReader(flate.NewReader(plain), mostText+1)}, nil
	}
}

// OpenAge is age.Decrypt for a file that may come from a stranger: it refuses a header longer than any before it works on it.
func OpenAge(r io.Reader, ids ...age.Identity) (io.Reader, error) {
	in := bufio.NewReaderSize(r, mostHeader)
	head, err := in.Peek(mostHeader)
	if !bytes.Contains(head, []byte("\n---")) {
		if err == nil {
			err = errors.New("its header is longer than any that age writes")
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("it is not a file of age, or cut short")
		}
		return nil, err
	}
	return age.Decrypt(in, ids...)
}

// frameText is the text of a frame. What cannot be read ends it and is counted; what came before is good: age has verified it.
type frameText struct {
	u *Unsealed
	r io.Reader
	n int
}

func (t *frameText) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if t.n += n; err == nil && t.n > mostText {
		err = storage.ErrDamaged
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.u.Damaged++
		err = io.EOF
	}
	return n, err
}

// lines passes on what a frame holds, in order.
func (u *Unsealed) lines(text io.Reader, to Takers) (err error) {
	r := cell.NewReader(text, "frame")
	r.OnOther = func(line []byte) {
		if err != nil {
			return
		}
		if w, is, bad := writtenOfLine(line); is && bad == nil {
			u.Written++
			err = to.Written(w)
		} else if e, worse := storage.EventOfLine(line); is || worse != nil {
			u.Damaged++
		} else if err = to.Event(e); err == nil {
			u.Events++
		}
	}
	for {
		rec, end := r.Next()
		if err == nil && end == nil {
			err = to.Record(rec)
		}
		switch {
		case err != nil:
			return err
		case errors.Is(end, io.EOF):
			u.Damaged += r.Counts().Skipped
			return nil
		case end != nil:
			return end
		}
		u.Records++
	}
}
