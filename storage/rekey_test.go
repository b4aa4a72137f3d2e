package storage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
	"vigie/storage/storagetest"
)

// A store that is there gets a passphrase, another one, and none again, with everything that is in it; nothing readable is left
// next to an encrypted one, and nobody else may write to it meanwhile.
func TestRekey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), storagetest.Day(50)...))
	want := count(t, s)
	_, ok, err := s.AppendLater(t.Context(), appendable())
	require.NoError(t, err)
	if ok {
		want++
	}
	require.ErrorIs(t, storage.Rekey(t.Context(), path, storage.Options{}, "one"), storage.ErrLocked)
	require.NoError(t, s.Close())
	opens := func(passphrase string) {
		t.Helper()
		s, err := storage.Open(t.Context(), path, storage.Options{Passphrase: passphrase})
		require.NoError(t, err)
		require.NoError(t, s.Check(t.Context()))
		require.Equal(t, want, count(t, s))
		require.NoError(t, s.Close())
		for _, other := range []string{"", "one", "two"} {
			if other != passphrase {
				_, err := storage.Open(t.Context(), path, storage.Options{Passphrase: other, ReadOnly: true})
				require.Error(t, err, "%q", other)
			}
		}
	}
	require.ErrorIs(t, storage.Rekey(t.Context(), path, storage.Options{}, ""), storage.ErrKey)
	require.NoError(t, storage.Rekey(t.Context(), path, storage.Options{}, "one"))
	opens("one")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "SQLite format")
	require.ErrorIs(t, storage.Rekey(t.Context(), path, storage.Options{Passphrase: "two"}, "one"), storage.ErrKey)
	require.NoError(t, storage.Rekey(t.Context(), path, storage.Options{Passphrase: "one"}, "two"))
	opens("two")
	require.NoError(t, storage.Rekey(t.Context(), path, storage.Options{Passphrase: "two"}, ""))
	opens("")
	require.NoFileExists(t, path+"-key")
	left, err := filepath.Glob(path + ".new-*")
	require.NoError(t, err)
	require.Empty(t, left)
}

func count(t *testing.T, s *storage.Store) (n int) {
	t.Helper()
	for _, err := range s.Records(t.Context(), storage.Query{}) {
		require.NoError(t, err)
		n++
	}
	return n
}
