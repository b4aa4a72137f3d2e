// Package influx copies a store to an InfluxDB server (1.8, 2 or 3) or to another server that speaks its write API. It
// sends points, sets the server up (Plan), checks it (Check), and reads events and clock corrections back from it.
// docs/influxdb.md describes every measurement, tag and field.
//
// Nothing is lost while the server is down: the store keeps everything, and the cursor of Follow stays where it is. What the
// server refuses permanently is kept in the store as a dead letter, with the server's words.
//
// The package refuses to decide by what a server says: only the status of an answer counts. It never puts a token or the
// contents of a point into an error or a log line, and sends coordinates only if Options.Positions says so. It is the only
// importer of github.com/influxdata, and uses only the blocking part of that client: the other part loses data silently.
package influx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	influxlog "github.com/influxdata/influxdb-client-go/v2/log"

	"vigie/storage"

	"vigie/safefile"
)

// Options say where a Sink copies to, and what. Only URL and Bucket are required.
type Options struct {
	URL    string // "https://influx.example.org:8086"
	Bucket string // of InfluxDB 1.8: a database, or DATABASE/RETENTION-POLICY
	Org    string // of InfluxDB 2; ignored by 1.8 and 3

	// TokenFile holds the token on its first line: for InfluxDB 2 and 3 an API token, for 1.8 USER:PASSWORD. It is read again
	// at every Reload. Empty: the credential vigie.influx-token if there is one, otherwise no token. A token is never an
	// argument, and never in an error, a log or a store.
	TokenFile string
	CAFile    string // certificates (PEM) to trust instead of the system's

	Gzip      bool // compress what is sent: for slow links
	FullRate  bool // send every observation; otherwise changes, and one sample per minute
	Positions bool // send coordinates

	Batch   int           // most points per request; 0: 5,000
	Timeout time.Duration // of one request; 0: 15 s

	Proxy func(*http.Request) (*url.URL, error) // chooses the proxy; nil: none, whatever the environment says

	Log func(line string) // called with one line when the state changes, never with contents; may be nil
}

const (
	defaultBatch   = 5000
	defaultTimeout = 15 * time.Second
	maxBody        = 4 << 20  // bytes of a request before compression
	maxAnswer      = 64 << 10 // bytes of an answer to a write that are read
)

// credential is the name of the token as a credential: vigie.influx-token.
const credential = "influx-token"

// Sink copies a store to one server. It is a storage.Sink; its own Follow drives it better than storage.Follow can.
type Sink struct {
	o     Options
	store *storage.Store // for rejected points
	shape shape

	client    influxdb2.Client
	http      *http.Client
	transport *transport
	writer    api.WriteAPIBlocking

	reload chan struct{} // has an element after Reload

	sampler     sampler // of Write
	closed      atomic.Bool
	wait        waits
	unconfirmed window

	mu     sync.Mutex
	status Status
	away   bool // the server was unreachable or failed since it last accepted something

	futile        int // of the goroutine that sends
	refusedFields []refusedField
	refusals      int64 // points and fields that were rejected since the start, also those that were before
}

// New checks the options and reads the token. It does not contact the server. Rejected points are stored in s; nil if nothing
// is to be copied.
func New(s *storage.Store, o Options) (*Sink, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, errors.New("influx: the url cannot be read; write it like https://influx.example.org:8086")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("influx: the url must begin with http:// or https:// and name a host")
	case u.User != nil:
		return nil, errors.New("influx: the url holds a user or password; put USER:PASSWORD on the first line of token_file instead")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("influx: the url has parts after ? or #; bucket and org are keys of their own")
	case o.Bucket == "":
		return nil, errors.New("influx: no bucket is named (for InfluxDB 1.8: the database)")
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Org == "" {
		o.Org = noOrg
	}
	o.URL = strings.TrimRight(u.String(), "/") + "/"
	x := &Sink{o: o, store: s, shape: shape{positions: o.Positions}, reload: make(chan struct{}, 1), wait: defaultWaits, unconfirmed: defaultUnconfirmed}
	if x.transport, err = newTransport(o); err != nil {
		return nil, err
	}
	if err := x.reloadToken(); err != nil {
		return nil, err
	}
	x.http = &http.Client{
		Transport: x.transport,
		Timeout:   o.Timeout,
		// A redirect is an answer like any other, so that the token does not go elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	quiet.Do(func() { influxlog.Log = nil }) // its error lines can contain what was sent
	options := influxdb2.DefaultOptions().SetHTTPClient(x.http).SetUseGZip(o.Gzip).SetApplicationName("vigie")
	x.client = influxdb2.NewClientWithOptions(o.URL, "", options)
	x.writer = x.client.WriteAPIBlocking(o.Org, o.Bucket)
	x.status.State = Idle
	return x, nil
}

// noOrg takes the place of an organisation that is not given. InfluxDB 1.8 and 3 ignore it.
const noOrg = "-"

var quiet sync.Once

// readToken reads the first line of the file, or of the systemd credential.
func readToken(file string) (string, error) {
	if file == "" {
		if file, _ = safefile.Credential(credential); file == "" {
			return "", nil
		}
	}
	f, err := safefile.Open(file)
	if err != nil {
		return "", fmt.Errorf("influx: token: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return "", fmt.Errorf("influx: token: %w", err)
	}
	token, _, _ := strings.Cut(string(text), "\n")
	token = strings.TrimRight(token, "\r ")
	if token == "" {
		return "", fmt.Errorf("influx: the first line of %s, which should be the token, is empty", file)
	}
	for i := range len(token) { // a character that a header cannot hold would make every request fail, with the token in the error
		if token[i] < 0x20 || token[i] >= 0x7f {
			return "", fmt.Errorf("influx: the first line of %s is not a token: it has characters that none has", file)
		}
	}
	return token, nil
}

func newTransport(o Options) (*transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = o.Proxy
	t.MaxIdleConnsPerHost = 2
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("influx: certificates: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("influx: %s holds no certificate (PEM)", o.CAFile)
		}
	}
	return &transport{Transport: t}, nil
}

// transport adds the token, which can therefore change while requests run, and is the only place that holds it. It reads only
// the beginning of an answer to a write, since servers repeat what they refuse, and accepts only 204 as success: a captive
// portal answers 200 to everything.
type transport struct {
	*http.Transport
	mu    sync.Mutex
	token string
}

func (t *transport) set(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = token
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	t.mu.Lock()
	if t.token != "" {
		scheme := "Token "
		if strings.Contains(r.URL.Path, "/api/v3/") {
			scheme = "Bearer "
		}
		r.Header.Set("Authorization", scheme+t.token)
	}
	t.mu.Unlock()
	resp, err := t.Transport.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/write") {
		return resp, err
	}
	if c := resp.StatusCode; c >= 200 && c < 300 && c != http.StatusNoContent {
		resp.Body.Close()
		return nil, fmt.Errorf("something between here and the server answers %d, which InfluxDB does not", c)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// Reload reads the token again, and makes a sink that is waiting retry immediately. SIGHUP should call it.
func (x *Sink) Reload() error {
	if err := x.reloadToken(); err != nil {
		return err
	}
	select {
	case x.reload <- struct{}{}:
	default:
	}
	return nil
}

func (x *Sink) reloadToken() error {
	token, err := readToken(x.o.TokenFile)
	if err != nil {
		return err
	}
	x.transport.set(token)
	return nil
}

// Write sends the points of the entries, and returns once the server has accepted each of them or it was stored as rejected.
// It waits as long as that takes: only the end of ctx, or a store that cannot store what was rejected, ends it with an error.
func (x *Sink) Write(ctx context.Context, entries []storage.Entry) error {
	if x.closed.Load() {
		return errors.New("influx: it is closed")
	}
	var p points
	return x.write(ctx, &p, &x.sampler, entries)
}

// write sends what the sampler passes; all if there is none.
func (x *Sink) write(ctx context.Context, p *points, t *sampler, entries []storage.Entry) error {
	p.reset()
	for _, e := range entries {
		if !x.o.FullRate && t != nil && !t.passes(e) {
			continue
		}
		if !x.shape.add(p, e) {
			if err := x.reject(ctx, storage.Rejected{Seq: e.Seq, Reason: "its time is one that InfluxDB cannot hold"}); err != nil {
				return err
			}
		}
	}
	for i := 0; i < p.len(); {
		j := i + 1
		for j < p.len() && j-i < x.o.Batch && p.ends[j]-p.start(i) <= maxBody {
			j++
		}
		d := delivery{x: x, p: p}
		if err := d.send(ctx, i, j); err != nil {
			return err
		}
		i = j
	}
	return nil
}

// Close closes the connections. What Write acknowledged is at the server.
func (x *Sink) Close() error {
	x.closed.Store(true)
	x.client.Close()
	x.http.CloseIdleConnections()
	return nil
}
