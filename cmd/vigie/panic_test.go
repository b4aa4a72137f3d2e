package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/monitor"
)

// panicking is a watch that is to destroy everything before it has begun.
type panicking struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func startPanicking(t *testing.T, dir, more string, args ...string) *panicking {
	t.Helper()
	conf := writeFile(t, dir, "v.toml", "[panic]\nenabled = true\n"+more)
	p := &panicking{cmd: exec.Command(program(), append([]string{"watch", "--wait", "--config", conf, "--port", "/dev/nowhere", "--store", filepath.Join(dir, "v.db")}, args...)...)}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = &p.out, &p.out, dir
	require.NoError(t, p.cmd.Start())
	time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// destroyed waits for the end, and looks whether anything of the store is left.
func (p *panicking) destroyed(t *testing.T, dirs ...string) {
	t.Helper()
	var ended *exec.ExitError
	err := p.cmd.Wait()
	require.ErrorAs(t, err, &ended, p.out.String())
	require.Equal(t, monitor.StatusWiped, ended.ExitCode(), "%v %s", err, p.out.String())
	for _, dir := range dirs {
		left, err := filepath.Glob(filepath.Join(dir, "v.db*"))
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// newStore has the program to try make a store of a hundred observations; passphrase "" is none.
func newStore(t *testing.T, path, passphrase string) {
	t.Helper()
	dir := t.TempDir()
	text := append(cell.AppendRecord(nil, &cell.Source{Version: 1, Sensor: "bag"}), '\n')
	for i := range 100 {
		text = append(cell.AppendRecord(text, &cell.Observation{Time: time.Unix(1700000000+int64(i), 0).UTC(), Sensor: "bag", State: cell.Idle}), '\n')
	}
	args := []string{"import", "--store", path, writeFile(t, dir, "all.ndjson", string(text))}
	if passphrase != "" {
		args = append(args, "--passphrase-file", writeFile(t, dir, "pass", passphrase+"\n"))
	}
	out, err := exec.Command(program(), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Panic works before a passphrase was even read: the signal destroys while the program waits for it.
func TestPanicFromTheFirstMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newStore(t, filepath.Join(dir, "v.db"), "four words that nobody guesses")
	secret := filepath.Join(dir, "secret")
	require.NoError(t, syscall.Mkfifo(secret, 0o600))
	p := startPanicking(t, dir, "", "--passphrase-file", secret)
	w, err := os.OpenFile(secret, os.O_WRONLY, 0) // as soon as it reads
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGUSR2))
	p.destroyed(t, dir)
}

// A panic file that is there at the start destroys and says so.
func TestPanicFileAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newStore(t, filepath.Join(dir, "v.db"), "")
	p := startPanicking(t, dir, "file = \""+writeFile(t, dir, "button", "")+"\"\n")
	p.destroyed(t, dir)
	require.Contains(t, p.out.String(), "is destroyed")
}

// A panic file that is there destroys also where the configuration is refused, whatever is wrong in it.
func TestPanicFileAndABadConfiguration(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{"unknown key": "colour = 1\n", "bad value": "[keep]\nfull_rate_days = -1\n", "no TOML": "[keep\n\"\n=\n", "another type": "sensor = 3\n", "a list of several lines": "[seal]\nto = [\n\"age1\",\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newStore(t, filepath.Join(dir, "v.db"), "")
			p := startPanicking(t, dir, "file = \""+writeFile(t, dir, "button", "")+"\"\n"+bad)
			p.destroyed(t, dir)
			require.Contains(t, p.out.String(), "is destroyed")
		})
	}
}

// Where what the configuration says of panic cannot be read, that is said, and the watch ends with an error.
func TestPanicThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := filepath.Join(dir, "v.db")
	newStore(t, store, "")
	conf := writeFile(t, dir, "v.toml", "[panic]\nenabled = maybe\nfile = \""+writeFile(t, dir, "button", "")+"\"\n")
	silent := writeFile(t, dir, "silent.toml", "[panic]\nenbled = true\n")
	for _, conf := range []string{conf, silent, filepath.Join(dir, "missing.toml")} {
		out, err := exec.Command(program(), "watch", "--config", conf, "--store", store).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "nothing was destroyed")
		require.FileExists(t, store)
	}
}

// Where the store itself cannot be read from the configuration, what was destroyed is not taken for it.
func TestPanicOfAStoreThatIsNotKnown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf := writeFile(t, dir, "v.toml", "store = \""+filepath.Join(dir, "v.db")+"\n[panic]\nenabled = true\nfile = \""+writeFile(t, dir, "button", "")+"\"\n")
	cmd := exec.Command(program(), "watch", "--config", conf)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME=")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "with store: on panic what that names is not destroyed")
}

// A store from before everything was sealed is recorded too, and goes.
func TestPanicOfASealedWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newStore(t, filepath.Join(dir, "v.db"), "")
	p := startPanicking(t, dir, "file = \""+writeFile(t, dir, "button", "")+"\"\n", "--seal", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj")
	p.destroyed(t, dir)
}

// A store behind a link is destroyed where it really is.
func TestPanicBehindALink(t *testing.T) {
	t.Parallel()
	dir, disk := t.TempDir(), t.TempDir()
	newStore(t, filepath.Join(disk, "v.db"), "")
	require.NoError(t, os.Symlink(filepath.Join(disk, "v.db"), filepath.Join(dir, "v.db")))
	p := startPanicking(t, dir, "")
	require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(disk, "v.db-shm")); return err == nil }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGUSR2))
	p.destroyed(t, dir, disk)
}

// A program that is killed as soon as the first byte is gone leaves nothing of a plain store: nothing waits in between.
func TestPanicWaitsForNothing(t *testing.T) {
	t.Parallel()
	for range 5 {
		dir := t.TempDir()
		newStore(t, filepath.Join(dir, "v.db"), "")
		p := startPanicking(t, dir, "")
		require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(dir, "v.db-shm")); return err == nil }, 20*time.Second, 5*time.Millisecond)
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGUSR2))
		time.AfterFunc(150*time.Millisecond, func() { _ = p.cmd.Process.Kill() })
		err := p.cmd.Wait()
		var ended *exec.ExitError
		require.True(t, errors.As(err, &ended), "%v", err)
		info, err := os.Stat(filepath.Join(dir, "v.db"))
		require.True(t, errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0, "%v: the store is still whole after 150 ms", ended)
	}
}
