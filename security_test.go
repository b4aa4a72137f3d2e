package vigie_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A test of docs/security-tests.md: its directory and its name, or the path of a script.
var (
	namedTest   = regexp.MustCompile("`([a-z/]+) ((?:Test|Fuzz)\\w+)`")
	namedScript = regexp.MustCompile("`([a-z/]+\\.txtar)`")
)

// Every attack of the table is one that a test tries: the next review starts where the last one ended. And what attacks the
// program from outside is in the table.
func TestEveryAttackHasItsTest(t *testing.T) {
	page := readText(t, "docs/security-tests.md")
	there := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				there[s.pkg+" "+f.Name.Name] = true
			}
		}
	}
	named := map[string]bool{}
	for _, row := range strings.Split(page, "\n") {
		if !strings.HasPrefix(row, "| ") || strings.HasPrefix(row, "| attack") || strings.HasPrefix(row, "| --") {
			continue
		}
		tests, scripts := namedTest.FindAllStringSubmatch(row, -1), namedScript.FindAllStringSubmatch(row, -1)
		if len(tests)+len(scripts) == 0 {
			t.Errorf("docs/security-tests.md: no test is named in %q: write it as `directory TestName`", row)
		}
		for _, m := range tests {
			if named[m[1]+" "+m[2]] = true; !there[m[1]+" "+m[2]] {
				t.Errorf("docs/security-tests.md names %s of %s, which is not there", m[2], m[1])
			}
		}
		for _, m := range scripts {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("docs/security-tests.md names %s, which is not there", m[1])
			}
		}
	}
	require.NotEmpty(t, named)
	for name := range there {
		if _, f, _ := strings.Cut(name, " "); strings.HasPrefix(f, "TestAttack") && !named[name] {
			t.Errorf("%s attacks, and is not in the table of docs/security-tests.md: add what it tries, and what must hold", name)
		}
	}
}
