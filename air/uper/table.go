// Package uper reads and writes messages in the unaligned packed encoding rules of ASN.1 (ITU-T X.691), by a table of types.
// It knows no message by itself: a Schema is made from a table, one type a line. It keeps no state, asks no clock, and gives an
// error for whatever input it cannot read; it never panics on one.
//
// It has the part of the rules that TS 36.331 uses. It does not read fragmented values (16,384 units and more), integers
// without bounds, and types that depend on values.
package uper

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Kind is what a type is.
type Kind uint8

// The kinds.
const (
	Boolean     Kind = iota
	Null             // no bits
	Integer          // with bounds
	Enumerated       // a name
	BitString        // bits
	OctetString      // octets, which may hold a value of their own
	Sequence         // fields, which may be absent
	Choice           // one of its fields
	List             // SEQUENCE OF
	Unknown          // what a later version of the specification added, or what is damaged: bits without a meaning
	Padding          // the bits that fill the last octet of a value in an envelope, when they are not 0
)

// Type is one type of a Schema.
type Type struct {
	Kind       Kind
	Extensible bool
	Lo, Hi     int64    // Integer: its range; strings and List: their size; Hi < 0: no bound
	Names      []string // Enumerated: those after the extension marker last
	Root       int      // how many of Names or Fields stand before the extension marker
	Fields     []Field  // Sequence, Choice: those after the extension marker last
	Element    *Field   // List; OctetString that contains a value: that value; else nil
	width      int      // bits of an Integer, or of the size, or of the index of an Enumerated or a Choice
	optional   int      // how many of the Root fields of a Sequence may be absent
}

// Field is a component of a Sequence, an alternative of a Choice, or an element of a List.
type Field struct {
	Name     string // as the specification spells it; empty: a group of additions
	Type     *Type
	Optional bool
	Secret   bool // set by Schema.Mark
}

// Schema is the types of a table. It is not changed once it is in use.
type Schema struct {
	roots map[string]*Field
	types []Type
}

// Parse reads a table. A line is NAME TYPE, where NAME is - for a type that is not looked up by its name; a line that begins
// with # is a comment. A TYPE is words:
//
//	B                     BOOLEAN
//	N                     NULL
//	I0:503                INTEGER (0..503)
//	E2 a b, E2+1 a b c    ENUMERATED {a, b}, ENUMERATED {a, b, ..., c}
//	b8, b1:16, b          BIT STRING of a size
//	o8, o1:16, o          OCTET STRING of a size
//	O TYPE                OCTET STRING (CONTAINING TYPE)
//	L1:8 NAME TYPE        SEQUENCE (SIZE (1..8)) OF TYPE, whose elements are called NAME
//	S2 a TYPE b? TYPE     SEQUENCE {a TYPE, b TYPE OPTIONAL}; S2+1: with an extension marker and one addition after it
//	C2 a TYPE b TYPE      CHOICE {a TYPE, b TYPE}; C2+1: likewise
//	@7                    the type of line 7, counted from 0 without the comments
//
// An addition that is called _ is a group of fields that were added together. DEFAULT is written as OPTIONAL.
func Parse(table string) (*Schema, error) {
	var lines []string
	for line := range strings.Lines(table) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	s := &Schema{roots: map[string]*Field{}, types: make([]Type, len(lines))}
	p := tableParser{schema: s, simple: map[string]*Type{}}
	for i, line := range lines {
		p.rest = line
		name := p.word()
		p.typ(&s.types[i])
		if p.err == nil && p.rest != "" {
			p.fail("%q is left over", p.rest)
		}
		if p.err != nil {
			return nil, fmt.Errorf("line %d of the table of types: %w", i, p.err)
		}
		if name != "-" {
			s.roots[name] = &Field{Name: name, Type: &s.types[i]}
		}
	}
	return s, nil
}

// Mark makes secret every field whose name is one of these. It must be called before the Schema is in use.
func (s *Schema) Mark(secret func(name string) bool) {
	seen := map[*Type]bool{}
	for i := range s.types {
		mark(&s.types[i], secret, seen)
	}
}

func mark(t *Type, secret func(string) bool, seen map[*Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	for i := range t.Fields {
		t.Fields[i].Secret = secret(t.Fields[i].Name)
		mark(t.Fields[i].Type, secret, seen)
	}
	if t.Element != nil {
		t.Element.Secret = secret(t.Element.Name)
		mark(t.Element.Type, secret, seen)
	}
}

// Root is the type of that name, as the field of nothing; nil when the table has none.
func (s *Schema) Root(name string) *Field { return s.roots[name] }

// tableParser reads one line after another.
type tableParser struct {
	schema *Schema
	rest   string
	simple map[string]*Type // by word: most types of one word occur many times
	err    error
}

func (p *tableParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// word takes the next word of the line.
func (p *tableParser) word() string {
	w, rest, _ := strings.Cut(p.rest, " ")
	if w == "" {
		p.fail("the line ends too early")
	}
	p.rest = rest
	return w
}

// typ reads a type into t.
func (p *tableParser) typ(t *Type) {
	w := p.word()
	if p.err != nil {
		return
	}
	kind, arg := w[0], w[1:]
	t.Hi = -1
	switch kind {
	case 'B':
		t.Kind = Boolean
	case 'N':
		t.Kind = Null
	case 'I':
		t.Kind = Integer
		p.bounds(t, arg)
		t.width = bits.Len64(uint64(t.Hi - t.Lo))
	case 'E':
		t.Kind = Enumerated
		for range p.count(t, arg) {
			t.Names = append(t.Names, p.word())
		}
	case 'b', 'o':
		t.Kind = BitString
		if kind == 'o' {
			t.Kind = OctetString
		}
		p.size(t, arg)
	case 'O':
		t.Kind = OctetString
		p.size(t, arg)
		t.Element = p.field("")
	case 'L':
		t.Kind = List
		p.size(t, arg)
		t.Element = p.field(p.word())
	case 'S', 'C':
		t.Kind = Sequence
		if kind == 'C' {
			t.Kind = Choice
		}
		p.fields(t, arg)
	default:
		p.fail("%q is no type", w)
	}
}

// field reads the type of a field; several fields may have the same one.
func (p *tableParser) field(name string) *Field {
	f := &Field{Name: name}
	p.fieldType(f)
	return f
}

func (p *tableParser) fieldType(f *Field) {
	w, _, _ := strings.Cut(p.rest, " ")
	switch {
	case strings.HasPrefix(w, "@"):
		n, err := strconv.Atoi(p.word()[1:])
		if err != nil || n < 0 || n >= len(p.schema.types) {
			p.fail("there is no line %q", w)
			return
		}
		f.Type = &p.schema.types[n]
	case w != "" && strings.IndexByte("BNIbo", w[0]) >= 0:
		if f.Type = p.simple[w]; f.Type != nil {
			p.word()
			return
		}
		f.Type = &Type{}
		p.typ(f.Type)
		p.simple[w] = f.Type
	default:
		f.Type = &Type{}
		p.typ(f.Type)
	}
}

func (p *tableParser) fields(t *Type, arg string) {
	n := p.count(t, arg)
	t.Fields = make([]Field, n)
	for i := range t.Fields {
		f := &t.Fields[i]
		f.Name, f.Optional = strings.CutSuffix(p.word(), "?")
		if f.Name == "_" {
			f.Name = ""
		}
		if f.Optional && i < t.Root {
			t.optional++
		}
		p.fieldType(f)
	}
}

// count reads "2" or "2+1": the first is how many stand before the extension marker. It returns their sum.
func (p *tableParser) count(t *Type, arg string) int {
	root, more, extensible := strings.Cut(arg, "+")
	t.Root, t.Extensible = p.number(root), extensible
	n := t.Root
	if extensible {
		n += p.number(more)
	}
	if n < t.Root || n > len(p.rest) { // each takes at least one character
		p.fail("%q counts more than the line has", arg)
		return 0
	}
	t.width = bits.Len(uint(max(t.Root, 1) - 1))
	return n
}

func (p *tableParser) number(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		p.fail("%q is no number", s)
	}
	return int(n)
}

func (p *tableParser) bounds(t *Type, arg string) {
	lo, hi, _ := strings.Cut(arg, ":")
	var err1, err2 error
	t.Lo, err1 = strconv.ParseInt(lo, 10, 64)
	t.Hi, err2 = strconv.ParseInt(hi, 10, 64)
	if err1 != nil || err2 != nil || t.Lo > t.Hi || t.Hi-t.Lo < 0 {
		p.fail("%q is no range", arg)
	}
}

// size reads "", "8" or "1:16".
func (p *tableParser) size(t *Type, arg string) {
	lo, hi, ranged := strings.Cut(arg, ":")
	if arg == "" {
		return
	}
	t.Lo = int64(p.number(lo))
	t.Hi = t.Lo
	if ranged {
		t.Hi = int64(p.number(hi))
	}
	if t.Lo > t.Hi || t.Hi >= 1<<16 { // X.691 clause 11.9: a size that may be 65,536 is encoded as one without bound
		p.fail("%q is no size that is known here", arg)
	}
	t.width = bits.Len64(uint64(t.Hi - t.Lo))
}
