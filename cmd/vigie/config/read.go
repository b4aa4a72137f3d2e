package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/console"
)

// Load reads the named file. If named is empty and usual is true it reads the first of the usual places that exists. If there
// is none it returns the defaults.
func Load(named string, usual bool) (Config, error) {
	if usual {
		named = Find(named)
	}
	if named == "" {
		return Config{}.WithDefaults(), nil
	}
	return Read(named)
}

// Find returns the configuration file to use: the named one, else the first of the usual places that exists; empty if there is none.
func Find(named string) string {
	if named != "" {
		return named
	}
	for _, p := range UsualPlaces() {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// UsualPlaces are where a configuration is looked for: the user's own (XDG base directory specification), then the system's.
func UsualPlaces() []string {
	var ps []string
	if dir, err := os.UserConfigDir(); err == nil {
		ps = append(ps, filepath.Join(dir, "vigie", "vigie.toml"))
	}
	return append(ps, "/etc/vigie/vigie.toml")
}

// Fault is one thing in a configuration file that cannot be.
type Fault struct {
	Path string
	Line int    // 0: it is about the file as a whole
	Key  string // such as "keep.size", or a section; empty: the file
	Err  error
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %v", f.Path, f.Err)
	}
	return fmt.Sprintf("%s:%d: %v", f.Path, f.Line, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// File is a configuration file that was read, with its faults in the order of its lines.
type File struct {
	Path   string
	Faults []*Fault

	text string
	keys []string // all that are in it, such as "keep.size"
}

// Add adds a fault at a key such as "keep.size", or at a section.
func (f *File) Add(key string, err error) { f.AddNth(key, 0, err) }

// insert puts a fault behind those of its line and of earlier ones.
func (f *File) insert(fault *Fault) {
	i, _ := slices.BinarySearchFunc(f.Faults, fault.Line+1, func(x *Fault, line int) int { return cmp.Compare(x.Line, line) })
	f.Faults = slices.Insert(f.Faults, i, fault)
}

// AddNth is Add for a key of the nth table of its name, counted from 0. A nil error adds nothing.
func (f *File) AddNth(key string, nth int, err error) {
	if err != nil {
		f.insert(&Fault{Path: f.Path, Line: lineOf(f.text, key, nth), Key: key, Err: err})
	}
}

// Has reports whether the file has a key in a section.
func (f *File) Has(section string) bool {
	return slices.ContainsFunc(f.keys, func(key string) bool { return strings.HasPrefix(key, section+".") })
}

// Empty is the same file without its faults.
func (f *File) Empty() File { return File{Path: f.Path, text: f.text} }

// wrong adds a fault that is described here.
func (f *File) wrong(key, hint, format string, args ...any) {
	f.Add(key, console.Usage(fmt.Errorf(format, args...), hint))
}

// Read reads a file and checks it. Its error is the first fault, which names the file, the line where it is known, and what to
// write instead.
func Read(path string) (Config, error) {
	c, f := Inspect(path)
	if len(f.Faults) == 0 {
		return c, nil
	}
	var err error = f.Faults[0]
	if more := len(f.Faults) - 1; more > 0 {
		err = fmt.Errorf("%w (and %s: vigie config check lists them)", err, console.Plural(more, "more fault"))
	}
	return c, console.Usage(err, console.HintOf(err))
}

// Inspect reads a file and returns all its faults. The configuration is of use only if there are none.
func Inspect(path string) (c Config, f *File) {
	f = &File{Path: path}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Add("", console.WithHint(fmt.Errorf("configuration: %w", err), readHint(err)))
		return c, f
	}
	f.text = string(text)
	var tables map[string]toml.Primitive
	meta, err := toml.Decode(f.text, &tables)
	if err != nil {
		line := 0
		var bad toml.ParseError
		if errors.As(err, &bad) {
			line, err = bad.Position.Line, errors.New(bad.Message)
		}
		f.Faults = []*Fault{{Path: path, Line: line, Err: console.WithHint(err, "the file is TOML: key = value, texts in quotes, sections in square brackets")}}
		return c, f
	}
	d := decoder{meta: meta, file: f}
	d.table(tables, reflect.ValueOf(&c).Elem(), "", 0)
	if len(f.Faults) == 0 {
		c.check(f)
	}
	for _, path := range []*string{&c.Store, &c.PassphraseFile} {
		if *path != "" {
			*path = kong.ExpandPath(*path) // as the flags do: ~ is the home directory
		}
	}
	return c.WithDefaults(), f
}

// decoder decodes a file key by key, so that each fault is reported, with its line.
type decoder struct {
	meta toml.MetaData
	file *File
}

// table decodes the keys of a table into a struct. nth counts the tables of the same name from 0.
func (d *decoder) table(keys map[string]toml.Primitive, into reflect.Value, name string, nth int) {
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		full := strings.TrimPrefix(name+"."+key, ".")
		d.file.keys = append(d.file.keys, full)
		d.file.AddNth(full, nth, d.key(full, keys[key], fieldOf(into, key)))
	}
}

// key decodes one key, or the table of that name.
func (d *decoder) key(name string, value toml.Primitive, into reflect.Value) error {
	if !into.IsValid() {
		return console.Usage(fmt.Errorf("unknown key %q", name), "keys are: "+strings.Join(keysNear(name), "; "))
	}
	switch isTable := into.Kind() == reflect.Struct; {
	case isTable && !slices.Contains([]string{"Hash", ""}, d.meta.Type(strings.Split(name, ".")...)): // "": by dotted keys
		return console.Usage(fmt.Errorf("%s is a section and not a key", name), "write ["+name+"] on a line of its own, and its keys below it")
	case isTable || into.Type() == reflect.TypeFor[[]Modem]():
		var several []map[string]toml.Primitive
		if !isTable && strings.HasPrefix(d.meta.Type(name), "Array") {
			if err := d.meta.PrimitiveDecode(value, &several); err != nil {
				return wrongType(name, err)
			}
		} else {
			several = make([]map[string]toml.Primitive, 1)
			if err := d.meta.PrimitiveDecode(value, &several[0]); err != nil {
				return wrongType(name, err)
			}
		}
		for i, keys := range several {
			one := into
			if !isTable {
				into.Grow(1)
				into.SetLen(i + 1)
				one = into.Index(i)
			}
			d.table(keys, one, name, i)
		}
		return nil
	}
	return wrongType(name, d.meta.PrimitiveDecode(value, into.Addr().Interface()))
}

// position is what the decoder puts before what it has to say.
var position = regexp.MustCompile(`^line \d+ \(last key "[^"]*"\): `)

func wrongType(name string, err error) error {
	if err == nil {
		return nil
	}
	text := position.ReplaceAllString(strings.TrimPrefix(err.Error(), "toml: "), "")
	if bad, ok := errors.AsType[toml.ParseError](err); ok {
		text = bad.Message
	}
	return console.Usage(fmt.Errorf("%s: %s", name, text), "docs/configuration.md lists every key with what it takes")
}

// fieldOf is the field of a struct for a key; invalid if there is none.
func fieldOf(into reflect.Value, key string) reflect.Value {
	for f, v := range into.Fields() {
		if f.IsExported() && strings.EqualFold(f.Tag.Get("toml"), key) {
			return v
		}
	}
	return reflect.Value{}
}

func readHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "there is no such file; leave out --config to use the defaults"
	}
	return console.HintOf(err)
}

// lineOf finds the line of a key such as "modem.port", or of a section, which the decoder does not report; nth counts tables of the
// same name from 0. It is 0 if there is no such line.
func lineOf(text, key string, nth int) int {
	section, last := "", key
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		section, last = key[:i], key[i+1:]
	}
	in, tables := "", map[string]int{}
	header := 0
	for i, l := range strings.Split(text, "\n") {
		l, _, _ = strings.Cut(strings.TrimSpace(l), "#")
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(l, "[] ")
			tables[in]++
			if in == key || in == section && tables[in] == nth+1 {
				header = i + 1
			}
			if in == key {
				return header
			}
			continue
		}
		name, _, ok := strings.Cut(l, "=")
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if ok && in == section && strings.EqualFold(name, last) && max(1, tables[in]) == nth+1 || ok && in == "" && name == key {
			return i + 1
		}
	}
	if header == 0 && section != "" { // an inline table
		return lineOf(text, section, 0)
	}
	return header // of the section, for a key that is not written
}
