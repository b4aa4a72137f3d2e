package review

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// An API key lets a script read the API where people log in: "Authorization: Bearer NAME.KEY" (RFC 6750). NAME is a user of the password
// file, who may read, and KEY the password of that user, which NewKey has drawn.

// NewKey returns a user of this name who may read, and the API key that is told once.
func NewKey(name string) (u User, key string, err error) {
	secret := rand.Text() // 128 bits
	u, err = NewUser(name, secret, Reader)
	return u, name + "." + secret, err
}

// bearer is the name and the secret of the API key of a request.
func bearer(r *http.Request) (name, secret string, ok bool) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(text) > longestName+longestPassword {
		return "", "", false
	}
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 {
		return "", "", false
	}
	return text[:dot], text[dot+1:], true
}

// keyCache remembers which keys were right, so that a script pays for the slow hash once. It holds no key: only what one gives with a
// secret of this process, and the hash that it was right for.
type keyCache struct {
	secret [32]byte
	mu     sync.Mutex
	right  map[[32]byte]string // the hash of the user
}

// mostKeys bounds how many keys are remembered.
const mostKeys = 64

func newKeyCache() *keyCache {
	c := &keyCache{right: map[[32]byte]string{}}
	_, _ = rand.Read(c.secret[:])
	return c
}

func (c *keyCache) sum(name, secret string) (sum [32]byte) {
	mac := hmac.New(sha256.New, c.secret[:])
	fmt.Fprintf(mac, "%d %s %s", len(name), name, secret)
	copy(sum[:], mac.Sum(nil))
	return sum
}

// has reports whether a key was right for this hash of its user.
func (c *keyCache) has(sum [32]byte, hash string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.right[sum] == hash
}

func (c *keyCache) add(sum [32]byte, hash string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.right) >= mostKeys {
		clear(c.right)
	}
	c.right[sum] = hash
}

// keyed serves a request to the API that has a key; false if it has none.
func (rv *Review) keyed(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	name, secret, ok := bearer(r)
	if !ok || !strings.HasPrefix(r.URL.Path, "/api/") {
		return false
	}
	sum := rv.keys.sum(name, secret)
	u, known := rv.accounts.find(name)
	if !known || !rv.keys.has(sum, u.Hash) {
		attempt, wait := rv.gate.admit(name, place(r.RemoteAddr), rv.now())
		if wait > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
			rv.refuse(w, r, http.StatusTooManyRequests, "login.wait")
			return true
		}
		right, err := false, error(nil)
		if u, right, err = rv.identify(r.Context(), name, secret); err != nil {
			rv.gate.takeBack(attempt)
			w.Header().Set("Retry-After", "5")
			rv.refuse(w, r, http.StatusServiceUnavailable, "login.wait")
			return true
		}
		if !right {
			rv.refuse(w, r, http.StatusUnauthorized, "refuse.login")
			return true
		}
		rv.gate.passed(attempt)
		rv.keys.add(sum, u.Hash)
	}
	next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, u)))
	return true
}
