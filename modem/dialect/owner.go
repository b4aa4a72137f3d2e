package dialect

import (
	"slices"
	"strings"
	"sync"

	"vigie/modem/at"
)

// owners are the families whose commands declare a prefix; generic where there are several, and where the family is experimental, which
// is used only if the user names it.
var owners = sync.OnceValue(func() map[string]*Dialect {
	all := map[string]*Dialect{}
	for _, d := range All() {
		owner := d
		if d.Evidence == Experimental {
			owner = generic
		}
		for _, c := range slices.Concat(d.Serving, d.Around, d.Position, d.Surveys) {
			for _, prefix := range c.Prefixes {
				if other, ok := all[prefix]; ok && other != owner {
					all[prefix] = generic
				} else {
					all[prefix] = owner
				}
			}
		}
	}
	return all
})

// owner is the dialect that reads a line: another than d only where d is generic and the line has a prefix that one family owns.
func (d *Dialect) owner(line string) *Dialect {
	if d.Name != generic.Name {
		return d
	}
	prefix, _ := at.Prefix(line)
	if prefix == "" {
		return d
	}
	o, declared := owners()[prefix]
	if !declared {
		o = Guess([]string{line})
	}
	if o == nil || o == generic {
		return d
	}
	return o
}

// read reads an answer into the round. Where the family is not known, rows that one family owns are read by that family, with what
// follows them.
func (d *Dialect) read(r *round, a Answer) {
	if d.Name != generic.Name {
		d.parse(r, a)
		return
	}
	reader := d
	name, _, _ := strings.Cut(strings.TrimSuffix(a.Command, "?"), "=")
	if o := owners()[name]; o != nil && o != generic {
		reader = o
	}
	own, from := reader, 0
	for i, line := range a.Lines {
		if reader == own && name != "" && strings.HasPrefix(line, name) {
			continue // the answer to its command, as most are
		}
		if o := d.owner(line); o != d && o != reader {
			if i > from {
				part := a
				part.Lines, part.cut = a.Lines[from:i], false
				r.dialect = reader
				reader.parse(r, part)
			}
			reader, from = o, i
		}
	}
	a.Lines = a.Lines[from:]
	r.dialect = reader
	reader.parse(r, a)
}
