package review

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Limit bounds the connections of servers: the process that answers may be the one that records, and strangers must not be able to
// fill its memory. There are at most mostConns in all, and mostConnsOf from one place. Loopback has no share of its own: a reverse
// proxy there speaks for everybody.
//
// When there are too many, a new connection takes the place of the one that has been waiting for longest: one whose request has not
// arrived in full yet, or on which none is under way. So half-sent requests keep nobody out. A connection whose request is
// being answered is never given up; if there are no others, the new one is closed at once.
type Limit struct {
	log     *slog.Logger
	refused atomic.Int64

	mu    sync.Mutex
	conns map[*limited]bool
	turn  int64 // counts accepted connections and answered requests
}

const (
	mostConns   = 256
	mostConnsOf = 32
)

// NewLimit returns a limit. It logs the 1st, 10th, 100th and so on connection that it gives up; log may be nil.
func NewLimit(log *slog.Logger) *Limit { return &Limit{log: log, conns: map[*limited]bool{}} }

// Refused is how many connections were given up before any request of theirs was answered.
func (m *Limit) Refused() int64 { return m.refused.Load() }

// Listen bounds what a listener accepts.
func (m *Limit) Listen(l net.Listener) net.Listener { return &limitedListener{l, m} }

// Watch lets the limit know which connections are busy, before the server serves.
func (m *Limit) Watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn()
		}
		return context.WithValue(ctx, limitedKey{}, c)
	}
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(limitedKey{}).(*limited)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		defer c.setBusy(false)
		if r.Body == nil || r.Body == http.NoBody {
			c.setBusy(true)
		} else {
			r.Body = &arriving{r.Body, c}
		}
		next.ServeHTTP(w, r)
	})
}

type limitedKey struct{}

// arriving makes a connection busy once the body of its request is there.
type arriving struct {
	io.ReadCloser
	conn *limited
}

func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err == io.EOF {
		a.conn.setBusy(true)
	}
	return n, err
}

type limitedListener struct {
	net.Listener
	limit *Limit
}

// Accept returns the next connection for which there is room.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if one := l.limit.admit(c); one != nil {
			return one, nil
		}
	}
}

// limited is one connection. Its fields are guarded by the limit.
type limited struct {
	net.Conn
	limit    *Limit
	place    netip.Prefix // zero: without a share of its own
	since    int64        // the turn at which it was accepted, or last answered a request
	busy     bool
	answered bool
}

// admit makes room for a connection, or closes it and returns nil.
func (m *Limit) admit(c net.Conn) *limited {
	one := &limited{Conn: c, limit: m}
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		one.place = place(tcp.String())
	}
	m.mu.Lock()
	m.turn++
	one.since = m.turn
	gone, ok := m.makeRoom(one.place)
	if ok {
		m.conns[one] = true
	}
	m.mu.Unlock()
	if gone != nil {
		if !gone.answered {
			m.countRefused()
		}
		abort(gone.Conn)
	}
	if !ok {
		m.countRefused()
		abort(c)
		return nil
	}
	return one
}

// makeRoom removes the connection that gives way to a new one, if one has to. ok is false if none can.
func (m *Limit) makeRoom(from netip.Prefix) (gone *limited, ok bool) {
	same := 0
	for c := range m.conns {
		if from.IsValid() && c.place == from {
			same++
		}
	}
	share := same >= mostConnsOf
	if !share && len(m.conns) < mostConns {
		return nil, true
	}
	for c := range m.conns {
		if !c.busy && (!share || c.place == from) && (gone == nil || c.since < gone.since) {
			gone = c
		}
	}
	delete(m.conns, gone)
	return gone, gone != nil
}

func (m *Limit) countRefused() {
	n := m.refused.Add(1)
	for tens := int64(1); tens <= n; tens *= 10 {
		if tens == n && m.log != nil {
			m.log.Warn("too many connections: some are given up before they are answered", "so far", n)
		}
	}
}

// abort closes a connection at once, and what was not sent is lost.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

func (c *limited) setBusy(busy bool) {
	m := c.limit
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn++
	c.busy, c.since, c.answered = busy, m.turn, c.answered || !busy
}

// Close makes room for another connection.
func (c *limited) Close() error {
	c.limit.mu.Lock()
	delete(c.limit.conns, c)
	c.limit.mu.Unlock()
	return c.Conn.Close()
}
