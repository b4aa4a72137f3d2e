package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The kinds of type that 36.331 uses.
type kind int

const (
	reference kind = iota
	boolean
	null
	integer
	enumerated
	bitString
	octetString
	sequence
	choice
	sequenceOf
)

// node is a type as it is written.
type node struct {
	kind       kind
	to         string // reference: the name of the type
	lo, hi     bound  // INTEGER: its range; strings and SEQUENCE OF: their size
	extensible bool
	names      []string // ENUMERATED
	moreNames  []string // ENUMERATED: after the extension marker
	fields     []field  // SEQUENCE, CHOICE
	additions  []field  // SEQUENCE, CHOICE: after the extension marker
	element    *node    // SEQUENCE OF; OCTET STRING: what it contains
	line       int
}

// field is a component of a SEQUENCE or an alternative of a CHOICE. An addition group has no name.
type field struct {
	name     string
	optional bool
	typ      *node
}

// bound is a number, or the name of a constant; the empty bound is none.
type bound string

// module is what a text defines.
type module struct {
	types     map[string]*node
	constants map[string]int64
}

type token struct {
	text string
	line int
}

var lexeme = regexp.MustCompile(`^(?:--[^\n]*|::=|\.\.\.|\.\.|\[\[|\]\]|'[01]*'B|-?[0-9]+|[A-Za-z](?:-?[A-Za-z0-9])*|[{}(),])`)

func tokens(text string) ([]token, error) {
	var all []token
	line := 1
	for text != "" {
		if c := text[0]; c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			if c == '\n' {
				line++
			}
			text = text[1:]
			continue
		}
		t := lexeme.FindString(text)
		if t == "" {
			return nil, fmt.Errorf("line %d: %.20q is no ASN.1 that is known here", line, text)
		}
		if !strings.HasPrefix(t, "--") {
			all = append(all, token{t, line})
		}
		text = text[len(t):]
	}
	return all, nil
}

// parser reads tokens from the first to the last. What does not fit stops it by a panic of an error, which parse returns.
type parser struct {
	all []token
	at  int
}

func parse(text string) (m *module, err error) {
	all, err := tokens(text)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			wrong, ours := r.(error)
			if !ours {
				panic(r)
			}
			m, err = nil, wrong
		}
	}()
	p := &parser{all: all}
	m = &module{types: map[string]*node{}, constants: map[string]int64{}}
	for p.next() != "BEGIN" { // NAME DEFINITIONS AUTOMATIC TAGS ::=
	}
	for p.peek() != "END" {
		p.definition(m)
	}
	return m, nil
}

func (p *parser) fail(format string, args ...any) {
	line := 0
	if n := min(p.at, len(p.all)-1); n >= 0 {
		line = p.all[n].line
	}
	panic(fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
}

func (p *parser) peek() string {
	if p.at == len(p.all) {
		p.fail("the text ends too early")
	}
	return p.all[p.at].text
}

func (p *parser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if p.at+i >= len(p.all) || p.all[p.at+i].text != w {
			return false
		}
	}
	p.at += len(words)
	return true
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if t := p.peek(); t != w {
			p.fail("%q where %q was expected", t, w)
		}
		p.at++
	}
}

func (p *parser) definition(m *module) {
	name := p.next()
	if p.accept("INTEGER", "::=") {
		n, err := strconv.ParseInt(p.next(), 10, 64)
		if err != nil {
			p.fail("constant %s: %v", name, err)
		}
		m.constants[name] = n
		return
	}
	if first := name[0]; first < 'A' || first > 'Z' {
		p.fail("%q is no name of a type", name)
	}
	if m.types[name] != nil {
		p.fail("%s is defined twice", name)
	}
	p.expect("::=")
	m.types[name] = p.typ()
}

func (p *parser) typ() *node {
	n := &node{line: p.all[min(p.at, len(p.all)-1)].line}
	switch word := p.next(); word {
	case "BOOLEAN":
		n.kind = boolean
	case "NULL":
		n.kind = null
	case "INTEGER":
		n.kind = integer
		p.expect("(")
		p.bounds(n)
		p.expect(")")
	case "ENUMERATED":
		n.kind = enumerated
		p.enumeration(n)
	case "BIT", "OCTET":
		n.kind = bitString
		if word == "OCTET" {
			n.kind = octetString
		}
		p.expect("STRING")
		if p.accept("(", "CONTAINING") {
			n.element = p.typ()
			p.expect(")")
		} else if p.peek() == "(" {
			p.size(n)
		}
	case "SEQUENCE":
		n.kind = sequence
		if p.peek() == "{" {
			p.components(n)
			break
		}
		n.kind = sequenceOf
		p.size(n)
		p.expect("OF")
		n.element = p.typ()
	case "CHOICE":
		n.kind = choice
		p.components(n)
	default:
		if word[0] < 'A' || word[0] > 'Z' {
			p.fail("%q where a type was expected", word)
		}
		n.to = word
		if next := p.peek(); next == "(" || next == "{" {
			p.fail("%s %s: constrained references and parameters are not known here", word, next)
		}
	}
	return n
}

func (p *parser) bounds(n *node) {
	n.lo = bound(p.next())
	n.hi = n.lo
	if p.accept("..") {
		n.hi = bound(p.next())
	}
}

func (p *parser) size(n *node) {
	p.expect("(", "SIZE", "(")
	p.bounds(n)
	p.expect(")", ")")
}

func (p *parser) enumeration(n *node) {
	p.expect("{")
	for {
		if p.accept("...") {
			if n.extensible {
				p.fail("a second extension marker is not known here")
			}
			n.extensible = true
		} else if name := p.next(); n.extensible {
			n.moreNames = append(n.moreNames, name)
		} else {
			n.names = append(n.names, name)
		}
		if p.accept("}") {
			return
		}
		p.expect(",")
	}
}

// components reads the fields of a SEQUENCE or CHOICE.
func (p *parser) components(n *node) {
	p.expect("{")
	if p.accept("}") {
		return
	}
	for {
		switch {
		case p.accept("..."):
			if n.extensible {
				p.fail("a second extension marker is not known here")
			}
			n.extensible = true
		case n.extensible:
			n.additions = append(n.additions, p.addition(n.kind)...)
		default:
			n.fields = append(n.fields, p.component())
		}
		if p.accept("}") {
			return
		}
		p.expect(",")
	}
}

// addition reads what stands after an extension marker: one field, or several that came together. Those of a SEQUENCE are
// encoded together, as one of their own; those of a CHOICE are alternatives like others.
func (p *parser) addition(of kind) []field {
	if !p.accept("[[") {
		return []field{p.component()}
	}
	group := &node{kind: sequence}
	for {
		group.fields = append(group.fields, p.component())
		if p.accept("]]") {
			break
		}
		p.expect(",")
	}
	if of == choice {
		return group.fields
	}
	return []field{{typ: group}}
}

func (p *parser) component() field {
	f := field{name: p.next()}
	if first := f.name[0]; first < 'a' || first > 'z' {
		p.fail("%q where the name of a field was expected", f.name)
	}
	f.typ = p.typ()
	switch {
	case p.accept("OPTIONAL"):
		f.optional = true
	case p.accept("DEFAULT"): // absent says the default, and the table does not say which that is
		f.optional = true
		p.next()
	}
	return f
}
