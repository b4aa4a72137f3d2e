package vigie_test

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// make golden runs the tests named TestGolden of the packages that declare the flag -update. A test that rewrites a file
// under another name would be left out.
func TestGoldenFilesAreRewrittenByMake(t *testing.T) {
	rewriting := 0
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if star, ok := n.(*ast.StarExpr); ok {
					if id, ok := star.X.(*ast.Ident); ok && id.Name == "update" {
						rewriting++
						require.True(t, strings.HasPrefix(f.Name.Name, "TestGolden"), "%s: %s rewrites a golden file: call it TestGolden..., so that make golden runs it", s.path, f.Name.Name)
					}
				}
				return true
			})
		}
	}
	require.NotZero(t, rewriting)
}
