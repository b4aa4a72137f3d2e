package uper

import (
	"errors"
	"fmt"
	"slices"
)

// BitsValue is a BIT STRING for Encode: the first N bits of Data.
type BitsValue struct {
	Data []byte
	N    int
}

// Encode writes a message of type root. A value is
//
//	BOOLEAN bool, NULL nil, INTEGER int or int64, ENUMERATED its name, BIT STRING BitsValue, OCTET STRING []byte,
//	SEQUENCE map[string]any of the fields that are present, CHOICE a map[string]any of one, SEQUENCE OF []any,
//	OCTET STRING (CONTAINING T) a value of T or []byte.
//
// The fields of an addition group stand among those of its SEQUENCE. What does not fit the type is an error that names where.
func Encode(root *Field, value any) ([]byte, error) {
	if root == nil {
		return nil, errors.New("a message of a type that is not in the table")
	}
	var w writer
	if err := w.field(root, value); err != nil {
		return nil, err
	}
	return w.whole(), nil
}

// whole is what was written, as whole octets and at least one (X.691 clause 11.1).
func (w *writer) whole() []byte {
	if len(w.data) == 0 {
		return []byte{0}
	}
	return w.data
}

func (w *writer) field(f *Field, value any) error {
	err := w.content(f.Type, value)
	if err != nil && f.Name != "" {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return err
}

func (w *writer) content(t *Type, value any) error {
	switch t.Kind {
	case Boolean:
		v, ok := value.(bool)
		if !ok {
			return wants("a bool", value)
		}
		w.bit(v)
	case Null:
		if value != nil {
			return wants("nil", value)
		}
	case Integer:
		return w.integer(t, value)
	case Enumerated:
		name, ok := value.(string)
		if !ok {
			return wants("a name", value)
		}
		i := slices.Index(t.Names, name)
		if i < 0 {
			return fmt.Errorf("%q is not one of its names", name)
		}
		w.index(t, i)
	case BitString:
		v, ok := value.(BitsValue)
		if !ok || v.N > 8*len(v.Data) {
			return wants("BitsValue", value)
		}
		if err := w.size(t, v.N); err != nil {
			return err
		}
		w.bits(v.Data, v.N)
	case OctetString:
		return w.octets(t, value)
	case Sequence:
		return w.sequence(t, value)
	case Choice:
		return w.choice(t, value)
	case List:
		return w.list(t, value)
	}
	return nil
}

func wants(what string, value any) error { return fmt.Errorf("wants %s, not %T", what, value) }

func (w *writer) bit(v bool) {
	if v {
		w.put(1, 1)
		return
	}
	w.put(0, 1)
}

func (w *writer) integer(t *Type, value any) error {
	var v int64
	switch n := value.(type) {
	case int:
		v = int64(n)
	case int64:
		v = n
	default:
		return wants("an int", value)
	}
	if v < t.Lo || v > t.Hi {
		return fmt.Errorf("%d is not within %d..%d", v, t.Lo, t.Hi)
	}
	w.put(uint64(v-t.Lo), t.width)
	return nil
}

// index writes which name or alternative.
func (w *writer) index(t *Type, i int) {
	if t.Extensible {
		w.bit(i >= t.Root)
	}
	if i < t.Root {
		w.put(uint64(i), t.width)
		return
	}
	i -= t.Root
	if i < 64 {
		w.put(uint64(i), 7)
		return
	}
	w.put(1, 1)
	w.put(1, 8) // octets
	w.put(uint64(i), 8)
}

func (w *writer) size(t *Type, n int) error {
	if int64(n) < t.Lo || t.Hi >= 0 && int64(n) > t.Hi {
		return fmt.Errorf("has %d, wants %d..%d", n, t.Lo, t.Hi)
	}
	if t.Hi < 0 {
		return w.length(n)
	}
	w.put(uint64(int64(n)-t.Lo), t.width)
	return nil
}

// length writes a length without bounds.
func (w *writer) length(n int) error {
	switch {
	case n < 128:
		w.put(uint64(n), 8)
	case n < 1<<14:
		w.put(1<<15|uint64(n), 16)
	default:
		return fmt.Errorf("has %d; 16,384 and more would be written in fragments", n)
	}
	return nil
}

func (w *writer) octets(t *Type, value any) error {
	data, ok := value.([]byte)
	if !ok && t.Element == nil {
		return wants("[]byte", value)
	}
	if !ok {
		var err error
		if data, err = Encode(t.Element, value); err != nil {
			return err
		}
	}
	if err := w.size(t, len(data)); err != nil {
		return err
	}
	w.bits(data, 8*len(data))
	return nil
}

func (w *writer) list(t *Type, value any) error {
	all, ok := value.([]any)
	if !ok {
		return wants("[]any", value)
	}
	if err := w.size(t, len(all)); err != nil {
		return err
	}
	for _, v := range all {
		if err := w.field(t.Element, v); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) choice(t *Type, value any) error {
	of, ok := value.(map[string]any)
	if !ok || len(of) != 1 {
		return wants("a map of one alternative", value)
	}
	for name, v := range of {
		i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return fmt.Errorf("has no alternative %q", name)
		}
		w.index(t, i)
		if i < t.Root {
			return w.field(&t.Fields[i], v)
		}
		return w.open(&t.Fields[i], v)
	}
	return nil
}

// open writes a value in an envelope.
func (w *writer) open(f *Field, value any) error {
	data, err := Encode(f, value)
	if err != nil {
		return err
	}
	if err := w.length(len(data)); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	w.bits(data, 8*len(data))
	return nil
}

func (w *writer) sequence(t *Type, value any) error {
	of, ok := value.(map[string]any)
	if !ok {
		return wants("a map of its fields", value)
	}
	if err := known(t, of); err != nil {
		return err
	}
	root, added := t.Fields[:t.Root], t.Fields[t.Root:]
	some := slices.ContainsFunc(added, func(f Field) bool { return has(f, of) })
	if t.Extensible {
		w.bit(some)
	}
	for _, f := range root {
		if f.Optional {
			w.bit(has(f, of))
		} else if !has(f, of) {
			return fmt.Errorf("%s is not there", f.Name)
		}
	}
	for i := range root {
		if f := &root[i]; has(*f, of) {
			if err := w.field(f, of[f.Name]); err != nil {
				return err
			}
		}
	}
	if !some {
		return nil
	}
	return w.additions(added, of)
}

func (w *writer) additions(added []Field, of map[string]any) error {
	if len(added) <= 64 {
		w.put(uint64(len(added)-1), 7)
	} else {
		w.put(1, 1)
		if err := w.length(len(added)); err != nil {
			return err
		}
	}
	for _, f := range added {
		w.bit(has(f, of))
	}
	for i := range added {
		f := &added[i]
		if !has(*f, of) {
			continue
		}
		var v any = of
		if f.Name == "" {
			v = part(f.Type, of)
		} else {
			v = of[f.Name]
		}
		if err := w.open(f, v); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a field, or one of a group, is among those given.
func has(f Field, of map[string]any) bool {
	if f.Name != "" {
		_, is := of[f.Name]
		return is
	}
	return slices.ContainsFunc(f.Type.Fields, func(g Field) bool { return has(g, of) })
}

// part is what a group has of the fields given.
func part(group *Type, of map[string]any) map[string]any {
	m := map[string]any{}
	for _, f := range group.Fields {
		if v, is := of[f.Name]; is {
			m[f.Name] = v
		}
	}
	return m
}

// known refuses a field that the type does not have.
func known(t *Type, of map[string]any) error {
	for name := range of {
		here := slices.ContainsFunc(t.Fields, func(f Field) bool {
			return f.Name == name || f.Name == "" && slices.ContainsFunc(f.Type.Fields, func(g Field) bool { return g.Name == name })
		})
		if !here {
			return fmt.Errorf("has no field %q", name)
		}
	}
	return nil
}
