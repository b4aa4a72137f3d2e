package review

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// passwordFile is a file with the two users of withUsers.
func passwordFile(t testing.TB) (path string, o func(*Options)) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "users")
	setPassword(t, path, "ada", "correct horse battery", Reviewer)
	setPassword(t, path, "bob", "another long password", Reader)
	return path, func(o *Options) { o.PasswordFile = path }
}

func setPassword(t testing.TB, path, name, password string, role Role) {
	t.Helper()
	u, err := NewUser(name, password, role)
	require.NoError(t, err)
	require.NoError(t, WriteUser(path, u))
}

func as(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

// A changed password ends the sessions of its user at once, and those of nobody else.
func TestNewPasswordEndsSessions(t *testing.T) {
	path, o := passwordFile(t)
	rv := emptyReview(t, o).review
	ada, bob := as(login(t, rv, "ada", "correct horse battery")), as(login(t, rv, "bob", "another long password"))
	require.Equal(t, 200, get(rv, "/", ada).Code)
	require.Equal(t, 200, get(rv, "/", bob).Code)

	setPassword(t, path, "ada", "four new words here", Reviewer)
	require.Equal(t, 303, get(rv, "/", ada).Code)
	require.Equal(t, 401, get(rv, "/api/v1/events", ada).Code)
	require.Equal(t, 401, post(rv, "/verdicts", url.Values{"event": {"x"}, "judgement": {"benign"}}, ada).Code)
	require.Equal(t, 200, get(rv, "/", bob).Code)
	require.Equal(t, 401, guess(rv, "ada", "correct horse battery", "127.0.0.1:1").Code)
	ada = as(login(t, rv, "ada", "four new words here"))
	require.Equal(t, 200, get(rv, "/", ada).Code)

	setPassword(t, path, "ada", "four new words here", Reader) // the same words, in another role
	require.Equal(t, 303, get(rv, "/", ada).Code)
}

// Who is removed from the file is out at once. While there is no file that can be read, nobody is let in.
func TestRemovedUsersAreOut(t *testing.T) {
	path, o := passwordFile(t)
	rv := emptyReview(t, o).review
	ada, bob := as(login(t, rv, "ada", "correct horse battery")), as(login(t, rv, "bob", "another long password"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	require.NoError(t, os.WriteFile(path, []byte(lines[0]), 0o600))
	require.Equal(t, 200, get(rv, "/", ada).Code)
	require.Equal(t, 303, get(rv, "/", bob).Code)
	require.Equal(t, 401, guess(rv, "bob", "another long password", "192.0.2.8:1").Code)
	for what, change := range map[string]func() error{
		"no file":        func() error { return os.Remove(path) },
		"nobody in it":   func() error { return os.WriteFile(path, []byte("#\n"), 0o600) },
		"others read it": func() error { return os.Chmod(path, 0o644) },
		"no user in it":  func() error { return os.WriteFile(path, []byte("ada review plain\n"), 0o600) },
	} {
		require.NoError(t, os.WriteFile(path, []byte(lines[0]), 0o600))
		require.NoError(t, os.Chmod(path, 0o600))
		require.Equal(t, 200, get(rv, "/", ada).Code, "the file is as it was")
		require.NoError(t, change(), what)
		require.Equal(t, 303, get(rv, "/", ada).Code, what)
		require.Equal(t, 401, get(rv, "/api/v1/events", ada).Code, what)
	}
}

var sessionIDs = regexp.MustCompile(`name="id" value="([0-9a-f]{16})"`)

// Everybody sees and ends their own sessions; who may write, those of all.
func TestSessionsAreListedAndEnded(t *testing.T) {
	rv := emptyReview(t, withUsers(t)).review
	require.Equal(t, 303, get(rv, "/sessions").Code, "not without a login")
	ada, bob, phone := as(login(t, rv, "ada", "correct horse battery")), as(login(t, rv, "bob", "another long password")), as(login(t, rv, "bob", "another long password"))
	get(rv, "/", phone)

	page := get(rv, "/sessions", bob).Body.String()
	require.NotContains(t, page, "<td>ada")
	others := sessionIDs.FindAllStringSubmatch(page, -1)
	require.Len(t, others, 2, "a button for the other one, and one for all others")
	all := sessionIDs.FindAllStringSubmatch(get(rv, "/sessions", ada).Body.String(), -1)
	require.Len(t, all, 2)
	for _, s := range rv.sessionsOf(func(s session) bool { return s.User == "ada" }) {
		require.Equal(t, 404, post(rv, "/sessions/end", url.Values{"id": {s.ID}}, bob).Code, "a reader ends no session of others")
		require.NotContains(t, page, s.token)
	}
	require.Equal(t, 403, post(rv, "/sessions/end", url.Values{"id": {others[0][1]}}, bob, func(r *http.Request) {
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}).Code)

	require.Equal(t, 303, post(rv, "/sessions/end", url.Values{"id": {others[0][1]}}, bob).Code)
	require.Equal(t, 303, get(rv, "/", phone).Code, "ended")
	require.Equal(t, 200, get(rv, "/", bob).Code)
	left := sessionIDs.FindAllStringSubmatch(get(rv, "/sessions", ada).Body.String(), -1)
	require.Len(t, left, 1)
	require.Equal(t, 303, post(rv, "/sessions/end", url.Values{"id": {left[0][1]}}, ada).Code)
	require.Equal(t, 303, get(rv, "/", bob).Code)
	require.Equal(t, 401, post(rv, "/sessions/end", url.Values{"id": {left[0][1]}}, bob).Code)
}

func TestSessionsAreBounded(t *testing.T) {
	rv := emptyReview(t, withUsers(t)).review
	first := as(login(t, rv, "ada", "correct horse battery"))
	for range mostSessions {
		login(t, rv, "ada", "correct horse battery")
	}
	require.Len(t, rv.sessionStore.list(), mostSessions)
	require.Equal(t, 303, get(rv, "/", first).Code, "the oldest one has ended")
}

func TestEndedSessionStaysEnded(t *testing.T) {
	s := newSessionStore()
	require.NoError(t, s.Commit("token", []byte("x"), time.Now().Add(time.Hour)))
	require.NoError(t, s.Delete("token"))
	require.NoError(t, s.Commit("token", []byte("x"), time.Now().Add(time.Hour)), "by a request that began before")
	_, found, err := s.Find("token")
	require.NoError(t, err)
	require.False(t, found)
	require.NoError(t, s.Commit("short", []byte("x"), time.Now().Add(-time.Hour)))
	_, found, _ = s.Find("short")
	require.False(t, found, "expired")
	require.Empty(t, s.list())
}

// An open page ends with its session, and what it saves when it ends does not begin the session again.
func TestStreamEndsWithItsSession(t *testing.T) {
	for what, end := range map[string]func(t *testing.T, rv *Review, path string){
		"a new password": func(t *testing.T, _ *Review, path string) {
			setPassword(t, path, "ada", "four new words here", Reviewer)
		},
		"ended by hand": func(t *testing.T, rv *Review, _ string) {
			for _, s := range rv.sessionsOf(func(session) bool { return true }) {
				require.NoError(t, rv.sessionStore.Delete(s.token))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			path, o := passwordFile(t)
			rv := emptyReview(t, o).review
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- rv.Serve(ctx, l, nil) }()
			in := login(t, rv, "ada", "correct horse battery")
			r, err := http.NewRequest("GET", "http://"+l.Addr().String()+"/live", nil)
			require.NoError(t, err)
			r.AddCookie(in)
			stream, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.Equal(t, 200, stream.StatusCode)
			end(t, rv, path)
			ended := make(chan error, 1)
			go func() { _, err := io.Copy(io.Discard, stream.Body); ended <- err }()
			select {
			case <-ended:
			case <-time.After(4 * lookEvery):
				t.Error("the stream goes on")
			}
			require.Equal(t, 303, get(rv, "/", as(in)).Code)
			cancel()
			require.NoError(t, <-done)
		})
	}
}

// A position goes into the record: a reader cannot write one.
func TestReadersReportNoPosition(t *testing.T) {
	b := newBag(t, func(_ *bag, o *Options) { withUsers(t)(o) })
	send := func(who func(*http.Request)) int {
		return post(b.review, "/glance/position", nil, who, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(strings.NewReader(`{"lat":50.5,"lon":4.5}`))
		}).Code
	}
	ada, bob := as(login(t, b.review, "ada", "correct horse battery")), as(login(t, b.review, "bob", "another long password"))
	require.Equal(t, 403, send(bob))
	require.Empty(t, b.places)
	require.NotContains(t, get(b.review, "/glance", bob).Body.String(), `id="place"`)
	require.Equal(t, 204, send(ada))
	require.Equal(t, cell.Position{Lat: 50.5, Lon: 4.5}, <-b.places)
}

// A session that somebody else has chosen, or that was there before, is not the one that a login begins.
func TestSessionIsNotFixed(t *testing.T) {
	rv := emptyReview(t, withUsers(t)).review
	chosen := cookie("vigie-session", "chosen-by-somebody-else")
	in := login(t, rv, "bob", "another long password")
	for _, before := range []func(*http.Request){chosen, as(in)} {
		w := post(rv, "/login", url.Values{"name": {"ada"}, "password": {"correct horse battery"}}, before)
		require.Equal(t, 303, w.Code)
		require.Equal(t, 303, get(rv, "/", before).Code, "the one from before is nobody's")
		var set []*http.Cookie
		for _, c := range w.Result().Cookies() {
			if c.Name == "vigie-session" {
				set = append(set, c)
			}
		}
		require.Len(t, set, 1)
		require.Equal(t, 200, get(rv, "/", as(set[0])).Code)
	}
	for _, forged := range []string{"", "x", strings.Repeat("A", 43), "../../etc/passwd", "%00"} {
		require.Equal(t, 303, get(rv, "/", cookie("vigie-session", forged)).Code)
	}
}
