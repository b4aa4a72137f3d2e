package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
)

// A watch that fails before it begins leaves no store that it made: an unencrypted one would be there for good. One that was
// there stays.
func TestFailedWatchLeavesNoStore(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	watch := func() {
		out, err := exec.Command(program(), "watch", "--store", db, "--port", filepath.Join(dir, "no-modem")).CombinedOutput()
		require.Error(t, err, "%s", out)
	}
	watch()
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	watch()
	require.FileExists(t, db)
}

// A store that is there is encrypted, gets another passphrase, and is decrypted again.
func TestStoreCommands(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	one, two := writeFile(t, dir, "one", "one passphrase\n"), writeFile(t, dir, "two", "two passphrases\n")
	vigie := func(works bool, args ...string) string {
		out, err := exec.Command(program(), args...).CombinedOutput()
		require.Equal(t, works, err == nil, "%s: %s", strings.Join(args, " "), out)
		return string(out)
	}
	require.Contains(t, vigie(true, "store", "encrypt", "--store", db, "--new-passphrase-file", one), "encrypted "+db)
	vigie(false, "events", "--store", db)
	vigie(true, "events", "--store", db, "--passphrase-file", one)
	require.Contains(t, vigie(false, "store", "encrypt", "--store", db, "--new-passphrase-file", two), "vigie store passphrase")
	vigie(true, "store", "passphrase", "--store", db, "--passphrase-file", one, "--new-passphrase-file", two)
	vigie(false, "events", "--store", db, "--passphrase-file", one)
	vigie(true, "events", "--store", db, "--passphrase-file", two)
	vigie(false, "store", "decrypt", "--store", db, "--passphrase-file", two) // nobody answers
	vigie(true, "store", "decrypt", "--yes", "--store", db, "--passphrase-file", two)
	vigie(true, "events", "--store", db)
}
