package config

import (
	"reflect"
	"strings"
)

// section is one table of the file: its name, empty at the top level, and its keys in order.
type section struct {
	name string
	keys []key
}

type key struct{ name, help, usual string }

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
	return key{f.Tag.Get("toml"), f.Tag.Get("help"), f.Tag.Get("default")}
}

// keys lists the keys of each section on a line, for the unknown-key error.
func keys() []string {
	var lines []string
	for _, s := range sections() {
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
