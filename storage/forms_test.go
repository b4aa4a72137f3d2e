package storage_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"vigie/cell"
	"vigie/storage"
)

// The same words open a store whatever editor, keyboard or system they come from; other words do not.
func TestFormsOfAPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	const words = "Schlüssel für später"
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true, Passphrase: norm.NFD.String(words)})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	for form, opens := range map[string]bool{norm.NFC.String(words): true, norm.NFD.String(words): true, "\ufeff" + words: true,
		words + " ": false, "Schluessel fuer spaeter": false} {
		s, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true, Passphrase: form})
		if !opens {
			require.ErrorIs(t, err, storage.ErrKey, "%q", form)
			continue
		}
		require.NoError(t, err, "%q", form)
		require.NoError(t, s.Close())
	}
}

// A store behind a symbolic link is one store in one place: its log, its index and its key are next to the file, and whoever
// opens it by the other name finds it in use.
func TestStoreBehindALink(t *testing.T) {
	real, links := t.TempDir(), t.TempDir()
	link := filepath.Join(links, "s.db")
	require.NoError(t, os.Symlink(filepath.Join(real, "there.db"), link))
	s, err := storage.Open(t.Context(), link, storage.Options{Create: true, Passphrase: "a long passphrase"})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(real, "there.db"), s.Path())
	_, ok, err := s.AppendLater(t.Context(), appendable())
	require.NoError(t, err)
	require.True(t, ok)
	for _, name := range []string{link, filepath.Join(real, "there.db")} {
		_, err := storage.Open(t.Context(), name, storage.Options{Passphrase: "a long passphrase"})
		require.ErrorIs(t, err, storage.ErrLocked)
	}
	found, err := os.ReadDir(links)
	require.NoError(t, err)
	require.Len(t, found, 1, "nothing is made next to the link")
	require.FileExists(t, filepath.Join(real, "there.db-key"))
	require.FileExists(t, filepath.Join(real, "there.db-tail"))
	require.NoError(t, s.Close())
	require.NoError(t, storage.Destroy(link))
	require.NoFileExists(t, filepath.Join(real, "there.db"))
}

func appendable() cell.Record {
	return &cell.Observation{Time: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), Sensor: "roof", State: cell.Idle}
}
