package influx_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// soak makes the long form of tests: what make soak sets.
func soak() bool { return os.Getenv("VIGIE_SOAK") != "" }

// faulty stands between Vigie and a real server and does to requests what networks and servers do.
type faulty struct {
	*httptest.Server
	to     string
	watch  func(body []byte) // is shown what the server took; may be nil
	passed atomic.Int64      // points that the server took
	mu     sync.Mutex
	todo   []func(w http.ResponseWriter, r *http.Request, body []byte) // one a request, in order
	met    map[string]int                                              // faults that requests ran into
}

func newFaulty(t testing.TB, to string) *faulty {
	t.Helper()
	f := &faulty{to: to, met: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.handle))
	t.Cleanup(f.Close)
	return f
}

func (f *faulty) handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f.mu.Lock()
	var fault func(http.ResponseWriter, *http.Request, []byte)
	if len(f.todo) > 0 {
		fault, f.todo = f.todo[0], f.todo[1:]
	}
	f.mu.Unlock()
	if fault != nil {
		fault(w, r, body)
		return
	}
	resp, err := f.forward(r, body)
	if err != nil {
		f.count("server unreachable")
		panic(http.ErrAbortHandler) // as the kernel does for a server that is gone
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		f.passed.Add(int64(bytes.Count(body, []byte("\n")) + 1))
		if f.watch != nil {
			f.watch(body)
		}
	} else {
		f.count(fmt.Sprint("server says ", resp.StatusCode))
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (f *faulty) forward(r *http.Request, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, f.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = r.Header.Clone()
	return http.DefaultClient.Do(req)
}

func (f *faulty) count(what string) {
	f.mu.Lock()
	f.met[what]++
	f.mu.Unlock()
}

// next makes the next requests run into a fault, and returns when they have.
func (f *faulty) next(t testing.TB, n int, what string, fault func(w http.ResponseWriter, r *http.Request, body []byte)) {
	t.Helper()
	var met atomic.Int64
	f.mu.Lock()
	for range n {
		f.todo = append(f.todo, func(w http.ResponseWriter, r *http.Request, body []byte) {
			defer met.Add(1)
			f.count(what)
			fault(w, r, body)
		})
	}
	f.mu.Unlock()
	until(t, what, time.Minute, func() bool { return met.Load() == int64(n) })
}

// child is a Vigie of its own, which can be killed: this test binary, running TestChild.
type child struct {
	t       testing.TB
	env     []string
	cmd     *exec.Cmd
	done    chan struct{}
	through atomic.Int64
	aside   atomic.Int64
	all     atomic.Bool // everything is recorded, and sent
}

func (c *child) start() {
	c.t.Helper()
	c.cmd = exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	c.cmd.Env = append(os.Environ(), c.env...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var errs bytes.Buffer
	c.cmd.Stderr = &errs
	out, err := c.cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, c.cmd.Start())
	done := make(chan struct{})
	c.done = done
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var through, aside, all int64
			if n, _ := fmt.Sscanf(lines.Text(), "through %d aside %d all %d", &through, &aside, &all); n == 3 {
				c.through.Store(through)
				c.aside.Store(aside)
				c.all.Store(all == 1)
			} else if strings.Contains(lines.Text(), "FAIL") || strings.Contains(lines.Text(), "Error") {
				fmt.Fprintln(os.Stderr, "child:", lines.Text())
			}
		}
	}()
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
	_ = c.cmd.Wait()
}

// TestChild is no test: it is the program that TestSurvives runs and kills. It records a history as fast as it is
// told to, and follows.
func TestChild(t *testing.T) {
	path, url := os.Getenv("VIGIE_CHILD_STORE"), os.Getenv("VIGIE_CHILD_URL")
	if path == "" {
		t.Skip("only as a child of TestSurvives")
	}
	var n int
	_, _ = fmt.Sscan(os.Getenv("VIGIE_CHILD_RECORDS"), &n)
	ctx := context.Background()
	s, err := storage.Open(ctx, path, storage.Options{Create: true})
	require.NoError(t, err)
	x := newInflux(t, s, influx.Options{URL: url, FullRate: true, Timeout: 5 * time.Second, Batch: 2000})
	x.Hurry(200 * time.Millisecond)
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		day, events := storagetest.Day(n), storagetest.Events(n/200)
		for i := 0; i < len(day); i += 500 { // what is there already adds nothing
			recs := append([]cell.Record(nil), day[i:min(i+500, len(day))]...)
			at := storagetest.Start.Add(time.Duration(i) * time.Second)
			recs = append(recs, &cell.Gap{Time: at, Sensor: "roof-1", Reason: "silent", Until: at.Add(time.Second)}, &cell.Health{Time: at, Sensor: "roof-1", Reason: "decode_reject", Count: i})
			if i%5000 == 0 {
				recs = append(recs, &cell.Clock{Time: at, Sensor: "roof-1", Offset: time.Second})
			}
			if err := s.Append(ctx, recs...); err != nil {
				panic(err)
			}
			if k := i / 200; k+2 < len(events) {
				if err := s.PutEvents(ctx, events[k:k+3]...); err != nil {
					panic(err)
				}
			}
		}
		if err := s.PutEvents(ctx, events...); err != nil {
			panic(err)
		}
	}()
	go func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
			all := 0
			select {
			case <-recorded:
				if everythingSent(x, s)() {
					all = 1
				}
			default:
			}
			st := x.Status()
			fmt.Printf("\nthrough %d aside %d all %d\n", st.Through, st.Rejected, all)
		}
	}()
	_ = x.Follow(ctx, "influx")
}

// Everything that can go wrong goes wrong. At the end the server has exactly the points of the store, except those that it
// refused, which are stored as rejected.
func TestSurvives(t *testing.T) {
	t.Parallel() // it mostly waits
	n := 34_000  // observations, of six points each
	if soak() {
		n = 170_000
	}
	dir := t.TempDir()
	disk := mountSmall(t, dir)
	srv := influxdtest.StartIn(t, dir)
	f := newFaulty(t, srv.URL)
	f.Config.ErrorLog = nil

	// A conflict of types (which InfluxDB 1.8 notices within a week's shard) makes the server refuse every clock line, and nothing else.
	conflict := fmt.Sprintf(`health,sensor=roof-1 offset_s="a text" %d`, storagetest.Start.UnixNano()+1)
	resp, err := http.DefaultClient.Do(request(t, srv.URL+"/api/v2/write?bucket=obs&org=-", conflict))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusNoContent, resp.StatusCode)

	path := filepath.Join(t.TempDir(), "vigie.db")
	c := &child{t: t, env: []string{"VIGIE_CHILD_STORE=" + path, "VIGIE_CHILD_URL=" + f.URL, fmt.Sprint("VIGIE_CHILD_RECORDS=", n), "TMPDIR=" + t.TempDir()}}
	c.start()
	defer func() { c.kill() }()

	answer := func(status int, header ...string) func(http.ResponseWriter, *http.Request, []byte) {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			v2(w, status, "as scripted")
		}
	}
	drop := func(forward float64) func(http.ResponseWriter, *http.Request, []byte) {
		return func(w http.ResponseWriter, r *http.Request, body []byte) {
			if part := body[:int(float64(len(body))*forward)]; len(part) > 0 {
				if cut := bytes.LastIndexByte(part, '\n'); forward < 1 && cut > 0 {
					part = part[:cut]
				}
				if resp, err := f.forward(r, part); err == nil {
					resp.Body.Close()
				}
			}
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
				conn.Close()
			}
		}
	}
	faults := []func(){
		func() { f.next(t, 1, "400", answer(400)) },
		func() { f.next(t, 3, "401", answer(401)) },
		func() { f.next(t, 3, "404", answer(404)) },
		func() { f.next(t, 1, "413", answer(413)) },
		func() { f.next(t, 3, "429", answer(429, "Retry-After", "1")) },
		func() { f.next(t, 3, "500", answer(500)) },
		func() { f.next(t, 3, "503", answer(503, "Retry-After", "100000")) },
		func() { f.next(t, 3, "dropped before", drop(0)) },
		func() { f.next(t, 3, "dropped in the middle", drop(0.5)) },
		func() { f.next(t, 3, "answer dropped", drop(1)) },
		func() {
			srv.Pause()
			<-time.After(time.Minute)
			srv.Resume()
		},
		func() {
			if disk.dir != "" {
				disk.fill()
				until(t, "the server's disk is full", time.Minute, f.saw("server says 500"))
				disk.free()
				srv.Kill() // 1.8 answers 500 until it is restarted, however much room there is
				srv.Run()
			}
		},
	}
	for range 5 {
		faults = append(faults, func() { srv.Kill(); srv.Run() }, func() { c.kill(); c.start() })
	}
	// Spread over the points, the kinds mixed.
	order := []int{12, 0, 13, 1, 14, 2, 15, 3, 11, 16, 4, 10, 5, 17, 6, 18, 7, 19, 8, 20, 9, 21}
	require.Len(t, order, len(faults))
	total := int64(6 * n)
	for i, k := range order {
		share := total * int64(i+1) / int64(len(order)+2)
		until(t, fmt.Sprintf("%d points have passed", share), 2*time.Minute, func() bool { return f.passed.Load() >= share || c.all.Load() })
		began := time.Now()
		faults[k]()
		t.Logf("fault %d at %d points took %s", k, f.passed.Load(), time.Since(began).Round(time.Millisecond))
	}
	until(t, "everything is sent", 5*time.Minute, c.all.Load)
	c.kill()
	c.start() // and once more after the end
	until(t, "everything is sent again", time.Minute, c.all.Load)
	c.kill()
	t.Logf("%d points passed for %d points of the store; requests met %v", f.passed.Load(), total, f.met)
	for _, what := range []string{"400", "401", "404", "413", "429", "500", "503", "dropped before", "dropped in the middle", "answer dropped", "server unreachable"} {
		require.NotZero(t, f.met[what], what)
	}

	s, err := storage.Open(context.Background(), path, storage.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Check(context.Background()))
	requireSame(t, s, srv)
	refused := rejected(t, s)
	clocks := 0
	for e, err := range s.Records(context.Background(), storage.Query{}) {
		require.NoError(t, err)
		if _, ok := e.Record.(*cell.Clock); ok {
			clocks++
		}
	}
	require.NotZero(t, clocks)
	require.Len(t, refused, 1, "the field of the clock lines, once, and nothing else")
	for _, a := range refused {
		require.Equal(t, "health offset_s", a.Point)
		require.Contains(t, a.Reason, "field type conflict")
		require.Equal(t, 400, a.Status)
	}
}

func (f *faulty) saw(what string) func() bool {
	before := 0
	f.mu.Lock()
	before = f.met[what]
	f.mu.Unlock()
	return func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.met[what] > before
	}
}

func request(t testing.TB, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Token "+influxdtest.Token)
	return req
}

// small is a disk of the server's own, that can be full.
type small struct {
	dir string // "": there is none
}

// mountSmall mounts a disk of 96 MB on dir; without the right to, the server's disk is never full, and it is said.
func mountSmall(t testing.TB, dir string) small {
	t.Helper()
	size := "96m"
	if soak() {
		size = "512m"
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: a server whose disk is full, for lack of the right to mount one (%v). This provides it: run the tests as root\n", err)
		return small{}
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return small{dir}
}

func (d small) fill() {
	if d.dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(d.dir, "filler"))
	if err != nil {
		return
	}
	defer f.Close()
	for size := 1 << 20; size >= 512; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

func (d small) free() { _ = os.Remove(filepath.Join(d.dir, "filler")) }
