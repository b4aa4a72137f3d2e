package review

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"vigie/review/evidence"
	"vigie/storage"
	"vigie/words"
)

// Options of New. Without Now, the clock of this machine is used.
type Options struct {
	evidence.Options
	Verdicts map[*storage.Store]VerdictWriter // who stores the verdicts on the events of a store; without one, none are taken there
	Users    []User                           // who may log in; none, and no file: anybody who reaches the server, which only loopback allows
	// PasswordFile names who may log in, in place of Users. It is read again when it changes; see ReadUsers.
	PasswordFile string
	Hosts        []string // host names and addresses of this server, apart from those of loopback
	// ReadOnly takes no verdicts from anybody.
	ReadOnly bool
	Tiles    string // PMTiles file for a sharper map; empty: the coarse one
	Software string // name and version of this program, for reports and bundles
	// Words returns in a language ("en", "fr") the name of a rule and what a person may want to know of it; nil: the words of Rules.
	Words func(lang, rule string) (RuleWords, bool)
	// Translate translates an English text of the analyzer or of a modem; ok is false if it cannot. nil: it never can.
	Translate func(lang, text string) (string, bool)
	FieldMode *FieldMode // the page for a phone; nil: none
	Language  string     // "en" or "fr", for readers who chose none; empty: the browser decides
	Borrowed  *Borrowed  // the stores are the bundle of somebody else; nil: they are not
	Plain     bool       // allow other machines without TLS: on a private network that is encrypted itself
}

// RuleWords are the words of a rule in one language.
type RuleWords struct {
	Title    string
	Reason   string   // why it matters, in a sentence
	Innocent []string // causes that have nothing to do with an attack
	Next     []string // what to look at next
}

// VerdictWriter stores verdicts: a *storage.Store that is open for writing, or a *storage.VerdictWriter next to another writer.
type VerdictWriter interface {
	AddVerdict(ctx context.Context, v storage.Verdict) (storage.Verdict, error)
	UndoVerdict(ctx context.Context, event, author string, at time.Time) error
	AddRemark(ctx context.Context, r storage.Remark) (storage.Remark, error)
}

// Review answers requests, and makes reports and bundles. It is safe for use by many goroutines.
type Review struct {
	o            Options
	hosts        map[string]bool
	accounts     *accounts
	sessions     *scs.SessionManager
	sessionStore *sessionStore
	keys         *keyCache
	gate         gate
	limit        *Limit
	now          func() time.Time
	log          *slog.Logger
	evidence     *evidence.Library
	live         chan struct{} // a place for each live stream
	heavy        chan struct{} // a place for each long answer: bundles, re-runs
	stop         chan struct{} // closed when serving ends
	once         sync.Once
	handler      http.Handler
}

// Bounds of concurrent requests.
const (
	mostLive  = 32
	mostHeavy = 2
)

// New returns a review of the stores of the options. It reads nothing yet.
func New(o Options) (*Review, error) {
	rv := &Review{o: o, hosts: map[string]bool{}, now: time.Now, log: o.Log, gate: gate{check: make(chan struct{}, 1)},
		sessionStore: newSessionStore(), keys: newKeyCache(), live: make(chan struct{}, mostLive), heavy: make(chan struct{}, mostHeavy), stop: make(chan struct{})}
	if rv.log == nil {
		rv.log = slog.Default()
	}
	rv.limit = NewLimit(rv.log)
	if o.Now != nil {
		rv.now = o.Now
	}
	o.Now = func() time.Time { return rv.now() } // tests set it later
	var err error
	if rv.accounts, err = openAccounts(o, rv.log); err != nil {
		return nil, err
	}
	if rv.evidence, err = evidence.New(o.Options); err != nil {
		return nil, err
	}
	for _, h := range append(loopbackNames, o.Hosts...) {
		rv.hosts[strings.ToLower(strings.Trim(h, "[]"))] = true
	}
	rv.sessions = scs.New()
	rv.sessions.Store = rv.sessionStore
	rv.sessions.Lifetime = sessionLongest
	rv.sessions.IdleTimeout = sessionIdle
	rv.sessions.Cookie.Name = rv.cookieName("session")
	rv.sessions.Cookie.SameSite = http.SameSiteStrictMode
	rv.sessions.ErrorFunc = rv.fail
	rv.handler = rv.secured(rv.loggedIn(compressed(rv.routes())))
	return rv, nil
}

// Handler answers all requests.
func (rv *Review) Handler() http.Handler { return rv.handler }

// Refused is how many connections were given up before they had an answer, for their number; see Limit.
func (rv *Review) Refused() int64 { return rv.limit.Refused() }

func (rv *Review) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", rv.showInbox)
	m.HandleFunc("GET /event/{id}", rv.showEvent)
	m.HandleFunc("GET /event/{id}/report", rv.handOn(rv.sendReport))
	m.HandleFunc("GET /event/{id}/bundle", rv.handOn(rv.sendBundle))
	m.HandleFunc("GET /event/{id}/rerun", rv.showRerun)
	m.HandleFunc("GET /period", show(rv, "period", "period.title", rv.periodPage))
	m.HandleFunc("GET /period/report", rv.handOn(rv.sendReport))
	m.HandleFunc("GET /period/bundle", rv.handOn(rv.sendBundle))
	m.HandleFunc("GET /period/rerun", rv.showRerun)
	m.HandleFunc("GET /cells", show(rv, "cells", "cells.title", rv.cellsPage))
	m.HandleFunc("GET /cell", show(rv, "cell", "cell.title", rv.cellPage))
	m.HandleFunc("GET /sensors", show(rv, "sensors", "sensors.title", rv.sensorsPage))
	m.HandleFunc("GET /cases", show(rv, "cases", "cases.title", rv.casesPage))
	m.HandleFunc("GET /case", show(rv, "case", "case.title", rv.casePage))
	rv.caseRoutes(m)
	m.HandleFunc("GET /about", rv.showAbout)
	m.HandleFunc("POST /verdicts", rv.deciding(rv.giveVerdicts))
	m.HandleFunc("POST /verdicts/undo", rv.deciding(rv.undoVerdicts))
	m.HandleFunc("GET /answer", rv.sendAnswer)
	m.HandleFunc("POST /settings", rv.form(rv.setSettings))
	m.HandleFunc("GET /login", rv.showLogin)
	m.HandleFunc("POST /login", rv.form(rv.login))
	m.HandleFunc("POST /logout", rv.logout)
	m.HandleFunc("GET /sessions", show(rv, "sessions", "sessions.title", rv.sessionsPage))
	m.HandleFunc("POST /sessions/end", rv.form(rv.endSessions))
	m.HandleFunc("GET /live", rv.streamLive)
	m.HandleFunc("GET /assets/{file...}", rv.sendAsset)
	m.HandleFunc("GET /tiles.pmtiles", rv.sendTiles)
	for pattern, h := range rv.apiPaths() {
		m.HandleFunc(pattern, h)
	}
	rv.glanceRoutes(m)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { rv.refuse(w, r, http.StatusNotFound, "refuse.missing") })
	return m
}

// Serve answers at a listener until ctx ends. It refuses to listen beyond loopback without users and TLS (or Plain).
func (rv *Review) Serve(ctx context.Context, l net.Listener, t *tls.Config) error {
	if err := MayListen(l.Addr(), rv.accounts.needed(), t != nil || rv.o.Plain); err != nil {
		l.Close()
		return err
	}
	l = rv.limit.Listen(l)
	if t != nil {
		rv.sessions.Cookie.Secure = true
		rv.sessions.Cookie.Name = "__Host-" + rv.cookieName("session")
		l = tls.NewListener(l, t)
	}
	s := &http.Server{Handler: rv.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(rv.log.Handler(), slog.LevelDebug)}
	rv.limit.Watch(s)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	rv.once.Do(func() { close(rv.stop); rv.evidence.Close() })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		s.Close()
	}
	<-done
	return nil
}

// refuse answers with a status and a text, as a page or, for the API, as JSON.
func (rv *Review) refuse(w http.ResponseWriter, r *http.Request, status int, word string) {
	if rv.discreet() && who(r).Name == "" {
		if word != "refuse.login" {
			word = "refuse.missing"
		}
	} else if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/live" {
		writeJSON(w, status, map[string]string{"error": words.Translate("en", word)})
		return
	}
	rv.render(w, r, status, "refused", "refused.title", struct{ Word string }{word})
}

// fail answers an internal error and logs it; storage.ErrNotFound is a 404, errBadForm a 400.
func (rv *Review) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil:
		return // the client is gone
	case errors.Is(err, storage.ErrNotFound):
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	case errors.Is(err, errBadForm):
		rv.refuse(w, r, http.StatusBadRequest, "refuse.form")
		return
	}
	rv.log.Error("review", "path", r.URL.Path, "err", err)
	rv.refuse(w, r, http.StatusInternalServerError, "refuse.failed")
}
