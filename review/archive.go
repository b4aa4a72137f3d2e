package review

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"

	"vigie/review/evidence"
)

// A zip archive can be read in several ways: by its directory, which is at its end, or from header to header. Programs differ in what they do
// with a name that is there twice, with a header that differs from its entry in the directory, and with bytes that belong to no member.
// So a bundle can show one text to who checks it and another to who reads it. An archive is accepted only if there is one way to read it: the
// members follow each other without a gap from the first byte on, the directory follows them, and nothing follows that; every header
// says what the directory says; every member is a file, is stored as it is, and has a name from the closed list of bundleNames.
//
// The layouts are those of APPNOTE.TXT 6.3.10, clauses 4.3.7 to 4.3.16.
const (
	localMark      = 0x04034b50
	descriptorMark = 0x08074b50
	directoryMark  = 0x02014b50
	endMark        = 0x06054b50
	end64Mark      = 0x06064b50
	locator64Mark  = 0x07064b50

	localSize     = 30
	directorySize = 46
	endSize       = 22
	end64Size     = 56
	locator64Size = 20

	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11

	mostMembers   = 64      // a bundle has a dozen
	mostDirectory = 1 << 16 // bytes
	mostComment   = 1 << 16 // bytes that the format allows after its end record
)

var little = binary.LittleEndian

// entry is a member as the archive has it.
type entry struct {
	name string
	data int64 // offset of its first byte
	size int64
	crc  uint32
}

// open reads the contents of a member, until ctx ends.
func (e *entry) open(ctx context.Context, r io.ReaderAt) io.Reader {
	return &untilDone{ctx, io.NewSectionReader(r, e.data, e.size)}
}

// untilDone reads until its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// notWhole says why an archive is not one that a bundle can be.
type notWhole struct{ why string }

func (n *notWhole) Error() string { return n.why }

func broken(format string, a ...any) error { return &notWhole{fmt.Sprintf(format, a...)} }

var errNoArchive = errors.New("it is not a zip archive")

// readArchive returns the members of an archive, in its order. The error is a *notWhole if it is an archive that can be read in more than one
// way, or has what no bundle has.
func readArchive(r io.ReaderAt, size int64) ([]entry, error) {
	d, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, d.size)
	if _, err := r.ReadAt(text, d.offset); err != nil {
		return nil, err
	}
	var all []entry
	next := int64(0) // where the next member must begin
	for range d.members {
		var e entry
		if e, next, text, err = readMember(r, text, next, d.offset); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o entry) bool { return o.name == e.name }) {
			return nil, broken("%s is there twice", e.name)
		}
		all = append(all, e)
	}
	switch {
	case len(text) > 0:
		return nil, broken("%d bytes of its directory belong to no file", len(text))
	case next != d.offset:
		return nil, broken("%d bytes after its last file belong to none", d.offset-next)
	}
	return all, nil
}

// directory says where the directory of an archive is.
type directory struct {
	offset, size int64
	members      uint64
}

func findDirectory(r io.ReaderAt, size int64) (d directory, err error) {
	if size < endSize {
		return d, errNoArchive
	}
	end := make([]byte, endSize)
	if _, err := r.ReadAt(end, size-endSize); err != nil {
		return d, err
	}
	if little.Uint32(end) != endMark || little.Uint16(end[20:]) != 0 {
		return d, whatFollows(r, size)
	}
	if little.Uint16(end[4:]) != 0 || little.Uint16(end[6:]) != 0 || little.Uint16(end[8:]) != little.Uint16(end[10:]) {
		return d, broken("it is one part of several")
	}
	d = directory{int64(little.Uint32(end[16:])), int64(little.Uint32(end[12:])), uint64(little.Uint16(end[10:]))}
	stop := size - endSize
	if d.offset == math.MaxUint32 || d.size == math.MaxUint32 || d.members == math.MaxUint16 {
		if d, stop, err = findDirectory64(r, stop); err != nil {
			return d, err
		}
	}
	switch {
	case d.members > mostMembers || d.size > mostDirectory:
		return d, broken("it lists %d files, and a bundle has a dozen", d.members)
	case d.offset < 0 || d.offset > stop || d.offset+d.size > stop:
		return d, broken("its directory is not where it says")
	case d.offset+d.size < stop:
		return d, broken("%d bytes before the archive, or in it, belong to no file", stop-d.offset-d.size)
	}
	return d, nil
}

// findDirectory64 reads the end records of an archive of more than 4 GiB, which stop before the usual one.
func findDirectory64(r io.ReaderAt, before int64) (d directory, stop int64, err error) {
	stop = before - locator64Size - end64Size
	if stop < 0 {
		return d, stop, broken("its end is not where it says")
	}
	b := make([]byte, end64Size+locator64Size)
	if _, err := r.ReadAt(b, stop); err != nil {
		return d, stop, err
	}
	locator := b[end64Size:]
	if little.Uint32(b) != end64Mark || little.Uint64(b[4:]) != end64Size-12 || little.Uint32(locator) != locator64Mark || little.Uint64(locator[8:]) != uint64(stop) {
		return d, stop, broken("its end is not where it says")
	}
	if little.Uint32(b[16:]) != 0 || little.Uint32(b[20:]) != 0 || little.Uint64(b[24:]) != little.Uint64(b[32:]) || little.Uint32(locator[4:]) != 0 || little.Uint32(locator[16:]) != 1 {
		return d, stop, broken("it is one part of several")
	}
	return directory{int64(little.Uint64(b[48:])), int64(little.Uint64(b[40:]) & math.MaxInt64), little.Uint64(b[32:])}, stop, nil
}

// whatFollows is the error for an archive that does not end with its end record.
func whatFollows(r io.ReaderAt, size int64) error {
	tail := make([]byte, min(size, endSize+mostComment))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil {
		return err
	}
	at := bytes.LastIndex(tail, little.AppendUint32(nil, endMark))
	if at < 0 || len(tail)-at < endSize {
		return errNoArchive
	}
	return broken("%d bytes after the archive belong to no file", len(tail)-at-endSize)
}

// readMember reads the first entry of a directory, and compares it with the header of its member, which must be at offset next. It returns
// where the member ends, and the rest of the directory.
func readMember(r io.ReaderAt, dir []byte, next, end int64) (e entry, after int64, rest []byte, err error) {
	fail := func(err error) (entry, int64, []byte, error) { return entry{}, 0, nil, err }
	if len(dir) < directorySize || little.Uint32(dir) != directoryMark {
		return fail(broken("its directory is damaged"))
	}
	names, extras, comment := int(little.Uint16(dir[28:])), int(little.Uint16(dir[30:])), int(little.Uint16(dir[32:]))
	if len(dir) < directorySize+names+extras+comment {
		return fail(broken("its directory is damaged"))
	}
	e = entry{name: string(dir[directorySize : directorySize+names]), size: int64(little.Uint32(dir[24:])), crc: little.Uint32(dir[16:])}
	packed, offset := int64(little.Uint32(dir[20:])), int64(little.Uint32(dir[42:]))
	extra, flags := dir[directorySize+names:directorySize+names+extras], little.Uint16(dir[8:])
	if err := checkName(e.name); err != nil {
		return fail(err)
	}
	if !read64(extra, &e.size, &packed, &offset) || comment > 0 {
		return fail(broken("%s has an appendix in the directory", e.name))
	}
	if err := checkAttributes(e.name, flags, little.Uint16(dir[10:]), little.Uint16(dir[34:]), little.Uint32(dir[38:])); err != nil {
		return fail(err)
	}
	if packed != e.size || e.size < 0 {
		return fail(broken("%s has two sizes", e.name))
	}
	if offset != next {
		return fail(broken("%s does not follow what is before it: something is hidden between", e.name))
	}
	head := make([]byte, localSize+names)
	if e.data = next + int64(len(head)); e.data > end || e.size > end-e.data {
		return fail(broken("%s is cut short", e.name))
	}
	if _, err := r.ReadAt(head, next); err != nil {
		return fail(err)
	}
	// Name, method and flags as in the directory; checksum and sizes too, or zero if they follow in a descriptor; no appendix.
	told := little.AppendUint32(nil, e.crc)
	if flags&flagDescriptor != 0 {
		told = make([]byte, 4)
	}
	if little.Uint32(head) != localMark || !bytes.Equal(head[6:10], dir[8:12]) || int(little.Uint16(head[26:])) != names || little.Uint16(head[28:]) != 0 ||
		string(head[localSize:]) != e.name || !bytes.Equal(head[14:18], told) {
		return fail(broken("%s has a header that differs from the directory", e.name))
	}
	if sizes := head[18:26]; flags&flagDescriptor != 0 {
		if !bytes.Equal(sizes, make([]byte, 8)) {
			return fail(broken("%s has a header that differs from the directory", e.name))
		}
		if after, err = readDescriptor(r, &e, end); err != nil {
			return fail(err)
		}
	} else if after = e.data + e.size; int64(little.Uint32(sizes)) != e.size || int64(little.Uint32(sizes[4:])) != e.size {
		return fail(broken("%s has a header that differs from the directory", e.name))
	}
	return e, after, dir[directorySize+names+extras+comment:], nil
}

// readDescriptor compares what follows a member with its entry, and returns where that ends.
func readDescriptor(r io.ReaderAt, e *entry, end int64) (after int64, err error) {
	want := little.AppendUint32(little.AppendUint32(nil, descriptorMark), e.crc)
	if e.size >= math.MaxUint32 {
		want = little.AppendUint64(little.AppendUint64(want, uint64(e.size)), uint64(e.size))
	} else {
		want = little.AppendUint32(little.AppendUint32(want, uint32(e.size)), uint32(e.size))
	}
	at := e.data + e.size
	if after = at + int64(len(want)); after > end {
		return 0, broken("%s is cut short", e.name)
	}
	got := make([]byte, len(want))
	if _, err := r.ReadAt(got, at); err != nil {
		return 0, err
	}
	if !bytes.Equal(got, want) {
		return 0, broken("%s has another size or checksum than the directory says", e.name)
	}
	return after, nil
}

// read64 reads the sizes that do not fit in 32 bits from the appendix of an entry (4.5.3). It reports false for any other appendix.
func read64(extra []byte, values ...*int64) bool {
	var wide []*int64
	for _, v := range values {
		if *v == math.MaxUint32 {
			wide = append(wide, v)
		}
	}
	if len(extra) == 0 {
		return true
	}
	if len(extra) < 4 || little.Uint16(extra) != 1 || int(little.Uint16(extra[2:])) != len(extra)-4 || len(extra)-4 < 8*len(wide) || len(extra) > 4+24 {
		return false
	}
	extra = extra[4:]
	for i, v := range wide {
		if *v = int64(little.Uint64(extra[8*i:])); *v < 0 {
			return false
		}
	}
	return true
}

// checkAttributes accepts a file that is stored as it is.
func checkAttributes(name string, flags, method, disk uint16, attributes uint32) error {
	const kind, regular, dosDirectory = 0xf000, 0x8000, 0x10
	switch mode := attributes >> 16 & kind; {
	case flags&flagEncrypted != 0:
		return broken("%s is encrypted", name)
	case disk != 0:
		return broken("%s is on another part of the archive", name)
	case mode != 0 && mode != regular || attributes&dosDirectory != 0:
		return broken("%s is a link, a directory or a device", name)
	case method != 0:
		return broken("%s is compressed, and no file of a bundle is: it was packed again", name)
	case flags&^(flagDescriptor|flagUTF8) != 0:
		return broken("%s is stored in a way that no bundle uses", name)
	}
	return nil
}

// checkName accepts the names that a bundle has.
func checkName(name string) error {
	if slices.Contains(bundleNames, name) || slices.Contains(stamps, name) {
		return nil
	}
	plain := evidence.PlainTo(name, 200)
	if strings.ContainsAny(name, `/\:`) || strings.Contains(name, "..") {
		return broken("%s would be unpacked outside of the bundle", plain)
	}
	for _, ours := range slices.Concat(bundleNames, stamps) {
		if strings.EqualFold(name, ours) {
			return broken("%s is %s in other letters: some computers take one for the other", plain, ours)
		}
	}
	return broken("%s is no file of a bundle: it was added", plain)
}

// hashOf reads the contents of a member. It keeps them if keep is not nil.
func (e *entry) hashOf(ctx context.Context, r io.ReaderAt, keep io.Writer) (member, error) {
	c := newCounting(keep)
	sum := crc32.NewIEEE()
	_, err := io.Copy(io.MultiWriter(c, sum), e.open(ctx, r))
	if err == nil && sum.Sum32() != e.crc {
		err = errors.New("its checksum in the archive is another: programs refuse to unpack it")
	}
	return c.member(e.name), err
}
