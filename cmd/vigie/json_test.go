package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// contract is a table of docs/json.md: the fields, and which may be left out.
type contract struct{ fields, optional []string }

func contracts(t *testing.T) map[string]contract {
	text, err := os.ReadFile("../../docs/json.md")
	require.NoError(t, err)
	all := map[string]contract{}
	for _, part := range strings.Split(string(text), "\n## `vigie ")[1:] {
		name, rest, _ := strings.Cut(part, " --json`")
		var c contract
		for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_0-9.\\[\\]]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(rest, -1) {
			c.fields = append(c.fields, m[1])
			if strings.Contains(m[2], "optional") || strings.Contains(m[1], "[]") {
				c.optional = append(c.optional, m[1])
			}
		}
		require.NotEmpty(t, c.fields, name)
		all[name] = c
	}
	return all
}

// fieldsOf are the fields of an object, and of the objects in its lists.
func fieldsOf(t *testing.T, prefix string, object map[string]any, into map[string]bool) {
	for name, v := range object {
		into[prefix+name] = true
		require.NotNil(t, v, "%s%s is null", prefix, name)
		if prefix+name == "rows" { // observations, which docs/fields.md lists
			continue
		}
		list, _ := v.([]any)
		for _, one := range list {
			if o, ok := one.(map[string]any); ok {
				fieldsOf(t, prefix+name+"[].", o, into)
			}
		}
	}
}

// keepsContract compares one object with the table of docs/json.md.
func keepsContract(t *testing.T, name, out string) {
	t.Helper()
	c, ok := contracts(t)[name]
	require.True(t, ok, "docs/json.md has no table of %s", name)
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &object), out)
	got := map[string]bool{}
	fieldsOf(t, "", object, got)
	for f := range got {
		require.Contains(t, c.fields, f)
	}
	for _, f := range c.fields {
		require.True(t, got[f] || slices.Contains(c.optional, f), "%s prints no %s: %s", name, f, out)
	}
}

// Every command of the program with --json has its fields in a page.
func TestEveryJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	require.NoError(t, err)
	leaves, _ := commands(t)
	for name, n := range leaves {
		for _, f := range n.Flags {
			if f.Name == "json" {
				first, _, _ := strings.Cut(name, " ")
				require.True(t, strings.Contains(string(text), "`vigie "+name+" --json`") || strings.Contains(string(text), "`"+name+"`") || strings.Contains(string(text), "`"+first+"`"), "docs/json.md does not name %s", name)
			}
		}
	}
}

// What the commands print with --json is what docs/json.md lists: no field more, and none less but those that may be left out.
func TestJSONIsAContract(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "v.db")
	newStore(t, db, "")
	em, _ := emulate(t, serviceScenario+sticks[0].scenario, emulator.Options{})
	to := writeFile(t, dir, "to", "desk http://127.0.0.1:1/hook\n")
	conf := writeFile(t, dir, "v.toml", "store = '"+db+"'\n[modem]\nport = '"+em.Path()+"'\n[alert]\nto_file = '"+to+"'\n")
	bad := writeFile(t, dir, "bad.toml", "mode = 'still'\n[glance]\ndiscreet = true\n")
	note := writeFile(t, dir, "note.toml", "store = ':memory:'\n[glance]\ndiscreet = true\n")
	bundle := filepath.Join(dir, "b.zip")
	must(t, "--config", conf, "bundle", "--from", "2000-01-01", bundle)
	for name, runs := range map[string][][]string{
		"doctor":       {{"--config", conf, "doctor", em.Path()}, {"--config", bad, "doctor", "/dev/null"}},
		"config check": {{"--config", conf, "config", "check"}, {"--config", bad, "config", "check"}, {"--config", note, "config", "check"}},
		"alert test":   {{"--config", conf, "alert", "test"}},
		"backup":       {{"--config", conf, "backup", filepath.Join(dir, "copy.db")}},
		"delete":       {{"--config", conf, "delete", "--all"}},
		"verify":       {{"verify", bundle}},
		"survey":       {{"--config", conf, "survey", "--yes"}},
	} {
		c, ok := contracts(t)[name]
		require.True(t, ok, "docs/json.md has no table of %s", name)
		ever := map[string]bool{}
		for _, args := range runs {
			out, stderr, _ := vigie(t, append(args, "--json")...)
			require.Equal(t, 1, strings.Count(out, "\n"), "%s: one line: %s %s", name, out, stderr)
			var object map[string]any
			require.NoError(t, json.Unmarshal([]byte(out), &object), out)
			got := map[string]bool{}
			fieldsOf(t, "", object, got)
			for f := range got {
				ever[f] = true
				require.Contains(t, c.fields, strings.Replace(f, "notes[].", "faults[].", 1), "%s prints a field that docs/json.md does not list", name)
			}
			for _, f := range c.fields {
				require.True(t, got[f] || slices.Contains(c.optional, f), "%s prints no %s: %s", name, f, out)
			}
		}
		for _, f := range c.fields {
			require.True(t, ever[f] || name == "alert test" || f == "rules[].missing", "%s never printed %s", name, f)
		}
	}
	out, _ := must(t, "--config", conf, "delete", "--all", "--json", "--yes")
	require.Contains(t, out, `"deleted":true`)
}
