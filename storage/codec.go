package storage

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"time"

	"vigie/cell"
)

// The stored form of a record or event. A typical observation with four neighbours takes about 80 bytes; JSON takes ten times
// as much. The same function writes and reads a value, so that the two cannot diverge: each method of coder appends the value
// or, when reading, sets it.
//
// Numbers are varints (binary.AppendUvarint), signed ones in zigzag encoding. A text is its length and its bytes. A list is its
// length plus one, and 0 is nil. A mask before optional values says which follow. An addition gets a new bit at the end of a
// mask, or a new codecVersion: what older versions wrote stays readable.
const codecVersion = 1

// phrasesVersion is an event followed by its phrases. An event without phrases is still written as codecVersion.
const phrasesVersion = 2

var errCodec = errors.New("a stored value cannot be read back")

type coder struct {
	b       []byte // what is written, or what remains to be read
	writing bool
	bad     bool
	masks   [3]mask // in use, nested; here so that they need no allocation
	depth   int
	decoded int // bytes of the elements of lists that were read
}

func (c *coder) uint(v *uint64) {
	if c.writing {
		c.b = binary.AppendUvarint(c.b, *v)
		return
	}
	u, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		n = 0
	}
	*v, c.b = u, c.b[n:]
}

func (c *coder) fail() { c.bad, c.b = true, nil }

// done is an error if what was read was bad, or longer than what was expected.
func (c *coder) done() error {
	if c.bad || len(c.b) != 0 {
		return errCodec
	}
	return nil
}

func (c *coder) int(v *int64) {
	u := uint64(*v)<<1 ^ uint64(*v>>63)
	c.uint(&u)
	if !c.writing {
		*v = int64(u>>1) ^ -int64(u&1)
	}
}

// signed codes a signed type through int64.
func signed[T ~int | ~int64](c *coder, v *T) {
	i := int64(*v)
	if c.int(&i); !c.writing {
		*v = T(i)
	}
}

// number codes a small or unsigned type through uint64. A value that does not fit the type is bad.
func number[T ~uint8 | ~uint16 | ~uint32 | ~uint64](c *coder, v *T) {
	u := uint64(*v)
	c.uint(&u)
	if c.writing {
		return
	}
	if *v = T(u); uint64(*v) != u {
		c.fail()
	}
}

func text[T ~string](c *coder, v *T) {
	n := uint64(len(*v))
	c.uint(&n)
	if c.writing {
		c.b = append(c.b, *v...)
		return
	}
	if n > uint64(len(c.b)) {
		c.fail()
		return
	}
	*v, c.b = T(c.b[:n]), c.b[n:]
}

// enum codes a text as its index in the list of known ones, and any other text as itself.
func enum[T ~string](c *coder, v *T, known []T) {
	n := uint64(len(known))
	for i, w := range known {
		if c.writing && w == *v {
			n = uint64(i)
		}
	}
	c.uint(&n)
	switch {
	case n == uint64(len(known)):
		text(c, v)
	case n > uint64(len(known)):
		c.fail()
	case !c.writing:
		*v = known[n]
	}
}

func list[T any](c *coder, v *[]T, each func(*coder, *T)) {
	n := uint64(0)
	if *v != nil {
		n = uint64(len(*v)) + 1
	}
	c.uint(&n)
	if c.writing {
		for i := range *v {
			each(c, &(*v)[i])
		}
		return
	}
	if n == 0 {
		return
	}
	n--
	if n > uint64(len(c.b)) { // every element takes at least a byte
		c.fail()
		return
	}
	// An element takes up to 500 times as much in memory as in the stored form.
	if c.decoded += int(n) * int(reflect.TypeFor[T]().Size()); c.decoded > mostDecoded {
		c.fail()
		return
	}
	*v = make([]T, 0, min(n, 64))
	for i := range int(n) {
		*v = append(*v, *new(T))
		if each(c, &(*v)[i]); c.bad {
			return
		}
	}
}

func (c *coder) texts(v *[]string) { list(c, v, text[string]) }

// The last two bits say how a float is written: measurements are whole or in tenths, coordinates have up to seven decimals.
// Any other value is written as its bits, so that every value is read back exactly.
const (
	asWhole = iota
	asTenths
	asSevenDecimals
	asBits
)

var scales = [...]float64{1, 10, 1e7}

func float[T ~float64](c *coder, v *T) {
	if c.writing {
		for how, scale := range scales {
			n := math.Round(float64(*v) * scale)
			if math.Abs(n) < 1<<52 && math.Float64bits(float64(int64(n))/scale) == math.Float64bits(float64(*v)) {
				i := int64(n)
				u := (uint64(i)<<1^uint64(i>>63))<<2 | uint64(how)
				c.uint(&u)
				return
			}
		}
		c.b = append(c.b, asBits)
		c.b = binary.LittleEndian.AppendUint64(c.b, math.Float64bits(float64(*v)))
		return
	}
	var u uint64
	c.uint(&u)
	if how := u & 3; how != asBits {
		z := u >> 2
		*v = T(float64(int64(z>>1)^-int64(z&1)) / scales[how])
		return
	}
	if len(c.b) < 8 {
		c.fail()
		return
	}
	*v, c.b = T(math.Float64frombits(binary.LittleEndian.Uint64(c.b))), c.b[8:]
}

// time codes any time that a time.Time holds, in UTC.
func (c *coder) time(v *time.Time) {
	sec, nsec := v.Unix(), uint64(v.Nanosecond())
	c.int(&sec)
	c.uint(&nsec)
	if c.writing {
		return
	}
	if nsec >= 1e9 {
		c.fail()
		return
	}
	*v = time.Unix(sec, int64(nsec)).UTC()
}

// mask says which optional values follow. When writing, the values are visited twice: first to set the mask, then to write.
type mask struct {
	bits    uint64
	next    uint
	marking bool
}

// masked codes optional values, which walk visits in order.
func masked(c *coder, walk func(*mask)) {
	m := &c.masks[c.depth]
	*m = mask{marking: c.writing}
	c.depth++
	if c.writing {
		walk(m)
	}
	c.uint(&m.bits)
	m.marking, m.next = false, 0
	walk(m)
	c.depth--
}

// has reports whether the next optional value must be coded now.
func (m *mask) has(known bool) bool {
	bit := uint64(1) << m.next
	m.next++
	if m.marking && known {
		m.bits |= bit
	}
	return !m.marking && m.bits&bit != 0
}

func (m *mask) flag(c *coder, v *bool) {
	if m.has(*v) && !c.writing {
		*v = true
	}
}

// maybe codes a value that is left out if it is zero.
func maybe[T comparable](c *coder, m *mask, v *T, code func(*coder, *T)) {
	if m.has(*v != *new(T)) {
		code(c, v)
	}
}

func maybeNumber[T ~uint8 | ~uint16 | ~uint32 | ~uint64](c *coder, m *mask, o *cell.Opt[T]) {
	if !m.has(o.Known()) {
		return
	}
	v, _ := o.Get()
	if number(c, &v); !c.writing {
		*o = cell.Some(v)
	}
}

func maybeFloat[T ~float64](c *coder, m *mask, o *cell.Opt[T]) {
	if !m.has(o.Known()) {
		return
	}
	v, _ := o.Get()
	if float(c, &v); !c.writing {
		*o = cell.Some(v)
	}
}
