package review

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/words"
)

// Every page has all that the recipe of CONTRIBUTING.md asks for. Each message says what is missing and where it goes.
func TestEveryPageIsComplete(t *testing.T) {
	code, err := os.ReadFile("review.go")
	require.NoError(t, err)
	found := regexp.MustCompile(`"GET (/[a-z/]+)", show\(rv, "([a-z]+)", "([a-z.]+)"`).FindAllStringSubmatch(string(code), -1)
	require.NotEmpty(t, found)
	var templates strings.Builder
	require.NoError(t, fs.WalkDir(templateFiles, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			text, _ := templateFiles.ReadFile(p)
			templates.Write(text)
		}
		return err
	}))
	changes, err := os.ReadFile("../CHANGELOG.md")
	require.NoError(t, err)
	tried := strings.Join(pages(readTown(t)), "\n") + "\n"
	for _, m := range found {
		path, name, title := m[1], m[2], m[3]
		if _, err := templateFiles.ReadFile("templates/" + name + ".html"); err != nil {
			t.Errorf("%s has no template: write review/templates/%s.html, by that of another page", path, name)
		}
		if !words.Has(title) {
			t.Errorf("words/review.json has no %q, which is the title of %s: add it, with its French or \"TODO\"", title, path)
		}
		if !regexp.MustCompile(regexp.QuoteMeta(path) + `[?\n]`).MatchString(tried) {
			t.Errorf("no test opens %s: add it to pages in review/pages_test.go, so that those of all pages do", path)
		}
		if !strings.Contains(templates.String(), `"`+path) && !strings.Contains(string(linkCode(t)), `"`+path) {
			t.Errorf("no page links to %s: nobody will find it. The navigation is in review/templates/layout.html", path)
		}
		if !strings.Contains(string(changes), "`"+path+"`") {
			t.Errorf("no line in CHANGELOG.md: say under Unreleased what the page `%s` shows", path)
		}
	}
}

// linkCode is the code of the package, which makes links too, without the list of routes.
func linkCode(t *testing.T) (all []byte) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name != "review.go" {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			all = append(all, text...)
		}
	}
	return all
}
