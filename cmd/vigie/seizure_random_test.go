package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
	"vigie/monitor"
)

// kitMode is a way to keep what is recorded. Key opens what is sealed.
type kitMode struct {
	name, secret, key string
	args              []string
}

func kitModes(t *testing.T) []kitMode {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	home := t.TempDir()
	secret := writeFile(t, home, "secret", "four words that nobody guesses\n")
	return []kitMode{
		{name: "plain", args: []string{"--store", "v.db"}},
		{name: "passphrase", secret: secret, args: []string{"--store", "v.db", "--passphrase-file", secret}},
		{name: "sealed", key: writeFile(t, home, "key.txt", id.String()+"\n"), args: []string{"--store", "v.db", "--seal", id.Recipient().String()}},
		{name: "memory", args: []string{"--store", ":memory:"}},
	}
}

// taken is a kit that runs in dir, set up for panic, and that is taken.
type taken struct {
	t    *testing.T
	mode kitMode
	dir  string
	em   *emulator.Emulator
	cmd  *exec.Cmd
	done chan error
}

func newTaken(t *testing.T, mode kitMode, dir string) *taken {
	t.Helper()
	addr := gpsd(t, `{"class":"TPV","mode":3,"lat":50.84711,"lon":4.35717,"eph":6.5}`)
	em, _ := emulate(t, calm, emulator.Options{Speed: 5})
	conf := writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n[position]\ngpsd = \""+addr+"\"\n[panic]\nenabled = true\n")
	k := &taken{t: t, mode: mode, dir: dir, em: em, done: make(chan error, 1)}
	k.cmd = exec.Command(program(), append([]string{"watch", "--wait", "--config", conf, "--port", em.Path()}, mode.args...)...)
	k.cmd.Dir, k.cmd.Env = dir, append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	if mode.name != "plain" { // whose terminal names cells
		log, err := os.Create(filepath.Join(dir, "journal"))
		require.NoError(t, err)
		t.Cleanup(func() { log.Close() })
		k.cmd.Stdout, k.cmd.Stderr = log, log
	}
	require.NoError(t, k.cmd.Start())
	go func() { k.done <- k.cmd.Wait() }()
	t.Cleanup(func() { _ = k.cmd.Process.Kill() })
	return k
}

// answers counts the answers about the serving cell that were whole by a time.
func (k *taken) answers(by time.Time) (n int) {
	for _, p := range k.em.Printed() {
		if p.Command == `AT+QENG="servingcell"` && p.Whole && p.Time.Before(by) {
			n++
		}
	}
	return n
}

func (k *taken) watching() {
	require.Eventually(k.t, func() bool { return k.answers(time.Now()) > 10 }, time.Minute, 10*time.Millisecond)
}

// panic asks it to destroy everything, until it has ended: a program that has not begun does not hear the first signal.
func (k *taken) panic() error {
	for {
		_ = k.cmd.Process.Signal(syscall.SIGUSR2)
		select {
		case err := <-k.done:
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// left are the bytes that a finder reads, by file, of what is not the configuration or the log; and what of planted is in any file.
func left(t *testing.T, dir string) (text string, found map[string][]string) {
	t.Helper()
	found, _ = seize(t, dir)
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "v.toml" || d.Name() == "journal" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			text += fmt.Sprintf(" %s:%d", d.Name(), info.Size())
		}
		return err
	}))
	return cmp.Or(text, " nothing"), found
}

// seizures is how often each mode is killed and made to panic; VIGIE_SEIZURES=25 is the long form.
func seizures() int { n, _ := strconv.Atoi(os.Getenv("VIGIE_SEIZURES")); return max(1, n) }

// A kit that is killed at any moment has lost nothing that it acknowledged, and shows nothing of it where it is protected. One that is
// made to panic at any moment shows nothing, protected or not, also if it is killed before it has ended: then a store without a
// passphrase may be there, of which the log tells the bytes.
func TestSeizureAtAnyMoment(t *testing.T) {
	for _, mode := range kitModes(t) {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			for i := range seizures() {
				seed := uint64(time.Now().UnixNano())
				t.Logf("seed %d", seed)
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				killed(t, mode, rng)
				panicked(t, mode, rng, i)
			}
		})
	}
}

func killed(t *testing.T, mode kitMode, rng *rand.Rand) {
	k := newTaken(t, mode, t.TempDir())
	k.watching()
	<-time.After(time.Duration(rng.IntN(1500)) * time.Millisecond)
	now := time.Now()
	require.NoError(t, k.cmd.Process.Kill())
	<-k.done
	text, found := left(t, k.dir)
	t.Logf("%s, killed: %s", mode.name, text)
	acknowledged, store, args := k.answers(now)-3, filepath.Join(k.dir, "v.db"), []string{} // a round of questions is on its way
	switch mode.name {
	case "plain":
		require.NotEmpty(t, found)
	case "memory":
		require.Empty(t, found)
		return
	case "passphrase":
		require.Empty(t, found)
		args = []string{"--passphrase-file", mode.secret}
	case "sealed": // once a second
		require.Empty(t, found)
		acknowledged, store = k.answers(now.Add(-2500*time.Millisecond))-3, filepath.Join(t.TempDir(), "home.db")
		if acknowledged > 0 {
			must(t, "unseal", "--identity", mode.key, "--store", store, filepath.Join(k.dir, "v.sealed"))
		}
	}
	if acknowledged <= 0 {
		return
	}
	must(t, append([]string{"analyze", "--write", "--store", store}, args...)...) // what is in the write-ahead journal goes into the store
	exported, _ := must(t, append([]string{"export", "--store", store, "-"}, args...)...)
	require.GreaterOrEqual(t, strings.Count(exported, `+QENG: \"servingcell\"`), acknowledged)
}

func panicked(t *testing.T, mode kitMode, rng *rand.Rand, i int) {
	k := newTaken(t, mode, t.TempDir())
	if i%3 < 2 { // else from the first moment
		k.watching()
	}
	<-time.After(time.Duration(rng.IntN(800)) * time.Millisecond)
	cut := i%2 == 1 // the program is killed in the middle of it
	if cut {
		after := time.Duration(rng.IntN(30000)) * time.Microsecond
		time.AfterFunc(after, func() { _ = k.cmd.Process.Kill() })
	}
	err := k.panic()
	text, found := left(t, k.dir)
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	t.Logf("%s, panic, cut %v: %v:%s", mode.name, cut, ended, text)
	if mode.name == "plain" && ended.ExitCode() != monitor.StatusWiped {
		return
	}
	require.Empty(t, found)
	if !cut {
		require.Equal(t, monitor.StatusWiped, ended.ExitCode())
		require.Equal(t, " nothing", text)
	}
}

// A power cut right after a panic has ended, or in the middle of it, on a disk of its own: the disk is copied as it is, without a sync,
// and read as a finder would. What was said to be destroyed is not there after the cut.
func TestSeizureAfterAPowerCut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: takes root: a disk of its own. This provides it: run the tests as root, in a machine that you can throw away")
	}
	for _, mode := range kitModes(t)[:3] {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			for i := range min(seizures(), 10) {
				cutOff(t, mode, i)
			}
		})
	}
}

func cutOff(t *testing.T, mode kitMode, i int) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, uint64(i)))
	home := t.TempDir()
	image, at := newDisk(t, home, "disk")
	k := newTaken(t, mode, at)
	k.watching()
	<-time.After(time.Duration(1200+rng.IntN(500)) * time.Millisecond)
	cut := i%2 == 1
	if cut {
		time.AfterFunc(time.Duration(rng.IntN(15000))*time.Microsecond, func() { _ = k.cmd.Process.Kill() })
	}
	err := k.panic()
	torn := copyOf(t, image, filepath.Join(home, "torn"))
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended)
	raw, _ := seize(t, home) // the images, byte for byte
	found, text := map[string][]string{}, ""
	mountDisk(t, torn, filepath.Join(home, "found"), func(dir string) {
		text, found = left(t, dir)
		key, err := os.ReadFile(filepath.Join(dir, "v.db-key"))
		if ended.ExitCode() == monitor.StatusWiped {
			require.ErrorIs(t, err, fs.ErrNotExist, "the key is gone when it says so: %q", key)
		}
	})
	t.Logf("%s, seed %d, cut %v: %v:%s; as files %d of the planted, in the blocks of the disk %d", mode.name, seed, cut, ended, text, len(found), len(raw))
	if mode.name != "plain" {
		require.Empty(t, found)
		require.Empty(t, raw, "not in the blocks either")
	} else if ended.ExitCode() == monitor.StatusWiped {
		require.Empty(t, found)
	}
}

// newDisk makes a file system in a file and mounts it.
func newDisk(t *testing.T, home, name string) (image, at string) {
	t.Helper()
	image, at = filepath.Join(home, name+".img"), filepath.Join(home, name)
	f, err := os.Create(image)
	require.NoError(t, err)
	require.NoError(t, errors.Join(f.Truncate(16<<20), f.Close(), os.Mkdir(at, 0o700)))
	for _, args := range [][]string{{"mkfs.ext4", "-q", "-F", image}, {"mount", "-o", "loop", image, at}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: a disk of its own, for lack of %s here: %v %s", args[0], err, out)
		}
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", at).Run() })
	return image, at
}

func copyOf(t *testing.T, from, to string) string {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(to + ".img")
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, errors.Join(err, out.Close()))
	return to + ".img"
}

func mountDisk(t *testing.T, image, at string, look func(dir string)) {
	t.Helper()
	require.NoError(t, os.Mkdir(at, 0o700))
	out, err := exec.Command("mount", "-o", "loop", image, at).CombinedOutput()
	require.NoError(t, err, "%s", out)
	defer exec.Command("umount", "-l", at).Run()
	look(at)
}
