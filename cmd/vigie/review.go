package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cmd/vigie/bundles"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem/at"
	"vigie/monitor/pipeline"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/safefile"
	"vigie/storage"
)

// ReviewCmd serves the review desk.
type ReviewCmd struct {
	config.StoreFlags
	bundles.BorrowFlags
	More         []string `name:"also" help:"Another store to review as well; may be given several times. All open with the same passphrase file." placeholder:"DB" type:"path"`
	Listen       string   `help:"Address to listen at. Beyond this machine only with a password file, over TLS." default:"127.0.0.1:8440" placeholder:"ADDR:PORT"`
	Host         []string `help:"A further name under which browsers may ask for the desk (pi.local)." placeholder:"NAME"`
	PasswordFile string   `help:"File of those who may log in, made by --set-password." placeholder:"FILE" type:"path" env:"VIGIE_PASSWORD_FILE"`
	SetPassword  string   `help:"Set the password of this name in the password file and stop. It is asked for, never an argument." placeholder:"NAME"`
	NewKey       string   `help:"Make an API key of this name for a script that reads, add it to the password file, print it once and stop." placeholder:"NAME"`
	Reader       bool     `help:"With --set-password: this user may read, not give verdicts."`
	ReadOnly     bool     `help:"Accept no verdicts."`
	TLSCert      string   `help:"Certificate (PEM) to use instead of one of our own." placeholder:"FILE" type:"path"`
	TLSKey       string   `help:"Its key." placeholder:"FILE" type:"path"`
	From         string   `help:"influx: list also the events that other sensors wrote to the server of the configuration." enum:"store,influx" default:"store"`
	Tiles        string   `help:"A PMTiles file for a sharper map; nothing is ever loaded from elsewhere." placeholder:"FILE" type:"path"`
}

// Run serves until interrupted.
func (c *ReviewCmd) Run(ctx context.Context, p *console.Program) error {
	if c.SetPassword != "" || c.NewKey != "" {
		return c.setPassword(p)
	}
	if c.Tiles != "" && !review.Drawable(c.Tiles) {
		return console.Usage(fmt.Errorf("%s is not a map that the desk can draw", c.Tiles), "it wants a PMTiles file, version 3, with vector tiles or with PNG, JPEG or WebP; pmtiles extract of a Protomaps build makes one")
	}
	o := review.Options{Hosts: c.Host, ReadOnly: c.ReadOnly, Tiles: c.Tiles, PasswordFile: c.PasswordFile}
	conf, err := config.Load(p.ConfigFile, true)
	if err != nil {
		return err
	}
	if c.From == "influx" {
		x, err := conf.Influx.Open(nil, nil)
		if err != nil {
			return err
		}
		defer x.Close()
		o.Elsewhere = func(ctx context.Context) evidence.Events { return x.Events(ctx, storage.EventQuery{}) }
		o.Clocks = x.Corrections
	}
	l, err := net.Listen("tcp", c.Listen) // before root's rights are given up for the store
	if err != nil {
		return console.WithHint(fmt.Errorf("review: %w", err), "another vigie may be listening there; choose another with --listen 127.0.0.1:PORT")
	}
	defer l.Close()
	var lent *bundles.Borrowed
	if c.Bundle != "" {
		if lent, err = c.Borrow(ctx, p, cmp.Or(conf.Language, "en")); err != nil {
			return err
		}
		defer lent.Close()
		o.Stores, o.Borrowed = []evidence.Named{{Name: filepath.Base(c.Bundle), Store: lent.Store}}, lent.Options()
		o.Verdicts = map[*storage.Store]review.VerdictWriter{lent.Store: lent}
		p.Out.Printf("checked: %s; what is decided here is written to %s\n", console.OneLine(lent.Bundle.About), console.OneLine(lent.Path))
	}
	d, done, err := openReview(ctx, p, conf, &c.StoreFlags, o, c.More...)
	if err != nil {
		return err
	}
	defer done()
	if lent != nil {
		lent.Answered(d)
	}
	scheme, secure := "http", (*tls.Config)(nil)
	if !review.Loopback(l.Addr()) || c.TLSCert != "" {
		cert, err := c.certificate(conf)
		if err != nil {
			return err
		}
		scheme, secure = "https", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		p.Out.Printf("certificate SHA-256 %s\n", review.Fingerprint(cert))
	}
	p.Out.Printf("the desk is at %s://%s/\n", scheme, l.Addr())
	if o.PasswordFile == "" {
		p.Out.Printf("no login: every user of this machine can open it\n")
	}
	return d.Serve(ctx, l, secure)
}

// certificate is the user's, or one of our own that is kept next to the store.
func (c *ReviewCmd) certificate(conf config.Config) (tls.Certificate, error) {
	console.GuardMemory()
	if c.TLSCert != "" || c.TLSKey != "" {
		var cert tls.Certificate
		err := safefile.AsCaller(func() (err error) { cert, err = tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); return err })
		return cert, console.WithHint(err, "give both --tls-cert and --tls-key, in PEM")
	}
	names := append([]string{"localhost", "127.0.0.1"}, c.Host...)
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	return review.Certificate(filepath.Dir(c.Path(conf)), names, time.Now())
}

func (c *ReviewCmd) setPassword(p *console.Program) error {
	if c.PasswordFile == "" {
		return console.Usage(errors.New("no password file is named"), "say where it is kept: --password-file ~/.config/vigie/users")
	}
	if c.NewKey != "" {
		u, key, err := review.NewKey(c.NewKey)
		if err == nil {
			err = review.WriteUser(c.PasswordFile, u)
		}
		if err == nil {
			p.Out.Printf("%s\n", key)
			p.Err.Printf("this key is shown once; a script sends it as the header Authorization: Bearer %s.KEY\n", console.OneLine(c.NewKey))
		}
		return err
	}
	password, err := console.AskNewSecret(p.In, p.Err, "password of "+console.OneLine(c.SetPassword), "again")
	if err != nil {
		return fmt.Errorf("reading the password: %w", err)
	}
	role := review.Reviewer
	if c.Reader {
		role = review.Reader
	}
	u, err := review.NewUser(c.SetPassword, password, role)
	if err != nil {
		return err
	}
	if err := review.WriteUser(c.PasswordFile, u); err != nil {
		return err
	}
	p.Out.Printf("%s may log in (%s)\n", console.OneLine(u.Name), u.Role)
	return nil
}

// openReview opens a desk over the store of the flags and others. done closes them.
func openReview(ctx context.Context, p *console.Program, conf config.Config, f *config.StoreFlags, o review.Options, more ...string) (d *review.Review, done func(), err error) {
	atlas, closeAtlas := openAtlas(p, conf, f.Path(conf))
	var closers []func() error
	closeAll := func() {
		closeAtlas()
		for _, c := range closers {
			_ = c()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	paths := append([]string{f.Path(conf)}, more...)
	if o.Borrowed != nil {
		paths = nil
	} else {
		o.Verdicts = map[*storage.Store]review.VerdictWriter{}
	}
	for _, path := range paths {
		one := *f
		one.Store = path
		s, err := one.Open(ctx, conf, storage.Options{ReadOnly: true})
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, s.Close)
		for _, n := range s.Notices() {
			p.Err.Printf("store %s: %s\n", console.OneLine(path), console.OneLine(n))
		}
		o.Stores = append(o.Stores, evidence.Named{Name: filepath.Base(path), Store: s})
		secret, err := one.Passphrase(conf)
		if err != nil {
			return nil, nil, err
		}
		if j, err := storage.OpenVerdictWriter(ctx, path, storage.Options{Passphrase: secret}); err == nil {
			o.Verdicts[s] = j
			closers = append(closers, j.Close)
		} else if !o.ReadOnly {
			p.Err.Printf("no verdicts can be given here: %s\n", console.OneLine(err.Error()))
		}
	}
	configureReview(&o, conf, atlas)
	o.Log = slog.New(slog.NewTextHandler(p.Err, nil))
	o.Rerun = func(ctx context.Context, s *storage.Store, sensor string, from, to time.Time) ([]analyzer.Event, error) {
		return rerun(ctx, conf, atlas, s, sensor, from, to)
	}
	d, err = review.New(o)
	return d, closeAll, err
}

// configureReview gives a review server what each has: the rules and their words, in the reader's language too, what identities look like, and
// what of a store may be handed on.
func configureReview(o *review.Options, conf config.Config, atlas analyzer.Atlas) {
	o.Rules, o.Scrub, o.Software, o.Language = rules.All(), at.Scrub, versionText(), conf.Language
	o.Learned = func(ctx context.Context, s *storage.Store, sensor string) (p analyzer.Places, err error) {
		state, _, err := s.LoadState(ctx, pipeline.StateName)
		if err != nil || state == nil {
			return p, err
		}
		e := conf.NewEngine(atlas)()
		if e.Restore(state) != nil { // by other rules: the next watch learns it again
			return p, nil
		}
		return e.Places(sensor), nil
	}
	o.Words = func(lang, rule string) (review.RuleWords, bool) {
		w, ok := rules.WordsOf(lang, rule)
		return review.RuleWords(w), ok
	}
	o.Translate, o.Asked = inLanguage, asked
	o.May = func(ctx context.Context, s *storage.Store, ends time.Duration, homes bool) (evidence.May, error) {
		t, err := TrimFlags{Trim: ends, WithHomes: homes}.trimmer(ctx, s, time.Now())
		if err != nil || t.All() {
			return nil, err
		}
		return t.May, nil
	}
}

// learnBefore is how much of what came before a time is learned from when the rules are run again over it.
const learnBefore = 14 * 24 * time.Hour

// rerun returns the events that today's rules find in the records of a sensor in a period.
func rerun(ctx context.Context, conf config.Config, atlas analyzer.Atlas, s *storage.Store, sensor string, from, to time.Time) ([]analyzer.Event, error) {
	found := pipeline.EventLog{}
	l := pipeline.New(pipeline.Options{NewEngine: conf.NewEngine(atlas), OnEvent: found.Add})
	if _, err := l.Learn(ctx, s, storage.Query{Sensor: sensor, From: from.Add(-learnBefore), To: to}, nil); err != nil {
		return nil, err
	}
	return lasting(found.Sorted(), from), nil
}
