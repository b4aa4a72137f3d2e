package emulator

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// terminal is the other end of the emulator: a program that talks to the modem.
type terminal struct {
	t    *testing.T
	file *os.File
}

func start(t *testing.T, text string, o Options) *Emulator {
	t.Helper()
	s, err := Parse(text, os.DirFS("testdata"))
	require.NoError(t, err)
	e, err := Start(context.Background(), s, o)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func open(t *testing.T, path string) terminal {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return terminal{t, f}
}

// ask writes a command and reads until the answer ends so; it fails after two seconds.
func (m terminal) ask(command, end string) string {
	m.t.Helper()
	if command != "" {
		_, err := m.file.WriteString(command + "\r")
		require.NoError(m.t, err)
	}
	require.NoError(m.t, m.file.SetReadDeadline(time.Now().Add(2*time.Second)))
	var all []byte
	for buf := make([]byte, 4096); !bytes.HasSuffix(all, []byte(end)); {
		n, err := m.file.Read(buf)
		all = append(all, buf[:n]...)
		require.NoError(m.t, err, "so far: %q", all)
	}
	return string(all)
}

func TestAnswersComeByteForByte(t *testing.T) {
	const serving = `+QENG: "servingcell","LIMSRV","GSM",432,11,587,293A,31,98,-,-63,255,255,0,43,43,1,-,-,-,-,-,-,-,-,-,"-"`
	for _, tc := range []struct{ name, scenario, command, want string }{
		{"bare AT", "", "AT", "AT\r\r\n\r\nOK\r\n"},
		{"unknown command", "", "AT+FOO?", "AT+FOO?\r\r\n\r\nERROR\r\n"},
		{"without echo", "echo off", "AT", "\r\nOK\r\n"},
		{"another end of echo", `echo-end "\r\n"`, "AT", "AT\r\n\r\nOK\r\n"},
		{"lines and OK", "answer AT+CSQ\n  +CSQ: 20,99", "AT+CSQ", "AT+CSQ\r\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
		{"lines and a final result", "answer AT+CPIN?\n  +CME ERROR: 10", "AT+CPIN?", "AT+CPIN?\r\r\n\r\n+CME ERROR: 10\r\n"},
		{"several lines", "answer ATI\n  Quectel\n  EC25\n  OK", "ATI", "ATI\r\r\n\r\nQuectel\r\nEC25\r\n\r\nOK\r\n"},
		{"exact bytes", `answer ATI bytes "\r\r\nEC25\r\nOK\r\n"`, "ATI", "ATI\r\r\nEC25\r\nOK\r\n"},
		{"recorded bytes", "transcript quectel-gsm-limsrv-bytes.txt", `AT+QENG="servingcell";`,
			"AT+QENG=\"servingcell\";\r\r\n" + serving + "\r\n\r\nOK\r\n"},
		{"recorded bytes without echo", "echo off\ntranscript quectel-gsm-limsrv-bytes.txt", `AT+QENG="servingcell";`,
			"\r\n" + serving + "\r\n\r\nOK\r\n"},
		{"a setting is read", "setting +CSCON 1 of 0 1", "AT+CSCON?", "AT+CSCON?\r\r\n\r\n+CSCON: 1\r\n\r\nOK\r\n"},
		{"a setting in an answer", "setting +CSCON 1 of 0 1\nanswer AT+CSCON?\n  +CSCON: {+CSCON},0", "AT+CSCON?",
			"AT+CSCON?\r\r\n\r\n+CSCON: 1,0\r\n\r\nOK\r\n"},
		{"a condition that holds", "setting +COPS 3,2 of 3,0 3,2\nanswer AT+COPS?\n  +COPS: 0\nanswer AT+COPS? when +COPS=3,2\n  +COPS: 0,2,\"27203\",7",
			"AT+COPS?", "AT+COPS?\r\r\n\r\n+COPS: 0,2,\"27203\",7\r\n\r\nOK\r\n"},
		{"a condition that does not", "setting +COPS 3,0 of 3,0 3,2\nanswer AT+COPS? when +COPS=3,2\n  +COPS: 1\nanswer AT+COPS?\n  +COPS: 0",
			"AT+COPS?", "AT+COPS?\r\r\n\r\n+COPS: 0\r\n\r\nOK\r\n"},
		{"a value that a setting does not take", "setting +CSCON 1 of 0 1", "AT+CSCON=2", "AT+CSCON=2\r\r\n\r\nERROR\r\n"},
		{"registration with n=0", "setting +CEREG 0 of 0 2 3\nregister +CEREG 3,\"04D2\",\"0A81A02\",7 cause 0,15", "AT+CEREG?",
			"AT+CEREG?\r\r\n\r\n+CEREG: 0,3\r\n\r\nOK\r\n"},
		{"registration with n=2", "setting +CEREG 2 of 0 2 3\nregister +CEREG 3,\"04D2\",\"0A81A02\",7 cause 0,15", "AT+CEREG?",
			"AT+CEREG?\r\r\n\r\n+CEREG: 2,3,\"04D2\",\"0A81A02\",7\r\n\r\nOK\r\n"},
		{"registration with n=3", "setting +CEREG 3 of 0 2 3\nregister +CEREG 3,\"04D2\",\"0A81A02\",7 cause 0,15", "AT+CEREG?",
			"AT+CEREG?\r\r\n\r\n+CEREG: 3,3,\"04D2\",\"0A81A02\",7,0,15\r\n\r\nOK\r\n"},
		{"in pieces", "chunk 3 1ms\nanswer AT+CSQ\n  +CSQ: 20,99", "AT+CSQ", "AT+CSQ\r\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
		{"slowly", "delay 20ms\nanswer AT+CSQ\n  +CSQ: 20,99", "AT+CSQ", "AT+CSQ\r\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := start(t, tc.scenario, Options{})
			require.Equal(t, tc.want, open(t, e.Path()).ask(tc.command, tc.want[len(tc.want)-4:]))
			require.Equal(t, []string{tc.command}, e.Received())
		})
	}
}

func TestSettingsAreKeptAndChangesAreTold(t *testing.T) {
	e := start(t, `
setting +CEREG 0 of 0 2 3
register +CEREG 1,"04D2","0A81A02",7
at 100ms
register +CEREG 3,"04D2","0A81A02",7 cause 0,15
`, Options{})
	m := open(t, e.Path())
	m.ask("AT+CEREG=3", "OK\r\n")
	require.Equal(t, map[string]string{"+CEREG": "3"}, e.Settings())
	require.Equal(t, "\r\n+CEREG: 3,\"04D2\",\"0A81A02\",7,0,15\r\n", m.ask("", "15\r\n"))
	p := e.Printed()
	require.Equal(t, "+CEREG: 3,\"04D2\",\"0A81A02\",7,0,15", p[len(p)-1].Text)
	require.Empty(t, p[len(p)-1].Command)
}

func TestAnswersAreCountedAndChangeWithTime(t *testing.T) {
	e := start(t, "answer AT+CSQ\n  +CSQ: {n},99\nat 10s\nanswer AT+CSQ\n  +CME ERROR: 30\nurc RDY\n", Options{Speed: 100})
	m := open(t, e.Path())
	require.Contains(t, m.ask("AT+CSQ", "OK\r\n"), "+CSQ: 0,99")
	require.Contains(t, m.ask("AT+CSQ", "OK\r\n"), "+CSQ: 1,99")
	m.ask("", "RDY\r\n")
	require.Contains(t, m.ask("AT+CSQ", "30\r\n"), "+CME ERROR: 30")
}

func TestSilenceHearsNothing(t *testing.T) {
	e := start(t, "silence 10s\nat 5s\nurc LOST\nat 15s\nurc HERE", Options{Speed: 100})
	m := open(t, e.Path())
	_, err := m.file.WriteString("AT\r")
	require.NoError(t, err)
	require.Equal(t, "\r\nHERE\r\n", m.ask("", "HERE\r\n"))
	p := e.Printed()
	require.Len(t, p, 2)
	require.False(t, p[0].Whole)
	require.True(t, p[1].Whole)
}

func TestUnpluggedModemComesBackUnderAnotherName(t *testing.T) {
	dir := t.TempDir()
	attached := make(chan string, 4)
	start(t, "at 5s\nunplug 5s", Options{Speed: 50, Attached: func(p string) { attached <- p },
		Link: func(n int) string { return filepath.Join(dir, []string{"ttyUSB0", "ttyUSB1"}[n]) }})
	m := open(t, <-attached)
	m.ask("AT", "OK\r\n")
	require.Empty(t, <-attached)
	_, err := m.file.WriteString("AT\r")
	require.Error(t, err, "the terminal is gone")
	require.NoFileExists(t, filepath.Join(dir, "ttyUSB0"))
	again := <-attached
	require.Equal(t, filepath.Join(dir, "ttyUSB1"), again)
	open(t, again).ask("AT", "OK\r\n")
}

func TestFloodAndLostCharacters(t *testing.T) {
	e := start(t, "at 1s\nflood 300 +QIND: \"csq\",20,99\nlose 10\nflood 50 +QIND: \"csq\",21,99\nlose 0\nurc END", Options{Speed: 20})
	got := open(t, e.Path()).ask("", "END\r\n")
	require.Equal(t, 300, strings.Count(got, "\r\n+QIND: \"csq\",20,99\r\n"))
	whole := 0
	for _, p := range e.Printed() {
		if p.Whole && strings.Contains(p.Text, "csq\",21") {
			whole++
		}
	}
	require.Less(t, whole, 50)
	require.LessOrEqual(t, whole, strings.Count(got, "+QIND: \"csq\",21,99"))
}

func TestGarbageIsTheSameForASeed(t *testing.T) {
	var got []string
	for range 2 {
		e := start(t, "at 1s\ngarbage 100\nurc END", Options{Speed: 20, Seed: 7})
		got = append(got, open(t, e.Path()).ask("", "END\r\n"))
	}
	require.Equal(t, got[0], got[1])
	require.Len(t, got[0], 100+len("\r\nEND\r\n"))
}

func TestNobodyElseHoldsTheTerminal(t *testing.T) {
	e := start(t, "answer ATI\n  EC25", Options{})
	for range 3 { // opened, closed, opened again
		m := open(t, e.Path())
		require.Contains(t, m.ask("ATI", "OK\r\n"), "EC25")
		require.NoError(t, m.file.Close())
	}
}

func TestParseNamesTheLine(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"model EC25\nfly 3s", `scenario line 2: "fly 3s": no such directive`},
		{"  +CSQ: 1,2", "an indented line belongs to an answer"},
		{"answer +CSQ", "a command begins with AT"},
		{"answer AT+CSQ when +X", "want when SETTING=VALUE"},
		{"answer ATI bytes x", "want a string in quotes"},
		{"at noon", "want a time"},
		{"at -1s", "want a time"},
		{"silence", "want a time"},
		{"flood x y", "want a whole number"},
		{"chunk 7", "want a time"},
		{"echo maybe", "want on or off"},
		{"setting +CEREG 4 of 0 1", "with VALUE among them"},
		{"register +CEREG", "want register"},
		{"transcript missing.txt", "no such file"},
	} {
		_, err := Parse(tc.text, os.DirFS("testdata"))
		require.ErrorContains(t, err, tc.want, tc.text)
	}
}

func TestTranscriptWithoutCarriageReturnsGetsThem(t *testing.T) {
	b, err := os.ReadFile("testdata/quectel-eg25-neigh-lte-wcdma.txt")
	require.NoError(t, err)
	x := Transcript(b)
	require.Len(t, x, 1)
	require.Equal(t, `AT+QENG="neighbourcell"`, x[0].Command)
	require.True(t, bytes.HasPrefix(x[0].Bytes, []byte("\r\n+QENG: \"neighbourcell intra\",\"LTE\",6300,188")), "%q", x[0].Bytes)
}

func FuzzParse(f *testing.F) {
	f.Add("answer AT+CSQ\n  +CSQ: 20,99\nat 10s\nflood 3 RDY\nsilence 2s\nsetting +CEREG 0 of 0 1\nregister +CEREG 1 cause 0,1")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, nil)
		if err == nil {
			require.GreaterOrEqual(t, s.Length(), time.Duration(0))
		}
	})
}
