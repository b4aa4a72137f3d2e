package monitor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"vigie/cell"
	"vigie/position"
	"vigie/review"
	"vigie/review/evidence"
	"vigie/storage"
	"vigie/words"
)

// PhoneOptions are the page for a phone, with the review desk behind it.
type PhoneOptions struct {
	Listen       string   // address
	Hosts        []string // further names under which phones ask for it
	PasswordFile string   // who may log in; needed beyond this machine
	PlainHTTP    bool     // without TLS, beyond this machine
	Discreet     bool
	Position     bool           // the phone may send its position
	Review       review.Options // what the review desk needs besides the store
	Certificates string         // directory in which the certificate is kept
	Log          func(string)
}

// ServePhone serves the page until stop is called. destroy is what its panic button does; nil: there is none. print gets what
// the user needs to know: the address and the certificate.
func ServePhone(ctx context.Context, o PhoneOptions, s *storage.Store, over *Overview, destroy func() (time.Duration, error), print func(string)) (stop func() error, err error) {
	r := o.Review
	r.Stores = []evidence.Named{{Name: "now", Store: s}}
	r.Verdicts = map[*storage.Store]review.VerdictWriter{s: s}
	r.Hosts, r.Plain, r.PasswordFile = o.Hosts, o.PlainHTTP, o.PasswordFile
	r.Log = slog.New(slog.NewTextHandler(lines(o.Log), &slog.HandlerOptions{Level: slog.LevelWarn}))
	r.FieldMode = &review.FieldMode{Look: over.Look, Discreet: o.Discreet, Wipe: destroy}
	if o.Position {
		r.FieldMode.Place = func(at cell.Position) error {
			at.Source = position.Phone
			return over.places.Set(at, time.Now())
		}
	}
	if destroy != nil && o.PasswordFile == "" {
		return nil, words.WrongUsage(errors.New("[panic] needs a login, and nobody can log in"), "give [glance] password_file; vigie review --set-password NAME makes one")
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, words.WrongUsage(fmt.Errorf("[glance] listen: %w", err), `write an address and a port: listen = "10.42.0.1:8440"`)
	}
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		r.Hosts = append(r.Hosts, host)
	}
	d, err := review.New(r)
	if err != nil {
		return nil, err
	}
	over.state.countRefused(d.Refused)
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, words.WithHint(fmt.Errorf("glance: %w", err), "is the kit's network up? another program may be listening there")
	}
	scheme, secure := "http", (*tls.Config)(nil)
	if !review.Loopback(listener.Addr()) && !o.PlainHTTP {
		if secure, err = o.certificate(r.Hosts, print); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		scheme = "https"
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx, listener, secure) }()
	select {
	case err := <-served: // it may not listen there
		cancel()
		return nil, err
	case <-time.After(50 * time.Millisecond):
	}
	print(fmt.Sprintf("the page for a phone is at %s://%s/glance", scheme, listener.Addr()))
	return func() error { cancel(); return <-served }, nil
}

// certificate reads or makes the page's own certificate.
func (o PhoneOptions) certificate(hosts []string, print func(string)) (*tls.Config, error) {
	if err := os.MkdirAll(o.Certificates, 0o700); err != nil {
		return nil, err
	}
	cert, err := review.Certificate(o.Certificates, append([]string{"localhost"}, hosts...), time.Now())
	if err != nil {
		return nil, err
	}
	print("certificate SHA-256 " + review.Fingerprint(cert))
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// lines is an io.Writer that hands each write on as a line of the log.
type lines func(string)

func (l lines) Write(p []byte) (int, error) {
	l(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
