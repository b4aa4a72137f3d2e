package air

import (
	"encoding/binary"

	"vigie/cell"
)

// A NAS message is mandatory elements in a fixed order, then optional ones that their first octet names (TS 24.007 clause
// 11.2.1). Its length fields alone decide where an element is, so that what the elements say and what they hide is known
// without looking into them.

// format is how an element is written (TS 24.007 clause 11.2.1.1).
type format uint8

const (
	fixed    format = iota // V of size octets; as an optional element TV: its name, then size octets
	short                  // LV, TLV: an octet gives the length
	extended               // LV-E, TLV-E: two octets give it
)

// part is a mandatory element, or the kind of an optional one.
type part struct {
	format format
	size   int // of fixed
	what   meaning
}

// layout is the mandatory part of a message, and which optional elements it may have.
type layout struct {
	name      string
	mandatory []part
	optional  map[byte]part
}

// element is one element of a message.
type element struct {
	what  meaning
	value []byte
	at    int // octet of the message where the value begins
}

// walk calls f for each element of a message whose mandatory part begins at octet at. What of an element the message is too short
// for is given as a secret, and ErrCut returned.
func (l layout) walk(p []byte, at int, dir cell.Direction, f func(element)) error {
	for _, m := range l.mandatoryOf(p[at:], dir) {
		next, ok := take(p, at, m, f)
		if !ok {
			return ErrCut
		}
		at = next
	}
	for at < len(p) {
		name := p[at]
		at++
		if name&0x80 != 0 { // one octet: the name, and a value of four bits
			if what, ok := l.optional[name&0xF0]; ok {
				f(element{what.what, p[at-1 : at], at - 1})
			}
			continue
		}
		kind, known := l.optional[name]
		if !known { // comprehension is not required; its value is nobody's business
			kind = part{format: short, what: isSecret}
			if name >= 0x78 {
				kind.format = extended
			}
		}
		next, ok := take(p, at, kind, f)
		if !ok {
			return ErrCut
		}
		at = next
	}
	return nil
}

// take gives the element that begins at octet at, without its name, and returns where the next one begins.
func take(p []byte, at int, kind part, f func(element)) (next int, ok bool) {
	size := kind.size
	head := map[format]int{short: 1, extended: 2}[kind.format]
	if at+head > len(p) {
		return at, false
	}
	switch kind.format {
	case short:
		size = int(p[at])
	case extended:
		size = int(binary.BigEndian.Uint16(p[at:]))
	}
	at += head
	if at+size > len(p) {
		f(element{isSecret, p[at:], at})
		return at, false
	}
	f(element{kind.what, p[at : at+size], at})
	return at + size, true
}

// mandatoryOf returns the mandatory part. A detach request has one for each direction; its length tells which: only a terminal
// says who it is. What the type of detach means follows the direction, where the capture gives it.
func (l layout) mandatoryOf(p []byte, dir cell.Direction) []part {
	if l.name != "detach-request" {
		return l.mandatory
	}
	fromNetwork := len(p) <= 1 || len(p) == 3 && p[1] == ieCause
	kind := part{fixed, 1, isDetachUp}
	if dir == cell.Down || dir == "" && fromNetwork {
		kind.what = isDetachDown
	}
	if fromNetwork {
		return []part{kind}
	}
	return []part{kind, identity}
}
