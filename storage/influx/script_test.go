package influx_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influx"
	"vigie/storage/storagetest"
)

// scripted is a server that answers writes as a test says, in the words that an InfluxDB 2.7 was heard to use, and keeps what
// it took as InfluxDB does: one point for a series and a time, its fields written over.
type scripted struct {
	*httptest.Server
	mu       sync.Mutex
	points   map[string]string // by series and time: fields
	requests int
	tokens   []string
	bodies   []int
	// answer gives what to answer; taken is called when the points are to be kept. nil takes everything.
	answer func(w http.ResponseWriter, r *http.Request, lines []string, taken func(lines ...string))
}

func newScripted(t testing.TB) *scripted {
	t.Helper()
	s := &scripted{points: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *scripted) handle(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	text, err := io.ReadAll(body)
	if err != nil || r.URL.Path != "/api/v2/write" {
		http.Error(w, "?", http.StatusBadRequest)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	s.bodies = append(s.bodies, len(text))
	taken := func(lines ...string) {
		for _, l := range lines {
			series, rest := cutUnescaped(l)
			if strings.HasSuffix(series, "probe,by=vigie") {
				continue // it has no time
			}
			fields, at := rest[:strings.LastIndexByte(rest, ' ')], rest[strings.LastIndexByte(rest, ' ')+1:]
			s.points[series+" "+at] = fields
		}
	}
	if s.answer == nil {
		taken(lines...)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.answer(w, r, lines, taken)
}

// cutUnescaped cuts a line after measurement and tags.
func cutUnescaped(l string) (series, rest string) {
	for i := 0; i < len(l); i++ {
		if l[i] == '\\' {
			i++
		} else if l[i] == ' ' {
			return l[:i], l[i+1:]
		}
	}
	return l, ""
}

func (s *scripted) script(f func(w http.ResponseWriter, r *http.Request, lines []string, taken func(lines ...string))) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// kept is what the server has.
func (s *scripted) kept() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for k, v := range s.points {
		all[k] = v
	}
	return all
}

// v2 answers as InfluxDB 2 does.
func v2(w http.ResponseWriter, status int, message string) {
	codes := map[int]string{400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not found", 413: "request too large", 422: "unprocessable entity", 429: "too many requests", 500: "internal error", 503: "unavailable"}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": codes[status], "message": message})
}

// wanted are the points that the store has, as a server would keep them.
func wanted(t testing.TB, s *storage.Store, o influx.Options) map[string]string {
	t.Helper()
	entries, err := influx.Entries(context.Background(), s)
	require.NoError(t, err)
	all := map[string]string{}
	for _, l := range influx.Lines(o, entries) {
		series, rest := cutUnescaped(l)
		at := rest[strings.LastIndexByte(rest, ' ')+1:]
		all[series+" "+at] = rest[:strings.LastIndexByte(rest, ' ')]
	}
	return all
}

func rejected(t testing.TB, s *storage.Store) (list []storage.Rejected) {
	t.Helper()
	total, seq, err := s.Rejected(context.Background())
	require.NoError(t, err)
	for a, err := range seq {
		require.NoError(t, err)
		list = append(list, a)
	}
	require.EqualValues(t, len(list), total)
	return list
}

// Whatever the server answers, everything arrives in the end, and only what it refuses permanently is rejected.
func TestAnswers(t *testing.T) {
	full := influx.Options{FullRate: true, Batch: 100}
	// always answers so for n requests, from the second on.
	times := func(n int, f func(w http.ResponseWriter, lines []string, taken func(...string))) func(*scripted) {
		return func(s *scripted) {
			count := 0
			s.script(func(w http.ResponseWriter, _ *http.Request, lines []string, taken func(...string)) {
				if count++; count > 1 && count <= n+1 {
					f(w, lines, taken)
					return
				}
				taken(lines...)
				w.WriteHeader(http.StatusNoContent)
			})
		}
	}
	status := func(n, code int, header ...string) func(*scripted) {
		return times(n, func(w http.ResponseWriter, _ []string, _ func(...string)) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			v2(w, code, "as scripted")
		})
	}
	for _, c := range []struct {
		name   string
		script func(*scripted)
	}{
		{"500 for a while", status(5, 500)},
		{"503 for a while", status(5, 503)},
		{"503 with a date", status(2, 503, "Retry-After", "Wed, 21 Oct 2115 07:28:00 GMT")},
		{"429 with Retry-After", status(3, 429, "Retry-After", "1")},
		{"429 with a Retry-After of ten years", status(2, 429, "Retry-After", "315360000")},
		{"a redirection", status(3, 307, "Location", "http://127.0.0.1:1/")},
		{"a captive portal", times(4, func(w http.ResponseWriter, _ []string, _ func(...string)) {
			fmt.Fprint(w, "<html>please log in</html>")
		})},
		{"201", status(3, 201)},
		{"418", status(3, 418)},
		{"an endless answer", times(1, func(w http.ResponseWriter, _ []string, _ func(...string)) {
			w.WriteHeader(500)
			for range 64 {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
			}
		})},
		{"taken, and the answer lost", times(3, func(w http.ResponseWriter, lines []string, taken func(...string)) {
			taken(lines...)
			panic(http.ErrAbortHandler)
		})},
		{"connection dropped in the middle", times(3, func(w http.ResponseWriter, lines []string, taken func(...string)) {
			taken(lines[:len(lines)/2]...)
			panic(http.ErrAbortHandler)
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := newScripted(t)
			srv.Config.ErrorLog = log.New(io.Discard, "", 0)
			c.script(srv)
			s := newStore(t)
			appendAll(t, s, storagetest.Day(300))
			require.NoError(t, s.PutEvents(context.Background(), storagetest.Events(10)...))
			o := full
			o.URL = srv.URL
			x := newInflux(t, s, o)
			x.Hurry(time.Hour)
			follow(t, x)
			want := wanted(t, s, full)
			until(t, "everything arrives", 20*time.Second, func() bool { return len(srv.kept()) == len(want) && x.Status().State == influx.Sending })
			require.Equal(t, want, srv.kept())
			require.Empty(t, rejected(t, s))
		})
	}
}

// One bad point in a batch is found by halving and stored as rejected, with the server's words; all others arrive.
func TestRejectsTheOneBadPoint(t *testing.T) {
	bad := func(l string) bool { return strings.Contains(l, "pci=107i") }
	for _, c := range []struct {
		name   string
		status int
		answer func(w http.ResponseWriter, lines []string, taken func(...string))
	}{
		{"2.x, the rest of the batch is stored", 422, func(w http.ResponseWriter, lines []string, taken func(...string)) {
			for _, l := range lines {
				if !bad(l) {
					taken(l)
				}
			}
			v2(w, 422, `failure writing points to database: partial write: a value that cannot be stored dropped=1`)
		}},
		{"2.x, a line that does not parse: nothing is stored", 400, func(w http.ResponseWriter, lines []string, _ func(...string)) {
			v2(w, 400, `unable to parse 'serving ...': invalid field format`)
		}},
		{"413 for it alone", 413, func(w http.ResponseWriter, lines []string, _ func(...string)) {
			v2(w, 413, "unable to read data: points batch is too large")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := newScripted(t)
			srv.script(func(w http.ResponseWriter, _ *http.Request, lines []string, taken func(...string)) {
				for _, l := range lines {
					if bad(l) {
						c.answer(w, lines, taken)
						return
					}
				}
				taken(lines...)
				w.WriteHeader(http.StatusNoContent)
			})
			s := newStore(t)
			appendAll(t, s, storagetest.Day(500))
			o := &cell.Observation{Time: storagetest.Start.Add(time.Hour), Sensor: "roof-1", Serving: &cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(107))}}
			appendAll(t, s, []cell.Record{o})
			appendAll(t, s, storagetest.Day(900)[501:])
			var said []string
			x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true, Log: func(l string) { said = append(said, l) }})
			x.Hurry(time.Hour)
			stop := follow(t, x)
			want := wanted(t, s, influx.Options{FullRate: true})
			until(t, "everything else arrives", 20*time.Second, func() bool { return len(srv.kept()) == len(want)-1 && x.Status().Rejected == 1 })
			stop()
			list := rejected(t, s)
			require.Len(t, list, 1)
			require.Contains(t, list[0].Point, "pci=107i")
			require.EqualValues(t, 501, list[0].Seq)
			require.Equal(t, c.status, list[0].Status)
			require.NotEmpty(t, list[0].Reason)
			require.Len(t, said, 1, "one line, whatever happens")
			for k, v := range want {
				if bad(v) {
					delete(want, k)
				}
			}
			require.Equal(t, want, srv.kept())
		})
	}
}

// A body that is too large is halved until it fits.
func TestHalvesWhatIsTooLarge(t *testing.T) {
	srv := newScripted(t)
	const most = 3000
	srv.script(func(w http.ResponseWriter, _ *http.Request, lines []string, taken func(...string)) {
		if len(strings.Join(lines, "\n")) > most {
			v2(w, 413, "too large")
			return
		}
		taken(lines...)
		w.WriteHeader(http.StatusNoContent)
	})
	s := newStore(t)
	appendAll(t, s, storagetest.Day(400))
	x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true, Gzip: true})
	follow(t, x)
	want := wanted(t, s, influx.Options{FullRate: true})
	until(t, "everything arrives", 20*time.Second, func() bool { return len(srv.kept()) == len(want) })
	require.Equal(t, want, srv.kept())
	require.Empty(t, rejected(t, s))
}

// What was wrong with everything may be mended between a refused point and the probe: that point is no bad one.
func TestMendedInBetween(t *testing.T) {
	srv := newScripted(t)
	mended := false
	srv.script(func(w http.ResponseWriter, r *http.Request, lines []string, taken func(...string)) {
		switch {
		case strings.HasPrefix(lines[0], "probe,"):
			mended = true
		case !mended:
			v2(w, http.StatusBadRequest, "no: "+lines[0])
			return
		default:
			taken(lines...)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	s := newStore(t)
	appendAll(t, s, storagetest.Day(20))
	follow(t, newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true}))
	want := wanted(t, s, influx.Options{FullRate: true})
	until(t, "everything arrives", 20*time.Second, func() bool { return len(srv.kept()) == len(want) })
	require.Equal(t, want, srv.kept())
	require.Empty(t, rejected(t, s))
}

// What only the operator can fix stops the sending, is reported in one line, loses nothing, and sending continues after a reload.
func TestStopsAndGoesOnAfterReload(t *testing.T) {
	for _, c := range []struct {
		status int
		says   string
	}{
		{401, "does not know the token"},
		{403, "may not write"},
		{404, "vigie influx init"},
		{400, "refuses every point"}, // also the probe
		{422, "refuses every point"},
		{413, "refuses every point"},
	} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			srv := newScripted(t)
			srv.script(func(w http.ResponseWriter, r *http.Request, lines []string, taken func(...string)) {
				if r.Header.Get("Authorization") == "Token the-better-one" {
					taken(lines...)
					w.WriteHeader(http.StatusNoContent)
					return
				}
				v2(w, c.status, "no: "+lines[0])
			})
			s := newStore(t)
			appendAll(t, s, storagetest.Day(50))
			file := tokenFile(t, "wrong-token-text")
			var mu sync.Mutex
			var said []string
			x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true, TokenFile: file, Log: func(l string) {
				mu.Lock()
				defer mu.Unlock()
				said = append(said, l)
			}})
			x.Hurry(time.Hour)
			follow(t, x)
			until(t, "it stops", 10*time.Second, func() bool { return x.Status().State == influx.Stopped })
			require.Contains(t, x.Status().Problem, c.says)
			require.Empty(t, rejected(t, s))
			before := x.Status().Requests
			require.NoError(t, x.Reload()) // with the same token: it stops again, and says nothing new
			until(t, "it tried again", 10*time.Second, func() bool { return x.Status().Requests > before && x.Status().State == influx.Stopped })
			require.NoError(t, os.WriteFile(file, []byte("the-better-one\n"), 0o600))
			require.NoError(t, x.Reload())
			want := wanted(t, s, influx.Options{FullRate: true})
			until(t, "everything arrives", 10*time.Second, func() bool { return len(srv.kept()) == len(want) && x.Status().State == influx.Sending })
			require.Equal(t, want, srv.kept())
			require.Empty(t, rejected(t, s))
			mu.Lock()
			defer mu.Unlock()
			require.Len(t, said, 2, "one line when it stops, one when it goes on: %q", said)
			for _, l := range said {
				for _, secret := range []string{"wrong-token-text", "the-better-one", "11016960", "272"} {
					require.NotContains(t, l, secret)
				}
			}
		})
	}
}

// No body, token or answer ever gets into a log.
func TestLogsNoContents(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	srv := newScripted(t)
	n := 0
	srv.script(func(w http.ResponseWriter, _ *http.Request, lines []string, taken func(...string)) {
		if n++; n < 9 {
			v2(w, []int{400, 500, 503, 429, 401, 413, 422, 302}[n-1], strings.Join(lines, "\n"))
			return
		}
		taken(lines...)
		w.WriteHeader(http.StatusNoContent)
	})
	s := newStore(t)
	appendAll(t, s, storagetest.Day(40))
	var said bytes.Buffer
	x := newInflux(t, s, influx.Options{URL: srv.URL, FullRate: true, Log: func(l string) { fmt.Fprintln(&said, l) }})
	x.Hurry(time.Hour)
	stop := follow(t, x)
	want := wanted(t, s, influx.Options{FullRate: true})
	until(t, "everything arrives", 10*time.Second, func() bool {
		if x.Status().State == influx.Stopped {
			_ = x.Reload()
		}
		return len(srv.kept()) == len(want)
	})
	stop()
	require.Empty(t, logged.String())
	require.NotContains(t, said.String(), "11016960")
	require.NotContains(t, said.String(), "serving")
	require.NotContains(t, said.String(), "secretpw")
}

func TestWaits(t *testing.T) {
	s, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	synctest.Test(t, func(t *testing.T) {
		x := newInflux(t, s, influx.Options{URL: "http://127.0.0.1:1", TokenFile: tokenFile(t, "x")})
		for _, c := range []struct {
			status   int
			after    string
			attempt  int
			from, to time.Duration
		}{
			{503, time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat), 0, 18 * time.Second, 26 * time.Second},
			{0, "", 0, 500 * time.Millisecond, time.Second},
			{503, "", 3, 4 * time.Second, 8 * time.Second},
			{503, "", 1000, time.Minute, 2 * time.Minute},
			{429, "7", 0, 7 * time.Second, 9 * time.Second},
			{503, "86400", 0, 5 * time.Minute, 7 * time.Minute},
			{429, "soon", 0, 500 * time.Millisecond, time.Second},
			{401, "", 0, 5 * time.Minute, 5 * time.Minute},
			{404, "", 9, 5 * time.Minute, 5 * time.Minute},
		} {
			d, err := x.PauseFor(context.Background(), c.status, c.after, c.attempt)
			require.NoError(t, err)
			require.GreaterOrEqual(t, d, c.from, "%+v", c)
			require.LessOrEqual(t, d, c.to, "%+v", c)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		d, err := x.PauseFor(ctx, 401, "", 0)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, d)
	})
}

func TestOptionsAreChecked(t *testing.T) {
	s, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	good := influx.Options{URL: "https://influx.example.org", Bucket: "obs", TokenFile: tokenFile(t, "secret-token")}
	_, err = influx.New(s, good)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*influx.Options){
		"no url":                         func(o *influx.Options) { o.URL = "" },
		"no scheme":                      func(o *influx.Options) { o.URL = "influx.example.org:8086" },
		"another scheme":                 func(o *influx.Options) { o.URL = "ftp://influx.example.org" },
		"token in the url":               func(o *influx.Options) { o.URL = "https://admin:secret-token@influx.example.org" },
		"unreadable, with one":           func(o *influx.Options) { o.URL = "https://admin:secret-token@[influx" },
		"no bucket":                      func(o *influx.Options) { o.Bucket = "" },
		"no such token file":             func(o *influx.Options) { o.TokenFile = "/nowhere/token" },
		"empty token":                    func(o *influx.Options) { o.TokenFile = tokenFile(t, "") },
		"token with a control character": func(o *influx.Options) { o.TokenFile = tokenFile(t, "secret-token\x00") },
		"no certificates":                func(o *influx.Options) { o.CAFile = o.TokenFile },
	} {
		o := good
		spoil(&o)
		_, err := influx.New(s, o)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret-token", name)
	}
}

// The token may come as a credential of systemd.
func TestTokenFromCredential(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/influx-token", []byte("from-systemd\r\n"), 0o400))
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	srv := newScripted(t)
	s := newStore(t)
	appendAll(t, s, storagetest.Day(1))
	x, err := influx.New(s, influx.Options{URL: srv.URL, Bucket: "obs"})
	require.NoError(t, err)
	defer x.Close()
	entries, err := influx.Entries(context.Background(), s)
	require.NoError(t, err)
	require.NoError(t, x.Write(context.Background(), entries))
	require.Equal(t, []string{"Token from-systemd"}, srv.tokens)
}
