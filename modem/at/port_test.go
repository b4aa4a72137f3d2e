package at

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeModem is a port with a modem behind it. Its answers are what the function answer prints.
type fakeModem struct {
	answer func(m *fakeModem, command string) // command without AT and CR
	echo   string                             // printed after the echo of a command; "" is echo off

	bytes  chan []byte
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	written bytes.Buffer
	line    []byte
	cause   error
}

func newFakeModem(answer func(m *fakeModem, command string)) *fakeModem {
	return &fakeModem{answer: answer, bytes: make(chan []byte, 1<<16), closed: make(chan struct{}), cause: errors.New("file already closed")}
}

// scripted answers from a table; what is not in it is an ERROR.
func scripted(table map[string]string) func(*fakeModem, string) {
	return func(m *fakeModem, command string) {
		answer, ok := table[command]
		switch {
		case ok:
			m.print(answer)
		case command == "":
			m.print("\r\nOK\r\n")
		default:
			m.print("\r\nERROR\r\n")
		}
	}
}

func (m *fakeModem) print(s string) {
	for chunk := range slices.Chunk([]byte(s), 4096) {
		m.bytes <- chunk
	}
}

// unplug ends the port with an error.
func (m *fakeModem) unplug(cause error) {
	m.mu.Lock()
	m.cause = cause
	m.mu.Unlock()
	m.once.Do(func() { close(m.closed) })
}

func (m *fakeModem) Read(b []byte) (int, error) {
	select {
	case got := <-m.bytes:
		return copy(b, got), nil
	default:
	}
	select {
	case got := <-m.bytes:
		return copy(b, got), nil
	case <-m.closed:
		m.mu.Lock()
		defer m.mu.Unlock()
		return 0, m.cause
	}
}

func (m *fakeModem) Write(b []byte) (int, error) {
	m.mu.Lock()
	m.written.Write(b)
	m.line = append(m.line, b...)
	var commands []string
	for {
		command, rest, ok := bytes.Cut(m.line, []byte("\r"))
		if !ok {
			break
		}
		commands = append(commands, string(command))
		m.line = rest
	}
	m.mu.Unlock()
	for _, c := range commands {
		if m.echo != "" {
			m.print(c + m.echo)
		}
		m.answer(m, strings.TrimPrefix(c, "AT"))
	}
	return len(b), nil
}

func (m *fakeModem) Close() error {
	m.unplug(io.EOF)
	return nil
}

func (m *fakeModem) received() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.written.String()
}

// The commands of the tests.
var (
	csq     = Command{Text: "+CSQ", Prefixes: []string{"+CSQ"}}
	cereg   = Command{Text: "+CEREG?", Prefixes: []string{"+CEREG"}, Owns: func(line string) bool { _, f := Fields(nil, line); return len(f) >= 2 && len(f[1]) < 3 }}
	serving = Command{Text: `+QENG="servingcell"`, Prefixes: []string{"+QENG"}}
	qcainfo = Command{Text: "+QCAINFO", Prefixes: []string{"+QCAINFO"}}
	qgpsloc = Command{Text: "+QGPSLOC=2", Prefixes: []string{"+QGPSLOC"}}
	report  = Command{Text: "+CEREG=3", Kind: Reporting}
	ati     = Command{Text: "I", Bare: true, Identity: []Identity{{Label: "IMEI:"}}}
	ncell   = Command{Text: "%NCELLMEAS", After: []string{"%NCELLMEAS"}}
	rfsts   = Command{Text: "#RFSTS", Prefixes: []string{"#RFSTS"}, Identity: []Identity{{Prefix: "#RFSTS", Fields: []int{-5, -4}}}}
	ucged   = Command{Text: "+UCGED?", Prefixes: []string{"+UCGED"}, Bare: true, Identity: []Identity{{Fields: []int{7}}}}
)

func testList(t testing.TB, more ...Command) List {
	t.Helper()
	list, err := NewList(append([]Command{csq, cereg, serving, qcainfo, qgpsloc, report, ati, ncell, rfsts, ucged}, more...)...)
	require.NoError(t, err)
	return list
}
