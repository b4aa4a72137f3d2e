package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/matrix"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/signal"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"
)

// sender sends a message to one destination. It returns nil when the destination has accepted it.
type sender interface {
	send(ctx context.Context, m Message) error
}

const (
	sendTimeout = 30 * time.Second // for one message
	maxStuck    = 3                // calls to one destination that have not returned
)

// httpClient has a time-out and follows no redirection: that would hand the token to another server. What a server says of when to
// come again is kept in wait, if that is not nil.
func httpClient(wait *patience) *http.Client {
	return &http.Client{Timeout: sendTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirected }, Transport: wait}
}

// proxy chooses the proxy of every request of this process that has no transport of its own: the libraries for Matrix and Signal take
// none of ours.
var proxy atomic.Pointer[func(*http.Request) (*url.URL, error)]

// useProxy makes the transport that Go and those libraries use by default ask proxy, and not the environment.
var useProxy = sync.OnceFunc(func() {
	http.DefaultTransport.(*http.Transport).Proxy = viaProxy
})

func viaProxy(r *http.Request) (*url.URL, error) {
	if f := proxy.Load(); f != nil && *f != nil {
		return (*f)(r)
	}
	return nil, nil
}

// patience sends requests, and keeps for how long the server of the last answer wants to be left alone (RFC 9110 section 10.2.3):
// the libraries drop that.
type patience struct {
	next  http.RoundTripper // nil: http.DefaultTransport
	after time.Duration
}

// RoundTrip implements http.RoundTripper.
func (p *patience) RoundTrip(r *http.Request) (*http.Response, error) {
	next := p.next
	if next == nil {
		next = http.DefaultTransport
	}
	if t, ok := next.(*http.Transport); ok && p.next != nil {
		t.Proxy = viaProxy
	}
	resp, err := next.RoundTrip(r)
	if err == nil {
		p.after = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return resp, err
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil && t.After(now) {
		return t.Sub(now)
	}
	return 0
}

// laterError is the error of a server that said when to come again. Backoff heeds it.
type laterError struct {
	error
	after time.Duration
}

func (e *laterError) Unwrap() error { return e.error }

// RetryAfter implements storage.RetryAfter.
func (e *laterError) RetryAfter() time.Duration { return e.after }

// later is an error with what the server said of when to come again.
func (p *patience) later(err error) error {
	if err == nil || p.after <= 0 {
		return err
	}
	return &laterError{err, p.after}
}

var (
	errRedirected = errors.New("the server points elsewhere (a redirection); write the final address")
	errStuck      = errors.New("earlier messages still hang there")
)

// webhook posts the message as JSON; success is any 2xx and nothing else. (The generic service of shoutrrr treats a redirection as
// success, has no time-out, and sends only a title and a text.)
type webhook struct{ url *url.URL }

func (h *webhook) send(ctx context.Context, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("this is not an address")
	}
	req.Header.Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(m.ID)) // an ID may hold characters that a header cannot
	req.Header.Set("Idempotency-Key", hex.EncodeToString(sum[:16]))
	var wait patience
	resp, err := httpClient(&wait).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return wait.later(httpStatus(resp.StatusCode))
	}
	return nil
}

// httpStatus is the error of an answer that is not 2xx.
type httpStatus int

func (s httpStatus) Error() string {
	return fmt.Sprintf("the server answered %d %s", int(s), http.StatusText(int(s)))
}

// shoutrrr sends through the library of that name, which takes no context: a call that hangs is abandoned. After maxStuck of them no
// further call is made.
type shoutrrr struct {
	url   *url.URL
	stuck atomic.Int32
}

func (s *shoutrrr) send(ctx context.Context, m Message) error {
	if s.stuck.Load() >= maxStuck {
		return errStuck
	}
	wait := &patience{}
	service, err := openService(s.url, wait)
	if err != nil {
		return err
	}
	text, params := m.Title+"\n"+m.Text, types.Params{}
	switch service.(type) {
	case *ntfy.Service:
		text = m.Text
		params["title"] = inHeader(m.Title)
		if m.Link != "" {
			params["click"] = m.Link
		}
		if m.Urgent() && !s.url.Query().Has("priority") {
			params["priority"] = "4"
		}
	case *gotify.Service:
		text = m.Text
		params["title"] = m.Title
		if !s.url.Query().Has("priority") {
			params["priority"] = map[bool]string{true: "8", false: "5"}[m.Urgent()]
		}
	case *smtp.Service:
		text = m.Text + "\n"
		params["subject"] = inHeader(m.Title)
	}
	done := make(chan error, 1)
	s.stuck.Add(1)
	go func() {
		defer s.stuck.Add(-1)
		done <- wait.later(service.Send(text, &params))
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, mail := service.(*smtp.Service); mail && err != nil && strings.Contains(err.Error(), "error closing session") &&
		!strings.Contains(err.Error(), "error sending message") {
		return nil // the server had accepted the mail before it hung up
	}
	return err
}

// inHeader encodes a text for a header (RFC 2047), on one line.
func inHeader(s string) string {
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", strings.Join(strings.Fields(s), " ")), "\r\n ", " ")
}

// openService makes the shoutrrr service of an address, without using the network. Its errors may contain the address. Matrix and
// Signal take no client of ours: what their servers say of when to come again is lost.
func openService(u *url.URL, wait *patience) (types.Service, error) {
	switch u.Scheme {
	case "ntfy":
		s := &ntfy.Service{}
		if err := s.Initialize(u, nil); err != nil {
			return nil, err
		}
		s.SetHTTPClient(httpClient(wait))
		return s, nil
	case "gotify":
		s := &gotify.Service{}
		if err := s.Initialize(u, nil); err != nil {
			return nil, err
		}
		s.Config.UseHeader = true // a token in the URL would be in the logs of every proxy
		client := s.GetHTTPClient()
		wait.next = client.Transport // it may trust another certificate
		client.Timeout, client.CheckRedirect, client.Transport = sendTimeout, httpClient(wait).CheckRedirect, wait
		return s, nil
	case "matrix":
		if password, _ := u.User.Password(); u.User.Username() != "" || password == "" {
			return nil, &hinted{errors.New("Matrix wants an access token, not a user and password"), "write matrix://:TOKEN@HOST/?rooms=!ID:HOST: a login would leave a new device behind at each start"}
		}
		if q := u.Query(); q.Get("rooms")+q.Get("room") == "" {
			return nil, &hinted{errors.New("Matrix wants to know the room"), "write matrix://:TOKEN@HOST/?rooms=!ID:HOST"}
		}
		s := &matrix.Service{}
		return s, s.Initialize(u, nil)
	case "signal":
		s := &signal.Service{}
		return s, s.Initialize(u, nil)
	case "smtp":
		s := &smtp.Service{}
		if err := s.Initialize(u, nil); err != nil {
			return nil, err
		}
		// Otherwise a server in the middle that hides STARTTLS could read the mail.
		s.Config.RequireStartTLS = s.Config.UseStartTLS && !loopback(s.Config.Host)
		s.Config.FromName = cmp.Or(clean(s.Config.FromName), "Vigie")
		for _, a := range append([]string{s.Config.FromAddress}, s.Config.ToAddresses...) {
			if strings.ContainsAny(a, "\r\n<>") {
				return nil, errors.New("a mail address holds what none can hold")
			}
		}
		return s, nil
	}
	return nil, &hinted{errors.New("unknown kind of destination"), "the kinds are ntfy, gotify, matrix, signal, smtp, https, http, mqtt and mqtts"}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// neverArrived reports whether an error proves that the destination has not accepted the message: no connection was made, or it
// answered with a refusal. A broken connection, a time-out and the error of a gateway prove nothing.
func neverArrived(err error) bool {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var op *net.OpError
	var code httpStatus
	var answer jsonclient.Error
	var mail *textproto.Error
	var turned connectRefused
	no := func(code int) bool { return code >= 300 && code < 500 || code == http.StatusServiceUnavailable }
	switch {
	case errors.Is(err, errRedirected), errors.Is(err, errStuck), errors.As(err, &dns), errors.As(err, &cert), errors.As(err, &mail), errors.As(err, &turned):
		return true
	case errors.As(err, &code):
		return no(int(code))
	case errors.As(err, &answer):
		return no(answer.StatusCode)
	}
	return errors.As(err, &op) && op.Op == "dial"
}

// explain describes an error in words of our own where it can; the text of a library may contain the address.
func explain(err error) string {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var code httpStatus
	var answer jsonclient.Error
	var mail *textproto.Error
	var timeout net.Error
	switch {
	case errors.Is(err, errRedirected):
		return errRedirected.Error()
	case errors.As(err, &code):
		return code.Error()
	case errors.As(err, &answer) && answer.StatusCode >= 300:
		return httpStatus(answer.StatusCode).Error()
	case errors.As(err, &answer):
		return "the answer is not that of such a server (a captive portal?)"
	case errors.As(err, &mail):
		return fmt.Sprintf("the mail server answered %d", mail.Code)
	case errors.As(err, &dns):
		return "the name of the server cannot be resolved: no network, or a typo"
	case errors.As(err, &cert):
		return "the server's certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server refuses the connection"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server hung up"
	}
	return err.Error()
}
