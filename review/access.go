package review

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// policy is the Content-Security-Policy of every answer: everything from this server, no inline script or style, no frames, and forms
// to this server only. data: is for the one-pixel images that Leaflet makes; blob: for tiles that are drawn in the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// mostBody is the longest body of a request, in bytes: the longest form is a few hundred verdicts.
const mostBody = 256 << 10

// mostBodyOfStranger is the longest from somebody who has not logged in: a name and a password.
const mostBodyOfStranger = 8 << 10

// secured adds the checks and headers of every request to a handler.
func (rv *Review) secured(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rv.refuse(w, r, http.StatusForbidden, "refuse.cross")
	}))
	guarded := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if r.TLS != nil || slices.Contains(loopbackNames, hostName(r.Host)) { // browsers warn about it elsewhere
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !rv.knownHost(r.Host) {
			rv.refuse(w, r, http.StatusMisdirectedRequest, "refuse.host")
			return
		}
		if !safeMethod(r.Method) {
			if r.ContentLength > mostBody {
				rv.refuse(w, r, http.StatusRequestEntityTooLarge, "refuse.large")
				return
			}
			// CrossOriginProtection lets a request pass that names no origin: no browser of today sends one. What
			// an old one might send is refused too; the programs that use the API say what they send instead.
			if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" && !isJSON(r) {
				rv.refuse(w, r, http.StatusForbidden, "refuse.cross")
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		}
		guarded.ServeHTTP(w, r)
	})
}

func safeMethod(m string) bool { return m == http.MethodGet || m == http.MethodHead }

func isJSON(r *http.Request) bool {
	t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(t) == "application/json"
}

// knownHost reports whether a request is for a name of this server. A page elsewhere could let its own name resolve to this machine
// (DNS rebinding) and read the answers.
func (rv *Review) knownHost(host string) bool { return rv.hosts[hostName(host)] }

// hostName is a Host header without the port.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// loopbackNames are the names of this machine to itself.
var loopbackNames = []string{"localhost", "127.0.0.1", "::1"}

// refusal is an error with a hint for the user.
type refusal struct{ what, hint string }

func (r *refusal) Error() string { return r.what }

// Hint is what the user can do.
func (r *refusal) Hint() string { return r.hint }

// Loopback reports whether only this machine can reach an address.
func Loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// MayListen refuses to serve beyond this machine without a password and TLS.
func MayListen(addr net.Addr, login, tls bool) error {
	if Loopback(addr) {
		return nil
	}
	switch {
	case !login:
		return &refusal{fmt.Sprintf("%s can be reached from other machines, and no password is set", addr),
			"give a password file with --password-file (vigie review --set-password NAME makes one), or listen on 127.0.0.1"}
	case !tls:
		return &refusal{fmt.Sprintf("%s can be reached from other machines, and the connection would not be encrypted", addr),
			"take plain_http out of [glance]: vigie makes a certificate of its own and prints its fingerprint; or listen on 127.0.0.1"}
	}
	return nil
}

// tooLarge reports whether reading a form failed because it was longer than mostBody.
func tooLarge(err error) bool {
	var e *http.MaxBytesError
	return errors.As(err, &e)
}

// deciding lets only users pass who may give verdicts.
func (rv *Review) deciding(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !rv.mayDecide(r) {
			rv.refuse(w, r, http.StatusForbidden, "refuse.readonly")
			return
		}
		rv.form(next)(w, r)
	}
}

// form reads the form of a request before next, and refuses one that cannot be read.
func (rv *Review) form(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil && !isJSON(r) {
			rv.refuseForm(w, r, err)
			return
		}
		next(w, r)
	}
}

func (rv *Review) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	if tooLarge(err) {
		rv.refuse(w, r, http.StatusRequestEntityTooLarge, "refuse.large")
		return
	}
	rv.refuse(w, r, http.StatusBadRequest, "refuse.form")
}
