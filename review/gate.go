package review

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
)

// gate slows down guessing. Every try counts before its password is looked at, so that tries which come at once are not all
// looked at. It counts by name and by place: after a few tries each further one must wait, twice as long as the one before. A
// login that succeeds takes back what it has counted itself, and nothing else: who has a login of their own cannot use it to
// clear the count of another name or of their place. All tries together have a higher bound.
//
// Guessing somebody's name must not lock them out. Where a user has logged in before, their tries are counted apart from all
// others: by name and place together.
//
// Places are IPv4 addresses and IPv6 /64 networks. Behind a reverse proxy everybody is in the place of the proxy.
type gate struct {
	mu    sync.Mutex
	tries map[tryKey]*failures
	all   failures
	known map[string][]netip.Prefix // by user: where they logged in, the last few places
	check chan struct{}             // one password at a time: each costs 19 MiB
}

// tryKey is a name, a place, or both where the name is known there.
type tryKey struct {
	name  string
	place netip.Prefix
}

// failures are tries that were not taken back.
type failures struct {
	n    int
	last time.Time
}

const (
	freeTries    = 5
	freeTriesAll = 100
	mostTries    = 8192 // names and places that are remembered
	mostKnown    = 8    // places of one user
	longestName  = 64   // bytes in the name of a user

	longestWait     = 15 * time.Minute // of a place
	longestWaitName = time.Minute      // of a name: others can cause it
	longestWaitAll  = 10 * time.Second
)

// place is where a request comes from; zero if that is no network address.
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

// try is an attempt to log in that was counted.
type try struct {
	name    string
	place   netip.Prefix
	counted []*failures
}

// admit counts a try before its password is looked at, or returns how long to wait before the next one.
func (g *gate) admit(name string, p netip.Prefix, now time.Time) (try, time.Duration) {
	if len(name) > longestName { // nobody's; keep no long text
		name = name[:longestName] + "…"
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var wait time.Duration
	t := try{name: name, place: p}
	count := func(f *failures, free int, longest time.Duration) {
		wait = max(wait, f.wait(now, free, longest))
		t.counted = append(t.counted, f)
	}
	if slices.Contains(g.known[name], p) {
		count(g.at(tryKey{name, p}, now), freeTries, longestWaitName)
	} else if count(&g.all, freeTriesAll, longestWaitAll); wait == 0 {
		count(g.at(tryKey{name: name}, now), freeTries, longestWaitName)
		count(g.at(tryKey{place: p}, now), freeTries, longestWait)
	}
	if wait > 0 {
		return try{}, wait
	}
	for _, f := range t.counted {
		f.n++
		f.last = now
	}
	return t, 0
}

// at are the failures of a key. Where too many are remembered, the one with the fewest makes room, so that a flood of names
// does not clear the count of the one that is guessed at.
func (g *gate) at(k tryKey, now time.Time) *failures {
	if f := g.tries[k]; f != nil {
		return f
	}
	if g.tries == nil {
		g.tries = map[tryKey]*failures{}
	}
	if len(g.tries) >= mostTries {
		var least tryKey
		fewest := -1
		for k, f := range g.tries {
			if f.forget(now); fewest < 0 || f.n < fewest {
				least, fewest = k, f.n
			}
		}
		delete(g.tries, least)
	}
	f := &failures{}
	g.tries[k] = f
	return f
}

// wait is how long the next try must wait; 0: it may be now.
func (f *failures) wait(now time.Time, free int, longest time.Duration) time.Duration {
	f.forget(now)
	if f.n < free {
		return 0
	}
	return max(0, f.last.Add(min(time.Second<<min(f.n-free, 20), longest)).Sub(now))
}

// forget clears what is long past.
func (f *failures) forget(now time.Time) {
	if now.Sub(f.last) > 3*longestWait {
		f.n = 0
	}
}

// takeBack is for a try whose password was right, or was not looked at.
func (g *gate) takeBack(t try) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range t.counted {
		f.n = max(0, f.n-1)
	}
}

// passed is for a try whose password was right: its user is known at its place from now on.
func (g *gate) passed(t try) {
	g.takeBack(t)
	if !t.place.IsValid() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tries, tryKey{t.name, t.place})
	if slices.Contains(g.known[t.name], t.place) {
		return
	}
	if g.known == nil {
		g.known = map[string][]netip.Prefix{}
	}
	places := append(g.known[t.name], t.place)
	g.known[t.name] = places[max(0, len(places)-mostKnown):]
}

// patience is how long a try waits for its turn to be looked at.
const patience = 5 * time.Second

var errBusy = errors.New("too many people are logging in")

// identify finds the user with this name and password. The error is errBusy if the password was not looked at.
func (rv *Review) identify(ctx context.Context, name, password string) (u User, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case rv.gate.check <- struct{}{}:
		defer func() { <-rv.gate.check }()
	case <-ctx.Done():
		return User{}, false, errBusy
	}
	user, known := rv.accounts.find(name)
	hash := user.Hash
	if !known {
		hash = noUser()
	}
	if len(password) > longestPassword {
		password = ""
	}
	same, err := argon2id.ComparePasswordAndHash(password, hash)
	return user, same && err == nil && known, nil
}

// noUser is compared if the name is unknown, so that the answer takes as long.
var noUser = sync.OnceValue(func() string {
	h, _ := argon2id.CreateHash("nobody has this password", hashing)
	return h
})
