package config

import (
	"reflect"
	"slices"
	"strings"
)

// section is one table of the file: its name, empty at the top level, and its keys in order.
type section struct {
	name string
	keys []key
}

// key is one key: its default in words, and what it decodes into.
type key struct {
	name, help, usual string
	kind              reflect.Type
}

// sections reads the tags of Config: the keys at the top level first, then every table.
func sections() []section {
	list := []section{{}}
	for f := range reflect.TypeFor[Config]().Fields() {
		t := f.Type
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			list[0].keys = append(list[0].keys, keyOf(f))
			continue
		}
		s := section{name: f.Tag.Get("toml")}
		for f := range t.Fields() {
			if f.IsExported() {
				s.keys = append(s.keys, keyOf(f))
			}
		}
		list = append(list, s)
	}
	return list
}

func keyOf(f reflect.StructField) key {
	kind := f.Type
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	help := f.Tag.Get("help")
	if bounds := f.Tag.Get("bounds"); bounds != "" {
		help += "; " + bounds
	}
	return key{f.Tag.Get("toml"), help, f.Tag.Get("default"), kind}
}

// keysNear lists the keys of the section of an unknown key on a line; of one that is in no section, those of every section.
func keysNear(unknown string) []string {
	near, _, in := strings.Cut(unknown, ".")
	var lines []string
	all := sections()
	in = in && slices.ContainsFunc(all, func(s section) bool { return s.name == near })
	for _, s := range all {
		if in && s.name != near {
			continue
		}
		var names []string
		for _, k := range s.keys {
			names = append(names, k.name)
		}
		line := strings.Join(names, ", ")
		if s.name != "" {
			line = "[" + s.name + "] " + line
		}
		lines = append(lines, line)
	}
	return lines
}
