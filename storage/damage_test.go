package storage_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver"
	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// filled makes a store with some of everything and closes it.
func filled(t *testing.T, path string, o storage.Options) (records []cell.Record) {
	o.Create = true
	s := open(t, path, o)
	day := storagetest.WithSignalling(storagetest.Day(1500))
	require.NoError(t, s.Append(ctx, day...))
	require.NoError(t, s.PutEvents(ctx, storagetest.Events(20)...))
	require.NoError(t, s.SaveState(ctx, "analyzer", make([]byte, 10_000), 1))
	require.NoError(t, s.Close())
	return day
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	key, other := []byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) { require.NoError(t, os.WriteFile(at(name), []byte(text), 0o600)) }
	filled(t, at("plain.db"), storage.Options{})
	filled(t, at("keyed.db"), storage.Options{Key: key})
	filled(t, at("pass.db"), storage.Options{Passphrase: "correct horse"})
	filled(t, at("lostkey.db"), storage.Options{Passphrase: "correct horse"})
	require.NoError(t, os.Remove(at("lostkey.db-key")))
	filled(t, at("badkey.db"), storage.Options{Passphrase: "correct horse"})
	write("badkey.db-key", "vigie-key 1\nargon2id 3 65536 4 00")
	write("empty.db", "")
	write("short.db", "SQLite format 3\x00")
	write("text.db", "this is not a database, whatever its name says; it is a letter of a hundred bytes and some more besides")
	write("orphan.db-key", "vigie-key 1\n")
	require.NoError(t, os.Mkdir(at("directory.db"), 0o700))
	for name, statement := range map[string]string{"foreign.db": "CREATE TABLE t (a)", "newer.db": "PRAGMA application_id=0x56696769; PRAGMA user_version=1000"} {
		db, err := sql.Open("sqlite3", "file:"+at(name))
		require.NoError(t, err)
		_, err = db.Exec(statement)
		require.NoError(t, errors.Join(err, db.Close()))
	}
	for name, c := range map[string]struct {
		file string
		o    storage.Options
		want error
	}{
		"missing":                {"none.db", storage.Options{}, storage.ErrNotFound},
		"missing, read-only":     {"none.db", storage.Options{ReadOnly: true, Create: true}, storage.ErrNotFound},
		"no such directory":      {"no/such/dir.db", storage.Options{Create: true}, fs.ErrNotExist},
		"empty":                  {"empty.db", storage.Options{}, storage.ErrForeign},
		"empty, create":          {"empty.db", storage.Options{Create: true}, storage.ErrForeign},
		"only a few bytes":       {"short.db", storage.Options{Create: true}, storage.ErrDamaged},
		"text":                   {"text.db", storage.Options{}, storage.ErrForeign},
		"directory":              {"directory.db", storage.Options{Create: true}, storage.ErrForeign},
		"another program's":      {"foreign.db", storage.Options{}, storage.ErrForeign},
		"newer":                  {"newer.db", storage.Options{}, storage.ErrNewer},
		"newer, read-only":       {"newer.db", storage.Options{ReadOnly: true}, storage.ErrNewer},
		"plain with key":         {"plain.db", storage.Options{Key: key}, storage.ErrKey},
		"plain with passphrase":  {"plain.db", storage.Options{Passphrase: "x"}, storage.ErrKey},
		"key missing":            {"keyed.db", storage.Options{}, storage.ErrForeign},
		"wrong key":              {"keyed.db", storage.Options{Key: other}, storage.ErrKey},
		"key too short":          {"keyed.db", storage.Options{Key: key[1:]}, nil},
		"passphrase for key":     {"keyed.db", storage.Options{Passphrase: "x"}, storage.ErrKey},
		"passphrase missing":     {"pass.db", storage.Options{}, storage.ErrKey},
		"wrong passphrase":       {"pass.db", storage.Options{Passphrase: "correct hors"}, storage.ErrKey},
		"key file missing":       {"lostkey.db", storage.Options{Passphrase: "correct horse"}, storage.ErrKey},
		"key file damaged":       {"badkey.db", storage.Options{Passphrase: "correct horse"}, storage.ErrDamaged},
		"key and passphrase":     {"pass.db", storage.Options{Passphrase: "x", Key: key}, nil},
		"key file without store": {"orphan.db", storage.Options{Create: true}, storage.ErrKey},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := os.ReadFile(at(c.file))
			s, err := storage.Open(ctx, at(c.file), c.o)
			require.Error(t, err)
			require.Nil(t, s)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			t.Log(err)
			after, _ := os.ReadFile(at(c.file))
			require.Equal(t, before, after, "an attempt to open changed the file")
		})
	}
	require.NoError(t, open(t, at("pass.db"), storage.Options{Passphrase: "correct horse"}).Close())
	left, err := filepath.Glob(at("*new*"))
	require.NoError(t, err)
	require.Equal(t, []string{at("newer.db")}, left, "temporary files are left")
}

func TestEncryptedFilesTellNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vigie.db")
	s := open(t, path, storage.Options{Create: true, Passphrase: "correct horse"})
	require.NoError(t, s.Append(ctx, storagetest.Day(2000)...))
	require.NoError(t, s.PutEvents(ctx, storagetest.Events(5)...))
	files, err := filepath.Glob(path + "*") // while it is open: the log too
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, name := range files {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, word := range []string{"SQLite format", "roof-1", "servingcell", "area-code-mismatch", "event-0001", "renumbers", "CREATE TABLE"} {
			require.False(t, bytes.Contains(data, []byte(word)), "%s in %s", word, name)
		}
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), name)
	}
}

func TestNewFilesAreForTheUserAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "vigie.db"), storage.Options{Create: true})
	require.NoError(t, s.Append(ctx, storagetest.Day(10)...))
	n, err := storage.OpenNDJSON(filepath.Join(dir, "rec.ndjson"))
	require.NoError(t, err)
	defer n.Close()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), f.Name())
	}
}

// Who only looks, as root perhaps, must not leave files that keep the owner of the store out.
func TestFilesBelongToTheOwnerOfTheStore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "vigie.db")
	filled(t, path, storage.Options{})
	require.NoError(t, os.Chown(path, 12345, 12346))
	s := open(t, path, storage.Options{ReadOnly: true})
	require.NotEmpty(t, all(t, s))
	require.NoError(t, s.Close())
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, name := range files {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.EqualValues(t, 12345, info.Sys().(*syscall.Stat_t).Uid, name)
		require.Equal(t, fs.FileMode(0o600), info.Mode(), name)
	}
}

func TestOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vigie.db")
	s := open(t, path, storage.Options{Create: true})
	_, err := storage.Open(ctx, path, storage.Options{})
	require.ErrorIs(t, err, storage.ErrLocked)
	day := storagetest.Day(100)
	r := open(t, path, storage.Options{ReadOnly: true})
	require.NoError(t, s.Append(ctx, day...))
	require.Equal(t, day, all(t, r))
	require.ErrorIs(t, r.Append(ctx, day...), storage.ErrReadOnly)
	require.ErrorIs(t, r.SetCursor(ctx, "c", 1), storage.ErrReadOnly)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Append(ctx, day...), storage.ErrClosed)
	for _, err := range s.Records(ctx, storage.Query{}) {
		require.ErrorIs(t, err, storage.ErrClosed)
	}
	s = open(t, path, storage.Options{})
	require.Equal(t, day, all(t, s))
	require.Equal(t, day, all(t, r))
}

func all(t testing.TB, s *storage.Store) (recs []cell.Record) {
	for e, err := range s.Records(ctx, storage.Query{}) {
		require.NoError(t, err)
		recs = append(recs, e.Record)
	}
	return recs
}

// Whatever byte of a store is damaged, it is said, or nothing is missing.
func TestDamageIsNamed(t *testing.T) {
	for name, o := range map[string]storage.Options{"plain": {}, "key": {Key: []byte("0123456789abcdef0123456789abcdef")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			good := filepath.Join(dir, "good.db")
			want := filled(t, good, o)
			data, err := os.ReadFile(good)
			require.NoError(t, err)
			rnd := rand.New(rand.NewPCG(3, 4))
			path := filepath.Join(dir, "bad.db")
			try := func(what string, bad []byte) {
				for _, suffix := range []string{"", "-wal", "-shm"} {
					os.Remove(path + suffix)
				}
				require.NoError(t, os.WriteFile(path, bad, 0o600))
				s, err := storage.Open(ctx, path, o)
				if err != nil {
					require.True(t, errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrForeign) || errors.Is(err, storage.ErrKey) || errors.Is(err, storage.ErrNewer), "%s: %v", what, err)
					return
				}
				defer s.Close()
				if err := s.Check(ctx); err != nil {
					require.ErrorIs(t, err, storage.ErrDamaged, what)
					return
				}
				require.Equal(t, want, all(t, s), what)
				st, err := s.Stats(ctx)
				require.NoError(t, err)
				require.EqualValues(t, 20, st.Events)
			}
			tries := 150
			if testing.Short() {
				tries = 30
			}
			for i := range tries {
				at := rnd.IntN(len(data))
				if i < 100 {
					at = i // all of the header
				}
				bad := append([]byte(nil), data...)
				bad[at] ^= 1 << rnd.IntN(8)
				try(fmt.Sprint("bit at ", at), bad)
			}
			for range tries / 5 {
				try("cut", data[:rnd.IntN(len(data))])
				bad := append([]byte(nil), data...)
				at := rnd.IntN(len(data)/4096) * 4096
				clear(bad[at : at+4096])
				try(fmt.Sprint("zeros at ", at), bad)
			}
		})
	}
}

// A damage that is met when opening read-only does not keep the rest from being read.
func TestDamagedStoreCanBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vigie.db")
	want := filled(t, path, storage.Options{})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)/2] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o600))
	_, err = storage.Open(ctx, path, storage.Options{})
	require.ErrorIs(t, err, storage.ErrDamaged)
	s := open(t, path, storage.Options{ReadOnly: true})
	require.Len(t, s.Notices(), 1)
	n := 0
	for e, err := range s.Records(ctx, storage.Query{}) {
		if err != nil {
			require.ErrorIs(t, err, storage.ErrDamaged)
			break
		}
		require.Equal(t, want[n], e.Record)
		n++
	}
	t.Logf("%d of %d records before the damage", n, len(want))
}

// logOf makes a store with a write-ahead log of many transactions, and returns a copy of both files as a crash left them.
func logOf(t *testing.T, o storage.Options) (database, log []byte) {
	path := filepath.Join(t.TempDir(), "vigie.db")
	o.Create = true
	s := open(t, path, o)
	for i := range 100 {
		require.NoError(t, s.Append(ctx, numbered(i)))
	}
	database, err := os.ReadFile(path)
	require.NoError(t, err)
	log, err = os.ReadFile(path + "-wal")
	require.NoError(t, err)
	require.Greater(t, len(log), 100_000)
	return database, log
}

// After a power cut the log ends anywhere: what is left is a beginning of what was written, without a hole.
func TestPowerCutAnywhere(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]storage.Options{"plain": {}, "key": {Key: []byte("0123456789abcdef0123456789abcdef")}} {
		t.Run(name, func(t *testing.T) {
			database, log := logOf(t, o)
			rnd := rand.New(rand.NewPCG(5, 6))
			for range 40 {
				path := filepath.Join(t.TempDir(), "vigie.db")
				require.NoError(t, os.WriteFile(path, database, 0o600))
				require.NoError(t, os.WriteFile(path+"-wal", log[:rnd.IntN(len(log)+1)], 0o600))
				s := open(t, path, o)
				require.Empty(t, s.Notices())
				require.NoError(t, s.Check(ctx))
				recs := all(t, s)
				for i, r := range recs {
					require.Equal(t, numbered(i), r)
				}
				require.NoError(t, s.Append(ctx, numbered(len(recs))))
				require.NoError(t, s.Close())
			}
		})
	}
}

func TestDamagedLogIsNamed(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) { damagedLogIsNamed(t, storage.Options{}) })
	t.Run("key", func(t *testing.T) { damagedLogIsNamed(t, storage.Options{Key: []byte(crashKey)}) })
}

func damagedLogIsNamed(t *testing.T, o storage.Options) {
	database, log := logOf(t, o)
	rnd := rand.New(rand.NewPCG(7, 8))
	named := 0
	for i := range 60 {
		path := filepath.Join(t.TempDir(), "vigie.db")
		require.NoError(t, os.WriteFile(path, database, 0o600))
		bad := append([]byte(nil), log...)
		at := rnd.IntN(len(bad))
		if i < 32 {
			at = i // the head of the log
		}
		bad[at] ^= 1 << rnd.IntN(8)
		require.NoError(t, os.WriteFile(path+"-wal", bad, 0o600))
		o.ReadOnly = i%2 == 0
		s, err := storage.Open(ctx, path, o)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrDamaged)
			named++
			continue
		}
		recs := all(t, s)
		if len(recs) < 98 { // the last transaction cannot be told from one that was cut off
			require.Len(t, s.Notices(), 1, "bit in byte %d of the log", at)
			named++
		}
		require.NoError(t, s.Close())
	}
	require.Greater(t, named, 30)
}

// mounted mounts a small file system in memory, and skips the test where that is not allowed.
func mounted(t *testing.T, size string) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("SKIPPED: cannot mount a small tmpfs (%v): run as root", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

func TestReadOnlyDisk(t *testing.T) {
	for _, crashed := range []bool{false, true} {
		t.Run(fmt.Sprint("crashed ", crashed), func(t *testing.T) {
			dir := mounted(t, "8m")
			path := filepath.Join(dir, "vigie.db")
			var want []cell.Record
			if crashed {
				database, log := logOf(t, storage.Options{})
				require.NoError(t, os.WriteFile(path, database, 0o600))
				require.NoError(t, os.WriteFile(path+"-wal", log, 0o600))
				require.NoError(t, os.WriteFile(path+"-shm", nil, 0o600))
				for i := range 100 {
					want = append(want, numbered(i))
				}
			} else {
				want = filled(t, path, storage.Options{})
			}
			require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
			_, err := storage.Open(ctx, path, storage.Options{})
			require.ErrorIs(t, err, storage.ErrReadOnly)
			_, err = storage.Open(ctx, filepath.Join(dir, "new.db"), storage.Options{Create: true})
			require.ErrorIs(t, err, storage.ErrReadOnly)
			s := open(t, path, storage.Options{ReadOnly: true})
			require.Equal(t, want, all(t, s))
			require.NoError(t, s.Check(ctx))
			_, err = storage.OpenNDJSON(filepath.Join(dir, "rec.ndjson"))
			require.ErrorIs(t, err, storage.ErrReadOnly)
			require.NoError(t, s.Close())
		})
	}
}

func TestFullDisk(t *testing.T) {
	dir := mounted(t, "3m")
	path := filepath.Join(dir, "vigie.db")
	s := open(t, path, storage.Options{Create: true})
	acked := 0
	var err error
	for err == nil {
		var recs []cell.Record
		for i := range 20 {
			recs = append(recs, numbered(acked+i))
		}
		if err = s.Append(ctx, recs...); err == nil {
			acked += 20
		}
	}
	var se sqlite3.ExtendedErrorCode
	errors.As(err, &se)
	t.Log(err, uint32(se)>>8)
	require.ErrorIs(t, err, storage.ErrFull)
	require.Greater(t, acked, 1000)
	// What was acknowledged is there, by this Store and by the next, and once there is room again writing continues.
	count := func(s *storage.Store) (n int) {
		for e, err := range s.Records(ctx, storage.Query{}) {
			require.NoError(t, err)
			require.Equal(t, numbered(n), e.Record)
			n++
		}
		return n
	}
	require.Equal(t, acked, count(s))
	require.ErrorIs(t, s.PutEvents(ctx, big(1)), storage.ErrFull)
	_ = s.Close() // cannot empty the log: no matter
	s = open(t, path, storage.Options{})
	require.Equal(t, acked, count(s))
	require.NoError(t, s.Check(ctx))
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=16m"))
	require.NoError(t, s.Append(ctx, numbered(acked)))
	require.Equal(t, acked+1, count(s))
	require.NoError(t, s.PutEvents(ctx, big(1)))
	require.NoError(t, s.Close())
}
