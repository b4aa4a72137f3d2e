package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vigie/review"
	"vigie/words"
)

// socketName is the socket in the service's runtime directory on which vigie status asks.
const socketName = "watch.sock"

// runtimeDir is where systemd has the service keep its socket; empty if no service runs. Only the service itself gets its name
// (systemd.exec(5), RuntimeDirectory=); a client looks at the usual place.
func runtimeDir(asking bool) string {
	if dir, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); dir != "" || !asking {
		return dir
	}
	return "/run/vigie"
}

// HealthOptions choose where a watch reports how it is, besides the service's socket.
type HealthOptions struct {
	Listen string // address; empty: nowhere
	Open   bool   // it may be an address that others can reach; they need no password

	DownAfter time.Duration // how long a follower may not get through before that is a problem; 0: 15 minutes
}

// serve answers at the address, and on the service's socket, until stop is called.
func (s *State) serve(o HealthOptions, status func(context.Context) Status) (stop func(), err error) {
	var servers []*http.Server
	stop = func() {
		for _, srv := range servers {
			srv.Close()
		}
	}
	start := func(l net.Listener, h http.Handler) {
		srv := &http.Server{Handler: h, ReadTimeout: 5 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 4 << 10,
			ErrorLog: log.New(io.Discard, "", 0)} // what strangers send is not for the journal
		limit := review.NewLimit(nil)
		limit.Watch(srv)
		s.countRefused(limit.Refused)
		servers = append(servers, srv)
		go srv.Serve(limit.Listen(l))
	}
	pages := s.pages(status)
	if dir := runtimeDir(false); dir != "" {
		path := filepath.Join(dir, socketName)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return stop, fmt.Errorf("socket for vigie status: %w", err)
		}
		l, err := net.Listen("unix", path)
		if err != nil {
			return stop, fmt.Errorf("socket for vigie status: %w", err)
		}
		start(l, pages)
		if err := os.Chmod(path, 0o660); err != nil { // the group may ask
			return stop, fmt.Errorf("socket for vigie status: %w", err)
		}
	}
	if o.Listen == "" {
		return stop, nil
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return stop, words.WithHint(fmt.Errorf("listening for health: %w", err), `write it like listen = "127.0.0.1:9184" under [health]; another program may have the port`)
	}
	if review.Loopback(l.Addr()) {
		pages = onlyFromHere(pages)
	} else if !o.Open {
		l.Close()
		return stop, words.WrongUsage(fmt.Errorf("%s can be reached from other computers, and the health page asks nobody for a password", l.Addr()),
			"listen on 127.0.0.1, or write open = true under [health] if the network may read it")
	}
	start(l, pages)
	return stop, nil
}

// pages are what is served. They hold no cell, no place and no identity.
func (s *State) pages(status func(context.Context) Status) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if s.look != nil {
			s.look.recent() // so that a store that hangs is noticed where no records come
		}
		if problem := s.Problem(); problem != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, words.OneLine(problem))
			return
		}
		fmt.Fprintln(w, s.Line())
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(status(r.Context()).metrics())
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(status(r.Context()))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// onlyFromHere refuses names that merely resolve to this machine: a page elsewhere could have its own name point here (DNS
// rebinding) and read the answer.
func onlyFromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if h, _, err := net.SplitHostPort(name); err == nil {
			name = h
		}
		switch strings.ToLower(strings.Trim(name, "[]")) {
		case "localhost", "127.0.0.1", "::1":
			next.ServeHTTP(w, r)
		default:
			http.Error(w, "ask by the name localhost", http.StatusMisdirectedRequest)
		}
	})
}
