package review

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
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

// NewUser returns a user with the hash of a password.
func NewUser(name, password string, role Role) (User, error) {
	if name == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return User{}, &refusal{fmt.Sprintf("%q is not a name to log in with", name), "one word of at most 64 characters"}
	}
	if len([]rune(password)) < shortestPassword || len(password) > 1024 {
		return User{}, &refusal{"the password is too short", fmt.Sprintf("at least %d characters; a few words are easy to remember and hard to guess", shortestPassword)}
	}
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return User{}, fmt.Errorf("hashing the password: %w", err)
	}
	return User{name, role, hash}, nil
}

// ReadUsers reads a password file: one line for each user: name, role ("review" or "read") and hash, separated by spaces; lines
// that begin with # are comments.
func ReadUsers(path string) ([]User, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, &refusal{fmt.Sprintf("password file %s can be read by others", path), "chmod 600 " + path}
	}
	var users []User
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 3 || words[1] != string(Reader) && words[1] != string(Reviewer) {
			return nil, &refusal{fmt.Sprintf("%s:%d: not a user", path, n), "a line is: name, review or read, and a hash as vigie review --set-password writes it"}
		}
		if _, _, _, err := argon2id.DecodeHash(words[2]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		users = append(users, User{words[0], Role(words[1]), words[2]})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("password file: %w", err)
	}
	if len(users) == 0 {
		return nil, &refusal{fmt.Sprintf("password file %s names nobody", path), "vigie review --set-password NAME adds somebody"}
	}
	return users, nil
}

// WriteUser adds a user to a password file, in place of an older line of the same name.
func WriteUser(path string, u User) error {
	var keep []string
	if text, err := os.ReadFile(path); err == nil {
		for l := range strings.Lines(string(text)) {
			if w := strings.Fields(l); len(w) > 0 && w[0] != u.Name {
				keep = append(keep, strings.TrimSpace(l))
			}
		}
	}
	keep = append(keep, fmt.Sprintf("%s %s %s", u.Name, u.Role, u.Hash))
	next := path + ".new"
	if err := os.WriteFile(next, []byte(strings.Join(keep, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("password file: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("password file: %w", err)
	}
	return nil
}

// gate slows down guessing: after a few failures from one place each further attempt must wait, twice as long as the one before.
// Places are IPv4 addresses and IPv6 /64 networks. Their number is bounded; failures from all places together have a higher
// bound.
type gate struct {
	mu    sync.Mutex
	from  map[netip.Prefix]*failures
	all   failures
	check sync.Mutex // one password at a time: each costs 19 MiB
}

type failures struct {
	n     int
	until time.Time
}

const (
	freeTries    = 5
	freeTriesAll = 100
	mostPlaces   = 4096
	longestWait  = 15 * time.Minute
)

func place(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// wait is how long a place must wait before the next attempt; 0: it may be now.
func (g *gate) wait(p netip.Prefix, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	until := g.all.until
	if f := g.from[p]; f != nil && f.until.After(until) {
		until = f.until
	}
	return until.Sub(now)
}

func (g *gate) failed(p netip.Prefix, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.from == nil || len(g.from) >= mostPlaces { // forgetting all is safe: the count over all places continues
		g.from = map[netip.Prefix]*failures{}
	}
	f := g.from[p]
	if f == nil {
		f = &failures{}
		g.from[p] = f
	}
	f.fail(now, freeTries, longestWait)
	g.all.fail(now, freeTriesAll, 10*time.Second)
}

func (f *failures) fail(now time.Time, free int, longest time.Duration) {
	if now.Sub(f.until) > 2*longestWait && !f.until.IsZero() {
		f.n = 0
	}
	f.n++
	f.until = now
	if over := f.n - free; over >= 0 {
		f.until = now.Add(min(time.Second<<min(over, 20), longest))
	}
}

func (g *gate) passed(p netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.from, p)
	g.all = failures{}
}

// noUser is compared if the name is unknown, so that the answer takes as long.
var noUser = sync.OnceValue(func() string {
	h, _ := argon2id.CreateHash("nobody has this password", hashing)
	return h
})

// identify finds the user with this name and password.
func (rv *Review) identify(name, password string) (User, bool) {
	rv.gate.check.Lock()
	defer rv.gate.check.Unlock()
	user, hash := User{}, noUser()
	for _, u := range rv.o.Users {
		if u.Name == name {
			user, hash = u, u.Hash
		}
	}
	if len(password) > 1024 {
		password = ""
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	return user, ok && err == nil && user.Name != ""
}

type userKey struct{}

// who is the user of a request; the zero User without login.
func who(r *http.Request) User {
	u, _ := r.Context().Value(userKey{}).(User)
	return u
}

// mayDecide reports whether the user of a request may give verdicts.
func (rv *Review) mayDecide(r *http.Request) bool {
	return !rv.o.ReadOnly && (len(rv.o.Users) == 0 || who(r).Role == Reviewer)
}

// loggedIn lets only users pass who have logged in; anybody if there are no users.
func (rv *Review) loggedIn(next http.Handler) http.Handler {
	if len(rv.o.Users) == 0 {
		return next
	}
	check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := rv.sessions.GetString(r.Context(), "user")
		for _, u := range rv.o.Users {
			if u.Name == name && name != "" {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, u)))
				return
			}
		}
		switch {
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
	if len(rv.o.Users) == 0 || who(r).Name != "" {
		http.Redirect(w, r, rv.front(), http.StatusSeeOther)
		return
	}
	rv.render(w, r, http.StatusOK, "login", "login.title", loginBody{TLS: r.TLS != nil})
}

func (rv *Review) login(w http.ResponseWriter, r *http.Request) {
	from, now := place(r.RemoteAddr), rv.now()
	if wait := rv.gate.wait(from, now); wait > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
		rv.render(w, r, http.StatusTooManyRequests, "login", "login.title", loginBody{"login.wait", r.TLS != nil})
		return
	}
	user, ok := rv.identify(r.PostForm.Get("name"), r.PostForm.Get("password"))
	if !ok {
		rv.gate.failed(from, now)
		rv.render(w, r, http.StatusUnauthorized, "login", "login.title", loginBody{"login.wrong", r.TLS != nil})
		return
	}
	rv.gate.passed(from)
	if err := rv.sessions.RenewToken(r.Context()); err != nil { // prevents session fixation
		rv.fail(w, r, err)
		return
	}
	rv.sessions.Put(r.Context(), "user", user.Name)
	http.Redirect(w, r, rv.front(), http.StatusSeeOther)
}

func (rv *Review) logout(w http.ResponseWriter, r *http.Request) {
	if len(rv.o.Users) > 0 {
		if err := rv.sessions.Destroy(r.Context()); err != nil {
			rv.fail(w, r, err)
			return
		}
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
