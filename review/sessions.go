package review

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"
	"time"

	"vigie/review/evidence"
)

// sessionStore keeps sessions in memory: a restart logs everybody out. It is an scs.Store. A session that was ended stays ended,
// also if a request that began before is answered later and would save it again.
type sessionStore struct {
	mu    sync.Mutex
	all   map[string]storedSession // by token
	ended map[string]time.Time     // by token: until when it could be saved again
	swept time.Time
}

type storedSession struct {
	data    []byte
	expires time.Time
	seen    time.Time // when it was saved last: with each request
}

const (
	sessionLongest = 12 * time.Hour
	sessionIdle    = time.Hour
	mostSessions   = 16 // of one user; more end the one that was not used for longest
	sessionSweep   = time.Minute
)

func newSessionStore() *sessionStore {
	return &sessionStore{all: map[string]storedSession{}, ended: map[string]time.Time{}}
}

// Find returns the data of a session.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.all[token]
	if !ok || time.Now().After(one.expires) {
		return nil, false, nil
	}
	return one.data, true, nil
}

// Commit saves a session, unless it was ended.
func (s *sessionStore) Commit(token string, data []byte, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now() // as scs does
	if now.Sub(s.swept) > sessionSweep || now.Before(s.swept) {
		s.swept = now
		for t, one := range s.all {
			if now.After(one.expires) {
				delete(s.all, t)
			}
		}
		for t, until := range s.ended {
			if now.After(until) {
				delete(s.ended, t)
			}
		}
	}
	if _, ended := s.ended[token]; !ended {
		s.all[token] = storedSession{data, expires, now}
	}
	return nil
}

// Delete ends a session.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.all[token]; ok {
		delete(s.all, token)
		s.ended[token] = time.Now().Add(sessionLongest)
	}
	return nil
}

// list is what is not expired.
func (s *sessionStore) list() map[string]storedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, all := time.Now(), map[string]storedSession{}
	for token, one := range s.all {
		if now.Before(one.expires) {
			all[token] = one
		}
	}
	return all
}

// hasEnded reports whether a session was ended.
func (s *sessionStore) hasEnded(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ended := s.ended[token]
	return ended
}

// Keys of what a session holds.
const (
	sessionUser  = "user"
	sessionHash  = "hash"  // digest of the hash of the password under which it began
	sessionBegan = "began" // in seconds since 1970
	sessionFrom  = "from"
)

// digest names a secret without revealing it.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:8])
}

// beginSession begins a session of a user who has just logged in.
func (rv *Review) beginSession(r *http.Request, u User) error {
	ctx := r.Context()
	if err := rv.sessions.RenewToken(ctx); err != nil { // prevents session fixation
		return err
	}
	rv.sessions.Put(ctx, sessionUser, u.Name)
	rv.sessions.Put(ctx, sessionHash, digest(u.Hash))
	rv.sessions.Put(ctx, sessionBegan, time.Now().Unix())
	rv.sessions.Put(ctx, sessionFrom, hostName(r.RemoteAddr))
	own := rv.sessionsOf(func(s session) bool { return s.User == u.Name })
	for _, s := range own[:max(0, len(own)-mostSessions+1)] {
		_ = rv.sessionStore.Delete(s.token)
	}
	return nil
}

// userOf is the user of a session, as long as the password is the one under which it began.
func (rv *Review) userOf(ctx context.Context) (User, bool) {
	u, ok := rv.accounts.find(rv.sessions.GetString(ctx, sessionUser))
	return u, ok && rv.sessions.GetString(ctx, sessionHash) == digest(u.Hash)
}

// stillLoggedIn reports whether the session of a request goes on: a stream lasts longer than the check at its beginning.
func (rv *Review) stillLoggedIn(r *http.Request) bool {
	if !rv.accounts.needed() {
		return true
	}
	u, ok := rv.userOf(r.Context())
	return ok && u == who(r) && !rv.sessionStore.hasEnded(rv.sessions.Token(r.Context()))
}

// session is one of somebody who is logged in.
type session struct {
	ID          string // names it without giving it away
	User        string
	From        string // address
	Began, Seen time.Time
	Own         bool // of the user who looks
	This        bool // through which they look

	token string
}

// sessionsOf lists the sessions that are wanted and in which somebody is logged in, the one that was not used for longest first.
func (rv *Review) sessionsOf(want func(session) bool) (list []session) {
	for token, one := range rv.sessionStore.list() {
		_, values, err := rv.sessions.Codec.Decode(one.data)
		if err != nil {
			continue // it logs nobody in either
		}
		text := func(key string) string { v, _ := values[key].(string); return v }
		began, _ := values[sessionBegan].(int64)
		s := session{ID: digest(token), User: text(sessionUser), From: text(sessionFrom), Began: time.Unix(began, 0), Seen: one.seen, token: token}
		if u, ok := rv.accounts.find(s.User); ok && digest(u.Hash) == text(sessionHash) && want(s) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b session) int { return cmp.Or(a.Seen.Compare(b.Seen), cmp.Compare(a.ID, b.ID)) })
	return list
}

// mayEnd reports whether the user of a request may end a session: their own, and who may write, everybody's.
func (rv *Review) mayEnd(r *http.Request, s session) bool {
	return s.User == who(r).Name || who(r).Role == Reviewer
}

// sessionsBody is what the template shows.
type sessionsBody struct {
	Sessions []session
	Users    bool // there is a login at all
	Others   bool // those of others are listed too
	More     bool // the user has another session than this one
}

// sessionsPage lists who is logged in: to who may write, everybody; to others, themselves.
func (rv *Review) sessionsPage(r *http.Request) (sessionsBody, error) {
	b := sessionsBody{Users: rv.accounts.needed(), Others: who(r).Role == Reviewer}
	if !b.Users {
		return b, nil
	}
	b.Sessions = rv.sessionsOf(func(s session) bool { return rv.mayEnd(r, s) })
	slices.Reverse(b.Sessions)
	for i := range b.Sessions {
		s := &b.Sessions[i]
		s.Own, s.This = s.User == who(r).Name, s.token == rv.sessions.Token(r.Context())
		b.More = b.More || s.Own && !s.This
		s.From = evidence.PlainTo(s.From, 64)
	}
	return b, nil
}

// endSessions ends the sessions that the form names.
func (rv *Review) endSessions(w http.ResponseWriter, r *http.Request) {
	ids := r.PostForm["id"]
	found := rv.sessionsOf(func(s session) bool { return slices.Contains(ids, s.ID) && rv.mayEnd(r, s) })
	if !rv.accounts.needed() || len(found) == 0 {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	for _, s := range found {
		if err := rv.sessionStore.Delete(s.token); err != nil {
			rv.fail(w, r, err)
			return
		}
	}
	http.Redirect(w, r, "/sessions", http.StatusSeeOther)
}
