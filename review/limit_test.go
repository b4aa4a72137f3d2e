package review

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// from is a connection from another address.
type from struct {
	net.Conn
	addr net.TCPAddr
}

func (f from) RemoteAddr() net.Addr { return &f.addr }

// crossing is a listener whose connections come from wherever a test says.
type crossing struct{ conns chan net.Conn }

func (c crossing) Accept() (net.Conn, error) {
	if one, ok := <-c.conns; ok {
		return one, nil
	}
	return nil, net.ErrClosed
}
func (crossing) Close() error   { return nil }
func (crossing) Addr() net.Addr { return &net.TCPAddr{} }

// dial connects from an address, and returns the near end.
func (c crossing) dial(ip string) net.Conn {
	near, far := net.Pipe()
	c.conns <- from{far, net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
	return near
}

// limitedServer answers "ok" to /, and to /slow once more is received from: it sends began before.
func limitedServer(t *testing.T) (c crossing, m *Limit, began, more chan bool) {
	c, m, began, more = crossing{make(chan net.Conn)}, NewLimit(nil), make(chan bool), make(chan bool)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			began <- true
			<-more
		}
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "ok")
	})}
	m.Watch(s)
	done := make(chan error, 1)
	go func() { done <- s.Serve(m.Listen(c)) }()
	t.Cleanup(func() { close(c.conns); s.Close(); <-done })
	return c, m, began, more
}

func ask(t *testing.T, c net.Conn, path string) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	answered(t, c)
}

func answered(t *testing.T, c net.Conn) {
	t.Helper()
	w, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	text, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	require.Equal(t, "ok", string(text))
}

// requireClosed waits until the far end has closed a connection.
func requireClosed(t *testing.T, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second)) // fails if it is closed by now
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// One address has a share, and takes no room from others, whatever it sends.
func TestOneAddressHasAShare(t *testing.T) {
	c, m, _, _ := limitedServer(t)
	other := c.dial("192.0.2.2")
	ask(t, other, "/")
	var half []net.Conn
	for i := range 3 * mostConnsOf {
		conn := c.dial("192.0.2.1")
		half = append(half, conn)
		if i%2 == 0 {
			go io.WriteString(conn, "GET / HTTP/1.1\r\nHost: loc")
		}
	}
	ask(t, other, "/")
	requireClosed(t, half[0])
	require.Eventually(t, func() bool { return m.Refused() == 2*mostConnsOf }, 5*time.Second, time.Millisecond)
	ask(t, c.dial("192.0.2.1"), "/")
	m.mu.Lock()
	defer m.mu.Unlock()
	require.LessOrEqual(t, len(m.conns), mostConnsOf+1)
}

// From many addresses, or over a proxy on this machine, there is a bound in all. Who asks is answered all the same.
func TestBoundInAll(t *testing.T) {
	for what, ip := range map[string]func(int) string{"many addresses": func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) },
		"loopback": func(int) string { return "127.0.0.1" }} {
		t.Run(what, func(t *testing.T) {
			c, m, began, more := limitedServer(t)
			busy := c.dial("127.0.0.1")
			go io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
			<-began
			for i := range 4 * mostConns {
				conn := c.dial(ip(i))
				go io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
				if i%100 == 0 {
					ask(t, c.dial(ip(i)), "/")
				}
			}
			m.mu.Lock()
			require.LessOrEqual(t, len(m.conns), mostConns)
			m.mu.Unlock()
			require.Greater(t, m.Refused(), int64(2*mostConns))
			more <- true
			answered(t, busy)
		})
	}
}

// Where all are busy, the new one is turned away.
func TestBusyConnectionsAreNotGivenUp(t *testing.T) {
	c, m, began, more := limitedServer(t)
	var busy []net.Conn
	for range mostConnsOf {
		conn := c.dial("192.0.2.1")
		busy = append(busy, conn)
		go io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
		<-began
	}
	requireClosed(t, c.dial("192.0.2.1"))
	require.EqualValues(t, 1, m.Refused())
	for _, conn := range busy {
		more <- true
		answered(t, conn)
	}
	ask(t, c.dial("192.0.2.1"), "/")
}

// The desk is behind the bound, with TLS and without, and answers while thousands send half a request.
func TestReviewIsBehindTheBound(t *testing.T) {
	rv := emptyReview(t).review
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- rv.Serve(ctx, l, nil) }()
	var half []net.Conn
	for range 3 * mostConns {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+strings.Repeat("x", 1000))
		half = append(half, conn)
	}
	w, err := http.Get("http://" + l.Addr().String() + "/about")
	require.NoError(t, err)
	w.Body.Close()
	require.Equal(t, 200, w.StatusCode)
	require.Positive(t, rv.Refused())
	http.DefaultClient.CloseIdleConnections()
	cancel()
	require.NoError(t, <-done)
	require.NotEmpty(t, half)
}
