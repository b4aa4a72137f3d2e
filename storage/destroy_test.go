package storage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/storage"
)

// A link whose end cannot be found is removed, and not said to be all: what it leads to may still be there.
func TestDestroyBehindALinkThatCannotBeFollowed(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "v.db"), filepath.Join(dir, "other")
	require.NoError(t, os.Symlink(other, path))
	require.NoError(t, os.Symlink(path, other)) // round and round, as good as a directory that may not be read
	require.ErrorContains(t, storage.Destroy(path), "what "+path+" leads to is not known")
	require.NoFileExists(t, path)

	require.NoError(t, os.Symlink(filepath.Join(dir, "nothing"), path))
	require.NoError(t, storage.Destroy(path))
	require.NoFileExists(t, path)
}
