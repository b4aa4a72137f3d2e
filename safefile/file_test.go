package safefile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A process that ends without waiting leaves no part of a file, and what was finished stays.
func TestDiscardRemovesWhatIsNotFinished(t *testing.T) {
	dir := t.TempDir()
	whole, cut := filepath.Join(dir, "whole"), filepath.Join(dir, "cut")
	require.NoError(t, WriteNew(whole, func(f *os.File) error { _, err := f.WriteString("a"); return err }))
	err := WriteNew(cut, func(f *os.File) error {
		names, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, names, 2)
		Discard()
		_, err = f.WriteString("b")
		return err
	})
	require.ErrorIs(t, err, os.ErrNotExist)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1)
	require.Equal(t, "whole", names[0].Name())
}
