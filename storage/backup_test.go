package storage_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// A copy made while the store is written to is whole, is encrypted as the store is, and becomes a store again.
func TestBackupAndRestore(t *testing.T) {
	for name, o := range map[string]storage.Options{"plain": {}, "key": {Key: []byte(crashKey)}, "passphrase": {Passphrase: "correct horse"}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			create := o
			create.Create = true
			s := open(t, at("s.db"), create)
			seconds(t, s, 0, 3000)
			require.NoError(t, s.PutEvents(ctx, eventAt("e", 100, 200)))
			purge(t, s, storage.Retention{FullRate: 1}, second(1500).Time)

			stop := make(chan struct{})
			var writing sync.WaitGroup
			writing.Go(func() {
				for i := 3000; ; i++ {
					select {
					case <-stop:
						return
					default:
						if err := s.Append(ctx, second(i)); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
			reading := o
			reading.ReadOnly = true
			other := open(t, at("s.db"), reading) // as another process would
			st, err := other.Backup(ctx, at("copy.db"))
			close(stop)
			writing.Wait()
			require.NoError(t, err)
			require.NoError(t, other.Close())

			_, err = s.Backup(ctx, at("copy.db"))
			require.ErrorIs(t, err, fs.ErrExist, "what is there is never written over")
			text, err := os.ReadFile(at("copy.db"))
			require.NoError(t, err)
			require.Equal(t, name == "plain", bytes.Contains(text, []byte("SQLite format 3")), "encrypted stays encrypted")
			require.Equal(t, name == "plain", bytes.Contains(text, []byte("+QENG: the lines")))
			if name != "plain" {
				_, err = storage.Open(ctx, at("copy.db"), storage.Options{})
				require.Error(t, err)
			}
			info, err := os.Stat(at("copy.db"))
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

			_, err = storage.Restore(ctx, at("copy.db"), at("s.db"), o, "")
			require.ErrorIs(t, err, fs.ErrExist)
			_, err = storage.Restore(ctx, at("copy.db"), at("s.db"), o, ".old")
			require.ErrorIs(t, err, storage.ErrLocked, "it is in use")
			want := times(t, s)
			require.NoError(t, s.Close())
			got, err := storage.Restore(ctx, at("copy.db"), at("s.db"), o, ".old")
			require.NoError(t, err)
			require.Equal(t, st, got)
			s = open(t, at("s.db"), o)
			require.NoError(t, s.Check(ctx))
			left := times(t, s)
			require.Equal(t, want[:len(left)], left, "all up to a moment, and nothing after it")
			require.GreaterOrEqual(t, len(left), len(times(t, open(t, at("s.db.old"), o)))-(len(want)-len(left)))
			require.NoError(t, s.Append(ctx, second(90_000)), "it can be written to")
			n := 0
			for _, err := range s.Summaries(ctx, storage.SummaryQuery{}) {
				require.NoError(t, err)
				n++
			}
			require.NotZero(t, n)
			names, err := filepath.Glob(at("*.new-*"))
			require.NoError(t, err)
			require.Empty(t, names)
		})
	}
}

// A store that is larger than SQLite's cache is copied whole, with a checksum on every page.
func TestBackupOfALargeStore(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]storage.Options{"plain": {}, "key": {Key: []byte(crashKey)}, "memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			create := o
			create.Create = true
			s := open(t, filepath.Join(dir, "s.db"), create)
			for i := 0; i < 10_000; i += 500 {
				var recs []cell.Record
				for k := i; k < i+500; k++ {
					recs = append(recs, noisy(k))
				}
				require.NoError(t, s.Append(ctx, recs...))
			}
			require.NoError(t, s.SaveState(ctx, "large", make([]byte, 20<<20), 1))
			_, err := s.Backup(ctx, filepath.Join(dir, "copy.db"))
			require.NoError(t, err)
			made := open(t, filepath.Join(dir, "copy.db"), storage.Options{ReadOnly: true, Key: o.Key})
			require.Equal(t, times(t, s), times(t, made))
			state, _, err := made.LoadState(ctx, "large")
			require.NoError(t, err)
			require.Len(t, state, 20<<20)
			if name != "plain" {
				return
			}
			text, err := os.ReadFile(filepath.Join(dir, "copy.db"))
			require.NoError(t, err)
			sealed := bytes.Clone(text)
			storagetest.Seal(sealed)
			require.True(t, bytes.Equal(sealed, text), "a page has a wrong checksum")
		})
	}
}

// A flipped bit in a copy is found when it is to be restored, and the pages of a copy have checksums too.
func TestRestoreRefusesDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "s.db"), storage.Options{Create: true})
	seconds(t, s, 0, 3000)
	_, err := s.Backup(ctx, filepath.Join(dir, "copy.db"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "copy.db"))
	require.NoError(t, err)
	at := bytes.Index(text, []byte("+QENG: the lines"))
	require.Positive(t, at)
	text[at] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(dir, "copy.db"), text, 0o600))
	_, err = storage.Restore(ctx, filepath.Join(dir, "copy.db"), filepath.Join(dir, "new.db"), storage.Options{}, "")
	require.ErrorIs(t, err, storage.ErrDamaged)
	_, err = os.Stat(filepath.Join(dir, "new.db"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}
