package words

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+ #0]*[\d.]*[a-zA-Z%]`)

// verbs are the verbs of a format, by their letter.
func verbs(format string) (all []string) {
	for _, v := range verb.FindAllString(format, -1) {
		if v != "%%" {
			all = append(all, v[len(v)-1:])
		}
	}
	return all
}

// Every text is there in every language or is marked as open, is set in no other language, and takes as many values in each.
func TestEveryTextIsComplete(t *testing.T) {
	for _, file := range Files() {
		require.NotEmpty(t, Keys(file), file)
		for _, key := range Keys(file) {
			e := all().entries[key]
			english := cmp.Or(e.EN, key)
			require.NotEmpty(t, strings.TrimSpace(english), "%s: %q", file, key)
			for _, lang := range Languages[1:] {
				text := e.in(lang)
				require.NotEmpty(t, strings.TrimSpace(text), "%s: %q has no %q: write it, or %q for somebody who can", file, key, lang, open)
				if text != open && !strings.HasPrefix(file, "rules/") && file != "findings" && file != "retired" { // see analyzer/rules: there a value may be left out
					require.Equal(t, verbs(english), verbs(text), "%s: %q takes other values in %q", file, key, lang)
				}
			}
		}
	}
}

// unfinished are the texts of which a translation is open, as "file: key".
func unfinished(c *catalogue) (left []string) {
	for file, keys := range c.keys {
		for _, key := range keys {
			if c.entries[key].FR == open {
				left = append(left, file+": "+key)
			}
		}
	}
	slices.Sort(left)
	return left
}

// A release has no translation that is open; packaging/release.sh asks for this test so.
func TestReleaseIsTranslated(t *testing.T) {
	if os.Getenv("VIGIE_RELEASE") == "" {
		t.Skip("VIGIE_RELEASE is not set: a translation may be open until a release")
	}
	require.Empty(t, unfinished(all()), "write these translations before a release")
}

func TestUnfinished(t *testing.T) {
	c, err := load(fstest.MapFS{
		"a.json":       {Data: []byte(`{"a.one": {"en": "one", "fr": "TODO"}, "%d cells": {"fr": "%d cellules"}}`)},
		"rules/b.json": {Data: []byte(`{"%d areas": {"fr": "TODO"}}`)},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a: a.one", "rules/b: %d areas"}, unfinished(c))
	for _, ask := range []struct {
		lang, key, text string
		ok              bool
	}{
		{"fr", "a.one", "one", false}, // open: the English text
		{"en", "a.one", "one", true},
		{"fr", "%d areas", "%d areas", false},
		{"fr", "%d cells", "%d cellules", true},
		{"en", "%d cells", "%d cells", true},
		{"de", "a.one", "one", false},
		{"fr", "unknown", "unknown", false},
	} {
		text, ok := c.lookup(ask.lang, ask.key)
		require.Equal(t, ask.text, text, ask.key)
		require.Equal(t, ask.ok, ok, ask.key)
	}
	_, err = load(fstest.MapFS{"a.json": {Data: []byte(`{"a": {"fr": "b"}}`)}, "c.json": {Data: []byte(`{"a": {"fr": "b"}}`)}})
	require.ErrorContains(t, err, `words/c.json: "a" is in another file too`)
	_, err = load(fstest.MapFS{"a.json": {Data: []byte(`{"a": {"de": "b"}}`)}})
	require.ErrorContains(t, err, `unknown field "de"`)
	_, err = load(fstest.MapFS{"a.json": {Data: []byte(`{"a": `)}})
	require.ErrorContains(t, err, "words/a.json")
}

// The script of a release asks for the test above, by its name.
func TestReleaseAsks(t *testing.T) {
	script, err := os.ReadFile("../packaging/release.sh")
	require.NoError(t, err)
	require.Contains(t, string(script), "VIGIE_RELEASE=1 go test -count=1 -run '^TestReleaseIsTranslated$' ./words")
}

func TestCount(t *testing.T) {
	for _, key := range Keys("review") {
		base, ok := strings.CutSuffix(key, ".one")
		if !ok || len(verbs(Translate("en", key))) != 1 {
			continue
		}
		require.Equal(t, Format("fr", base+".one", 0), Count("fr", base, 0))
		require.Equal(t, Format("en", base+".many", 0), Count("en", base, 0))
		require.Equal(t, Format("en", base+".one", 1), Count("en", base, 1))
		require.Equal(t, Format("fr", base+".many", 2), Count("fr", base, 2))
		return
	}
	t.Fatal("no count in words/review.json")
}
