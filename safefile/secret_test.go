package safefile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A secret that no configuration names is the service's credential, by its one name or that of older units; for root, what it is
// made of.
func TestCredential(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	was := credstore
	credstore = store
	t.Cleanup(func() { credstore = was })
	write := func(path string) { require.NoError(t, os.WriteFile(path, []byte("x"), 0o600)) }
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	path, _ := Credential("passphrase")
	require.Empty(t, path)
	write(filepath.Join(store, "vigie.passphrase"))
	path, system := Credential("passphrase")
	if mayBeRoot() {
		require.Equal(t, filepath.Join(store, "vigie.passphrase"), path)
		require.True(t, system)
	} else {
		require.Empty(t, path, "it is root's")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	path, _ = Credential("passphrase")
	require.Empty(t, path, "the service has none")
	for _, name := range []string{"passphrase", "vigie.passphrase"} {
		write(filepath.Join(dir, name))
		path, system = Credential("passphrase")
		require.Equal(t, filepath.Join(dir, name), path)
		require.False(t, system)
	}
}

func TestOpenToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for mode, says := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "", 0o644: "can read", 0o660: "can change", 0o666: "can change", 0o604: "can read"} {
		require.NoError(t, os.Chmod(path, mode))
		if open := OpenToOthers(path); says == "" {
			require.Empty(t, open, "%o", mode)
		} else {
			require.Contains(t, open, says, "%o", mode)
		}
	}
	require.Empty(t, OpenToOthers(path+"-not-there"))
}
