package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const stranger, friend = 61234, 61235

// openDir is a directory that everybody can reach.
func openDir(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: takes root. This provides it: run the tests as root, in a machine that you can throw away")
	}
	dir, err := os.MkdirTemp("", "safefile-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func ownerOf(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Lstat(path)
	require.NoError(t, err)
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// Root works with the rights of the first user who controls where a path leads.
func TestRightsAt(t *testing.T) {
	dir := openDir(t)
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	for _, d := range []struct {
		path string
		mode fs.FileMode
		uid  int
	}{
		{"ours", 0o755, 0}, {"theirs", 0o700, stranger}, {"theirs/ours", 0o755, 0}, {"theirs/friend", 0o755, friend},
		{"closed", 0o700, 0}, {"closed/theirs", 0o755, stranger}, {"shared", 0o777 | fs.ModeSticky, 0},
	} {
		require.NoError(t, os.Mkdir(at(d.path), 0o700))
		require.NoError(t, os.Chmod(at(d.path), d.mode))
		require.NoError(t, os.Chown(at(d.path), d.uid, d.uid))
	}
	for link, to := range map[string]string{"to theirs": at("theirs"), "relative": "theirs", "up": "../" + filepath.Base(dir) + "/theirs", "shared/theirs": at("ours"), "shared/ours": at("ours"), "theirs/out": at("ours"), "round": at("round")} {
		require.NoError(t, os.Symlink(to, at(link)))
	}
	require.NoError(t, os.Lchown(at("shared/theirs"), stranger, stranger))
	for _, name := range []string{"ours/a file of theirs", "shared/a file of theirs"} {
		require.NoError(t, os.WriteFile(at(name), nil, 0o600))
		require.NoError(t, os.Chown(at(name), stranger, stranger))
	}
	for path, uid := range map[string]int{
		"ours": 0, "ours/new": 0, "missing/new": 0, "ours/a file of theirs": 0, "shared/new": 0, "shared/ours": 0,
		"theirs": stranger, "theirs/new": stranger, "theirs/ours": stranger, "theirs/friend/x": stranger, "theirs/out": stranger,
		"to theirs/x": stranger, "relative/x": stranger, "up/x": stranger,
		"shared/theirs": stranger, "shared/theirs/x": stranger, "shared/a file of theirs": stranger,
		"closed/theirs/x": 0, // which the stranger cannot reach
	} {
		r, err := RightsAt(at(path))
		require.NoError(t, err, path)
		require.Equal(t, uid, r.uid, path)
	}
	_, err := RightsAt(at("round/x"))
	require.ErrorIs(t, err, syscall.ELOOP)
}

// Do changes one thread for one call; others keep root's rights meanwhile, and it may be nested.
func TestDo(t *testing.T) {
	dir := openDir(t)
	for _, d := range []struct {
		name string
		uid  int
	}{{"s", stranger}, {"f", friend}, {"closed", 0}} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, d.name), 0o700))
		require.NoError(t, os.Chown(filepath.Join(dir, d.name), d.uid, d.uid))
	}
	make := func(r Rights, path string) error {
		return r.Do(func() error {
			f, err := os.OpenFile(filepath.Join(dir, path), os.O_CREATE|os.O_EXCL, 0o600)
			if err == nil {
				err = f.Close()
			}
			return err
		})
	}
	s, err := RightsAt(filepath.Join(dir, "s"))
	require.NoError(t, err)
	f, err := RightsAt(filepath.Join(dir, "f"))
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 20 {
		name := string(rune('a' + i))
		all.Go(func() {
			if err := make(s, "s/"+name); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := make(Rights{}, "closed/"+name); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			err := s.Do(func() error {
				return errors.Join(make(f, "f/"+name), make(ofRoot(), "closed/again-"+name), make(s, "s/again-"+name))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, stranger, ownerOf(t, filepath.Join(dir, "s", "a")))
	require.Equal(t, friend, ownerOf(t, filepath.Join(dir, "f", "a")))
	require.Zero(t, ownerOf(t, filepath.Join(dir, "closed", "again-a")))
	require.ErrorIs(t, make(s, "closed/no"), fs.ErrPermission)
	require.ErrorIs(t, make(s, "f/no"), fs.ErrPermission)
	require.Zero(t, os.Geteuid())
}

// A small file is replaced at once: a link is replaced and not followed, and root leaves it to whom the old one belonged.
func TestReplace(t *testing.T) {
	dir := openDir(t)
	theirs, secret := filepath.Join(dir, "theirs"), filepath.Join(dir, "secret")
	require.NoError(t, os.Mkdir(theirs, 0o700))
	require.NoError(t, os.Chown(theirs, stranger, stranger))
	require.NoError(t, os.WriteFile(secret, []byte("root"), 0o600))
	for _, to := range []string{secret, filepath.Join(dir, "planted")} {
		name := filepath.Join(theirs, "key.pem")
		_ = os.Remove(name)
		require.NoError(t, os.Symlink(to, name))
		require.NoError(t, Replace(name, []byte("new"), 0o640))
		info, err := os.Lstat(name)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o640), info.Mode())
		require.Equal(t, stranger, ownerOf(t, name))
	}
	text, err := os.ReadFile(secret)
	require.NoError(t, err)
	require.Equal(t, "root", string(text))
	require.NoFileExists(t, filepath.Join(dir, "planted"))

	users := filepath.Join(dir, "users") // in a directory of root's, for the service
	require.NoError(t, os.WriteFile(users, nil, 0o600))
	require.NoError(t, os.Chown(users, stranger, stranger))
	require.NoError(t, Replace(users, []byte("ada"), 0o600))
	require.Equal(t, stranger, ownerOf(t, users))

	like, err := os.Open(users)
	require.NoError(t, err)
	defer like.Close()
	require.NoError(t, LeaveTo(filepath.Join(dir, "new"), like))
	require.Equal(t, stranger, ownerOf(t, filepath.Join(dir, "new")))
	require.NoError(t, LeaveTo(secret, like))
	require.Zero(t, ownerOf(t, secret), "what is there already is not given away")
}

// Root reads through no link of another user's what that user may not read, also where it is a directory that the link replaces.
func TestOpen(t *testing.T) {
	dir := openDir(t)
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	for name, uid := range map[string]int{"ours": 0, "theirs": stranger} {
		require.NoError(t, os.Mkdir(at(name), 0o700))
		require.NoError(t, os.WriteFile(at(name, "file"), []byte(name), 0o600))
		require.NoError(t, os.Chown(at(name, "file"), uid, uid))
		require.NoError(t, os.Chown(at(name), uid, uid))
	}
	require.NoError(t, os.Symlink(at("ours/file"), at("theirs/link")))
	require.NoError(t, os.Symlink(at("ours"), at("theirs/dir")))
	for _, path := range []string{"theirs/link", "theirs/dir/file"} {
		_, err := Open(at(path))
		require.ErrorIs(t, err, fs.ErrPermission, path)
	}
	for _, path := range []string{"ours/file", "theirs/file"} {
		f, err := Open(at(path))
		require.NoError(t, err, path)
		require.NoError(t, f.Close())
	}
}

// A new file has its name only once it is whole; it takes the place of nothing, follows no link, and nothing is left of one that fails.
func TestWriteNew(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "new")
	names := func() (all []string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return all
	}
	broken := errors.New("broken")
	require.ErrorIs(t, WriteNew(name, func(f *os.File) error { _, _ = f.WriteString("part"); return broken }), broken)
	require.Empty(t, names())
	require.NoError(t, WriteNew(name, func(f *os.File) error {
		require.NoFileExists(t, name)
		_, err := f.WriteString("whole")
		return err
	}))
	require.Equal(t, []string{"new"}, names())
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	require.ErrorIs(t, WriteNew(name, func(*os.File) error { t.Error("written over"); return nil }), fs.ErrExist)

	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), link))
	require.ErrorIs(t, WriteNew(link, func(*os.File) error { return nil }), fs.ErrExist)

	late := filepath.Join(dir, "late") // somebody takes the name meanwhile
	err = WriteNew(late, func(*os.File) error { return os.WriteFile(late, []byte("theirs"), 0o600) })
	require.ErrorIs(t, err, fs.ErrExist)
	text, err := os.ReadFile(late)
	require.NoError(t, err)
	require.Equal(t, "theirs", string(text))
	require.Equal(t, []string{"late", "link", "new"}, names())
}
