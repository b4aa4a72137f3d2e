package modem

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// mute is a port behind which nothing ever answers; it keeps what was written to it.
type mute struct {
	closed  chan struct{}
	once    sync.Once
	written *[]byte
}

func (m *mute) Read([]byte) (int, error) {
	<-m.closed
	return 0, io.ErrClosedPipe
}

func (m *mute) Write(p []byte) (int, error) {
	*m.written = append(*m.written, p...)
	return len(p), nil
}

func (m *mute) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// A modem that stays silent is reopened repeatedly, and if allowed taken off the bus and put back, less and less often; each time is
// reported. Nothing but AT is written to it.
func TestSilentModemIsReauthorised(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		tree := newTree(t)
		tree.plug(device{path: "1-1.4", vid: "2c7c", pid: "0125", ports: map[string]string{"02": "ttyUSB2"}})
		authorized := filepath.Join(tree.Sys, "bus/usb/devices/1-1.4/authorized")
		tree.write(authorized, "1")
		synctest.Test(t, func(t *testing.T) {
			c, err := New(Config{Device: tree.dev("ttyUSB2"), Host: tree.Host, Wait: true, Reauthorize: allowed})
			require.NoError(t, err)
			var written []byte
			openings := 0
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			c.open = func(string) (io.ReadWriteCloser, error) {
				if openings++; openings > 30 {
					stop()
				}
				return &mute{closed: make(chan struct{}), written: &written}, nil
			}
			var told []*cell.Health
			var at []int
			c.port = Port{Device: tree.dev("ttyUSB2"), Identity: "usb:2c7c:0125:1-1.4:02", USBPath: "1-1.4"}
			require.NoError(t, c.Run(ctx, func(r cell.Record) error {
				if h, ok := r.(*cell.Health); ok {
					told, at = append(told, h), append(at, openings)
				}
				return nil
			}))
			for _, b := range written {
				require.Contains(t, "AT\r", string(b))
			}
			if !allowed {
				require.Empty(t, told)
				return
			}
			require.Len(t, told, 3, "after 4, 8 and 16 openings")
			require.Equal(t, 4, at[0])
			require.InDelta(t, 12, at[1], 1, "one reason is told once a minute")
			require.InDelta(t, 28, at[2], 1)
			for i, h := range told {
				require.Equal(t, "usb_reauthorised", h.Reason)
				require.Contains(t, h.Detail, []string{"1st", "2nd", "3rd"}[i])
			}
		})
		text, err := os.ReadFile(authorized)
		require.NoError(t, err)
		require.Equal(t, "1\n", string(text), "put back")
	}
}

func TestReauthorize(t *testing.T) {
	tree := newTree(t)
	dir := filepath.Join(tree.Sys, "bus/usb/devices/1-1.4")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	port := Port{Device: "ttyUSB2", USBPath: "1-1.4"}
	require.ErrorIs(t, tree.Reauthorize(port), os.ErrNotExist, "nothing is made that is not there")
	require.ErrorContains(t, tree.Reauthorize(Port{Device: "/dev/ttyS0"}), "not a port on USB")
	require.ErrorContains(t, tree.Reauthorize(Port{Device: "x", USBPath: "../../etc"}), "not a port on USB")

	fifo := filepath.Join(dir, "authorized")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	read := make(chan string)
	go func() {
		f, err := os.OpenFile(fifo, os.O_RDWR, 0) // so that it does not end between the two
		if err != nil {
			close(read)
			return
		}
		defer f.Close()
		b := make([]byte, 2)
		_, _ = io.ReadFull(f, b)
		read <- string(b)
	}()
	require.NoError(t, tree.Reauthorize(port))
	require.Equal(t, "01", <-read, "taken off, then put back")
}
