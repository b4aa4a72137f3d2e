package storage_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"vigie/storage"
	"vigie/storage/storagetest"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	childMain()
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string, o storage.Options) *storage.Store {
	s, err := storage.Open(ctx, path, o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]storage.Options{
		"plain":  {},
		"key":    {Key: []byte("0123456789abcdef0123456789abcdef")},
		"memory": {Memory: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Store(t, func(t testing.TB) (*storage.Store, func() *storage.Store) {
				path := filepath.Join(t.TempDir(), "vigie.db")
				first := o
				first.Create = true
				s := open(t, path, first)
				if o.Memory {
					return s, nil
				}
				return s, func() *storage.Store {
					require.NoError(t, s.Close())
					s = open(t, path, o)
					return s
				}
			})
		})
	}
}
