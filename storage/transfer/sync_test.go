package transfer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
	"vigie/storage/transfer"
)

// imported is a new store with what is in the chunks of a directory, each read twice.
func imported(t testing.TB, dir string, ids ...age.Identity) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for range 2 {
		for _, f := range files { // in order of name
			path := filepath.Join(dir, f.Name())
			if _, ok := transfer.ParseName(path); !ok {
				continue
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			if strings.HasSuffix(path, ".sealed") {
				u, err := transfer.Unseal(t.Context(), bytes.NewReader(text), s, ids...)
				require.NoError(t, err)
				require.Zero(t, u.Damaged)
				continue
			}
			take(t, s, text)
		}
	}
	return s
}

// take puts the lines of a chunk into a store.
func take(t testing.TB, s *storage.Store, text []byte) {
	t.Helper()
	r := cell.NewReader(bytes.NewReader(text), "chunk")
	r.OnOther = func(line []byte) {
		if storage.StoreOfLine(line) != "" {
			return
		}
		e, err := storage.EventOfLine(line)
		require.NoError(t, err, "%s", line)
		require.NoError(t, s.Update(t.Context(), func(tx *storage.Tx) error { _, err := tx.TakeEvent(e); return err }))
	}
	for {
		rec, err := r.Next()
		if err != nil {
			require.ErrorContains(t, err, "EOF")
			require.Zero(t, r.Counts().Skipped)
			return
		}
		require.NoError(t, s.Append(t.Context(), rec))
	}
}

func sameAs(t testing.TB, want, got *storage.Store) {
	t.Helper()
	require.Equal(t, recordsOf(t, want), recordsOf(t, got))
	require.Equal(t, eventsOf(t, want), eventsOf(t, got))
}

func kitStore(t testing.TB, path string) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSyncCopiesWhatIsNew(t *testing.T) {
	for name, id := range map[string]*age.X25519Identity{"plain": nil, "sealed": identity(t)} {
		t.Run(name, func(t *testing.T) {
			dir, o := t.TempDir(), transfer.Options{}
			var ids []age.Identity
			if id != nil {
				o.To, ids = []age.Recipient{id.Recipient()}, []age.Identity{id}
			}
			s := kitStore(t, filepath.Join(t.TempDir(), "kit.db"))
			day, evs := storagetest.Day(6000), storagetest.Events(30)
			grown := evs[3]
			evs[3].State = analyzer.Open
			grown.Last = grown.Last.Add(1e9)
			require.NoError(t, s.Append(t.Context(), day[:2500]...))
			require.NoError(t, s.PutEvents(t.Context(), evs...))
			dry := o
			dry.DryRun = true
			would, err := transfer.Sync(t.Context(), s, dir, dry)
			require.NoError(t, err)
			require.Empty(t, readDir(t, dir), "a dry run writes nothing")
			did, err := transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, [2]int{2499, 30}, [2]int{did.Records, did.Events})
			require.Equal(t, [3]int{did.Records, did.Events, did.Chunks}, [3]int{would.Records, would.Events, would.Chunks})
			sameAs(t, s, imported(t, dir, ids...))

			require.NoError(t, s.Append(t.Context(), day[2500:]...))
			require.NoError(t, s.PutEvents(t.Context(), grown))
			did, err = transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, [3]int{3501, 1, 1}, [3]int{did.Records, did.Events, did.Present})
			sameAs(t, s, imported(t, dir, ids...))
			did, err = transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, transfer.Result{Present: 2}, did, "nothing is new")

			// A damaged chunk is renamed and copied again; so is a missing one.
			names := readDir(t, dir)
			require.NoError(t, os.Truncate(filepath.Join(dir, names[0]), 2000))
			did, err = transfer.Sync(t.Context(), s, dir, transfer.Options{To: o.To, Check: true})
			require.NoError(t, err)
			require.Equal(t, []string{names[0]}, did.Damaged)
			require.Equal(t, 1, did.Chunks)
			require.NoError(t, os.Remove(filepath.Join(dir, names[1])))
			did, err = transfer.Sync(t.Context(), s, dir, o)
			require.NoError(t, err)
			require.Equal(t, 1, did.Chunks)
			sameAs(t, s, imported(t, dir, ids...))
			require.FileExists(t, filepath.Join(dir, names[0]+".damaged"))
		})
	}
}

func readDir(t testing.TB, dir string) (names []string) {
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// What lies in the directory is not to be trusted: a link is not followed, and a pipe is not waited for.
func TestSyncIntoAHostileDirectory(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("as it was"), 0o600))
	s := kitStore(t, filepath.Join(t.TempDir(), "kit.db"))
	require.NoError(t, s.Append(t.Context(), storagetest.Day(100)...))
	_, err := transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.NoError(t, err)
	id, err := s.ID(t.Context())
	require.NoError(t, err)
	chunk := filepath.Join(dir, readDir(t, dir)[0])
	for _, put := range []func() error{
		func() error { return os.Symlink(outside, chunk) },
		func() error { return syscall.Mkfifo(chunk, 0o600) },
		func() error { return os.Mkdir(chunk, 0o700) },
	} {
		require.NoError(t, os.Remove(chunk))
		require.NoError(t, put())
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, ".vigie-"+id+".part")))
		did, err := transfer.Sync(t.Context(), s, dir, transfer.Options{})
		require.NoError(t, err)
		require.Equal(t, []string{filepath.Base(chunk)}, did.Damaged)
		require.Equal(t, 1, did.Chunks)
		sameAs(t, s, imported(t, dir))
		require.NoError(t, os.Remove(chunk+".damaged"))
	}
	text, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "as it was", string(text))
}

func TestSyncReadsBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kit.db")
	s := kitStore(t, path)
	require.NoError(t, s.Append(t.Context(), storagetest.Day(100)...))
	beside, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer beside.Close()
	dir := t.TempDir()
	did, err := transfer.Sync(t.Context(), beside, dir, transfer.Options{})
	require.NoError(t, err)
	require.Equal(t, 100, did.Records)
	sameAs(t, s, imported(t, dir))
}

func TestSyncLeavesOut(t *testing.T) {
	s, dir := kitStore(t, filepath.Join(t.TempDir(), "kit.db")), t.TempDir()
	day := storagetest.Day(1000)
	require.NoError(t, s.Append(t.Context(), day...))
	late := day[800].When()
	waits := true
	may := func(e storage.Entry) transfer.Decision {
		switch at := e.Record.When(); {
		case at.IsZero():
			return transfer.Send
		case waits && !at.Before(late):
			return transfer.Defer
		case at.Before(day[100].When()):
			return transfer.Withhold
		}
		return transfer.Send
	}
	did, err := transfer.Sync(t.Context(), s, dir, transfer.Options{Filter: may})
	require.NoError(t, err)
	require.True(t, did.Deferred)
	require.Equal(t, [2]int{700, 99}, [2]int{did.Records, did.Withheld})
	waits = false
	did, err = transfer.Sync(t.Context(), s, dir, transfer.Options{Filter: may})
	require.NoError(t, err)
	require.Equal(t, [2]int{201, 0}, [2]int{did.Records, did.Withheld}, "what waited, and nothing twice")
	require.Len(t, recordsOf(t, imported(t, dir)), 902)
	require.Contains(t, readDir(t, dir)[0], "-trimmed")
	did, err = transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.NoError(t, err)
	require.Equal(t, 799, did.Records, "who wants all gets what was trimmed before")
	sameAs(t, s, imported(t, dir))
}

// A disk that fills up keeps what is whole, and the rest comes once there is room.
func TestSyncToAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("SKIPPED: cannot mount a small tmpfs (%v): run as root", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	s := kitStore(t, filepath.Join(t.TempDir(), "kit.db"))
	day := storagetest.Day(8000)
	require.NoError(t, s.Append(t.Context(), day[:500]...))
	_, err := transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.NoError(t, err)
	before := readDir(t, dir)
	require.NoError(t, s.Append(t.Context(), day[500:]...))
	_, err = transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.ErrorIs(t, err, storage.ErrFull)
	require.Equal(t, before, readDir(t, dir), "nothing is there that is not whole")
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"))
	_, err = transfer.Sync(t.Context(), s, dir, transfer.Options{})
	require.NoError(t, err)
	sameAs(t, s, imported(t, dir))
}

// A sealed file is copied as it grows, without the key.
func TestSyncOfASealedFile(t *testing.T) {
	id, dir, path := identity(t), t.TempDir(), filepath.Join(t.TempDir(), "kit.sealed")
	_, err := transfer.SyncSealed(t.Context(), path, dir, transfer.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	k := sealed(t, path, id)
	_, err = transfer.SyncSealed(t.Context(), path, dir, transfer.Options{})
	require.ErrorIs(t, err, storage.ErrForeign)
	s := kitStore(t, filepath.Join(t.TempDir(), "kit.db"))
	day := storagetest.Day(899)
	for i := 0; i < len(day); i += 300 {
		require.NoError(t, s.Append(t.Context(), day[i:i+300]...))
		require.NoError(t, s.PutEvents(t.Context(), storagetest.Events(i/100+1)...))
		require.NoError(t, storage.Follow(t.Context(), s, "seal", k, storage.FollowOptions{UntilDone: true}))
		did, err := transfer.SyncSealed(t.Context(), path, dir, transfer.Options{})
		require.NoError(t, err)
		require.Equal(t, [2]int{1, i / 300}, [2]int{did.Chunks, did.Present})
		sameAs(t, s, imported(t, dir, id))
	}
	did, err := transfer.SyncSealed(t.Context(), path, dir, transfer.Options{Check: true})
	require.NoError(t, err)
	require.Equal(t, transfer.Result{Present: 3}, did)
	var joined []byte
	for _, name := range readDir(t, dir) {
		part, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		joined = append(joined, part...)
	}
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, whole, joined, "to the byte")
}

// A store that was put back to an earlier state is another one: what it writes from there on is not what was copied before.
func TestRestoredStoreIsAnotherOne(t *testing.T) {
	dir, to := t.TempDir(), t.TempDir()
	path, copied := filepath.Join(dir, "kit.db"), filepath.Join(dir, "copy.db")
	s := kitStore(t, path)
	day := storagetest.Day(300)
	require.NoError(t, s.Append(t.Context(), day[:100]...))
	_, err := s.Backup(t.Context(), copied)
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), day[100:]...))
	_, err = transfer.Sync(t.Context(), s, to, transfer.Options{})
	require.NoError(t, err)
	before, err := s.ID(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close())

	old := kitStore(t, copied) // as if the file itself had been put back
	_, err = transfer.Sync(t.Context(), old, to, transfer.Options{})
	require.ErrorContains(t, err, "holds more of this store than the store does")
	require.NoError(t, old.Close())

	_, err = storage.Restore(t.Context(), copied, path, storage.Options{}, ".aside")
	require.NoError(t, err)
	s = kitStore(t, path)
	after, err := s.ID(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	require.Len(t, after, 16)
}
