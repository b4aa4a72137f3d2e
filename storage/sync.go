package storage

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"filippo.io/age"

	"vigie/cell"
)

const (
	pieceMost    = 16 << 20 // bytes of lines in a piece, about
	pieceEntries = 500      // read at once; a frame holds eight times as many
)

// Leaving is whether something may leave a store.
type Leaving int

// Whether it may leave.
const (
	Leaves Leaving = iota
	Stays          // for good
	Waits          // that cannot be told yet, nor of what comes after it
)

// SyncOptions say what is copied, and how. The zero SyncOptions copy everything.
type SyncOptions struct {
	To       []age.Recipient     // who can read the copy; none: everybody
	May      func(Entry) Leaving // nil: everything leaves
	Check    bool                // read every piece that is there, and not the newest alone
	DryRun   bool                // count and write nothing
	Progress func(Synced)        // told now and then; may be nil
}

// Synced says what was copied.
type Synced struct {
	Pieces, Records, Events int // copied now; with DryRun to be copied
	Stays                   int // records and events that were left out
	There                   int // pieces that were there before
	Bytes                   int64
	Damaged                 []string // pieces that were not whole; they were set aside and copied anew
	Waits                   bool     // the newest was not copied, because it cannot be told yet whether it may leave
}

// Sync copies into a directory what is not there yet. It may be cut off at any moment, and goes on the next time. The error
// wraps ErrLocked when somebody else copies into the directory, ErrFull when there is no room: what is whole stays.
func Sync(ctx context.Context, s *Store, dir string, o SyncOptions) (Synced, error) {
	id, err := s.ID(ctx)
	if err == nil && id == "" {
		err = fmt.Errorf("%w: the store has no number yet; open it once for writing", ErrReadOnly)
	}
	if err == nil {
		err = s.Flush()
	}
	var st Stats
	if err == nil {
		st, err = s.Stats(ctx)
	}
	if err != nil {
		return Synced{}, err
	}
	return syncTo(dir, Piece{Store: id, Sealed: len(o.To) > 0}, o, st.Seq, func(c *copying, after, through int64) error {
		return c.entries(ctx, s, after, through)
	})
}

// SyncSealed copies a sealed file as Sync does a store, while a kit may go on writing to it. Nobody can leave out anything of it.
func SyncSealed(ctx context.Context, path, dir string, o SyncOptions) (Synced, error) {
	f, err := os.Open(path)
	if err != nil {
		return Synced{}, err
	}
	defer f.Close()
	id, end, err := SealedID(f), int64(0), error(nil)
	if id != "" {
		end, err = goodFrames(f)
	}
	if err == nil {
		err = SyncIfPossible(path)
	}
	if err != nil || id == "" {
		return Synced{}, errors.Join(err, fmt.Errorf("%s: %w: nothing was sealed into it yet", path, ErrForeign))
	}
	return syncTo(dir, Piece{Store: id, Sealed: true}, o, end, func(c *copying, after, through int64) error {
		for at := after; at < min(end, through); {
			if err := ctx.Err(); err != nil {
				return err
			}
			r := &frames{r: f, at: at, end: at}
			for r.end-at < pieceMost && r.end < min(end, through) {
				if _, err := r.next(); err != nil && !errors.Is(err, io.EOF) {
					return err
				} else if err != nil {
					r.end = min(end, through)
				}
			}
			if err := c.begin(at); err != nil {
				return err
			}
			if !c.o.DryRun {
				if _, err := io.Copy(c.w, io.NewSectionReader(f, at, r.end-at)); err != nil {
					return err
				}
			}
			c.took, c.through, at = true, r.end, r.end
			if err := c.finish(); err != nil {
				return err
			}
		}
		return nil
	})
}

// SealedID is the number of a sealed file, "" where there is none.
func SealedID(r io.ReaderAt) string {
	first := &frames{r: r}
	body, err := first.next()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// copying is one run of copying into a directory.
type copying struct {
	o      SyncOptions
	dir    string
	part   string    // name of the file while it is not whole
	stream io.Writer // instead of files; may be nil
	Synced

	// of the piece that is being written
	Piece
	file    *os.File  // nil: none, a stream, or a dry run
	w       io.Writer // the file, or the stream
	zip     *gzip.Writer
	out     *bufio.Writer
	enc     cell.Encoder
	frame   []Entry
	seal    Sealed // what seals frames
	text    []byte
	size    int
	through int64
	took    bool // something is in it
	open    bool
}

// syncTo finds what is missing in a directory and has it copied. end is the last number that there is.
func syncTo(dir string, p Piece, o SyncOptions, end int64, put func(c *copying, after, through int64) error) (_ Synced, err error) {
	c := &copying{o: o, dir: dir, Piece: p, part: filepath.Join(dir, ".vigie-"+p.Store+".part"), seal: Sealed{to: o.To}}
	defer func() {
		if c.file != nil {
			c.file.Close()
		}
		if err != nil && !o.DryRun {
			os.Remove(c.part)
		}
	}()
	d, err := os.Open(dir)
	if err != nil {
		return c.Synced, fmt.Errorf("cannot copy: %w", Explain(err))
	}
	defer d.Close()
	// Not every file system can lock a directory; two that copy at once would write the same things under the same names.
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return c.Synced, fmt.Errorf("cannot copy to %s: %w", dir, ErrLocked)
	}
	holes, err := c.holes(d, end)
	if err != nil {
		return c.Synced, fmt.Errorf("cannot copy to %s: %w", dir, Explain(err))
	}
	for _, h := range holes {
		if err = put(c, h[0], h[1]); err == nil {
			err = c.finish()
		}
		if err != nil {
			return c.Synced, fmt.Errorf("copying to %s: %w", dir, Explain(err))
		}
		if c.Waits {
			break
		}
	}
	return c.Synced, nil
}

// holes are the numbers that no piece holds. What a run that was cut off has left is removed; a piece that is not whole is set
// aside under another name, and its numbers are missing.
func (c *copying) holes(d *os.File, end int64) (holes [][2]int64, err error) {
	if !c.o.DryRun {
		if err := os.Remove(c.part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var there []Piece
	for _, name := range names {
		if p, ok := PieceOf(name); ok && p.Store == c.Store && (!p.Trimmed || c.o.May != nil) {
			there = append(there, p)
		}
	}
	slices.SortFunc(there, func(a, b Piece) int { return cmp.Or(cmp.Compare(a.After, b.After), cmp.Compare(a.Through, b.Through)) })
	at := int64(0)
	for i, p := range there {
		if p.Through > end {
			return nil, fmt.Errorf("it holds more of this store than the store does, which was put back to an earlier state; copy into another directory")
		}
		path := filepath.Join(c.dir, p.name())
		if whole, err := wholePiece(path, c.o.Check || i == len(there)-1); err != nil {
			return nil, err
		} else if !whole {
			c.Damaged = append(c.Damaged, p.name())
			if !c.o.DryRun {
				if err := os.Rename(path, path+".damaged"); err != nil {
					return nil, err
				}
			}
			continue
		}
		if c.There++; p.After > at {
			holes = append(holes, [2]int64{at, p.After})
		}
		at = max(at, p.Through)
	}
	if at < end {
		holes = append(holes, [2]int64{at, end})
	}
	return holes, nil
}

// entries copies what a store has between two numbers.
func (c *copying) entries(ctx context.Context, s *Store, after, through int64) error {
	all := ChangesOptions{Sources: true, Raw: true}
	r := s.Changes(all)
	for at := after; at < through; {
		list, err := r.After(ctx, at, pieceEntries)
		if err != nil {
			return err
		}
		if len(list) == 0 || list[0].Seq > through { // nothing is left of it in the store
			return nil
		}
		for _, e := range list {
			if e.Seq > through {
				return nil
			}
			if !c.open {
				if err := c.begin(at); err != nil {
					return err
				}
			}
			may := Leaves
			if c.o.May != nil {
				may = c.o.May(e)
			}
			switch may {
			case Waits:
				c.Waits = true
				return nil
			case Stays:
				c.Stays++
				c.Trimmed = true
			default:
				if err := c.add(e); err != nil {
					return err
				}
			}
			at, c.through, c.took = e.Seq, e.Seq, true
		}
		if c.size >= pieceMost {
			if err := c.finish(); err != nil {
				return err
			}
			r = s.Changes(all) // each piece names its sensors
		}
		if c.o.Progress != nil {
			c.o.Progress(c.Synced)
		}
	}
	return nil
}

// begin opens the next piece.
func (c *copying) begin(after int64) (err error) {
	c.After, c.through, c.Trimmed, c.took, c.size, c.open, c.enc = after, after, false, false, 0, true, cell.Encoder{}
	if c.o.DryRun {
		return nil
	}
	if c.w = c.stream; c.w == nil {
		if c.file, err = os.OpenFile(c.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil { // through no link that somebody puts there
			return err
		}
		c.w = c.file
	}
	if c.Sealed {
		return nil
	}
	c.zip = gzip.NewWriter(c.w)
	c.out = bufio.NewWriterSize(c.zip, 64<<10)
	if c.Store == "" {
		return nil
	}
	return c.line([]byte(cell.StoreLine + `"store":"` + c.Store + "\"}\n"))
}

func (c *copying) line(text []byte) error {
	c.size += len(text)
	if c.o.DryRun {
		return nil
	}
	_, err := c.out.Write(text)
	return err
}

// add puts an entry into the piece.
func (c *copying) add(e Entry) (err error) {
	switch _, source := e.Record.(*cell.Source); {
	case e.Event != nil:
		c.Events++
	case !source:
		c.Records++
	}
	if c.Sealed {
		c.size += 500 // about
		if c.o.DryRun {
			return nil
		}
		if c.frame = append(c.frame, e); len(c.frame) >= 8*pieceEntries {
			return c.flushFrame()
		}
		return nil
	}
	if c.text, err = AppendEntry(c.text[:0], &c.enc, e); err != nil {
		return err
	}
	return c.line(c.text)
}

func (c *copying) flushFrame() error {
	if len(c.frame) == 0 {
		return nil
	}
	frame, err := c.seal.frame(c.frame)
	clear(c.frame)
	if c.frame = c.frame[:0]; err != nil {
		return err
	}
	_, err = c.w.Write(frame)
	return err
}

// finish gives the piece its name, once it is whole and on the disk.
func (c *copying) finish() (err error) {
	if !c.open {
		return nil
	}
	c.open, c.Through = false, c.through
	if c.o.DryRun {
		if c.took {
			c.Pieces++
		}
		return nil
	}
	if c.zip != nil {
		err = errors.Join(c.out.Flush(), c.zip.Close())
		c.zip = nil
	} else {
		err = c.flushFrame()
	}
	if err != nil || c.stream != nil {
		return err
	}
	size, err := c.file.Seek(0, io.SeekEnd)
	err = errors.Join(err, c.file.Sync(), c.file.Close())
	if c.file = nil; err != nil {
		return err
	}
	if !c.took {
		return os.Remove(c.part)
	}
	if err := os.Rename(c.part, filepath.Join(c.dir, c.name())); err != nil {
		return err
	}
	c.Pieces++
	c.Bytes += size
	return SyncIfPossible(c.dir)
}

// Stream writes all that the store holds to w, as pieces one after the other, which together are one file: gzipped lines, or
// sealed frames.
func Stream(ctx context.Context, s *Store, w io.Writer, o SyncOptions) (Synced, error) {
	id, err := s.ID(ctx)
	if err == nil {
		err = s.Flush()
	}
	if err != nil {
		return Synced{}, err
	}
	c := &copying{o: o, Piece: Piece{Store: id, Sealed: len(o.To) > 0}, stream: w, seal: Sealed{to: o.To}}
	if err = c.entries(ctx, s, 0, math.MaxInt64); err == nil {
		err = c.finish()
	}
	return c.Synced, err
}
