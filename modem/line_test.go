package modem

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vigie/modem/emulator"
)

// virtual runs a test in virtual time. Its modems must be on lines in memory: a blocked read of a real port would stop that time.
func virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// slot is where an emulated modem is plugged in without a pseudo-terminal.
type slot struct {
	mu   sync.Mutex
	line *line // of the modem that is, or was, plugged in
}

// plug plugs a modem in.
func (s *slot) plug(t *testing.T, sc emulator.Scenario, o emulator.Options) *emulator.Emulator {
	t.Helper()
	o.Plug = s.connect
	return plug(t, sc, o)
}

// watch runs a collector on the modem.
func (s *slot) watch(t *testing.T, c Config) *watched {
	t.Helper()
	c.Device, c.Host = "in memory", Host{Sys: t.TempDir(), Proc: t.TempDir()}
	return watchOn(t, c, s.open)
}

// connect is for emulator.Options.
func (s *slot) connect() (emulator.Line, string, error) {
	l := &line{toHost: make(chan byte, 4096), toModem: make(chan byte, 4096), unplugged: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = l
	return l, "in memory", nil
}

// open is for a collector.
func (s *slot) open(string) (io.ReadWriteCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.line.unplugged:
		return nil, &PortError{Device: "in memory", Err: ErrMissing}
	default:
	}
	for len(s.line.toHost) > 0 { // what the modem printed before answers no command of ours
		<-s.line.toHost
	}
	h := &hostEnd{line: s.line, closed: make(chan struct{})}
	s.line.host.Store(h)
	return h, nil
}

// line joins modem and host as a terminal does: each way holds 4 KiB, and what is not taken yet is lost when it is unplugged.
// It is the modem's end itself.
type line struct {
	toHost, toModem chan byte
	unplugged       chan struct{}
	host            atomic.Pointer[hostEnd] // that was opened last
	deadline        time.Time
}

func (l *line) Read(p []byte) (int, error) { return receive(p, l.toModem, l.unplugged, nil) }

func (l *line) Write(p []byte) (int, error) {
	late := time.NewTimer(time.Until(l.deadline))
	defer late.Stop()
	for i, b := range p {
		select {
		case l.toHost <- b:
			continue
		default:
		}
		h := l.host.Load()
		if h == nil { // no host reads it
			return i, os.ErrDeadlineExceeded
		}
		select {
		case l.toHost <- b:
		case <-late.C:
			return i, os.ErrDeadlineExceeded
		case <-h.closed:
			return i, os.ErrDeadlineExceeded
		}
	}
	return len(p), nil
}

func (l *line) SetWriteDeadline(t time.Time) error { l.deadline = t; return nil }

func (l *line) Close() error { close(l.unplugged); return nil }

// hostEnd is the line as a program has it open.
type hostEnd struct {
	*line
	closed chan struct{}
	once   sync.Once
}

func (h *hostEnd) Read(p []byte) (int, error) { return receive(p, h.toHost, h.unplugged, h.closed) }

func (h *hostEnd) Write(p []byte) (int, error) {
	for i, b := range p {
		select {
		case h.toModem <- b:
		case <-h.unplugged:
			return i, ErrUnplugged
		case <-h.closed:
			return i, os.ErrClosed
		}
	}
	return len(p), nil
}

func (h *hostEnd) Close() error { h.once.Do(func() { close(h.closed) }); return nil }

// receive waits for bytes and takes those that are there.
func receive(p []byte, from <-chan byte, unplugged, closed <-chan struct{}) (n int, err error) {
	select {
	case p[0] = <-from:
	case <-unplugged:
		return 0, ErrUnplugged
	case <-closed:
		return 0, os.ErrClosed
	}
	for n = 1; n < len(p); n++ {
		select {
		case p[n] = <-from:
		default:
			return n, nil
		}
	}
	return n, nil
}
