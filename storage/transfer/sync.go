// Package transfer carries what a store holds to another place: as chunks in a directory (vigie sync DIRECTORY), as a stream
// (vigie sync -), or as a sealed file that only the holder of a private key can read (a kit's sink), and brings it into another
// store (Importer). A Trimmer says what of it must not leave.
//
// A copy may be interrupted at any moment: what has the name of a chunk is complete, and the next run continues from there.
// A damaged chunk or frame costs what was in it and nothing else.
//
// The package refuses to write to the store that it copies, to follow a link or overwrite a file in a directory that others
// can write to, and to choose by itself what may leave a store: the caller's Filter decides.
package transfer

import (
	"cmp"
	"context"
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

	"vigie/storage"

	"vigie/safefile"
)

// Decision is whether an entry may leave the store.
type Decision int

// The decisions.
const (
	Send     Decision = iota
	Withhold          // never
	Defer             // not decided yet: neither it nor anything after it is copied now
)

// Options say what is copied, and how. The zero Options copy everything.
type Options struct {
	To       []age.Recipient              // who can read the copy; empty: everybody
	Filter   func(storage.Entry) Decision // nil: everything is sent
	Check    bool                         // read every chunk that is present, not only the newest
	DryRun   bool                         // count, and write nothing
	Progress func(Result)                 // reports what was copied so far; may be nil
}

// Result says what was copied.
type Result struct {
	Chunks, Records, Events int      // copied now, or with DryRun to be copied
	Withheld                int      // records and events
	Left                    Left     // the events among them
	Written                 int      // verdicts and remarks in the copy
	WrittenLeft             int      // verdicts and remarks that were left out: about what is withheld
	Present                 int      // chunks that were there before
	Bytes                   int64    // written
	Damaged                 []string // names of chunks that were not complete; they were renamed and copied again
	Deferred                bool     // the newest entries were not copied, because Filter deferred one
}

// Sync copies into a directory what is not there yet. It may be interrupted at any moment; the next call continues. The error
// wraps storage.ErrLocked if another process copies into the directory, and storage.ErrFull if there is no room: complete
// chunks stay.
func Sync(ctx context.Context, s *storage.Store, dir string, o Options) (Result, error) {
	id, err := s.ID(ctx)
	if err == nil && id == "" {
		err = fmt.Errorf("%w: the store has no number yet; open it once for writing", storage.ErrReadOnly)
	}
	if err == nil {
		err = s.Flush()
	}
	var st storage.Stats
	if err == nil {
		st, err = s.Stats(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	return syncTo(dir, Chunk{Store: id, Sealed: len(o.To) > 0}, o, st.Seq, func(c *copier, after, through int64) error {
		return c.entries(ctx, s, after, through)
	}, func(c *copier) error { return c.written(ctx, s) })
}

// SyncSealed copies a sealed file as Sync copies a store, also while a kit writes to it. Filter does not apply: nobody here
// can read the file.
func SyncSealed(ctx context.Context, path, dir string, o Options) (Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	id, end, err := SealedID(f), int64(0), error(nil)
	if id != "" {
		end, err = goodFrames(f)
	}
	if err == nil {
		err = storage.SyncIfPossible(path)
	}
	if err != nil || id == "" {
		return Result{}, errors.Join(err, fmt.Errorf("%s: %w: nothing was sealed into it yet", path, storage.ErrForeign))
	}
	return syncTo(dir, Chunk{Store: id, Sealed: true}, o, end, func(c *copier, after, through int64) error {
		return c.frames(ctx, f, after, min(end, through))
	}, nil)
}

// Stream writes everything that the store holds to w, as chunks one after the other. Together they are one file: gzipped
// lines, or sealed frames.
func Stream(ctx context.Context, s *storage.Store, w io.Writer, o Options) (Result, error) {
	id, err := s.ID(ctx)
	if err == nil {
		err = s.Flush()
	}
	if err != nil {
		return Result{}, err
	}
	c := &copier{o: o, Chunk: Chunk{Store: id, Sealed: len(o.To) > 0}, stream: w, seal: Sealed{to: o.To}}
	if err = c.entries(ctx, s, 0, math.MaxInt64); err == nil {
		err = c.finish()
	}
	if err == nil {
		err = c.streamWritten(ctx, s)
	}
	return c.Result, err
}

// syncTo finds the ranges that are missing in a directory and has put copy each, and then calls last, which may be nil. end is the last
// number of the source.
func syncTo(dir string, chunk Chunk, o Options, end int64, put func(c *copier, after, through int64) error, last func(*copier) error) (_ Result, err error) {
	c := &copier{o: o, dir: dir, Chunk: chunk, part: filepath.Join(dir, ".vigie-"+chunk.Store+".part"), seal: Sealed{to: o.To}}
	defer func() {
		if c.file != nil {
			c.file.Close()
		}
		if err != nil && !o.DryRun {
			_ = c.rights.Do(func() error { return os.Remove(c.part) })
		}
	}()
	var d *os.File
	if c.rights, err = safefile.RightsAt(dir); err == nil {
		err = c.rights.Do(func() error { d, err = os.Open(dir); return err })
	}
	if err != nil {
		return c.Result, fmt.Errorf("cannot copy: %w", storage.Explain(err))
	}
	defer d.Close()
	// Some file systems cannot lock a directory. Two copies at once would then write the same things under the same names.
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return c.Result, fmt.Errorf("cannot copy to %s: %w", dir, storage.ErrLocked)
	}
	var missing [][2]int64
	err = c.rights.Do(func() error { missing, err = c.missing(d, end); return err })
	if err != nil {
		return c.Result, fmt.Errorf("cannot copy to %s: %w", dir, storage.Explain(err))
	}
	for _, r := range missing {
		if err = put(c, r[0], r[1]); err == nil {
			err = c.finish()
		}
		if err != nil {
			return c.Result, fmt.Errorf("copying to %s: %w", dir, storage.Explain(err))
		}
		if c.Deferred {
			break
		}
	}
	if last != nil {
		if err := last(c); err != nil {
			return c.Result, fmt.Errorf("copying to %s: %w", dir, storage.Explain(err))
		}
	}
	return c.Result, nil
}

// missing returns the ranges (after, through) of numbers that no chunk in the directory holds. It removes what an interrupted
// run left, and renames a chunk that is not complete, whose range is then missing.
func (c *copier) missing(d *os.File, end int64) (ranges [][2]int64, err error) {
	if !c.o.DryRun {
		if err := os.Remove(c.part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var present []Chunk
	for _, name := range names {
		if p, ok := ParseName(name); ok && p.Store == c.Store && (!p.Trimmed || c.o.Filter != nil) {
			present = append(present, p)
		}
	}
	slices.SortFunc(present, func(a, b Chunk) int {
		return cmp.Or(cmp.Compare(a.After, b.After), cmp.Compare(a.Through, b.Through))
	})
	at := int64(0)
	for i, p := range present {
		if p.Through > end {
			return nil, fmt.Errorf("it holds more of this store than the store does, which was put back to an earlier state; copy into another directory")
		}
		path := filepath.Join(c.dir, p.name())
		if ok, err := complete(path, c.o.Check || i == len(present)-1); err != nil {
			return nil, err
		} else if !ok {
			c.Damaged = append(c.Damaged, p.name())
			if !c.o.DryRun {
				if err := os.Rename(path, path+".damaged"); err != nil {
					return nil, err
				}
			}
			continue
		}
		if c.Present++; p.After > at {
			ranges = append(ranges, [2]int64{at, p.After})
		}
		at = max(at, p.Through)
	}
	if at < end {
		ranges = append(ranges, [2]int64{at, end})
	}
	return ranges, nil
}
