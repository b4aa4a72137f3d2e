package storage

import (
	"bytes"
	"encoding/binary"
)

// A modem sends almost the same lines every second, so raw lines are stored as their difference from a base: a few kilobytes of
// earlier lines. What is in the base is copied, the rest is written literally:
//
//	number of lines, length of each line, then until all their bytes are there:
//	  length of a literal, its bytes,
//	  length of a copy and, unless it is 0, the distance of its place from the end of the last copy (zigzag).
//
// This reduces lines of 90 bytes to about 15. compress/flate would need 30 microseconds per record for that, since it clears
// its 650 kB of tables each time.
const (
	maxBase    = 8 << 10  // bytes of a base
	maxDelta   = 64 << 10 // longer texts are not worth comparing
	baseAge    = 64       // records that use a base at least, so that noise does not become bases
	shortest   = 4        // bytes worth copying
	bucketBits = 12
)

// base is a text that raw lines are compared with. It does not change once made.
type base struct {
	id    int64 // row of raw_base; 0: none, everything is literal
	text  []byte
	place [1 << bucketBits]uint16 // by hash of four bytes: their offset in text, plus one
}

func newBase(id int64, text []byte) *base {
	b := &base{id: id, text: text}
	for i := len(text) - shortest; i >= 0; i-- { // the front, which is the newest, takes precedence
		b.place[bucket(text[i:])] = uint16(i + 1)
	}
	return b
}

func bucket(p []byte) uint32 {
	return binary.LittleEndian.Uint32(p) * 2654435761 >> (32 - bucketBits)
}

// renewed returns the text of the base that should follow b once lines no longer resemble it: these lines, then as much of the
// old text as there is room for. own is how many bytes are of these lines.
func (b *base) renewed(lines []string) (text []byte, own int) {
	for _, l := range lines {
		text = append(text, l[:min(len(l), maxBase/2-min(len(text), maxBase/2))]...)
	}
	return append(text, b.text[:min(len(b.text), maxBase-len(text))]...), len(text)
}

// appendDelta appends the stored form of lines. poor reports that the base was of little use.
func (b *base) appendDelta(dst []byte, lines []string) (_ []byte, poor bool) {
	dst = binary.AppendUvarint(dst, uint64(len(lines)))
	n := 0
	for _, l := range lines {
		dst = binary.AppendUvarint(dst, uint64(len(l)))
		n += len(l)
	}
	text := make([]byte, 0, n)
	for _, l := range lines {
		text = append(text, l...)
	}
	start := len(dst)
	lit, expect := 0, 0 // start of the literal; offset in the base at which the text continues if nothing changed
	for i := 0; i+shortest <= len(text) && n <= maxDelta; {
		from, length := b.find(text[i:], expect+i-lit)
		if length < shortest {
			i++
			continue
		}
		dst = binary.AppendUvarint(dst, uint64(i-lit))
		dst = append(dst, text[lit:i]...)
		dst = binary.AppendUvarint(dst, uint64(length))
		dst = binary.AppendVarint(dst, int64(from-expect))
		i += length
		lit, expect = i, from+length
	}
	if lit < len(text) {
		dst = binary.AppendUvarint(dst, uint64(len(text)-lit))
		dst = append(dst, text[lit:]...)
		dst = append(dst, 0)
	}
	return dst, n >= 64 && n <= maxDelta && len(dst)-start > n/2
}

// find looks for the beginning of text in the base: first where it would be if nothing had changed.
func (b *base) find(text []byte, expect int) (from, length int) {
	if expect >= 0 && expect < len(b.text) {
		if n := common(text, b.text[expect:]); n >= shortest {
			return expect, n
		}
	}
	if at := int(b.place[bucket(text)]); at > 0 {
		return at - 1, common(text, b.text[at-1:])
	}
	return 0, 0
}

func common(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// lines is the inverse of appendDelta. It fails on what appendDelta did not write, in bounded time and memory.
func (b *base) lines(p []byte) (_ []string, err error) {
	defer caught(&err)
	c := coder{b: p}
	var count uint64
	c.uint(&count)
	if count > uint64(len(p)) || count > longestValue {
		return nil, errCodec
	}
	lengths := make([]uint64, count)
	total := uint64(0)
	for i := range lengths {
		c.uint(&lengths[i])
		limit := min(uint64(len(p)+1)*maxBase, longestValue) // a copy gives at most the whole base for a few bytes
		if c.bad || lengths[i] > limit || total > limit {
			return nil, errCodec
		}
		total += lengths[i]
	}
	var text bytes.Buffer
	expect := int64(0)
	for uint64(text.Len()) < total {
		var n uint64
		if c.uint(&n); c.bad || n > uint64(len(c.b)) {
			return nil, errCodec
		}
		text.Write(c.b[:n])
		c.b = c.b[n:]
		var skip int64
		if c.uint(&n); n == 0 && !c.bad {
			if uint64(text.Len()) < total {
				return nil, errCodec
			}
			break
		}
		c.int(&skip)
		from := expect + skip
		if c.bad || from < 0 || n > uint64(len(b.text)) || from > int64(len(b.text))-int64(n) {
			return nil, errCodec
		}
		text.Write(b.text[from : from+int64(n)])
		expect = from + int64(n)
	}
	if uint64(text.Len()) != total || len(c.b) != 0 {
		return nil, errCodec
	}
	all, lines := text.String(), make([]string, count)
	for i, n := range lengths {
		lines[i], all = all[:n], all[n:]
	}
	return lines, nil
}
