package review

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/storage"
)

// emptyDesk is a review over a store with one event.
func emptyReview(t testing.TB, change ...func(*Options)) *town {
	t.Helper()
	s, err := storage.Open(context.Background(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	events := townEvents()[:1]
	require.NoError(t, s.PutEvents(context.Background(), events...))
	return &town{store: s, review: newReview(t, s, change...), events: events}
}

func withUsers(t testing.TB) func(*Options) {
	t.Helper()
	ada, err := NewUser("ada", "correct horse battery", Reviewer)
	require.NoError(t, err)
	bob, err := NewUser("bob", "another long password", Reader)
	require.NoError(t, err)
	return func(o *Options) { o.Users = []User{ada, bob} }
}

func TestHostIsChecked(t *testing.T) {
	tw := emptyReview(t, func(o *Options) { o.Hosts = []string{"pi.local", "192.0.2.7"} })
	for host, want := range map[string]int{"localhost:8440": 200, "127.0.0.1:8440": 200, "[::1]:8440": 200, "LOCALHOST": 200, "pi.local:8440": 200, "192.0.2.7": 200,
		"evil.example": 421, "evil.example:8440": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "": 421, "192.0.2.8": 421} {
		w := get(tw.review, "/", func(r *http.Request) { r.Host = host })
		require.Equal(t, want, w.Code, "host %q", host)
		if want != 200 {
			require.NotContains(t, w.Body.String(), tw.events[0].Summary)
		}
	}
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	tw := readTown(t)
	for _, p := range []string{"/", "/nowhere", "/assets/vigie.css", "/api/v1/events", "/event/" + tw.events[0].ID + "/report", "/event/" + tw.events[0].ID + "/bundle"} {
		h := get(tw.review, p).Header()
		csp := h.Get("Content-Security-Policy")
		require.NotEmpty(t, csp, p)
		require.NotContains(t, csp, "unsafe", p)
		require.Contains(t, csp, "default-src 'none'", p)
		require.Contains(t, csp, "frame-ancestors 'none'", p)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), p)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), p)
	}
}

func TestOtherPagesCannotPost(t *testing.T) {
	tw := emptyReview(t)
	form := url.Values{"event": {tw.events[0].ID}, "judgement": {"benign"}, "author": {"mallory"}}
	for name, change := range map[string]func(*http.Request){
		"another origin": func(r *http.Request) {
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
		"another site":         func(r *http.Request) { r.Header.Del("Origin"); r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"another port":         func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "http://localhost:9999") },
		"an origin of nothing": func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") },
		"no origin at all":     func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") },
	} {
		for _, path := range []string{"/verdicts", "/verdicts/undo", "/api/v1/verdicts", "/settings", "/login"} {
			w := post(tw.review, path, form, change)
			require.Equal(t, http.StatusForbidden, w.Code, "%s to %s", name, path)
		}
	}
	v, err := tw.store.Verdicts(context.Background(), tw.events[0].ID)
	require.NoError(t, err)
	require.Empty(t, v)
	require.Equal(t, http.StatusSeeOther, post(tw.review, "/verdicts", form).Code, "the desk's own page may")
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	tw := emptyReview(t)
	form := url.Values{"event": {tw.events[0].ID}, "judgement": {"benign"}, "reason": {strings.Repeat("x", mostBody)}}
	require.Equal(t, http.StatusRequestEntityTooLarge, post(tw.review, "/verdicts", form).Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, post(tw.review, "/verdicts", form, func(r *http.Request) { r.ContentLength = -1 }).Code, "of unknown length")
	require.Equal(t, http.StatusRequestEntityTooLarge, post(tw.review, "/api/v1/verdicts", nil, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"reason":"`), strings.NewReader(strings.Repeat("x", mostBody)), strings.NewReader(`"}`)))
		r.ContentLength = -1
	}).Code, "as JSON")
	form.Set("reason", strings.Repeat("x", mostReason+1))
	require.Equal(t, http.StatusBadRequest, post(tw.review, "/verdicts", form).Code, "a reason that is too long")
}

func TestPathsLeadNowhereElse(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("a secret"), 0o600))
	tw := emptyReview(t)
	for _, p := range []string{"/assets/../login.go", "/assets/..%2flogin.go", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets//etc/passwd", "/assets/" + dir + "/secret", "/assets/", "/assets/.", "/assets/..", "/assets/vigie.css/..",
		"/assets/vigie.css%00", "/templates/layout.html", "/tiles.pmtiles", "/event/..%2f..%2fetc%2fpasswd", "/event/%2e%2e", `/assets/..\..\etc`} {
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		u, err := url.Parse("http://localhost" + p)
		if err != nil {
			continue
		}
		r.URL = u
		w := httptest.NewRecorder()
		tw.review.Handler().ServeHTTP(w, r)
		require.Contains(t, []int{301, 307, 400, 404}, w.Code, p)
		require.NotContains(t, w.Body.String(), "root:")
		require.NotContains(t, w.Body.String(), "a secret")
	}
}

func TestFormsLeadBackToTheDeskOnly(t *testing.T) {
	tw := emptyReview(t)
	for back, want := range map[string]string{"/cells?q=1": "/cells?q=1", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "javascript:alert(1)": "/", "": "/", "/a\r\nX: y": "/"} {
		w := post(tw.review, "/settings", url.Values{"back": {back}, "lang": {"fr"}})
		require.Equal(t, want, w.Header().Get("Location"), "%q", back)
	}
}

func TestBeyondLoopbackOnlyWithPasswordAndTLS(t *testing.T) {
	loop, out := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.TCPAddr{IP: net.IPv4zero}
	require.NoError(t, MayListen(loop, false, false))
	require.NoError(t, MayListen(&net.TCPAddr{IP: net.IPv6loopback}, false, false))
	require.NoError(t, MayListen(out, true, true))
	for _, c := range []struct{ users, tls bool }{{false, false}, {false, true}, {true, false}} {
		err := MayListen(out, c.users, c.tls)
		require.Error(t, err)
		require.NotEmpty(t, err.(*refusal).Hint())
	}
	tw := emptyReview(t)
	l, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	require.Error(t, tw.review.Serve(context.Background(), l, nil), "and Serve asks")
	_, err = net.Dial("tcp", l.Addr().String())
	require.Error(t, err, "the listener is closed")
}

func TestLogin(t *testing.T) {
	tw := emptyReview(t, withUsers(t))
	d := tw.review
	for _, p := range []string{"/", "/event/" + tw.events[0].ID, "/cells", "/event/" + tw.events[0].ID + "/bundle", "/period/report?from=2026-11-22&to=2026-11-22"} {
		w := get(d, p)
		require.Equal(t, http.StatusSeeOther, w.Code, p)
		require.Equal(t, "/login", w.Header().Get("Location"))
		require.NotContains(t, w.Body.String(), tw.events[0].Summary)
	}
	require.Equal(t, 401, get(d, "/api/v1/events").Code)
	require.Equal(t, 401, get(d, "/live").Code)
	require.Equal(t, 401, post(d, "/verdicts", url.Values{"event": {tw.events[0].ID}, "judgement": {"benign"}}).Code)
	require.Equal(t, 200, get(d, "/login").Code)
	require.Equal(t, 401, post(d, "/login", url.Values{"name": {"ada"}, "password": {"wrong"}}).Code)
	require.Equal(t, 401, post(d, "/login", url.Values{"name": {"nobody"}, "password": {"correct horse battery"}}).Code)

	in := login(t, d, "ada", "correct horse battery")
	require.True(t, in.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, in.SameSite)
	as := func(r *http.Request) { r.AddCookie(in) }
	require.Contains(t, get(d, "/", as).Body.String(), `data-id="`+tw.events[0].ID)
	w := post(d, "/verdicts", url.Values{"event": {tw.events[0].ID}, "judgement": {"unsure"}, "author": {"somebody else"}}, as)
	require.Equal(t, http.StatusSeeOther, w.Code)
	v, ok, err := tw.store.VerdictOf(context.Background(), tw.events[0].ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ada", v.Author, "the user who is logged in signs")

	require.Equal(t, http.StatusSeeOther, post(d, "/logout", nil, as).Code)
	require.Equal(t, http.StatusSeeOther, get(d, "/", as).Code, "the session is over")
}

func login(t *testing.T, d *Review, name, password string) *http.Cookie {
	t.Helper()
	w := post(d, "/login", url.Values{"name": {name}, "password": {password}})
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	for _, c := range w.Result().Cookies() {
		if c.Name == "vigie-session" {
			return c
		}
	}
	t.Fatal("no session")
	return nil
}

func TestReadersCannotDecide(t *testing.T) {
	tw := emptyReview(t, withUsers(t))
	in := login(t, tw.review, "bob", "another long password")
	as := func(r *http.Request) { r.AddCookie(in) }
	form := url.Values{"event": {tw.events[0].ID}, "judgement": {"benign"}}
	page := get(tw.review, "/event/"+tw.events[0].ID, as)
	require.Equal(t, 200, page.Code)
	require.NotContains(t, page.Body.String(), `action="/verdicts"`)
	require.Equal(t, 403, post(tw.review, "/verdicts", form, as).Code)
	require.Equal(t, 403, post(tw.review, "/verdicts/undo", form, as).Code)
	readOnly := emptyReview(t, func(o *Options) { o.ReadOnly = true })
	require.Equal(t, 403, post(readOnly.review, "/verdicts", url.Values{"event": {readOnly.events[0].ID}, "judgement": {"benign"}}).Code)
	noWriter := emptyReview(t, func(o *Options) { o.Verdicts = nil })
	require.Equal(t, 403, post(noWriter.review, "/verdicts", url.Values{"event": {noWriter.events[0].ID}, "judgement": {"benign"}}).Code)
}

func TestPasswordFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	u, err := NewUser("ada", "correct horse battery", Reviewer)
	require.NoError(t, err)
	require.NoError(t, WriteUser(path, u))
	b, err := NewUser("bob", "another long password", Reader)
	require.NoError(t, err)
	require.NoError(t, WriteUser(path, b))
	again, err := NewUser("ada", "yet another password", Reader)
	require.NoError(t, err)
	require.NoError(t, WriteUser(path, again))
	users, err := ReadUsers(path)
	require.NoError(t, err)
	require.Equal(t, []User{b, again}, users)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "password")
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = ReadUsers(path)
	require.ErrorContains(t, err, "read by others")
	const hash = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE"
	for _, bad := range []string{"ada review", "ada root $argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWE$" + hash, "ada review plain", "",
		"ada review $argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWE$", "ada review $argon2id$v=19$m=19456,t=0,p=1$YWFhYWFhYWE$" + hash, "ada review $argon2id$v=19$m=19456,t=2,p=0$YWFhYWFhYWE$" + hash,
		"ada review $argon2id$v=19$m=4294967295,t=2,p=1$YWFhYWFhYWE$" + hash, "ada review $argon2id$v=19$m=19456,t=4294967295,p=1$YWFhYWFhYWE$" + hash} {
		require.NoError(t, os.WriteFile(path, []byte(bad+"\n"), 0o600))
		require.NoError(t, os.Chmod(path, 0o600))
		_, err = ReadUsers(path)
		require.Error(t, err, "%q", bad)
	}
	_, err = NewUser("ada", "short", Reviewer)
	require.Error(t, err)
	_, err = NewUser("a b", "correct horse battery", Reviewer)
	require.Error(t, err)
}

func TestCertificateOfOurOwn(t *testing.T) {
	dir := t.TempDir()
	c, err := Certificate(dir, []string{"pi.local", "192.0.2.7"}, townNow)
	require.NoError(t, err)
	require.Len(t, Fingerprint(c), 95)
	same, err := Certificate(dir, []string{"192.0.2.7"}, townNow.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, Fingerprint(c), Fingerprint(same), "it is kept")
	other, err := Certificate(dir, []string{"elsewhere.local"}, townNow)
	require.NoError(t, err)
	require.NotEqual(t, Fingerprint(c), Fingerprint(other), "a name that it lacks")
	late, err := Certificate(dir, []string{"elsewhere.local"}, townNow.Add(2*certificateAge))
	require.NoError(t, err)
	require.NotEqual(t, Fingerprint(other), Fingerprint(late), "it ran out")
	info, err := os.Stat(filepath.Join(dir, "review-key.pem"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestServeOverTLSAndCloseDown(t *testing.T) {
	tw := emptyReview(t, withUsers(t), func(o *Options) { o.Hosts = []string{"127.0.0.1"} })
	cert, err := Certificate(t.TempDir(), []string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tw.review.Serve(ctx, l, &tls.Config{Certificates: []tls.Certificate{cert}}) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	base := "https://" + l.Addr().String()
	r, err := http.NewRequest("POST", base+"/login", strings.NewReader(url.Values{"name": {"ada"}, "password": {"correct horse battery"}}.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", base)
	w, err := client.Do(r)
	require.NoError(t, err)
	w.Body.Close()
	require.Equal(t, 303, w.StatusCode)
	require.Contains(t, w.Header.Get("Set-Cookie"), "__Host-vigie-session=")
	require.Contains(t, w.Header.Get("Set-Cookie"), "Secure")
	require.NotEmpty(t, w.Header.Get("Strict-Transport-Security"))

	live, err := http.NewRequest("GET", base+"/live", nil) // a stream that is open does not hold up closing down
	require.NoError(t, err)
	name, value, _ := strings.Cut(strings.Split(w.Header.Get("Set-Cookie"), ";")[0], "=")
	live.AddCookie(&http.Cookie{Name: name, Value: value})
	stream, err := client.Do(live)
	require.NoError(t, err)
	require.Equal(t, 200, stream.StatusCode)
	hello := make([]byte, 16)
	_, err = io.ReadFull(stream.Body, hello)
	require.NoError(t, err)
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("it does not close down")
	}
	stream.Body.Close()
}

func TestSlowClientsAreLeftBehind(t *testing.T) {
	tw := emptyReview(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tw.review.Serve(ctx, l, nil) }()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ") // and never more
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(15*time.Second)))
	answer, err := io.ReadAll(c)
	require.NoError(t, err, "the connection is closed before we give up")
	require.NotContains(t, string(answer), "200 OK")
	cancel()
	require.NoError(t, <-done)
}
