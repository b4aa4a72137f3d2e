package storage

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
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
)

// A sealed file is what a kit writes that must not be able to read what it wrote: frames, one after the other,
//
//	frameMark, length of what follows the sum (4 bytes), CRC-32C of it (4 bytes), an age file (age-encryption.org/v1)
//
// each of which holds, deflated, lines of the interchange format (docs/fields.md) and, for an event, a line
// {"kind":"event","body":...} with the event as the store keeps it. Each frame is complete by itself: a cut or damaged one
// costs what was in it and nothing else. Whoever has the file but not the private key learns its size, how it grew, and when.
const (
	frameMark = "\x89vigie1\n"
	frameHead = len(frameMark) + 8
	frameMost = 64 << 20 // bytes of one frame; Follow hands over far less
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sealed is a Sink that writes a sealed file: each Write is a frame, and is safe from a power cut when it returns.
type Sealed struct {
	// Every is the time between two frames: what comes meanwhile goes into the next one. Set it before anything is written.
	Every time.Duration

	mu   sync.Mutex
	file *os.File // nil when closed
	size int64    // of what is acknowledged
	to   []age.Recipient
	last time.Time     // when the last frame was written
	torn bool          // something may stand behind size
	pack *flate.Writer // is large, and used again; nil at first
}

// OpenSealed opens a sealed file for appending, and creates it (permission 0600) if it is not there. What a crash left of
// a last frame is cut off. ErrLocked tells that somebody else writes to it, ErrForeign that it is another file.
func OpenSealed(path string, to ...age.Recipient) (*Sealed, error) {
	if len(to) == 0 {
		return nil, errors.New("a sealed file needs a public key to seal to")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot seal: %w", Explain(err))
	}
	s := &Sealed{file: f, to: to}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("cannot seal to %s: %w", path, ErrLocked), f.Close())
	}
	if s.size, err = goodFrames(f); err == nil {
		err = f.Truncate(s.size)
	}
	if err == nil {
		err = SyncIfPossible(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot seal to %s: %w", path, Explain(err)), f.Close())
	}
	return s, nil
}

// goodFrames finds where the last whole frame ends. Damage before it stays: what comes after a damaged frame is still good.
func goodFrames(f *os.File) (end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%w: it is not a file", ErrForeign)
	}
	r := &frames{r: f}
	for err == nil {
		_, err = r.next()
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if r.marks == 0 && info.Size() >= int64(len(frameMark)) {
		return 0, fmt.Errorf("%w: it is not a sealed file", ErrForeign)
	}
	return r.end, nil
}

// Write appends the entries as one frame, and returns when they are safe from a power cut.
func (s *Sealed) Write(ctx context.Context, entries []Entry) error {
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
	frame, err := s.frame(entries)
	if err != nil {
		return fmt.Errorf("cannot seal: %w", err)
	}
	s.last = time.Now()
	if s.torn {
		if err := s.file.Truncate(s.size); err != nil {
			return fmt.Errorf("cannot seal to %s: %w", s.file.Name(), Explain(err))
		}
	}
	s.torn = true
	if _, err = s.file.WriteAt(frame, s.size); err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("cannot seal to %s: %w", s.file.Name(), Explain(err))
	}
	s.torn = false
	s.size += int64(len(frame))
	return nil
}

func (s *Sealed) frame(entries []Entry) ([]byte, error) {
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
	var line []byte
	for _, e := range entries {
		line = line[:0]
		switch {
		case e.Event != nil:
			line = AppendEventBody(line, e.Event)
		case e.Record != nil:
			line = cell.AppendRecord(line, e.Record)
		default:
			continue
		}
		if _, err := s.pack.Write(append(line, '\n')); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(s.pack.Close(), sealed.Close()); err != nil {
		return nil, err
	}
	frame := out.Bytes()
	body := frame[frameHead:]
	copy(frame, frameMark)
	binary.BigEndian.PutUint32(frame[len(frameMark):], uint32(len(body)))
	binary.BigEndian.PutUint32(frame[len(frameMark)+4:], crc32.Checksum(body, castagnoli))
	return frame, nil
}

// Close gives the file back.
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

// frames reads frames, and looks for the next one behind what is damaged.
type frames struct {
	r       io.ReaderAt
	at      int64 // where to go on
	end     int64 // of the last whole frame
	marks   int   // seen
	lost    bool  // what is at at belongs to damage that was counted
	damaged int   // places where something was cut or changed
}

// next is the age file in the next whole frame; io.EOF when there is none.
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
		f.harm() // the length may be what is wrong: go on just behind the mark
		f.at += int64(len(frameMark))
	}
}

// harm counts a damage once.
func (f *frames) harm() {
	if !f.lost {
		f.damaged++
	}
	f.lost = true
}

// seek goes to the next byte that may begin a frame.
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

// Unsealed says what Unseal found.
type Unsealed struct {
	Frames, Records, Events int
	Damaged                 int // frames that were cut or changed, or lines that could not be read
}

// Unseal reads a sealed file and puts what is in it into a store, which then equals one that was never sealed. What the
// store has already adds nothing. The error wraps ErrKey when no identity opens the file, ErrForeign when it is none.
func Unseal(ctx context.Context, r io.ReaderAt, s *Store, ids ...age.Identity) (u Unsealed, err error) {
	return u.read(r, ids, func(text []byte) error {
		return s.Update(ctx, func(t *Tx) error {
			return u.lines(text, func(r cell.Record) error { _, err := t.Append(r); return err }, func(e analyzer.Event) error { _, err := t.TakeEvent(e); return err })
		})
	})
}

// ReadSealed is Unseal for who has another use for what is in the file.
func ReadSealed(r io.ReaderAt, ids []age.Identity, record func(cell.Record) error, event func(analyzer.Event) error) (u Unsealed, err error) {
	return u.read(r, ids, func(text []byte) error { return u.lines(text, record, event) })
}

// read hands on what each frame holds.
func (u *Unsealed) read(r io.ReaderAt, ids []age.Identity, each func(text []byte) error) (Unsealed, error) {
	f := &frames{r: r}
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
		return *u, fmt.Errorf("%w: it is not a sealed file", ErrForeign)
	}
	u.Damaged += f.damaged
	return *u, nil
}

// open is what the next frame holds.
func (u *Unsealed) open(f *frames, ids []age.Identity) (text []byte, err error) {
	for {
		body, err := f.next()
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("reading the sealed file: %w", err)
		}
		plain, err := age.Decrypt(bytes.NewReader(body), ids...)
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, fmt.Errorf("%w: it was sealed to another one", ErrKey)
		}
		if err != nil {
			u.Damaged++
			continue
		}
		if text, err = io.ReadAll(io.LimitReader(flate.NewReader(plain), 4*frameMost)); err != nil {
			u.Damaged++ // what could be read of it is good: age has compared it
		}
		u.Frames++
		return text, nil
	}
}

// lines hands on what a frame holds, in its order.
func (u *Unsealed) lines(text []byte, record func(cell.Record) error, event func(analyzer.Event) error) (err error) {
	r := cell.NewReader(bytes.NewReader(text), "frame")
	r.OnOther = func(line []byte) {
		if e, bad := EventOfLine(line); err != nil {
			return
		} else if bad != nil {
			u.Damaged++
		} else if err = event(e); err == nil {
			u.Events++
		}
	}
	for {
		rec, end := r.Next()
		if err == nil && end == nil {
			err = record(rec)
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
