package storage_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// go-sqlite3 is made for one version of go-sqlite3-wasm, the translation of SQLite itself: another would be untried.
func TestSQLiteIsTheOneItsDriverPins(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/ncruces/go-sqlite3").Output()
	require.NoError(t, err)
	const sibling = "github.com/ncruces/go-sqlite3-wasm/v6"
	pinned := required(t, filepath.Join(strings.TrimSpace(string(out)), "go.mod"), sibling)
	require.NotEmpty(t, pinned)
	require.Equal(t, pinned, required(t, filepath.Join("..", "go.mod"), sibling))
}

// required is the version of a module that a go.mod asks for.
func required(t *testing.T, name, module string) (version string) {
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(strings.TrimPrefix(lines.Text(), "require ")); len(fields) >= 2 && fields[0] == module {
			version = fields[1]
		}
	}
	return version
}
