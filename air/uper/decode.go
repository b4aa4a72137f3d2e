package uper

import (
	"errors"
	"fmt"
)

// What a message may cost. A message of LTE is far below each.
const (
	maxBytes = 1 << 16 // of a message
	maxNodes = 1 << 16 // 2 MiB
	maxDepth = 200     // of values within values; extensions of extensions of a whole message are 60
)

// Node is one value of a message.
type Node struct {
	Field *Field
	Value int64 // Integer, Boolean: the value; Enumerated, Choice: which, from 0; List, strings: how many elements, bits, octets
	Bit   int32 // where its bits begin in the message; of a string, those behind its length
	Bits  int32 // how many
	End   int32 // number of the node after the last one within this
}

// Tree is a decoded message: its nodes, each before those within it. It refers to the message that was decoded.
type Tree struct {
	Data    []byte
	Nodes   []Node
	Unknown int // values that the Schema does not know, of a later version: their bits are nodes of kind Unknown, or Padding
	Damaged int // values within an envelope of their own length that could not be read to their end: what was not read likewise
	Read    int // bits that were read; on an error, what follows played no part in it
	Rest    int // bits behind the message that are not 0, and those between them: padding is 0
}

// What nobody can name may be about somebody.
var (
	unknown = &Field{Name: "unknown", Type: &Type{Kind: Unknown}, Secret: true}
	padding = &Field{Name: "padding", Type: &Type{Kind: Padding}, Secret: true}
)

// Decode reads a message of type root into t, whose memory it uses again. On an error t holds what was read before it. Bits
// behind the message are counted in t.Rest, and are no error.
func (t *Tree) Decode(root *Field, data []byte) error {
	*t = Tree{Data: data, Nodes: t.Nodes[:0]}
	if root == nil {
		return errors.New("a message of a type that is not in the table")
	}
	if len(data) > maxBytes {
		return fmt.Errorf("a message of %d bytes; the most is %d", len(data), maxBytes)
	}
	d := decoder{Tree: t, reader: reader{data, 0, 8 * len(data)}}
	err := d.field(root)
	t.Read, t.Rest = d.at, d.leftOver()
	return err
}

type decoder struct {
	*Tree
	reader
	depth  int
	secret int // how many of the values that are being read are secret
}

// leftOver is how many bits there are up to the last one that is set.
func (d *decoder) leftOver() int {
	for end := d.end; end > d.at; end-- {
		if Bits(d.data, end-1, 1) != 0 {
			return end - d.at
		}
	}
	return 0
}

// badValue is why a message could not be read, and where.
type badValue struct {
	path string
	bit  int
	why  string
}

func (e *badValue) Error() string {
	return fmt.Sprintf("bit %d, %s: %s", e.bit, e.path, e.why)
}

func (d *decoder) fail(why string) error { return &badValue{bit: d.at, why: why} }

const short = "the message ends too early"

// field reads one value, and those within it.
func (d *decoder) field(f *Field) error {
	if len(d.Nodes) == maxNodes {
		return d.fail("the message has too many values")
	}
	if d.depth == maxDepth {
		return d.fail("values within values, too deep")
	}
	d.depth++
	if f.Secret {
		d.secret++
		defer func() { d.secret-- }()
	}
	i := len(d.Nodes)
	d.Nodes = append(d.Nodes, Node{Field: f, Bit: int32(d.at)})
	err := d.content(f, i)
	n := &d.Nodes[i]
	n.Bits = int32(d.at) - n.Bit
	n.End = int32(len(d.Nodes))
	d.depth--
	if err != nil {
		if int(n.End) == i+1 { // nothing of it was read
			d.Nodes = d.Nodes[:i]
		}
		if bad, ok := err.(*badValue); ok && f.Name != "" {
			if bad.path != "" {
				bad.path = "." + bad.path
			}
			bad.path = f.Name + bad.path
		}
	}
	return err
}

// content reads what node i holds.
func (d *decoder) content(f *Field, i int) error {
	t := f.Type
	switch t.Kind {
	case Boolean:
		if !d.has(1) {
			return d.fail(short)
		}
		d.Nodes[i].Value = int64(d.take(1))
	case Integer:
		v, err := d.number(t.width, uint64(t.Hi-t.Lo), d.secret > 0)
		d.Nodes[i].Value = t.Lo + int64(v)
		return err
	case Enumerated:
		v, err := d.index(t, d.secret > 0)
		d.Nodes[i].Value = int64(v)
		return err
	case BitString:
		return d.stringOf(t, i, 1)
	case OctetString:
		if err := d.stringOf(t, i, 8); err != nil || t.Element == nil || d.secret > 0 {
			return err
		}
		return d.within(t.Element, d.at-int(8*d.Nodes[i].Value), d.at)
	case Sequence:
		return d.sequence(t)
	case Choice:
		return d.choice(t, i)
	case List:
		n, err := d.size(t)
		d.Nodes[i].Value = int64(n)
		for k := 0; k < n && err == nil; k++ {
			err = d.field(t.Element)
		}
		return err
	}
	return nil
}

// number reads a number of width bits that is at most most. A secret one is whatever the bits are, so that its value never
// decides what is shown of a message.
func (d *decoder) number(width int, most uint64, secret bool) (uint64, error) {
	if !d.has(width) {
		return 0, d.fail(short)
	}
	v := d.take(width)
	if v > most && !secret {
		return v, &badValue{bit: d.at - width, why: fmt.Sprintf("the value %d is above the most, %d", v, most)}
	}
	return v, nil
}

// index reads which name or alternative a type has. One that the Schema does not know is Root and more.
func (d *decoder) index(t *Type, secret bool) (int, error) {
	added, err := d.extended(t)
	if err != nil {
		return 0, err
	}
	if !added {
		v, err := d.number(t.width, uint64(t.Root-1), secret)
		return int(v), err
	}
	v, err := d.small()
	return t.Root + v, err
}

// extended reads the extension bit of a type that has one.
func (d *decoder) extended(t *Type) (bool, error) {
	if !t.Extensible {
		return false, nil
	}
	if !d.has(1) {
		return false, d.fail(short)
	}
	return d.take(1) == 1, nil
}

// small reads a number that is normally small (X.691 clause 11.6).
func (d *decoder) small() (int, error) {
	if !d.has(7) {
		return 0, d.fail(short)
	}
	if d.take(1) == 0 {
		return int(d.take(6)), nil
	}
	n, err := d.length()
	if err != nil {
		return 0, err
	}
	if n > 2 || !d.has(8*n) {
		return 0, d.fail("an extension with too high a number")
	}
	return int(d.take(8 * n)), nil
}

// smallLength reads a length, from 1, that is normally small (X.691 clause 11.9.3.4).
func (d *decoder) smallLength() (int, error) {
	if !d.has(7) {
		return 0, d.fail(short)
	}
	if d.take(1) == 0 {
		return int(d.take(6)) + 1, nil
	}
	return d.length()
}

// length reads a length without bounds (X.691 clause 11.9.3.5).
func (d *decoder) length() (int, error) {
	if !d.has(8) {
		return 0, d.fail(short)
	}
	if d.take(1) == 0 {
		return int(d.take(7)), nil
	}
	if d.take(1) == 1 {
		return 0, d.fail("a value in fragments of 16,384, which is not read")
	}
	if !d.has(14) {
		return 0, d.fail(short)
	}
	return int(d.take(14)), nil
}

// size reads how long a string or list is.
func (d *decoder) size(t *Type) (int, error) {
	if t.Hi < 0 {
		return d.length()
	}
	n, err := d.number(t.width, uint64(t.Hi-t.Lo), false)
	return int(n) + int(t.Lo), err
}

// stringOf reads a string into node i; every unit of it has the same count of bits.
func (d *decoder) stringOf(t *Type, i, unit int) error {
	n, err := d.size(t)
	if err != nil {
		return err
	}
	d.Nodes[i].Value, d.Nodes[i].Bit = int64(n), int32(d.at)
	if !d.has(n * unit) {
		d.Nodes[i].Value = 0
		return d.fail(short)
	}
	d.at += n * unit
	return nil
}

// within reads a value that fills the bits from..to, and goes on behind them. If it cannot be read to its end, it is damaged, the bits
// that played no part in that are a node without a meaning, and the message goes on.
func (d *decoder) within(f *Field, from, to int) error {
	end := d.end
	d.at, d.end = from, to
	err := d.field(f)
	left := d.end - d.at
	switch empty := d.at == from; {
	case err != nil && len(d.Nodes) < maxNodes:
		d.Damaged++
		err = d.raw(unknown)
	case err == nil && left > 7 && !(empty && left == 8): // an empty value has one octet
		d.Unknown++
		err = d.raw(unknown)
	case err == nil && d.leftOver() > 0:
		d.Unknown++
		err = d.raw(padding)
	}
	d.at, d.end = to, end
	return err
}

// raw makes the bits up to the end a node without a meaning.
func (d *decoder) raw(f *Field) error {
	if len(d.Nodes) == maxNodes {
		return d.fail("the message has too many values")
	}
	d.Nodes = append(d.Nodes, Node{Field: f, Bit: int32(d.at), Bits: int32(d.end - d.at), End: int32(len(d.Nodes) + 1)})
	return nil
}

// open reads a value in an envelope (an open type, X.691 clause 11.2); f is nil when the Schema does not know it.
func (d *decoder) open(f *Field) error {
	n, err := d.length()
	if err != nil {
		return err
	}
	to := d.at + 8*n
	if to > d.end {
		return d.fail(short)
	}
	if f != nil {
		return d.within(f, d.at, to)
	}
	end := d.end
	d.end = to
	d.Unknown++
	err = d.raw(unknown)
	d.at, d.end = to, end
	return err
}

func (d *decoder) choice(t *Type, i int) error {
	k, err := d.index(t, false)
	if err != nil {
		return err
	}
	d.Nodes[i].Value = int64(k)
	switch {
	case k < t.Root:
		return d.field(&t.Fields[k])
	case k < len(t.Fields):
		return d.open(&t.Fields[k])
	default:
		return d.open(nil)
	}
}

func (d *decoder) sequence(t *Type) error {
	added, err := d.extended(t)
	if err != nil {
		return err
	}
	if !d.has(t.optional) {
		return d.fail(short)
	}
	present := d.at // where the bit of the next field that may be absent is
	d.at += t.optional
	for i := range t.Fields[:t.Root] {
		f := &t.Fields[i]
		if f.Optional {
			present++
			if Bits(d.data, present-1, 1) == 0 {
				continue
			}
		}
		if err := d.field(f); err != nil {
			return err
		}
	}
	if !added {
		return nil
	}
	return d.additions(t)
}

// additions reads what a SEQUENCE has behind its extension marker.
func (d *decoder) additions(t *Type) error {
	n, err := d.smallLength()
	if err != nil {
		return err
	}
	if !d.has(n) {
		return d.fail(short)
	}
	present := d.at
	d.at += n
	for k := range n {
		if Bits(d.data, present+k, 1) == 0 {
			continue
		}
		var f *Field
		if t.Root+k < len(t.Fields) {
			f = &t.Fields[t.Root+k]
		}
		if err := d.open(f); err != nil {
			return err
		}
	}
	return nil
}
