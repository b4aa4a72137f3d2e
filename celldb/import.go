package celldb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"vigie/words"
)

// Input is one export, csv or csv.gz, recognised by its first bytes.
type Input struct {
	Name string
	R    io.Reader
}

// Options of an import.
type Options struct {
	MCC      []string       // only these country codes; none: all
	Now      time.Time      // when it is made
	Progress func(Progress) // from time to time; may be nil
}

// Progress is the progress of an import.
type Progress struct {
	Input   string // being read; "" while the file is written
	Rows    int    // read
	Kept    int
	Bad     int
	Written int // rows in the new file so far
}

// Source describes what was read from one input.
type Source struct {
	Name   string         `json:"name"`
	Rows   int            `json:"rows"`             // without a header and empty lines
	Kept   int            `json:"kept"`             // before rows about one cell were made one
	Others int            `json:"others,omitempty"` // of other countries than those asked for
	Bad    map[string]int `json:"bad,omitempty"`    // rejected rows, by reason
}

// runLength is how many records are sorted in memory at once: 24 MiB.
const runLength = 1 << 20

// maxRows is far above the number of listed cells worldwide; it bounds the disk space that an endless input can take.
const maxRows = 1 << 28

// Import reads the inputs into a new file, which replaces dst once it is complete and on disk. Rows about one cell are merged into
// one. Bad rows are counted. If an input breaks off or holds no good row, Import fails and the old file stays.
func Import(ctx context.Context, dst string, o Options, inputs ...Input) (Info, error) {
	out, err := create(dst)
	if err != nil {
		return Info{}, err
	}
	defer out.discard()
	s, err := newSorter(filepath.Dir(dst))
	if err != nil {
		return Info{}, err
	}
	defer s.spill.Close()
	im := importer{sorter: s, progress: o.Progress}
	for _, m := range o.MCC {
		n, err := strconv.Atoi(m)
		if err != nil || n < 1 || n > 999 {
			return Info{}, fmt.Errorf("%q is not a mobile country code: want three digits, as in 262", m)
		}
		im.only = append(im.only, n)
	}
	for _, in := range inputs {
		if err := im.read(ctx, in); err != nil {
			return Info{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	if im.kept == 0 {
		return Info{}, nothingUsable(im.sources)
	}
	info, err := out.write(ctx, s, Info{Made: o.Now.UTC().Truncate(time.Second), Sources: im.sources}, func(n int) {
		im.report("", n)
	})
	if err != nil {
		return Info{}, err
	}
	return info, nil
}

// nothingUsable is the error of an import without a row to keep.
func nothingUsable(sources []Source) error {
	rows, others := 0, 0
	for _, s := range sources {
		rows, others = rows+s.Rows, others+s.Others
	}
	return words.WithHint(fmt.Errorf("no usable row among %d (%d of other countries); nothing was changed", rows, others),
		"want the columns radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal, as OpenCellID and Ichnaea write them, or the file of a WiGLE app (WigleWifi-1.4 or later) with cells in it")
}

type importer struct {
	*sorter
	only            []int
	sources         []Source
	rows, kept, bad int
	progress        func(Progress)
}

func (im *importer) report(input string, written int) {
	if im.progress != nil {
		im.progress(Progress{input, im.rows, im.kept, im.bad, written})
	}
}

// until ends an input with its context: one that holds no row at all would never be asked.
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

// read takes the rows of one input.
func (im *importer) read(ctx context.Context, in Input) error {
	lines := bufio.NewReaderSize(&until{ctx, in.R}, 1<<16)
	if head, _ := lines.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(lines)
		if err != nil {
			return err
		}
		lines = bufio.NewReaderSize(z, 1<<16)
	}
	im.sources = append(im.sources, Source{Name: filepath.Base(in.Name)})
	src := &im.sources[len(im.sources)-1]
	refuse := func(why string) {
		if src.Bad == nil {
			src.Bad = map[string]int{}
		}
		src.Bad[why]++
		im.bad++
	}
	if isWigle(lines) {
		return im.readWigle(ctx, lines, in.Name, src, refuse)
	}
	p := newParser()
	for {
		line, err := lines.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("it breaks off after %d rows, as a download that was cut short does; nothing was changed", src.Rows)
			}
			return fmt.Errorf("after %d rows: %w", src.Rows, err)
		}
		ended := err == io.EOF
		if line = bytes.TrimSpace(line); len(line) == 0 {
			if ended {
				im.report(in.Name, 0)
				return nil
			}
			continue
		}
		if long {
			src.Rows++
			im.rows++
			refuse(badLine)
		} else if r, ok, why := p.parse(line); ok || why != "" {
			src.Rows++
			im.rows++
			switch {
			case !ok:
				refuse(why)
			case len(im.only) > 0 && !slices.Contains(im.only, r.mcc()):
				src.Others++
			default:
				src.Kept++
				im.kept++
				if err := im.add(r); err != nil {
					return err
				}
			}
			if im.rows%(1<<16) == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
				im.report(in.Name, 0)
			}
			if im.rows > maxRows {
				return fmt.Errorf("more than %d rows: there are not so many cells", maxRows)
			}
		}
		if ended {
			im.report(in.Name, 0)
			return nil
		}
	}
}

// sorter sorts more records than fit in memory: sorted runs, one behind the other in a file without a name, which goes
// when the process does, whatever ends it.
type sorter struct {
	run   []record
	spill *os.File
	ends  []int64 // of the runs
}

func newSorter(dir string) (*sorter, error) {
	f, err := os.CreateTemp(dir, ".vigie-sorting-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return &sorter{spill: f}, nil
}

func (s *sorter) add(r record) error {
	s.run = append(s.run, r)
	if len(s.run) < runLength {
		return nil
	}
	return s.flush()
}

func (s *sorter) flush() error {
	if len(s.run) == 0 {
		return nil
	}
	slices.SortFunc(s.run, func(a, b record) int { return a.compare(&b) })
	w := bufio.NewWriterSize(s.spill, 1<<16)
	var b [recordSize]byte
	for i := range s.run {
		s.run[i].put(b[:])
		if _, err := w.Write(b[:]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	end := int64(len(s.run)) * recordSize
	if n := len(s.ends); n > 0 {
		end += s.ends[n-1]
	}
	s.ends = append(s.ends, end)
	s.run = s.run[:0]
	return nil
}

// each gives the records in order, of several about one cell the best.
func (s *sorter) each(yield func(*record) error) error {
	if err := s.flush(); err != nil {
		return err
	}
	s.run = nil
	type run struct {
		r    *bufio.Reader
		head record
	}
	var b [recordSize]byte
	next := func(u *run) (bool, error) {
		_, err := io.ReadFull(u.r, b[:])
		if err == io.EOF {
			return false, nil
		}
		u.head.get(b[:])
		return err == nil, err
	}
	var runs []*run
	begin := int64(0)
	for _, end := range s.ends {
		u := &run{r: bufio.NewReaderSize(io.NewSectionReader(s.spill, begin, end-begin), 1<<16)}
		begin = end
		if ok, err := next(u); err != nil {
			return err
		} else if ok {
			runs = append(runs, u)
		}
	}
	var held *record
	for len(runs) > 0 {
		least := 0
		for i := 1; i < len(runs); i++ {
			if runs[i].head.compare(&runs[least].head) < 0 {
				least = i
			}
		}
		u := runs[least]
		switch {
		case held == nil:
			held = new(record)
			*held = u.head
		case held.compare(&u.head) != 0:
			if err := yield(held); err != nil {
				return err
			}
			*held = u.head
		case u.head.better(held):
			*held = u.head
		}
		ok, err := next(u)
		if err != nil {
			return err
		}
		if !ok {
			runs = slices.Delete(runs, least, least+1)
		}
	}
	if held == nil {
		return nil
	}
	return yield(held)
}
