package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// writer numbers the types that are reached, and writes each once.
type writer struct {
	*module
	numbers map[string]int // of the types that have a line
	queue   []string       // in order of number
}

// write writes the types that the roots reach, one line each; a line begins with the name of a root, or "-".
func (m *module) write(out *bytes.Buffer, roots []string) error {
	w := &writer{module: m, numbers: map[string]int{}}
	for _, r := range roots {
		if m.types[r] == nil {
			return fmt.Errorf("type %s is not there", r)
		}
		w.number(r)
	}
	for i := 0; i < len(w.queue); i++ {
		name := "-"
		if i < len(roots) {
			name = roots[i]
		}
		out.WriteString(name)
		if err := w.typ(out, m.types[w.queue[i]], w.queue[i]); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	return nil
}

func (w *writer) number(name string) int {
	n, known := w.numbers[name]
	if !known {
		n = len(w.queue)
		w.numbers[name] = n
		w.queue = append(w.queue, name)
	}
	return n
}

// typ writes a type. Called by is the name of the type or field that it defines: the elements of a list that have no name
// are called by it.
func (w *writer) typ(out *bytes.Buffer, n *node, called string) error {
	put := func(format string, args ...any) { fmt.Fprintf(out, " "+format, args...) }
	switch n.kind {
	case reference:
		return w.reference(out, n)
	case boolean:
		put("B")
	case null:
		put("N")
	case integer:
		lo, hi, err := w.bounds(n)
		if err != nil {
			return err
		}
		put("I%d:%d", lo, hi)
	case enumerated:
		put("E%d%s", len(n.names), more(n, len(n.moreNames)))
		for _, name := range slices.Concat(n.names, n.moreNames) {
			put("%s", name)
		}
	case bitString, octetString:
		return w.stringType(out, n, called)
	case sequenceOf:
		size, err := w.size(n)
		if err != nil {
			return err
		}
		item := called + "_item"
		if n.element.kind == reference && called != "setup" { // a name of many lists: their elements are setup_item, as in other tools
			item = n.element.to
		}
		put("L%s %s", size, item)
		return w.typ(out, n.element, item)
	case sequence, choice:
		put("%c%d%s", "SC"[n.kind-sequence], len(n.fields), more(n, len(n.additions)))
		for _, f := range slices.Concat(n.fields, n.additions) {
			if err := w.field(out, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) field(out *bytes.Buffer, f field) error {
	name := f.name
	if name == "" {
		name = "_"
	}
	if f.optional {
		name += "?"
	}
	out.WriteString(" " + name)
	return w.typ(out, f.typ, f.name)
}

// reference writes the number of the type that is meant, or a simple type itself, which is shorter.
func (w *writer) reference(out *bytes.Buffer, n *node) error {
	to := w.types[n.to]
	if to == nil {
		return fmt.Errorf("line %d: type %s is not there", n.line, n.to)
	}
	switch to.kind {
	case enumerated, sequence, choice, sequenceOf:
		fmt.Fprintf(out, " @%d", w.number(n.to))
		return nil
	}
	return w.typ(out, to, n.to)
}

func (w *writer) stringType(out *bytes.Buffer, n *node, called string) error {
	letter := "b"
	switch {
	case n.element != nil:
		letter = "O"
	case n.kind == octetString:
		letter = "o"
	}
	size, err := w.size(n)
	if err != nil {
		return err
	}
	out.WriteString(" " + letter + size)
	if n.element == nil {
		return nil
	}
	if n.kind != octetString {
		return fmt.Errorf("line %d: only an OCTET STRING may contain a type here", n.line)
	}
	return w.typ(out, n.element, called)
}

// size is a size constraint; empty when there is none.
func (w *writer) size(n *node) (string, error) {
	if n.lo == "" {
		return "", nil
	}
	lo, hi, err := w.bounds(n)
	if err != nil {
		return "", err
	}
	if lo < 0 {
		return "", fmt.Errorf("line %d: a size below 0", n.line)
	}
	if lo == hi {
		return strconv.FormatInt(lo, 10), nil
	}
	return fmt.Sprintf("%d:%d", lo, hi), nil
}

func (w *writer) bounds(n *node) (lo, hi int64, err error) {
	if lo, err = w.value(n.lo, n.line); err == nil {
		hi, err = w.value(n.hi, n.line)
	}
	if err == nil && lo > hi {
		err = fmt.Errorf("line %d: the range %d..%d is empty", n.line, lo, hi)
	}
	return lo, hi, err
}

func (w *writer) value(b bound, line int) (int64, error) {
	if v, known := w.constants[string(b)]; known {
		return v, nil
	}
	v, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("line %d: the constant %q is not there", line, string(b))
	}
	return v, nil
}

// more says how many additions an extensible type has; a type that is not extensible says nothing.
func more(n *node, additions int) string {
	if !n.extensible {
		return ""
	}
	return "+" + strconv.Itoa(additions)
}
