// Package words is the catalogue of every text that Vigie shows in more than one language: one loader, one lookup, one file
// format. It holds texts and nothing else: it does not know what they are about, and formats no times, cells or units. It imports
// nothing of Vigie, so that every package may use it. A lookup never fails: a text without a translation is shown in English.
//
// Each file of this directory is one JSON object with an entry per line:
//
//	"key": {"en": "English", "fr": "French"}
//
// A text that is written in the code in English (the sentence of a rule, a question of the setup) is its own key, and its entry
// has no "en". Verbs are those of package fmt; a translation may use them in another order, as %[2]s. A count has two entries, KEY.one
// and KEY.many: see Count. "TODO" marks a translation that is still open: the English text is shown, the tests pass, and
// packaging/release.sh refuses to make a release.
package words

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Languages are the languages of the catalogue, English first.
var Languages = []string{"en", "fr"}

// open marks a translation that is still to be written.
const open = "TODO"

//go:embed *.json rules/*.json
var files embed.FS

// entry is a text in each language. Without English the key is the text.
type entry struct{ EN, FR string }

// in returns the text in a language; empty if there is none.
func (e entry) in(lang string) string {
	switch lang {
	case "en":
		return e.EN
	case "fr":
		return e.FR
	}
	return ""
}

// catalogue is what is in the files.
type catalogue struct {
	entries map[string]entry    // by key
	keys    map[string][]string // by file, sorted
}

var all = sync.OnceValue(func() *catalogue {
	c, err := load(files)
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	return c
})

// load reads every file. A key in two files is an error.
func load(dir fs.FS) (*catalogue, error) {
	c := &catalogue{map[string]entry{}, map[string][]string{}}
	return c, fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dir, path)
		if err != nil {
			return err
		}
		var one map[string]entry
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields() // an entry in another language is a mistake
		if err := dec.Decode(&one); err != nil {
			return fmt.Errorf("words/%s: %w", path, err)
		}
		for key, e := range one {
			if _, twice := c.entries[key]; twice {
				return fmt.Errorf("words/%s: %q is in another file too", path, key)
			}
			c.entries[key] = e
		}
		c.keys[strings.TrimSuffix(path, ".json")] = slices.Sorted(maps.Keys(one))
		return nil
	})
}

func (c *catalogue) lookup(lang, key string) (string, bool) {
	e, ok := c.entries[key]
	if text := e.in(lang); text != "" && text != open {
		return text, true
	}
	return cmp.Or(e.EN, key), ok && lang == "en"
}

// Lookup returns the text of a key in a language ("en", "fr"). If there is none in that language it returns the English text, or the key
// itself for an unknown key, and false.
func Lookup(lang, key string) (text string, ok bool) { return all().lookup(lang, key) }

// Translate returns the text of a key in a language; without one the English text, and for an unknown key the key.
func Translate(lang, key string) string {
	text, _ := Lookup(lang, key)
	return text
}

// Format returns the text of a key in a language, formatted with args as by fmt.Sprintf; without args, the text as it is.
func Format(lang, key string, args ...any) string {
	text := Translate(lang, key)
	if len(args) == 0 || !strings.Contains(text, "%") {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Count formats a number with its noun: KEY.one or KEY.many, with n and then more as arguments. Zero is singular in French and plural in
// English.
func Count(lang, key string, n int, more ...any) string {
	form := ".many"
	if n == 1 || n == 0 && lang == "fr" {
		form = ".one"
	}
	return Format(lang, key+form, append([]any{n}, more...)...)
}

// Has reports whether a key has an entry.
func Has(key string) bool {
	_, ok := all().entries[key]
	return ok
}

// Keys returns the sorted keys of a file, such as "review" or "rules/new_cell"; nil for an unknown file. The package that uses a file
// tests that all of its keys are used.
func Keys(file string) []string { return all().keys[file] }

// Files returns the sorted names of all files, as Keys takes them.
func Files() []string { return slices.Sorted(maps.Keys(all().keys)) }
