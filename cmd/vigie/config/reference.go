package config

import (
	"fmt"
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

// pages are where a section is explained at length.
var pages = map[string]string{"keep": "keeping.md", "influx": "influxdb.md", "alert": "alerts.md", "health": "health.md",
	"position": "mobile-kit.md", "glance": "mobile-kit.md", "seal": "mobile-kit.md", "panic": "mobile-kit.md", "battery": "mobile-kit.md", "celldb": "celldb.md"}

// Reference is docs/configuration.md: every section and key with its default, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Configuration is optional: every key has a default, and the command line wins over the file. Vigie reads the file that
` + "`--config`" + ` names, else ` + "`~/.config/vigie/vigie.toml`, else `/etc/vigie/vigie.toml`" + `. The file is [TOML](https://toml.io). A key that
Vigie does not know is refused with its line.

This page is made from the code: ` + "`make golden`" + ` writes it, and a test compares it.
`)
	for _, s := range sections() {
		switch {
		case s.name == "":
			b.WriteString("\n## At the top of the file\n\n")
		case s.name == "modem":
			b.WriteString("\n## `[modem]`, or for several modems each `[[modem]]`\n\n")
		default:
			fmt.Fprintf(&b, "\n## `[%s]`\n\n", s.name)
		}
		if page := pages[s.name]; page != "" {
			fmt.Fprintf(&b, "[%s](%s) explains it.\n\n", strings.TrimSuffix(page, ".md"), page)
		}
		b.WriteString("| key | meaning | default |\n| --- | --- | --- |\n")
		for _, k := range s.keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, k.help, k.usual)
		}
	}
	return b.String()
}
