package vigie_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is missing of a rule, a modem or a page is said by TestEveryRuleIsComplete of analyzer/rules, TestEveryFamilyIsComplete
// of modem/dialect and TestEveryPageIsComplete of review. Here is the rest of what the recipes of CONTRIBUTING.md ask for.

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// The page of the architecture names every package by its directory.
func TestEveryPackageIsInTheArchitecture(t *testing.T) {
	page := readText(t, "docs/architecture.md")
	seen := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n := d.Name(); d.IsDir() && p != "." && (strings.HasPrefix(n, ".") || slices.Contains([]string{"testdata", "bin", "build"}, n)) {
			return filepath.SkipDir
		}
		if dir := filepath.ToSlash(filepath.Dir(p)); strings.HasSuffix(p, ".go") && dir != "." && !seen[dir] {
			seen[dir] = true
			if !strings.Contains(page, "`"+dir+"`") {
				t.Errorf("docs/architecture.md does not name `%s`: add it to the table, with what it turns into what and what it refuses", dir)
			}
		}
		return nil
	}))
	require.NotEmpty(t, seen)
}

// Every sink passes the suite of all sinks, and can be configured.
func TestEverySinkIsComplete(t *testing.T) {
	all := sources(t)
	sinks := map[string]bool{}
	for _, s := range all {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "Write" && takesEntries(f) && !s.test && strings.HasPrefix(s.pkg, "storage") {
				sinks[s.pkg] = true
			}
		}
	}
	require.NotEmpty(t, sinks)
	tested, imported := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		if s.test {
			if len(calls(s.file, "storagetest", "Sink")) > 0 {
				tested[s.pkg] = true
			}
			continue
		}
		for _, im := range s.file.Imports {
			if s.pkg == "cmd/vigie/config" || s.pkg == "monitor" {
				imported[strings.TrimPrefix(strings.Trim(im.Path.Value, `"`), "vigie/")] = true
			}
		}
	}
	for pkg := range sinks {
		if !tested[pkg] {
			t.Errorf("%s has a sink and no test that calls storagetest.Sink: add one; %s/sink_test.go", pkg, pkg)
		}
		if !imported[pkg] {
			t.Errorf("%s has a sink that nobody can switch on: give it a section in cmd/vigie/config/sections.go, and add it to Config.Sinks there", pkg)
		}
	}
}

// takesEntries reports whether the last parameter of a function is []storage.Entry.
func takesEntries(f *ast.FuncDecl) bool {
	list := f.Type.Params.List
	if len(list) == 0 {
		return false
	}
	array, ok := list[len(list)-1].Type.(*ast.ArrayType)
	if !ok {
		return false
	}
	switch x := array.Elt.(type) {
	case *ast.Ident:
		return x.Name == "Entry"
	case *ast.SelectorExpr:
		return x.Sel.Name == "Entry"
	}
	return false
}

// The changelog names every section of the configuration, so that a new one is announced.
func TestEverySectionIsInTheChangelog(t *testing.T) {
	changes := readText(t, "CHANGELOG.md")
	found := regexp.MustCompile("(?m)^## `(\\[[a-z_]+\\])`").FindAllStringSubmatch(readText(t, "docs/configuration.md"), -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		if !strings.Contains(changes, m[1]) {
			t.Errorf("CHANGELOG.md does not name the section %s: say under Unreleased what it is for", m[1])
		}
	}
}

// docs/fields.md and the pages know the same reasons of gaps.
func TestReasonsOfGaps(t *testing.T) {
	reasons := func(text, pattern string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			if m[1] != "other" && m[1] != "stuck" { // which no record has
				all = append(all, m[1])
			}
		}
		require.NotEmpty(t, all)
		return all
	}
	_, fields, _ := strings.Cut(readText(t, "docs/fields.md"), "| reason of a gap | meaning |")
	fields, _, _ = strings.Cut(fields, "\n\n")
	require.ElementsMatch(t, reasons(fields, "(?m)^\\| `([a-z_]+)` \\|"), reasons(readText(t, "words/review.json"), `(?m)^"gap\.([a-z_]+)"`),
		"the table of reasons in docs/fields.md, and the entries gap.REASON of words/review.json")
}
