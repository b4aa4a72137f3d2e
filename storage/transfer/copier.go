package transfer

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"vigie/cell"
	"vigie/safefile"
	"vigie/storage"
)

const (
	maxChunk     = 16 << 20        // bytes of lines in a chunk, about
	pageEntries  = 500             // read from the store at once
	frameEntries = 8 * pageEntries // in a sealed frame at most
	sealedEntry  = 500             // bytes of an entry, about, where it is only counted
)

// copier is one run of copying into a directory or a stream.
type copier struct {
	o      Options
	dir    string
	rights safefile.Rights
	part   string    // name of the chunk's file until it is complete
	stream io.Writer // instead of files; nil: into dir
	Result

	Chunk             // that is being written
	file    *os.File  // nil: none, a stream, or a dry run
	w       io.Writer // the file, or the stream
	zip     *gzip.Writer
	out     *bufio.Writer
	enc     cell.Encoder
	frame   []storage.Entry
	seal    Sealed // seals the frames
	text    []byte
	size    int
	through int64
	filled  bool // something was read for it
	open    bool
}

// entries copies what a store has after one sequence number, through another.
func (c *copier) entries(ctx context.Context, s *storage.Store, after, through int64) error {
	all := storage.ChangesOptions{Sources: true, Raw: true}
	changes := s.Changes(all)
	for at := after; at < through; {
		page, err := changes.After(ctx, at, pageEntries)
		if err != nil {
			return err
		}
		if len(page) == 0 || page[0].Seq > through { // nothing of the range is left in the store
			return nil
		}
		for _, e := range page {
			if e.Seq > through {
				return nil
			}
			if !c.open {
				if err := c.begin(at); err != nil {
					return err
				}
			}
			if err := c.take(e); err != nil || c.Deferred {
				return err
			}
			at, c.through, c.filled = e.Seq, e.Seq, true
		}
		if c.size >= maxChunk {
			if err := c.finish(); err != nil {
				return err
			}
			changes = s.Changes(all) // each chunk has its own source lines
		}
		if c.o.Progress != nil {
			c.o.Progress(c.Result)
		}
	}
	return nil
}

// take adds an entry to the chunk, if it may leave the store.
func (c *copier) take(e storage.Entry) error {
	decision := Send
	if c.o.Filter != nil {
		decision = c.o.Filter(e)
	}
	switch decision {
	case Defer:
		c.Deferred = true
	case Withhold:
		c.Withheld++
		c.Left.Add(e.Event)
		c.Trimmed = true
	default:
		return c.add(e)
	}
	return nil
}

// frames copies whole frames of a sealed file, from one offset to another.
func (c *copier) frames(ctx context.Context, f *os.File, at, end int64) error {
	for at < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := &frames{r: f, at: at, end: at}
		for r.end-at < maxChunk && r.end < end {
			if _, err := r.next(); err != nil && !errors.Is(err, io.EOF) {
				return err
			} else if err != nil {
				r.end = end
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
		c.filled, c.through, at = true, r.end, r.end
		if err := c.finish(); err != nil {
			return err
		}
	}
	return nil
}

// begin opens the next chunk.
func (c *copier) begin(after int64) (err error) {
	c.After, c.through, c.Trimmed, c.filled, c.size, c.open, c.enc = after, after, false, false, 0, true, cell.Encoder{}
	if c.o.DryRun {
		return nil
	}
	if c.w = c.stream; c.w == nil {
		err = c.rights.Do(func() error {
			c.file, err = os.OpenFile(c.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // O_EXCL: follows no link that somebody put there
			return err
		})
		if err != nil {
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

func (c *copier) line(text []byte) error {
	c.size += len(text)
	if c.o.DryRun {
		return nil
	}
	_, err := c.out.Write(text)
	return err
}

// add writes an entry to the chunk.
func (c *copier) add(e storage.Entry) (err error) {
	switch _, source := e.Record.(*cell.Source); {
	case e.Event != nil:
		c.Events++
	case !source:
		c.Records++
	}
	if c.Sealed {
		c.size += sealedEntry
		if c.o.DryRun {
			return nil
		}
		if c.frame = append(c.frame, e); len(c.frame) >= frameEntries {
			return c.flushFrame()
		}
		return nil
	}
	if c.text, err = storage.AppendEntry(c.text[:0], &c.enc, e); err != nil {
		return err
	}
	return c.line(c.text)
}

func (c *copier) flushFrame() error {
	if len(c.frame) == 0 {
		return nil
	}
	frame, err := c.seal.frame(linesOf(c.frame))
	clear(c.frame)
	if c.frame = c.frame[:0]; err != nil {
		return err
	}
	_, err = c.w.Write(frame)
	return err
}

// finish gives the chunk its name, once it is complete and on the disk.
func (c *copier) finish() (err error) {
	if !c.open {
		return nil
	}
	c.open, c.Through = false, c.through
	if c.o.DryRun {
		if c.filled {
			c.Chunks++
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
	return c.rights.Do(func() error {
		if !c.filled {
			return os.Remove(c.part)
		}
		if err := os.Rename(c.part, filepath.Join(c.dir, c.name())); err != nil {
			return err
		}
		c.Chunks++
		c.Bytes += size
		return storage.SyncIfPossible(c.dir)
	})
}
