package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"vigie/modem/emulator"
	"vigie/review"
)

// attacked is a real review desk with two users, ada who may write and bob who reads. VIGIE names another binary to attack.
type attacked struct {
	t     *testing.T
	base  string
	users string
}

func startAttacked(t *testing.T, args ...string) *attacked {
	t.Helper()
	dir := t.TempDir()
	a := &attacked{t: t, users: filepath.Join(dir, "users")}
	a.setPassword("ada", "correct horse battery", review.Reviewer)
	a.setPassword("bob", "another long password", review.Reader)
	db := filepath.Join(dir, "s.db")
	in := writeFile(t, dir, "in.ndjson", `{"vigie":1,"sensor":"roof"}`+"\n"+`{"time":"2026-11-23T08:00:00Z","state":"idle"}`+"\n")
	out, err := exec.Command(program(), "import", "--store", db, in).CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(program(), append([]string{"review", "--store", db, "--listen", "127.0.0.1:0", "--password-file", a.users}, args...)...)
	printed, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for lines := bufio.NewScanner(printed); a.base == "" && lines.Scan(); {
		a.base = regexp.MustCompile(`https?://[0-9.:]+`).FindString(lines.Text())
	}
	require.NotEmpty(t, a.base)
	return a
}

func (a *attacked) setPassword(name, password string, role review.Role) {
	u, err := review.NewUser(name, password, role)
	require.NoError(a.t, err)
	require.NoError(a.t, review.WriteUser(a.users, u))
}

// browser is somebody with cookies of their own.
func browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// login returns the status of the answer: 303 is in, 401 wrong, 429 wait.
func (a *attacked) login(b *http.Client, name, password string) int {
	r, err := http.NewRequest("POST", a.base+"/login", strings.NewReader(url.Values{"name": {name}, "password": {password}}.Encode()))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", a.base)
	return status(b.Do(r))
}

func (a *attacked) get(b *http.Client, path string) int { return status(b.Get(a.base + path)) }

func status(w *http.Response, err error) int {
	if err != nil {
		return 0
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, w.Body)
	return w.StatusCode
}

func TestAttackGuessesAtOnce(t *testing.T) {
	t.Parallel()
	a := startAttacked(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for range 200 {
		all.Go(func() {
			code := a.login(browser(), "ada", "wrong")
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	t.Logf("answers by status: %v", codes)
	require.LessOrEqual(t, codes[http.StatusUnauthorized], 8, "guesses whose password was looked at: 5, and one a second")
	require.Positive(t, codes[http.StatusTooManyRequests])
}

func TestAttackWithALoginOfOnesOwn(t *testing.T) {
	t.Parallel()
	a := startAttacked(t)
	codes := map[int]int{}
	for range 6 {
		for range 4 {
			codes[a.login(browser(), "ada", "wrong")]++
		}
		require.Equal(t, http.StatusSeeOther, a.login(browser(), "bob", "another long password"))
	}
	t.Logf("24 guesses at ada with six logins of bob between them, by status: %v", codes)
	require.LessOrEqual(t, codes[http.StatusUnauthorized], 10)
}

func TestAttackWithAnOldSession(t *testing.T) {
	t.Parallel()
	a := startAttacked(t)
	ada, bob := browser(), browser()
	require.Equal(t, http.StatusSeeOther, a.login(ada, "ada", "correct horse battery"))
	require.Equal(t, http.StatusSeeOther, a.login(bob, "bob", "another long password"))
	require.Equal(t, http.StatusOK, a.get(ada, "/"))
	set := exec.Command(program(), "review", "--password-file", a.users, "--set-password", "ada")
	set.Stdin = strings.NewReader("four new words here\n")
	out, err := set.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, http.StatusSeeOther, a.get(ada, "/"), "the session that began with the old password")
	require.Equal(t, http.StatusUnauthorized, a.get(ada, "/api/v1/events"))
	require.Equal(t, http.StatusOK, a.get(bob, "/"))
	require.Equal(t, http.StatusUnauthorized, a.login(browser(), "ada", "correct horse battery"))
	require.Equal(t, http.StatusSeeOther, a.login(browser(), "ada", "four new words here"))
}

var highWater = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+)`)

// peakOf is the most memory that a process has had resident so far, in MiB; 0 if it has ended.
func peakOf(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if m := highWater.FindSubmatch(text); m != nil {
		kib, _ := strconv.Atoi(string(m[1]))
		return float64(kib) / 1024
	}
	return 0
}

// peakUntilItEnds runs a program and returns its peakOf. What wait4(2) reports as that includes the memory of the process that
// started it.
func peakUntilItEnds(cmd *exec.Cmd) (most float64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return most, err
		case <-look.C:
			most = max(most, peakOf(cmd.Process.Pid))
		}
	}
}

// floodWith opens connections to an address, and sends half a request on each.
func floodWith(t *testing.T, n int, addr string) (opened int) {
	var mu sync.Mutex
	var all []net.Conn
	t.Cleanup(func() {
		for _, c := range all {
			c.Close()
		}
	})
	var dialling sync.WaitGroup
	const at = 16
	for w := range at {
		dialling.Go(func() {
			for i := w; i < n; i += at {
				c, err := net.DialTimeout("tcp", addr, 10*time.Second)
				if err != nil {
					continue
				}
				_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 3000))
				mu.Lock()
				all = append(all, c)
				mu.Unlock()
			}
		})
	}
	dialling.Wait()
	return len(all)
}

// 9,000 half-sent requests to the page for a phone, which is in the process that records, cost it neither memory nor observations,
// and the page answers meanwhile.
func TestAttackWithHalfSentRequests(t *testing.T) {
	t.Parallel()
	var files unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &files))
	n := min(9000, int(files.Cur)-500)
	if n < 1000 {
		t.Skipf("only %d open files are allowed: ulimit -n 10000", files.Cur)
	}
	dir := t.TempDir()
	em, _ := emulate(t, restless(time.Minute), emulator.Options{})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	free.Close()
	conf := writeFile(t, dir, "v.toml", "sensor = 'roof'\nmode = 'mobile'\n[modem]\nfast = \"50ms\"\nslow = \"500ms\"\n[glance]\nlisten = \""+addr+"\"\n")
	db := filepath.Join(dir, "s.db")
	cmd := exec.Command(program(), "watch", "--config", conf, "--port", em.Path(), "--store", db)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	asked := func() int { return len(em.Printed()) }
	require.Eventually(t, func() bool { return asked() > 60 }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return status(http.Get("http://"+addr+"/glance")) == 200 }, time.Minute, 50*time.Millisecond)

	before, began, answers := usageOf(t, cmd.Process.Pid).resident, time.Now(), asked()
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan int)
	go func() { // the phone looks all the while
		ok, phone := 0, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
		for ctx.Err() == nil {
			if status(phone.Get("http://"+addr+"/glance")) == 200 {
				ok++
			}
		}
		seen <- ok
	}()
	opened := floodWith(t, n, addr)
	cancel()
	ok, after := <-seen, peakOf(cmd.Process.Pid)
	t.Logf("%d connections in %s: %.1f MiB before, %.1f at most; %d commands answered meanwhile, %d pages", opened, time.Since(began).Round(time.Millisecond), before, after, asked()-answers, ok)
	require.Greater(t, opened, n*9/10)
	require.Less(t, after, before+30)
	require.Positive(t, ok, "the phone sees its page")
	heard := asked()
	require.Eventually(t, func() bool { return asked() > heard+20 }, 20*time.Second, 10*time.Millisecond, "it watches on")
	require.Equal(t, 200, status(http.Get("http://"+addr+"/glance")))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	exported, stderr, code := vigie(t, "export", "--store", db, "-")
	require.Zero(t, code, stderr)
	require.NotContains(t, exported, `"kind":"gap"`)
}

// A file that is a thousand times as large as it looks, lines without an end, brackets without an end, and a number of a million
// digits: what is good before and after them is read, in little memory.
func TestAttackWithBombs(t *testing.T) {
	t.Parallel()
	good := `{"time":"2026-11-23T08:00:00Z","sensor":"roof","state":"idle"}` + "\n"
	pad := func(one string, n int) io.Reader { return io.LimitReader(&endless{text: one}, int64(n)) }
	for name, bomb := range map[string]io.Reader{
		"one line without an end": pad("x", 100<<20),
		"zeros":                   pad("\x00", 100<<20),
		"brackets":                pad("[", 20<<20),
		"braces":                  pad(`{"a":`, 20<<20),
		"a text without an end":   io.MultiReader(strings.NewReader(`{"time":"`), pad("9", 20<<20)),
		"a number":                io.MultiReader(strings.NewReader(`{"time":"2026-11-23T08:00:00Z","serving":{"cell_id":`), pad("9", 20<<20)),
		"raw lines":               io.MultiReader(strings.NewReader(`{"time":"2026-11-23T08:00:00Z","raw":[`), pad(`"x",`, 20<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bomb.ndjson.gz")
			f, err := os.Create(path)
			require.NoError(t, err)
			z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
			require.NoError(t, err)
			_, err = io.Copy(z, io.MultiReader(strings.NewReader(good), bomb, strings.NewReader("\n"+good)))
			require.NoError(t, err)
			require.NoError(t, z.Close())
			require.NoError(t, f.Close())
			var out bytes.Buffer
			cmd := exec.Command(program(), "replay", path)
			cmd.Stdout, cmd.Stderr = &out, &out
			most, err := peakUntilItEnds(cmd)
			require.NoError(t, err, "%s", &out)
			require.Contains(t, out.String(), "2 observations")
			t.Logf("%.1f MiB", most)
			require.Less(t, most, 100.0)
		})
	}
}

// The same for captures of signalling: frames, packets and blocks without number or end, and lengths of gigabytes.
func TestAttackWithCaptureBombs(t *testing.T) {
	t.Parallel()
	qmdl, err := os.ReadFile("../../air/capture/testdata/benign-attach.qmdl")
	require.NoError(t, err)
	little := func(words ...uint32) (b []byte) {
		for _, w := range words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	pcap := string(little(0xA1B2C3D4, 0x00040002, 0, 0, 1<<18, 148))
	section := string(little(0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0xFFFFFFFF, 0xFFFFFFFF, 28))
	for name, bomb := range map[string]struct{ head, text string }{
		"flags":                  {string(qmdl), "\x7e"},
		"a frame without an end": {string(qmdl), "\x7d\x5d"},
		"frames of a byte":       {string(qmdl), "\x01\x7e"},
		"packets of nothing":     {pcap, string(little(1, 1, 0, 0))},
		"packets of a mebibyte":  {pcap, string(little(1, 1, 1<<20, 1<<20)) + strings.Repeat("\x07\x41", 1<<19)},
		"a packet of gigabytes":  {pcap, string(little(1, 1, 0xFFFFFFFF, 0xFFFFFFFF))},
		"interfaces":             {section, string(little(1, 20, 147, 0, 20))},
		"sections":               {section, section},
		"a block of gigabytes":   {section, string(little(6, 0xFFFFFFFC))},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "bomb.gz")
			f, err := os.Create(path)
			require.NoError(t, err)
			z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
			require.NoError(t, err)
			_, err = io.Copy(z, io.MultiReader(strings.NewReader(bomb.head), io.LimitReader(&endless{text: bomb.text}, 3<<20)))
			require.NoError(t, err)
			require.NoError(t, errors.Join(z.Close(), f.Close()))
			for _, args := range [][]string{{"decode", "--json", "--tree", "--no-messages", path}, {"scrub", path, filepath.Join(dir, "out.gz")}} {
				most, err := peakUntilItEnds(exec.Command(program(), args...))
				require.NoError(t, err)
				require.Less(t, most, 100.0, "MiB")
			}
		})
	}
}

// A file of gigabytes where a passphrase or a list of users is expected, which may be another user's, takes no memory.
func TestAttackWithEndlessSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	huge := writeFile(t, dir, "huge", "")
	require.NoError(t, os.Truncate(huge, 1<<30))
	store := filepath.Join(dir, "v.db")
	newStore(t, store, "four words that nobody guesses")
	for _, args := range [][]string{{"events", "--store", store, "--passphrase-file", huge}, {"review", "--password-file", huge, "--set-password", "ada"}} {
		cmd := exec.Command(program(), args...)
		var out bytes.Buffer
		cmd.Stdin, cmd.Stderr = strings.NewReader("long enough to be one\n"), &out
		most, err := peakUntilItEnds(cmd)
		require.Error(t, err)
		require.Contains(t, out.String(), "longer than")
		require.Less(t, most, 100.0, "MiB")
	}
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at]
		e.at = (e.at + 1) % len(e.text)
	}
	return len(p), nil
}

// TLS is of this decade, and a desk that has a certificate does not answer without it.
func TestAttackOnTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := review.Certificate(dir, []string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	a := startAttacked(t, "--tls-cert", filepath.Join(dir, "review-cert.pem"), "--tls-key", filepath.Join(dir, "review-key.pem"))
	addr := strings.TrimPrefix(a.base, "https://")
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		require.Equal(t, good, err == nil, "%s: %v", tls.VersionName(version), err)
		if c != nil {
			c.Close()
		}
	}
	require.Equal(t, http.StatusBadRequest, status(http.Get("http://"+addr+"/login")))
}
