package influx

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vigie/safefile"
)

// Server is what a server says of itself.
type Server struct {
	Generation int           // 1, 2 or 3; 0: another program that speaks its protocol (VictoriaMetrics)
	Version    string        // as it says; empty if it says nothing useful
	RoundTrip  time.Duration // of one request
	Skew       time.Duration // its clock minus ours, to the second
	HasClock   bool          // Skew is known
}

// Server asks the server what it is. It needs no token.
func (x *Sink) Server(ctx context.Context) (Server, error) {
	var s Server
	began := time.Now()
	resp, _, err := x.get(ctx, "ping")
	if err != nil {
		return s, err
	}
	s.RoundTrip = time.Since(began)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		s.Skew, s.HasClock = date.Add(500*time.Millisecond).Sub(began.Add(s.RoundTrip/2)), true
	}
	s.Version = strings.TrimPrefix(clean(resp.Header.Get("X-Influxdb-Version"), 40), "v")
	switch {
	case strings.HasPrefix(s.Version, "1."):
		s.Generation = 1
	case strings.HasPrefix(s.Version, "2."):
		s.Generation = 2
	case strings.HasPrefix(s.Version, "3."):
		s.Generation = 3
	case resp.Header.Get("X-Influxdb-Version") == "" && resp.Header.Get("X-Influxdb-Build") == "":
		// Not an InfluxDB, or a 3 that requires a token for this.
	default: // built without its version: only 2 has buckets
		s.Version = ""
		s.Generation = 1
		if buckets, _, err := x.get(ctx, "api/v2/buckets?limit=1"); err == nil && buckets.StatusCode != http.StatusNotFound {
			s.Generation = 2
		}
	}
	return s, nil
}

// get makes a request and reads up to 1 MiB of the answer.
func (x *Sink) get(ctx context.Context, path string) (*http.Response, []byte, error) {
	return x.ask(ctx, http.MethodGet, path, nil)
}

func (x *Sink) ask(ctx context.Context, method, path string, body any) (*http.Response, []byte, error) {
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, nil, err
		}
		in = strings.NewReader(string(text))
	}
	req, err := http.NewRequestWithContext(ctx, method, x.o.URL+path, in)
	if err != nil {
		return nil, nil, errors.New("the url cannot be used")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := x.http.Do(req)
	if err != nil {
		return nil, nil, networkError(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp, text, err
}

// Check is one result of Sink.Check.
type Check struct {
	What string // "reachable", "token and bucket", ...
	Bad  bool   // it does not work
	Says string // what was found, for people
	Hint string // what to do, for people; also if it works but could be better
}

// Check tests whether copying will work, in the order in which things fail: it reaches the server, writes one point of its own
// and reads it back. It stops after something that does not work.
func (x *Sink) Check(ctx context.Context) (all []Check) {
	add := func(c Check) bool { all = append(all, c); return !c.Bad }
	if c, ok := x.checkToken(); ok && !add(c) {
		return all
	}
	if u, err := url.Parse(x.o.URL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		add(Check{What: "encryption", Says: "none: the token and all contents go over the network in clear", Hint: "write https:// in url; a certificate of your own goes into ca_file"})
	}
	server, err := x.Server(ctx)
	if err != nil {
		add(Check{What: "reachable", Bad: true, Says: err.Error(), Hint: hintForNetwork(err)})
		return all
	}
	add(Check{What: "reachable", Says: fmt.Sprintf("%s, answers in %s", server, server.RoundTrip.Round(time.Millisecond))})
	if server.HasClock {
		c := Check{What: "clock", Says: "agrees with the server's to the second"}
		if server.Skew.Abs() > 3*time.Second {
			c.Says = fmt.Sprintf("the server's is %s ahead of ours", server.Skew.Round(time.Second))
			if server.Skew < 0 {
				c.Says = fmt.Sprintf("ours is %s ahead of the server's", (-server.Skew).Round(time.Second))
			}
			c.Hint = "see which of the two is wrong (timedatectl): dashboards show the last hours by the server's clock, points carry ours"
		}
		add(c)
	}
	began := time.Now()
	a, measurement := x.probe(ctx)
	switch a.outcome {
	case accepted:
		add(Check{What: "token and bucket", Says: fmt.Sprintf("a point was written to %q", x.o.Bucket)})
	case blocked, refused, tooLarge:
		add(Check{What: "token and bucket", Bad: true, Says: x.refusal(a.status), Hint: "the server's own words: " + cmp.Or(a.words, "none")})
		return all
	default:
		add(Check{What: "token and bucket", Bad: true, Says: fmt.Sprintf("no point could be written: %d %s", a.status, a.words), Hint: "try again in a while; what is to be sent waits in the store"})
		return all
	}
	since := time.Time{}
	if server.HasClock {
		since = began.Add(server.Skew - 5*time.Second)
	}
	add(x.checkReading(ctx, server, measurement, since))
	return all
}

func (s Server) String() string {
	switch {
	case s.Generation == 0:
		return "not an InfluxDB, or one that does not say so"
	case s.Version == "":
		return fmt.Sprintf("InfluxDB %d, which does not say its version", s.Generation)
	}
	return "InfluxDB " + s.Version
}

// checkReading reads back a point that was written after a time of the server.
func (x *Sink) checkReading(ctx context.Context, server Server, measurement string, since time.Time) Check {
	c := Check{What: "reading back", Says: "the point came back; dashboards and vigie events --from influx will work"}
	found := false
	where := ""
	if !since.IsZero() {
		where = fmt.Sprintf(" AND time > %d", since.UnixNano())
	}
	for t, err := range x.Query(ctx, "SELECT ok FROM "+ident(measurement)+" WHERE \"by\" = 'vigie'"+where) {
		if err != nil {
			c.Bad, c.Says = true, err.Error()
		}
		found = found || len(t.Values) > 0
	}
	if !c.Bad && found {
		return c
	}
	if !c.Bad {
		c.Bad, c.Says = true, "the point was taken but does not come back"
	}
	c.Hint = "the token may write but perhaps not read; copying works without reading"
	switch server.Generation {
	case 2:
		c.Hint = "the token needs the right to read, and the bucket a database mapping (DBRP); copying works without"
	case 0:
		c.Hint = "this server is good for numbers only: texts, and so events, do not come back from it (docs/influxdb.md)"
	}
	return c
}

// checkToken looks at the token file, and reveals nothing of its contents. ok is false if there is none.
func (x *Sink) checkToken() (Check, bool) {
	if x.o.TokenFile == "" {
		return Check{}, false
	}
	info, err := safefile.Stat(x.o.TokenFile)
	switch {
	case err != nil:
		return Check{What: "token file", Bad: true, Says: err.Error(), Hint: "check token_file in the configuration"}, true
	case info.Mode().Perm()&0o077 != 0:
		return Check{What: "token file", Says: fmt.Sprintf("others on this machine can read it (mode %04o)", info.Mode().Perm()), Hint: "chmod 600 " + x.o.TokenFile}, true
	}
	return Check{What: "token file", Says: "readable for its owner alone"}, true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hintForNetwork(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "x509") || strings.Contains(text, "certificate"):
		return "name the server's own certificate authority in ca_file, and check that url names the host as the certificate does"
	case strings.Contains(text, "HTTP response to HTTPS client"):
		return "the server does not speak TLS there: write http:// in url, or the port that does"
	case strings.Contains(text, "no such host"):
		return "check the host in url"
	case strings.Contains(text, "refused"):
		return "nothing listens there: check the port in url, and that the server runs"
	}
	return "check url, and that this machine reaches it"
}
