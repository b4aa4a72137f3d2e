package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
	"vigie/monitor"
)

// manager is a stand-in for systemd: it receives sd_notify, and starts the service with a clean environment.
type manager struct {
	t       *testing.T
	notices chan string
	log     writtenLog
	cmd     *exec.Cmd
	dir     string
	store   string
}

// writtenLog is what a running program has written so far.
type writtenLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *writtenLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *writtenLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startService runs the real binary as systemd would, on an emulated modem.
func startService(t *testing.T, em *emulator.Emulator, conf string, args ...string) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "vigie") // short: a socket's name must be
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &manager{t: t, notices: make(chan string, 1000), dir: dir, store: filepath.Join(dir, "s.db")}
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := l.Read(buf)
			if err != nil {
				return
			}
			m.notices <- string(buf[:n])
		}
	}()
	file := writeFile(t, dir, "v.toml", conf+"\n[modem]\nport = \""+em.Path()+"\"\nfast = \"30ms\"\nslow = \"150ms\"\n")
	m.cmd = exec.Command("vigie", append([]string{"watch", "--brief", "--wait", "--config", file, "--store", m.store}, args...)...)
	m.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "WATCHDOG_USEC=400000", "RUNTIME_DIRECTORY="+dir)
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	require.NoError(t, m.cmd.Start())
	t.Cleanup(func() { _ = m.cmd.Process.Kill() })
	return m
}

// hears waits until something was said that holds a text, and returns it.
func (m *manager) waitFor(text string) string {
	m.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case printed := <-m.notices:
			if strings.Contains(printed, text) {
				return printed
			}
		case <-late:
			require.FailNow(m.t, "not heard: "+text, m.log.String())
		}
	}
}

// stop ends it as systemd does, and returns how long that took.
func (m *manager) stop() time.Duration {
	m.t.Helper()
	began := time.Now()
	require.NoError(m.t, m.cmd.Process.Signal(syscall.SIGTERM))
	m.waitFor("STOPPING=1")
	require.NoError(m.t, m.cmd.Wait(), m.log.String())
	return time.Since(began)
}

const serviceScenario = "model quectel" + reporting

func serviceModem(t *testing.T, more string) *emulator.Emulator {
	s, err := emulator.Parse(serviceScenario+sticks[0].scenario+"\n"+more, nil)
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "modem")
	em, err := emulator.Start(t.Context(), s, emulator.Options{Link: func(int) string { return link }})
	require.NoError(t, err)
	t.Cleanup(em.Close)
	return em
}

// SIGTERM ends it at once, and every whole answer that the modem ever gave is in the store; the modem is left as it was found.
func TestServiceStopsCleanly(t *testing.T) {
	t.Parallel()
	em := serviceModem(t, "")
	m := startService(t, em, "sensor = 'roof'\nmode = 'fixed'")
	require.Contains(t, m.waitFor("READY=1"), "STATUS=")
	const ask = `AT+QENG="servingcell"`
	answers := func() (n int) {
		for _, p := range em.Printed() {
			if p.Command == ask && p.Whole {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return answers() > 50 }, time.Minute, 10*time.Millisecond, m.log.String())
	t.Logf("stopped in %s", m.stop())
	exported, stderr, status := vigie(t, "export", "--store", m.store, "-")
	require.Zero(t, status, stderr)
	stored := 0
	for _, line := range strings.Split(exported, "\n") {
		stored += strings.Count(line, `+QENG: \"servingcell\"`)
	}
	if want := answers(); stored != want { // which of them, and what was going on
		for _, p := range em.Printed() {
			t.Logf("%s %t %s %q", p.Time.UTC().Format(time.RFC3339Nano), p.Whole, p.Command, p.Text)
		}
		require.Equal(t, want, stored, "every answer is stored:\n%s\n%s", exported, m.log.String())
	}
	require.Equal(t, "3,0", em.Settings()["+COPS"], "put back at the end")
}

// What is reported to systemd, a monitoring system and a person: while it sees, after a reload, while it is blind, after the end.
func TestServiceSaysHowItGoes(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	free.Close()
	em := serviceModem(t, "")
	m := startService(t, em, "sensor = 'roof'\n[health]\nlisten = '"+addr+"'")
	m.waitFor("READY=1")
	m.waitFor("WATCHDOG=1")
	get := func(path, host string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
		require.NoError(t, err)
		if host != "" {
			r.Host = host
		}
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	defer http.DefaultClient.CloseIdleConnections()
	require.Eventually(t, func() bool { _, text := get("/healthz", ""); return strings.HasPrefix(text, "roof watching") }, time.Minute, 20*time.Millisecond)
	code, _ := get("/healthz", "")
	require.Equal(t, 200, code)
	code, text := get("/metrics", "evil.example")
	require.Equal(t, http.StatusMisdirectedRequest, code)
	require.NotContains(t, text, "vigie_")
	_, text = get("/metrics", "localhost:1")
	require.Regexp(t, `(?m)^vigie_observations_total\{sensor="roof"\} [1-9]`, text)
	require.Contains(t, text, "\nvigie_healthy 1\n")
	for _, place := range []string{"272", "A81A02", "11016706", "1300"} {
		require.NotContains(t, text, place, "it names no cell")
	}

	ask := func() (st monitor.Status, code int) {
		cmd := exec.Command("vigie", "status", "--json")
		cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+m.dir, "HOME="+m.dir, "XDG_CONFIG_HOME=")
		out, _ := cmd.Output()
		require.NoError(t, json.Unmarshal(out, &st), string(out))
		return st, cmd.ProcessState.ExitCode()
	}
	st, code := ask()
	require.Zero(t, code)
	require.Equal(t, "watching", st.Sensors[0].State)
	require.Equal(t, m.store, st.Store.Path)
	require.Positive(t, st.Store.Records)
	require.NotNil(t, st.Began)

	require.NoError(t, m.cmd.Process.Signal(syscall.SIGHUP))
	require.Contains(t, m.waitFor("RELOADING=1"), "MONOTONIC_USEC=")
	m.waitFor("READY=1")

	pull, err := emulator.Parse("unplug 10m", nil)
	require.NoError(t, err)
	go em.Play(pull)
	require.Eventually(t, func() bool { _, text := get("/healthz", ""); return strings.Contains(text, "blind since") }, time.Minute, 20*time.Millisecond)
	code, text = get("/healthz", "")
	require.Equal(t, 200, code, "being blind is known: %s", text)
	for len(m.notices) > 0 {
		<-m.notices
	}
	m.waitFor("WATCHDOG=1") // still fed: a restart would not help
	st, code = ask()
	require.Zero(t, code)
	require.Equal(t, "blind", st.Sensors[0].State)
	require.Equal(t, "unplugged", st.Sensors[0].Reason)
	m.stop()

	require.Contains(t, m.log.String(), "roof: watching\n")
	require.Contains(t, m.log.String(), "roof: blind: unplugged\n")
	require.NotRegexp(t, regexp.MustCompile(`272|A81A02|11016706|1300`), m.log.String(), "a journal names no cell")

	out, stderr, code := vigie(t, "status", "--store", m.store)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "nobody watches into this store now")
	require.Contains(t, out, "blind since")
	require.Contains(t, out, "unplugged")
}
