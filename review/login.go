package review

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
)

// Role is what a user may do.
type Role string

// The roles.
const (
	Reader   Role = "read"   // sees everything, decides nothing
	Reviewer Role = "review" // gives verdicts too
)

// User may log in.
type User struct {
	Name string
	Role Role
	Hash string // argon2id, in its usual form: $argon2id$v=19$m=...
}

// hashing fits a Raspberry Pi: 19 MiB, two passes, one thread (the second choice of the OWASP password storage cheat sheet).
var hashing = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// shortestPassword is in characters. There is no rule about signs and digits: length matters.
const shortestPassword = 10

// longestPassword is in bytes.
const longestPassword = 1024

// NewUser returns a user with the hash of a password.
func NewUser(name, password string, role Role) (User, error) {
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return User{}, &refusal{fmt.Sprintf("%q is not a name to log in with", name), "one word of at most 64 characters"}
	}
	if len([]rune(password)) < shortestPassword || len(password) > longestPassword {
		return User{}, &refusal{"the password is too short", fmt.Sprintf("at least %d characters; a few words are easy to remember and hard to guess", shortestPassword)}
	}
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return User{}, fmt.Errorf("hashing the password: %w", err)
	}
	return User{name, role, hash}, nil
}

type userKey struct{}

// who is the user of a request; the zero User without login.
func who(r *http.Request) User {
	u, _ := r.Context().Value(userKey{}).(User)
	return u
}

// mayDecide reports whether the user of a request may write: give verdicts, report a position, end the sessions of others.
func (rv *Review) mayDecide(r *http.Request) bool {
	return !rv.o.ReadOnly && (!rv.accounts.needed() || who(r).Role == Reviewer)
}

// loggedIn lets only users pass who have logged in; anybody if no login is needed. A session ends with the password under which
// it began, and with its user.
func (rv *Review) loggedIn(next http.Handler) http.Handler {
	if !rv.accounts.needed() {
		return next
	}
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, ok := rv.userOf(r.Context()); ok {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, u)))
			return
		}
		if rv.keyed(w, r, next) {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBodyOfStranger)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeWithin)) // a slow reader holds a connection
		switch {
		case rv.discreet() && r.URL.Path != "/login" && r.URL.Path != plainPath:
			rv.refuseStranger(w, r)
		case r.URL.Path == "/login" || strings.HasPrefix(r.URL.Path, "/assets/"):
			next.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/") || !safeMethod(r.Method) || r.URL.Path == "/live" || r.URL.Path == "/glance/live":
			rv.refuse(w, r, http.StatusUnauthorized, "refuse.login")
		default:
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		}
	})
	return rv.sessions.LoadAndSave(check)
}

// loginBody is what the template shows.
type loginBody struct {
	Wrong string // key of what was wrong
	TLS   bool   // there is a certificate to compare
}

func (rv *Review) showLogin(w http.ResponseWriter, r *http.Request) {
	if !rv.accounts.needed() || who(r).Name != "" {
		http.Redirect(w, r, rv.front(), http.StatusSeeOther)
		return
	}
	rv.render(w, r, http.StatusOK, "login", "login.title", loginBody{TLS: r.TLS != nil})
}

func (rv *Review) login(w http.ResponseWriter, r *http.Request) {
	if !rv.accounts.needed() {
		http.Redirect(w, r, rv.front(), http.StatusSeeOther)
		return
	}
	refuse := func(status int, word string) {
		rv.render(w, r, status, "login", "login.title", loginBody{word, r.TLS != nil})
	}
	name := r.PostForm.Get("name")
	t, wait := rv.gate.admit(name, place(r.RemoteAddr), rv.now())
	if wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
		refuse(http.StatusTooManyRequests, "login.wait")
		return
	}
	user, ok, err := rv.identify(r.Context(), name, r.PostForm.Get("password"))
	switch {
	case err != nil:
		rv.gate.takeBack(t)
		w.Header().Set("Retry-After", "5")
		refuse(http.StatusServiceUnavailable, "login.wait")
		return
	case !ok:
		refuse(http.StatusUnauthorized, "login.wrong")
		return
	}
	rv.gate.passed(t)
	if err := rv.beginSession(r, user); err != nil {
		rv.fail(w, r, err)
		return
	}
	http.Redirect(w, r, rv.front(), http.StatusSeeOther)
}

func (rv *Review) logout(w http.ResponseWriter, r *http.Request) {
	if rv.accounts.needed() {
		if err := rv.sessions.Destroy(r.Context()); err != nil {
			rv.fail(w, r, err)
			return
		}
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
