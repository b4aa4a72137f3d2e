package storage

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The newest copies of this store stay, each with its key; what is of another store or of somebody else is not touched.
func TestPruneCopies(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	var names []string
	for i := range 5 {
		name := CopyName("/var/lib/vigie/roof.db", day.AddDate(0, 0, i))
		names = append(names, name, name+"-key")
	}
	require.Equal(t, "roof-20261101-030000.db", names[0])
	others := []string{"roof.db", "roof-2-20200101-030000.db", "roof-20200101.db", "notes", CopyName("bag.db", day)}
	for _, name := range append(names, others...) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, PruneCopies(dir, "/var/lib/vigie/roof.db", 2))
	var left []string
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	require.ElementsMatch(t, append(names[6:], others...), left)
	require.NoError(t, PruneCopies(dir, "/var/lib/vigie/roof.db", 9))
	require.Error(t, PruneCopies(filepath.Join(dir, "none"), "roof.db", 1))
}
