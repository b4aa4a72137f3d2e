// Package influxdtest builds and runs a real InfluxDB 1.8.10 for tests, in a directory of the test and on loopback only, and
// lets them kill and damage it. Only tests may import it: it starts another program, which Vigie itself never does.
package influxdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The server that is built, its database and token, and the time limits.
const (
	Version  = "1.8.10"
	Database = "obs"
	Token    = "admin:secretpw"

	module    = "github.com/influxdata/influxdb/cmd/influxd@v" + Version
	buildTime = 10 * time.Minute
	startTime = 4 * time.Minute // a machine may be busy
)

// Server is a server that runs until the test ends.
type Server struct {
	URL string // "http://127.0.0.1:PORT"
	Dir string // its data

	t      testing.TB
	binary string
	config string
	cmd    *exec.Cmd
	done   chan error
}

// Start runs a server with an administrator (Token) and an empty Database. If it cannot be built the test is skipped with a message,
// or fails if CI is set in the environment.
func Start(t testing.TB) *Server { return StartIn(t, t.TempDir()) }

// StartIn is Start with the data in dir.
func StartIn(t testing.TB, dir string) *Server {
	t.Helper()
	s := &Server{t: t, Dir: dir, binary: Binary(t)}
	ports := freePorts(t, 2)
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	s.config = filepath.Join(t.TempDir(), "influxdb.conf")
	s.write(fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:%d"
[meta]
  dir = %q
[data]
  dir = %q
  wal-dir = %q
  index-version = "tsi1"
  query-log-enabled = false
[coordinator]
  max-concurrent-queries = 0
[http]
  bind-address = "127.0.0.1:%d"
  auth-enabled = true
  flux-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  log-enabled = false
`, ports[1], filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), ports[0]))
	t.Cleanup(s.Kill)
	s.Run()
	s.Exec("CREATE USER admin WITH PASSWORD 'secretpw' WITH ALL PRIVILEGES")
	s.Exec("CREATE DATABASE " + Database)
	return s
}

func (s *Server) write(config string) {
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// Binary builds influxd once for all tests, outside the repository.
func Binary(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("VIGIE_INFLUXD"); named != "" {
		return named
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "vigie-test", "influxd-"+Version)
	binary := filepath.Join(dir, "influxd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // others may be building it
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "install", "-ldflags=-s -w", module)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		line := fmt.Sprintf("SKIPPED: tests against a real InfluxDB, which could not be built (%v). This provides it: GOBIN=%s go install %s", err, dir, module)
		fmt.Fprintln(os.Stderr, line)
		if os.Getenv("CI") != "" {
			t.Fatalf("%s\n%s", line, out)
		}
		t.Skip(line)
	}
	return binary
}

func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// Run starts the server, also again after Kill, and waits until it answers.
func (s *Server) Run() {
	s.t.Helper()
	out, err := os.OpenFile(s.config+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	s.cmd = exec.Command(s.binary, "run", "-config", s.config)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan error, 1)
	s.done = done
	go func(c *exec.Cmd) { done <- c.Wait() }(s.cmd)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(startTime); ; {
		select {
		case err := <-done:
			s.t.Fatalf("influxd ended: %v\n%s", err, s.log())
		case <-tick.C:
		}
		if resp, err := http.Get(s.URL + "/health"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("influxd does not answer:\n%s", s.log())
		}
	}
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		<-s.done
		s.cmd = nil
	}
}

// Pause stops the process (SIGSTOP). Connections stay open and get no answer.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume continues a paused process.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Table is one table of an InfluxQL answer.
type Table struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Columns []string          `json:"columns"`
	Values  [][]any           `json:"values"`
}

// Exec runs an InfluxQL query, and fails the test if the server reports an error. Numbers are json.Number, times nanoseconds
// since 1970.
func (s *Server) Exec(q string) []Table {
	s.t.Helper()
	tables, err := s.Query(q)
	if err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
	return tables
}

// Query is Exec, but returns the error.
func (s *Server) Query(q string) ([]Table, error) {
	form := url.Values{"q": {q}, "db": {Database}, "epoch": {"ns"}}
	req, err := http.NewRequest(http.MethodPost, s.URL+"/query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Token "+Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []Table
		}
	}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	var tables []Table
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, fmt.Errorf("%s", r.Error)
		}
		tables = append(tables, r.Series...)
	}
	return tables, nil
}

// log is the end of what the server said.
func (s *Server) log() []byte {
	text, _ := os.ReadFile(s.config + ".log")
	return text[max(0, len(text)-4000):]
}
