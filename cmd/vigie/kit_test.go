package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/review"
)

// carried is a real kit that runs, and a phone that has logged in to it.
type carried struct {
	t     *testing.T
	cmd   *exec.Cmd
	base  string
	phone *http.Client
	em    *emulator.Emulator
	dir   string
	done  chan error
}

func startCarried(t *testing.T, scenario, more string, args ...string) *carried {
	t.Helper()
	dir := t.TempDir()
	em, _ := emulate(t, scenario, emulator.Options{Speed: 8})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	free.Close()
	u, err := review.NewUser("ada", "long enough to be one", review.Reviewer)
	require.NoError(t, err)
	users := filepath.Join(dir, "users")
	require.NoError(t, review.WriteUser(users, u))
	conf := writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n[glance]\nlisten = \""+addr+"\"\npassword_file = \""+users+"\"\n"+more)
	log, err := os.Create(filepath.Join(dir, "journal"))
	require.NoError(t, err)
	t.Cleanup(func() { log.Close() })
	k := &carried{t: t, base: "http://" + addr, em: em, dir: dir, done: make(chan error, 1)}
	k.cmd = exec.Command(os.Args[0], append([]string{"watch", "--wait", "--config", conf, "--port", em.Path()}, args...)...)
	k.cmd.Args[0], k.cmd.Dir, k.cmd.Stdout, k.cmd.Stderr = "vigie", dir, log, log
	k.cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "HOME="+dir)
	require.NoError(t, k.cmd.Start())
	go func() { k.done <- k.cmd.Wait() }()
	t.Cleanup(func() { k.cmd.Process.Kill() })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	k.phone = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	require.Eventually(t, func() bool { _, err := net.Dial("tcp", addr); return err == nil }, 20*time.Second, 20*time.Millisecond)
	require.Contains(t, k.post("/login", url.Values{"name": {"ada"}, "password": {"long enough to be one"}}), `id="state"`)
	return k
}

func (k *carried) post(path string, form url.Values) string {
	k.t.Helper()
	r, err := http.NewRequest("POST", k.base+path, strings.NewReader(form.Encode()))
	require.NoError(k.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", k.base)
	w, err := k.phone.Do(r)
	if err != nil {
		require.NoError(k.t, err, "%v %s", <-k.done, k.log())
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	require.NoError(k.t, err)
	return string(text)
}

func (k *carried) glance() string {
	w, err := k.phone.Get(k.base + "/glance")
	if err != nil {
		return err.Error()
	}
	defer w.Body.Close()
	text, _ := io.ReadAll(w.Body)
	return string(text)
}

func (k *carried) sees(what string) {
	k.t.Helper()
	if !assert.Eventually(k.t, func() bool { return strings.Contains(k.glance(), what) }, time.Minute, 30*time.Millisecond, "%s", what) {
		require.FailNow(k.t, what, "%s\n%s", k.log(), k.glance())
	}
}

// log is what it printed, and how it ended if it did.
func (k *carried) log() string {
	text, _ := os.ReadFile(filepath.Join(k.dir, "journal"))
	if k.cmd.ProcessState != nil {
		return string(text) + k.cmd.ProcessState.String()
	}
	return string(text)
}

// calm is the modem of the demo before anything happens.
var calm, _, _ = strings.Cut(demoScenario, "# An ordinary change")

// later moves everything in a scenario that happens.
func later(scenario string, by time.Duration) string {
	return regexp.MustCompile(`(?m)^at (.*)$`).ReplaceAllStringFunc(scenario, func(line string) string {
		d, _ := time.ParseDuration(line[len("at "):])
		return "at " + (d + by).String()
	})
}

// destroyed waits for the end of a kit that was asked to destroy everything, with the status after which the unit of the package does not
// start it again.
func (k *carried) destroyed() {
	k.t.Helper()
	var ended *exec.ExitError
	require.ErrorAs(k.t, <-k.done, &ended, k.log())
	require.Equal(k.t, monitor.StatusWiped, ended.ExitCode(), k.log())
	unit, err := os.ReadFile("setup/vigie.service")
	require.NoError(k.t, err)
	require.Contains(k.t, string(unit), fmt.Sprintf("\nRestartPreventExitStatus=2 %d\n", monitor.StatusWiped))
}

// The page of a running kit: quiet, then the staged attack is an alarm; a stick that is pulled makes it blind, one that is
// back lets it see. The phone's position is used. Panic destroys the key in no time and then everything.
func TestCarriedKit(t *testing.T) {
	t.Parallel()
	scenario := strings.NewReplacer("at 15s\nnote stage: released", "at 31s\nnote stage: released", "at 18s\nnote end", "at 40s\nunplug 40s").Replace(demoScenario)
	scenario = later(scenario, 64*time.Second) // eight seconds, for a slow start
	secret := writeFile(t, t.TempDir(), "secret", "four words that nobody guesses\n")
	k := startCarried(t, scenario, "[position]\nphone = true\n[panic]\nenabled = true\n", "--store", "v.db", "--passphrase-file", secret)
	k.sees("4G LTE · 222-01")
	require.Contains(t, k.glance(), "no position; all else works")
	require.Eventually(t, func() bool { return regexp.MustCompile(`data-level="(odd|alarm)"`).MatchString(k.glance()) }, time.Minute, 30*time.Millisecond)
	require.Contains(t, k.glance(), `href="/event/`)
	k.post("/settings", url.Values{"lang": {"fr"}, "back": {"/glance"}})
	french := k.glance()
	require.Contains(t, french, `href="/event/`)
	require.NotRegexp(t, `href="/event/[^"]+" lang="en"`, french, "what was seen is said in French")
	k.post("/settings", url.Values{"lang": {"en"}, "back": {"/glance"}})

	r, err := http.NewRequest("POST", k.base+"/glance/position", strings.NewReader(`{"lat":50.84711,"lon":4.35717,"accuracy":15}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	w, err := k.phone.Do(r)
	require.NoError(t, err)
	w.Body.Close()
	require.Equal(t, 204, w.StatusCode)
	k.sees("position from the phone")
	k.sees("Blind since")
	require.Contains(t, k.glance(), "the modem was pulled out")
	k.sees("Watching since") // it comes back by itself

	require.FileExists(t, filepath.Join(k.dir, "v.db-key"))
	began := time.Now()
	require.Regexp(t, `^Done. \(\d+ ms\)`, k.post("/glance/panic", url.Values{"sure": {"yes"}}))
	t.Logf("panic: answered after %s", time.Since(began).Round(time.Millisecond))
	require.NoFileExists(t, filepath.Join(k.dir, "v.db-key"), "the key is gone when the page says so")
	k.destroyed()
	left, err := filepath.Glob(filepath.Join(k.dir, "v.db*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NotContains(t, k.log(), "76808710", "the log of a protected run names no cell")
}

// The other ways to panic, and that nothing is destroyed where it was not set up.
func TestPanicBySignalAndFile(t *testing.T) {
	t.Run("signal", func(t *testing.T) {
		t.Parallel()
		k := startCarried(t, calm, "[panic]\nenabled = true\n", "--store", "v.db", "--seal", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj")
		k.sees("<h1>Quiet</h1>")
		require.Eventually(t, func() bool {
			info, err := os.Stat(filepath.Join(k.dir, "v.sealed"))
			return err == nil && info.Size() > 0
		}, 10*time.Second, 20*time.Millisecond)
		require.NoError(t, k.cmd.Process.Signal(syscall.SIGUSR2))
		k.destroyed()
		require.NoFileExists(t, filepath.Join(k.dir, "v.sealed"))
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		k := startCarried(t, calm, "[panic]\nenabled = true\nfile = \"panic\"\n", "--store", "v.db", "--record", "r.ndjson")
		k.sees("<h1>Quiet</h1>")
		require.FileExists(t, filepath.Join(k.dir, "v.db"))
		require.FileExists(t, filepath.Join(k.dir, "r.ndjson"))
		writeFile(t, k.dir, "panic", "")
		k.destroyed()
		require.NoFileExists(t, filepath.Join(k.dir, "v.db"))
		require.NoFileExists(t, filepath.Join(k.dir, "r.ndjson"))
	})
	t.Run("not set up", func(t *testing.T) {
		t.Parallel()
		k := startCarried(t, calm, "", "--store", "v.db")
		k.sees("<h1>Quiet</h1>")
		require.Contains(t, k.post("/glance/panic", url.Values{"sure": {"yes"}}), "Not done")
		require.NoError(t, k.cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, <-k.done, k.log())
		require.FileExists(t, filepath.Join(k.dir, "v.db"))
	})
}

func TestKitConfigIsChecked(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"[panic]\nfile = \"x\"\n": "not enabled",
		"[glance]\nlisten = \"127.0.0.1:0\"\n[panic]\nenabled = true\n": "[panic] needs a login",
		"[glance]\nlisten = \"nowhere\"\n":                              "[glance] listen",
		"[glance]\nlisten = \"0.0.0.0:0\"\nplain_http = true\n":         "no password is set",
	} {
		conf := writeFile(t, t.TempDir(), "v.toml", text)
		_, stderr, status := vigie(t, "watch", "--config", conf, "--port", "/dev/null", "--store", filepath.Join(dir, "s.db"))
		require.NotZero(t, status)
		require.Contains(t, stderr, want)
	}
}
