package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// stranger is a user whom the system does not know. It owns the store, as the service's user does.
const stranger = 61234

// foreign is a machine on which root runs vigie on the store of another user. VIGIE names another binary to try.
type foreign struct {
	t      *testing.T
	dir    string // of the stranger
	own    string // of root, closed to others
	store  string
	secret string // a file of root's
}

const secretText = "root\n"

func newForeign(t *testing.T, passphrase string) *foreign {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: takes root: a store of another user. This provides it: run the tests as root, in a machine that you can throw away")
	}
	base, err := os.MkdirTemp("", "vigie-root-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	require.NoError(t, os.Chmod(base, 0o755))
	f := &foreign{t: t, dir: filepath.Join(base, "service"), own: filepath.Join(base, "root")}
	f.store, f.secret = filepath.Join(f.dir, "v.db"), filepath.Join(f.own, "secret")
	require.NoError(t, os.Mkdir(f.dir, 0o700))
	require.NoError(t, os.Mkdir(f.own, 0o700))
	writeFile(t, f.own, "secret", secretText)
	newStore(t, f.store, passphrase)
	f.giveAway()
	return f
}

// giveAway makes everything in the stranger's directory the stranger's.
func (f *foreign) giveAway() {
	f.t.Helper()
	require.NoError(f.t, filepath.WalkDir(f.dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, stranger, stranger)
	}))
}

// link puts a link of the stranger into the stranger's directory.
func (f *foreign) link(to, name string) {
	f.t.Helper()
	name = filepath.Join(f.dir, name)
	_ = os.Remove(name)
	require.NoError(f.t, os.Symlink(to, name))
	require.NoError(f.t, os.Lchown(name, stranger, stranger))
}

// run runs the program as root.
func (f *foreign) run(stdin string, args ...string) (stdout string, err error) {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), program(), args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = strings.NewReader(stdin), &out, &errs, f.own
	if err = cmd.Run(); err != nil {
		f.t.Logf("vigie %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), err
}

func (f *foreign) must(args ...string) string {
	f.t.Helper()
	out, err := f.run("", args...)
	require.NoError(f.t, err, args)
	return out
}

// held fails if anything of root's was changed or made, or if something in the stranger's directory belongs to root.
func (f *foreign) held(what string) {
	f.t.Helper()
	info, err := os.Stat(f.secret)
	require.NoError(f.t, err)
	text, err := os.ReadFile(f.secret)
	require.NoError(f.t, err)
	require.Equal(f.t, secretText, string(text), what)
	require.Zero(f.t, info.Sys().(*syscall.Stat_t).Uid, what)
	require.Equal(f.t, fs.FileMode(0o600), info.Mode(), what)
	require.NoFileExists(f.t, filepath.Join(f.own, "planted"), what)
}

func (f *foreign) strangersOnly(what string) {
	f.t.Helper()
	require.NoError(f.t, filepath.WalkDir(f.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != stranger {
			f.t.Errorf("%s: %s belongs to user %d", what, p, info.Sys().(*syscall.Stat_t).Uid)
		}
		return err
	}))
}

// What root writes by a name in a directory of another user never goes through a link that this user put there.
func TestRootFollowsNoLinkOfOthers(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	em, _ := emulate(t, calm, emulator.Options{Speed: 8})
	planted := filepath.Join(f.own, "planted")
	in := func(name string) string { return filepath.Join(f.dir, name) }
	conf := writeFile(t, f.own, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n")
	watching := func(args ...string) []string {
		return append([]string{"watch", "--config", conf, "--port", em.Path()}, args...)
	}
	csv := writeFile(t, f.own, "cells.csv", "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated\nLTE,262,1,1,1,0,1.0,1.0,1000,1,1,1700000000,1700000000\n")
	for _, c := range []struct {
		what, link string
		stdin      string
		lasts      bool // until it is stopped
		args       []string
	}{
		{what: "export", link: "out.ndjson", args: []string{"export", "--store", f.store, in("out.ndjson")}},
		{what: "record", link: "r.txtar", args: []string{"record", "--port", em.Path(), "--for", "1s", in("r.txtar")}},
		{what: "backup", link: "copy.db", args: []string{"backup", "--store", f.store, in("copy.db")}},
		{what: "a password", link: "users.new", stdin: "long enough to be one\nlong enough to be one\n", args: []string{"review", "--password-file", in("users"), "--set-password", "ada"}},
		{what: "a list of cells", link: "cells.vigie.new", args: []string{"celldb", "import", "--store", f.store, csv}},
		{what: "a journal", link: "v.db-tail", lasts: true, args: watching("--store", f.store)},
		{what: "a log", link: "v.db-wal", args: []string{"analyze", "--write", "--store", f.store}},
		{what: "an index", link: "v.db-shm", args: []string{"events", "--store", f.store}},
		{what: "a recording", link: "w.ndjson", lasts: true, args: watching("--store", in("w.db"), "--record", in("w.ndjson"))},
		{what: "a sealed file", link: "w.sealed", lasts: true, args: watching("--store", in("w.db"), "--seal", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj")},
		{what: "a certificate", link: "review-cert.pem", lasts: true, args: []string{"review", "--store", f.store, "--listen", "0.0.0.0:0", "--password-file", in("users")}},
		{what: "its key", link: "review-key.pem", lasts: true, args: []string{"review", "--store", f.store, "--listen", "0.0.0.0:0", "--password-file", in("users")}},
	} {
		for _, to := range []string{planted, f.secret} {
			f.link(to, c.link)
			if c.lasts {
				f.runFor(time.Second, c.args...)
			} else {
				_, _ = f.run(c.stdin, c.args...)
			}
			f.held(c.what)
			_ = os.Remove(in(c.link))
		}
	}
}

// runFor runs the program for a while, and stops it.
func (f *foreign) runFor(d time.Duration, args ...string) {
	f.t.Helper()
	cmd := exec.Command(program(), args...)
	cmd.Dir = f.own
	out, err := os.Create(filepath.Join(f.own, "output"))
	require.NoError(f.t, err)
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(f.t, cmd.Start())
	time.AfterFunc(d, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	time.AfterFunc(d+20*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
}

// What root reads by a name in a directory of another user, and writes where that user can read it, is not read through a link either.
func TestRootReadsNoLinkOfOthers(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	writeFile(t, f.own, "secret.ndjson", "{\"vigie\":1,\"sensor\":\"root-only\"}\n{\"time\":\"2026-01-01T00:00:00Z\",\"state\":\"idle\"}\n")
	in := func(name string) string { return filepath.Join(f.dir, name) }
	f.link(f.secret, "users")
	_, err := f.run("long enough to be one\nlong enough to be one\n", "review", "--password-file", in("users"), "--set-password", "ada")
	require.Error(t, err)
	text, _ := os.ReadFile(in("users")) // the link, or what took its place
	require.Equal(t, secretText, string(text), "the link is as it was")
	f.held("a password")

	f.link(filepath.Join(f.own, "secret.ndjson"), "in.ndjson")
	_, err = f.run("", "import", "--store", f.store, in("in.ndjson"))
	require.Error(t, err)
	require.NotContains(t, f.must("export", "--store", f.store, "-"), "root-only")

	roots := filepath.Join(f.own, "root.db")
	f.must("import", "--store", roots, filepath.Join(f.own, "secret.ndjson"))
	f.link(roots, "copy.db")
	_, err = f.run("", "restore", "--replace", "--store", f.store, in("copy.db"))
	require.Error(t, err)
	require.NotContains(t, f.must("export", "--store", f.store, "-"), "root-only")
}

// A review desk works with the rights of one user, and refuses the store of a second.
func TestRootReviewsStoresOfOneUser(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	other := filepath.Join(filepath.Dir(f.dir), "other")
	require.NoError(t, os.Mkdir(other, 0o755))
	newStore(t, filepath.Join(other, "o.db"), "")
	for _, name := range []string{other, filepath.Join(other, "o.db")} {
		require.NoError(t, os.Chown(name, stranger+1, stranger+1))
	}
	_, err := f.run("", "review", "--listen", "127.0.0.1:0", "--store", f.store, "--also", filepath.Join(other, "o.db"))
	require.Error(t, err)
	f.strangersOnly("the refused desk")
}

// The owner of a store exchanges names as fast as it can while root runs commands on it.
func TestRootAgainstARace(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := filepath.Join(f.dir, "v.db"+[]string{"-shm", "-tail", "-wal"}[i/64%3])
			_ = os.Symlink(f.secret, name)
			_ = os.Remove(name)
		}
	}()
	tries := 24
	if testing.Short() {
		tries = 12
	}
	for i := range tries {
		args := [][]string{{"events"}, {"status"}, {"analyze", "--write"}, {"delete", "--yes", "--sensor", "nobody"}}[i%4]
		_, _ = f.run("", append(args, "--store", f.store)...)
		f.held("a race")
	}
	close(stop)
	<-stopped
}

// Root still does everything on the store of another user: reads and writes it, copies it to where only root may, and puts it back.
// Afterwards all that is next to the store belongs to its owner.
func TestRootWorksOnTheStoreOfAnother(t *testing.T) {
	t.Parallel()
	for _, passphrase := range []string{"", "four words that nobody guesses"} {
		f := newForeign(t, passphrase)
		pass := []string{}
		if passphrase != "" {
			pass = []string{"--passphrase-file", writeFile(t, f.own, "pass", passphrase+"\n")}
		}
		on := func(args ...string) []string { return append(append(args, "--store", f.store), pass...) }
		ours := func(name string) string { return filepath.Join(f.own, name) }
		require.NoError(t, os.Mkdir(ours("stick"), 0o700))
		f.must(on("events")...)
		f.must(on("export", ours("all.ndjson"))...)
		f.must(on("backup", ours("copy.db"))...)
		f.must(on("backup", filepath.Join(f.dir, "copy.db"))...)
		f.must(on("sync", ours("stick"))...)
		f.must(on("analyze", "--write")...)
		f.must(on("import", ours("all.ndjson"))...)
		f.must(on("report", "--from", "2023-11-14", ours("r.html"))...)
		f.must(on("restore", "--replace", ours("copy.db"))...)
		f.must(on("restore", "--replace", filepath.Join(f.dir, "copy.db"))...)
		require.Contains(t, f.must(on("export", "-")...), `"sensor":"bag"`)
		f.strangersOnly("root's commands")
		f.runFor(300*time.Millisecond, on("review", "--listen", "127.0.0.1:0")...)
		f.strangersOnly("the review desk")
		for _, name := range []string{"all.ndjson", "copy.db", "r.html"} {
			info, err := os.Stat(ours(name))
			require.NoError(t, err)
			require.Zero(t, info.Sys().(*syscall.Stat_t).Uid, name)
		}
		require.NoFileExists(t, ours("copy.db-wal"))
		left, err := filepath.Glob(ours("*new-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// An image of a kit in a directory of another user holds links that lead out of it: setup refuses them.
func TestSetupStaysInItsRoot(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	f.link(f.own, "etc")
	answers := "\n\n\n\nsealed\nage1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\nyes\n\nno\nyes\nyes\nno\n\nno\n"
	_, err := f.run(answers, "setup", "--yes", "--root", f.dir)
	require.Error(t, err)
	f.held("setup")
	left, err := os.ReadDir(f.own)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing was made outside")
}
