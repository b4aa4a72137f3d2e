package at

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// inBubble runs a test with a modem and a session in fake time.
func inBubble(t *testing.T, m *fakeModem, o Options, test func(t *testing.T, s *Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// channels of a bubble are made in it
		m.bytes, m.closed = make(chan []byte, 1<<16), make(chan struct{})
		s := NewSession(m, testList(t), o)
		defer func() { require.NoError(t, s.Close()) }()
		test(t, s)
	})
}

// drain takes the unsolicited lines that are there.
func drain(s *Session) []string {
	synctest.Wait()
	var lines []string
	for {
		select {
		case line, ok := <-s.Unsolicited():
			if !ok {
				return lines
			}
			lines = append(lines, line.Text)
		default:
			return lines
		}
	}
}

const saRow = `+QENG: "servingcell","CONNECT","NR5G-SA","TDD",460,11,760BF0114,702,76010F,633984,78,100,-89,-8,15,18,34,1`

func TestAnswers(t *testing.T) {
	urc := `+CEREG: 2,"1F07","0079AA02",7`
	for name, c := range map[string]struct {
		command     Command
		echo        string
		answer      string
		lines       []string
		final       string
		unsolicited []string
	}{
		"echo CR CR LF":            {serving, "\r\r\n", saRow + "\r\n\r\nOK\r\n", []string{saRow}, "OK", nil},
		"echo CR LF":               {serving, "\r\n", "\r\n" + saRow + "\r\n\r\nOK\r\n", []string{saRow}, "OK", nil},
		"echo LF":                  {serving, "\n", saRow + "\n\nOK\n", []string{saRow}, "OK", nil},
		"bare CR":                  {serving, "\r", saRow + "\rOK\r", []string{saRow}, "OK", nil},
		"no echo":                  {serving, "", "\r\n" + saRow + "\r\n\r\nOK\r\n", []string{saRow}, "OK", nil},
		"bare lines":               {ati, "\r\r\n", "Quectel\r\nRM500U-CNV\r\nRevision: RM500UCNVCAR03A12M2G\r\n\r\nOK\r\n", []string{"Quectel", "RM500U-CNV", "Revision: RM500UCNVCAR03A12M2G"}, "OK", nil},
		"bare lines, unsolicited":  {ati, "\r\r\n", "Quectel\r\n+CEREG: 2\r\nRDY\r\nEC25\r\n\r\nOK\r\n", []string{"Quectel", "EC25"}, "OK", []string{"+CEREG: 2", "RDY"}},
		"unsolicited before":       {cereg, "\r\r\n", urc + "\r\n+CEREG: 2,1,\"1F07\",\"0079AA02\",7\r\n\r\nOK\r\n", []string{`+CEREG: 2,1,"1F07","0079AA02",7`}, "OK", []string{urc}},
		"unsolicited of one field": {cereg, "\n", "+CEREG: 2\n+CEREG: 1,2\nOK\n", []string{"+CEREG: 1,2"}, "OK", []string{"+CEREG: 2"}},
		"unsolicited between echo and rows, rows, and OK": {serving, "\r\r\n", "^RSSI: 20\r\n+QENG: \"servingcell\",\"NOCONN\"\r\n^HCSQ:\"LTE\",53,45,181,18\r\n+QENG:\"NR5G-NSA\",1,01,500,-75,180,-11\r\n+CSCON: 1\r\nOK\r\n",
			[]string{`+QENG: "servingcell","NOCONN"`, `+QENG:"NR5G-NSA",1,01,500,-75,180,-11`}, "OK", []string{"^RSSI: 20", `^HCSQ:"LTE",53,45,181,18`, "+CSCON: 1"}},
		"glued rows": {qcainfo, "\n", "+QCAINFO: \"SCC\",126270,2,\"NR5G BAND 71\",1,93,0,-,-+QCAINFO: \"SCC\",521310,11,\"NR5G BAND 41\",1,153,0,-,-,-11,-11,2549\n\nOK\n",
			[]string{`+QCAINFO: "SCC",126270,2,"NR5G BAND 71",1,93,0,-,-`, `+QCAINFO: "SCC",521310,11,"NR5G BAND 41",1,153,0,-,-,-11,-11,2549`}, "OK", nil},
		"glued echo":                    {csq, "", "AT+CSQ+CSQ: 21,99\r\n\r\nOK\r\n", []string{"+CSQ: 21,99"}, "OK", nil},
		"glued OK":                      {csq, "\r\r\n", "+CSQ: 21,99OK\r\n", []string{"+CSQ: 21,99"}, "OK", nil},
		"glued other":                   {csq, "\r\r\n", "+CSQ: 21,99+CEREG: 2\r\nOK\r\n", []string{"+CSQ: 21,99"}, "OK", []string{"+CEREG: 2"}},
		"OK glued":                      {csq, "\r\r\n", "+CSQ: 21,99\r\nOK+CEREG: 2\r\n", []string{"+CSQ: 21,99"}, "OK", []string{"+CEREG: 2"}},
		"glued error":                   {csq, "\r\r\n", "+CEREG: 2+CME ERROR: 100\r\n", nil, "+CME ERROR: 100", []string{"+CEREG: 2"}},
		"error":                         {csq, "\r\r\n", "\r\nERROR\r\n", nil, "ERROR", nil},
		"error in words":                {csq, "\r\r\n", "\r\n+CME ERROR: SIM not inserted\r\n", nil, "+CME ERROR: SIM not inserted", nil},
		"error by number":               {qgpsloc, "\r\r\n", "\r\n+CME ERROR: 516\r\n", nil, "+CME ERROR: 516", nil},
		"error of SMS":                  {csq, "\r\r\n", "\r\n+CMS ERROR: 302\r\n", nil, "+CMS ERROR: 302", nil},
		"not supported":                 {csq, "\r\r\n", "COMMAND NOT SUPPORT\r\n", nil, "COMMAND NOT SUPPORT", nil},
		"rows, then error":              {serving, "\r\r\n", saRow + "\r\nERROR\r\n", []string{saRow}, "ERROR", nil},
		"NULs between":                  {serving, "\r\r\n", "\x00\x00" + saRow + "\r\n\x00\r\nOK\r\n\x00", []string{saRow}, "OK", nil},
		"garbage in a row":              {csq, "\r\r\n", "+CSQ: 2\x00\xfe1,99\r\n\xff\xfeOK\r\n", []string{"+CSQ: 2\uFFFD1,99"}, "OK", nil},
		"stale echo first":              {csq, "", "RDAT+CSQ\r\r\n+CSQ: 21,99\r\n\r\nOK\r\n", []string{"+CSQ: 21,99"}, "OK", nil},
		"mangled echo":                  {csq, "", "ATT? \r\n+CSQ: 21,99\r\n\r\nOK\r\n", []string{"+CSQ: 21,99"}, "OK", nil},
		"a name that reads like a line": {serving, "\r\r\n", "+QSPN: \"x+CEREG: 1,3+CME ERROR: 3\",\"\",0\r\n" + saRow + "\r\nOK\r\n", []string{saRow}, "OK", []string{`+QSPN: "x+CEREG: 1,3+CME ERROR: 3","",0`}},
		"data after OK":                 {ncell, "\r\r\n", "OK\r\n\r\n+CSCON: 1\r\n%NCELLMEAS: 0,\"0199F10A\",\"44020\",\"107E\",65535,3750,5,49,27,107504\r\n", []string{`%NCELLMEAS: 0,"0199F10A","44020","107E",65535,3750,5,49,27,107504`}, "OK", []string{"+CSCON: 1"}},
		"a message that reads OK":       {csq, "\r\r\n", "+CMT: \"+491711234567\",,\"26/11/23,20:00:00+04\"\r\nOK\r\n\r\n+CSQ: 21,99\r\nOK\r\n", []string{"+CSQ: 21,99"}, "OK", []string{"+CMT: <redacted>", "<redacted>"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newFakeModem(scripted(map[string]string{c.command.Text: c.answer}))
			m.echo = c.echo
			inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
				reply, err := s.Do(t.Context(), c.command)
				if c.final == "OK" {
					require.NoError(t, err)
				} else {
					var final *FinalError
					require.ErrorAs(t, err, &final)
					require.Equal(t, c.final, final.Final)
				}
				require.Equal(t, c.lines, reply.Lines)
				require.Equal(t, c.final, reply.Final)
				require.Equal(t, c.command.Text, reply.Command.Text)
				require.Equal(t, c.unsolicited, drain(s))
			})
		})
	}
}

// Every answer is the same however the bytes are cut.
func TestAnswersInSmallPieces(t *testing.T) {
	m := newFakeModem(nil)
	m.answer = func(m *fakeModem, command string) {
		for _, b := range []byte("AT" + command + "\r\r\n+CEREG: 2\r\n" + saRow + "\r\n\r\nOK\r\n") {
			m.print(string(b))
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		for range 3 {
			reply, err := s.Do(t.Context(), serving)
			require.NoError(t, err)
			require.Equal(t, []string{saRow}, reply.Lines)
		}
		require.Len(t, drain(s), 3)
	})
}

func TestFinalErrors(t *testing.T) {
	for final, want := range map[string]struct {
		code int
		cms  bool
		text string
	}{
		"ERROR":                            {-1, false, "the modem answered ERROR"},
		"+CME ERROR: 516":                  {516, false, "the modem answered +CME ERROR: 516"},
		"+CME ERROR:10":                    {10, false, "the modem answered +CME ERROR:10 (sim not inserted)"},
		"+CME ERROR: SIM not inserted":     {10, false, "the modem answered +CME ERROR: SIM not inserted"},
		"+CME ERROR: invalid command line": {-1, false, "the modem answered +CME ERROR: invalid command line"},
		"+CMS ERROR: 10":                   {10, true, "the modem answered +CMS ERROR: 10"},
		"+CMS ERROR: ":                     {-1, true, "the modem answered +CMS ERROR: "},
		"+CME ERROR: -1":                   {-1, false, "the modem answered +CME ERROR: -1"},
	} {
		var e *FinalError
		require.ErrorAs(t, resultError(final), &e, final)
		require.Equal(t, want.code, e.Code, final)
		require.Equal(t, want.cms, e.CMS, final)
		require.Equal(t, want.text, e.Error(), final)
	}
	require.NoError(t, resultError("OK"))
}

// A command that is not answered in time, and what its late answer can do to the next one, with echo and without, from a
// modem that works off its commands in order and from one that does not.
func TestLateAnswers(t *testing.T) {
	for _, echo := range []string{"", "\r\r\n"} {
		for _, inOrder := range []bool{true, false} {
			for late := 100 * time.Millisecond; late < 4*time.Second; late += 150 * time.Millisecond {
				t.Run(fmt.Sprintf("echo %q in order %v late %v", echo, inOrder, late), func(t *testing.T) {
					m := newFakeModem(nil)
					m.echo = echo
					var mu sync.Mutex
					busy := false
					var queued []string
					var answer func(command string)
					answer = func(command string) {
						if busy && inOrder {
							queued = append(queued, command)
							return
						}
						switch command {
						case serving.Text:
							busy = true
							time.AfterFunc(DefaultTimeout+late, func() {
								mu.Lock()
								defer mu.Unlock()
								m.print(saRow + "\r\nOK\r\n")
								busy = false
								for _, c := range queued {
									answer(c)
								}
							})
						case csq.Text:
							m.print("\r\n+CSQ: 21,99\r\n\r\nOK\r\n")
						case qcainfo.Text:
							m.print("\r\n+CME ERROR: 3\r\n")
						case "":
							m.print("\r\nOK\r\n")
						}
					}
					m.answer = func(_ *fakeModem, command string) {
						mu.Lock()
						defer mu.Unlock()
						answer(command)
					}
					inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
						_, err := s.Do(t.Context(), serving)
						require.ErrorIs(t, err, ErrTimeout)
						for range 3 {
							reply, err := s.Do(t.Context(), csq)
							require.NoError(t, err)
							require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
							_, err = s.Do(t.Context(), qcainfo)
							var final *FinalError
							require.ErrorAs(t, err, &final)
							require.Equal(t, 3, final.Code)
						}
						require.Equal(t, 1, s.Counts().Timeouts)
						<-time.After(5 * time.Second)
						require.Equal(t, []string{saRow}, drain(s), "what was printed whole is not lost")
						require.Positive(t, s.Counts().Late)
					})
				})
			}
		}
	}
}

// A command that the modem lost is not waited for twice.
func TestLostCommand(t *testing.T) {
	for _, echo := range []string{"", "\r\r\n"} {
		m := newFakeModem(nil)
		m.echo = echo
		m.answer = func(m *fakeModem, command string) {
			if command != csq.Text {
				m.print("\r\nOK\r\n")
			}
		}
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			_, err := s.Do(t.Context(), csq)
			require.ErrorIs(t, err, ErrTimeout)
			failed := 0
			for range 10 {
				if _, err := s.Do(t.Context(), report); err != nil {
					require.ErrorIs(t, err, ErrTimeout)
					failed++
				}
			}
			require.LessOrEqual(t, failed, 1, "a bare OK may be doubted once, without echo")
		})
	}
}

func TestCutLineIsNotTakenForWhole(t *testing.T) {
	m := newFakeModem(nil)
	m.answer = func(m *fakeModem, command string) {
		if command == csq.Text {
			m.print("\r\n+CSQ: 2") // and then nothing
		} else {
			m.print("\r\nOK\r\n")
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		reply, err := s.Do(t.Context(), csq)
		require.ErrorIs(t, err, ErrTimeout)
		require.Empty(t, reply.Lines)
		require.NoError(t, s.Sync(t.Context()))
		require.Empty(t, drain(s))
		require.Equal(t, len("+CSQ: 2"), s.Counts().Garbage)
	})
}

func TestAnswerThatNeverEnds(t *testing.T) {
	m := newFakeModem(nil)
	m.answer = func(m *fakeModem, command string) {
		if command == "" {
			m.print("\r\nOK\r\n")
			return
		}
		for range 5000 {
			m.print("+CSQ: 21,99\r\n")
		}
		m.print(strings.Repeat("x", 3000)) // in one line, which does not end either
		m.print(strings.Repeat("x", 3000))
		m.print(strings.Repeat("x", 3000))
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		reply, err := s.Do(t.Context(), csq)
		require.ErrorIs(t, err, ErrTimeout)
		require.Len(t, reply.Lines, maxAnswer)
		require.Equal(t, 5000-maxAnswer, s.Counts().Excess)
		require.NoError(t, s.Sync(t.Context()))
		require.Equal(t, 1, s.Counts().Overlong)
	})
}

func TestOverlongLineIsDroppedWhole(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{"+CSQ": "+CSQ: 1," + strings.Repeat("1", 9000) + "\r\n+CSQ: 21,99\r\nOK\r\n"}))
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		m.bytes <- nil // a read timeout
		m.bytes <- nil
		reply, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
		require.Equal(t, 1, s.Counts().Overlong)
	})
}

func TestPortDiesInTheMiddle(t *testing.T) {
	unplugged := errors.New("input/output error")
	m := newFakeModem(nil)
	m.answer = func(m *fakeModem, command string) {
		if command == "" {
			m.print("\r\nOK\r\n")
			return
		}
		m.print("+CEREG: 2\r\n" + saRow + "\r\n+QENG: \"NR5G-NSA\",1,0")
		m.unplug(unplugged)
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		reply, err := s.Do(t.Context(), serving)
		require.ErrorIs(t, err, ErrClosed)
		require.ErrorIs(t, err, unplugged)
		require.Equal(t, []string{saRow}, reply.Lines, "whole lines are kept, cut ones are not")
		<-s.Done()
		require.ErrorIs(t, s.Err(), unplugged)
		require.Equal(t, []string{"+CEREG: 2"}, drain(s))
		_, open := <-s.Unsolicited()
		require.False(t, open)
		_, err = s.Do(t.Context(), csq)
		require.ErrorIs(t, err, ErrClosed)
		require.ErrorIs(t, s.Sync(t.Context()), ErrClosed)
	})
}

// deafPort takes no bytes, and may not even close.
type deafPort struct {
	closing  chan struct{}
	stubborn bool // until somebody else closes closing
}

func (p *deafPort) Read([]byte) (int, error)  { <-p.closing; return 0, io.EOF }
func (p *deafPort) Write([]byte) (int, error) { <-p.closing; return 0, io.ErrClosedPipe }
func (p *deafPort) Close() error {
	if p.stubborn {
		<-p.closing
		return io.ErrClosedPipe
	}
	close(p.closing)
	return nil
}

func TestWriteThatHangs(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &deafPort{closing: make(chan struct{}), stubborn: stubborn}
			s := NewSession(p, testList(t), Options{})
			_, err := s.Do(t.Context(), csq)
			require.ErrorIs(t, err, ErrTimeout)
			require.ErrorIs(t, err, ErrClosed)
			<-s.Done()
			require.ErrorIs(t, s.Err(), errHung)
			require.NoError(t, s.Close())
			if stubborn {
				close(p.closing)
			}
		})
	}
}

func TestContextEndsWhileTheWriteHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &deafPort{closing: make(chan struct{})}
		s := NewSession(p, testList(t), Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := s.Do(ctx, csq)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, s.Err(), "not the port's fault yet")
		<-s.Done() // but soon
		require.ErrorIs(t, s.Err(), errHung)
	})
}

func TestContextAndQueue(t *testing.T) {
	m := newFakeModem(nil)
	m.answer = func(m *fakeModem, command string) {
		switch command {
		case "":
			m.print("\r\nOK\r\n")
		case csq.Text:
			time.AfterFunc(time.Second, func() { m.print("+CSQ: 21,99\r\nOK\r\n") })
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		require.NoError(t, s.Sync(t.Context()))
		first := make(chan error)
		go func() {
			_, err := s.Do(t.Context(), csq)
			first <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := make(chan error)
		go func() {
			_, err := s.Do(ctx, csq)
			cancelled <- err
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-cancelled, context.Canceled)
		require.NoError(t, <-first)
		require.Equal(t, 1, strings.Count(m.received(), "+CSQ"), "what was cancelled in the queue was never written")

		ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := s.Do(ctx, csq)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		reply, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
		_, err = s.Do(ctx, csq)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestManyAtOnce(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{
		csq.Text: "+CSQ: 21,99\r\nOK\r\n", serving.Text: saRow + "\r\nOK\r\n", qcainfo.Text: "\r\n+CME ERROR: 3\r\n",
	}))
	s := NewSession(m, testList(t), Options{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 25 {
				for c, want := range map[*Command]string{&csq: "[+CSQ: 21,99]  <nil>", &serving: "[" + saRow + "]  <nil>",
					&qcainfo: "[]  AT+QCAINFO: the modem answered +CME ERROR: 3 (operation not allowed)"} {
					reply, err := s.Do(t.Context(), *c)
					if got := fmt.Sprintf("%v  %v", reply.Lines, err); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
				}
				_ = s.Counts()
			}
		})
	}
	group.Wait()
	for range 3 {
		group.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Equal(t, ErrClosed, s.Err())
	<-s.Done()
}

// A line says behind which answer it was printed, also when both came with one read.
func TestLinesBehindAnswers(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{csq.Text: "+XA: 1\r\n+CSQ: 21,99\r\n+XB: 1\r\nOK\r\n+XC: 1\r\n"}))
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		for n := 1; n <= 2; n++ {
			reply, err := s.Do(t.Context(), csq)
			require.NoError(t, err)
			require.Equal(t, n, reply.Number)
			synctest.Wait()
			for _, want := range []Line{{"+XA: 1", n - 1}, {"+XB: 1", n - 1}, {"+XC: 1", n}} {
				require.Equal(t, want, <-s.Unsolicited())
			}
		}
	})
}

func TestNobodyTakesUnsolicitedLines(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{csq.Text: "+CSQ: 21,99\r\nOK\r\n"}))
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		require.NoError(t, s.Sync(t.Context()))
		const flood = 3 * maxUnsolicited
		for i := range flood {
			m.print(fmt.Sprintf("^RSSI: %d\r\n", i))
		}
		_, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.NoError(t, s.Close())
		require.Equal(t, flood-maxUnsolicited, s.Counts().Unsolicited)
		i := flood - maxUnsolicited
		for line := range s.Unsolicited() {
			require.Equal(t, fmt.Sprintf("^RSSI: %d", i), line.Text)
			i++
		}
		require.Equal(t, flood, i)
	})
}

func TestSync(t *testing.T) {
	t.Run("stale bytes", func(t *testing.T) {
		m := newFakeModem(scripted(nil))
		m.echo = "\r\r\n"
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			m.print("\x00+CSQ: 3,99\r\n\r\nOK\r\n+QIND: \"act\",\"LTE\"\r\nRD")
			require.NoError(t, s.Sync(t.Context()))
			require.Empty(t, drain(s))
			require.Equal(t, "AT\r", m.received())
			require.Equal(t, 2, s.Counts().Stale)
			require.Equal(t, 3, s.Counts().Garbage)
			require.True(t, s.echo)
		})
	})
	t.Run("half a command in the modem", func(t *testing.T) {
		m := newFakeModem(scripted(nil))
		m.line = []byte("AT+QE")
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			require.NoError(t, s.Sync(t.Context()))
			require.Equal(t, "AT\rAT\r", m.received())
			require.False(t, s.echo)
		})
	})
	t.Run("silent at first", func(t *testing.T) {
		tries := 0
		m := newFakeModem(func(m *fakeModem, command string) {
			if tries++; tries > 3 {
				m.print("\r\nOK\r\n")
			}
		})
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			require.NoError(t, s.Sync(t.Context()))
			require.Equal(t, 4, tries)
		})
	})
	t.Run("silent", func(t *testing.T) {
		m := newFakeModem(func(*fakeModem, string) {})
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			require.ErrorIs(t, s.Sync(t.Context()), ErrTimeout)
			require.Equal(t, strings.Repeat("AT\r", syncTries), m.received())
			_, err := s.Do(t.Context(), csq)
			require.ErrorIs(t, err, ErrTimeout)
			require.NotContains(t, m.received(), "CSQ", "nothing else is written to a modem that does not listen")
		})
	})
	t.Run("digits", func(t *testing.T) {
		m := newFakeModem(func(m *fakeModem, _ string) { m.print("0\r") })
		inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
			require.ErrorContains(t, s.Sync(t.Context()), "ATV1")
		})
	})
}

func TestPacing(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{csq.Text: "+CSQ: 21,99\r\nOK\r\n"}))
	began := time.Now()
	inBubble(t, m, Options{CharDelay: 10 * time.Millisecond, CommandDelay: 500 * time.Millisecond, Stopwatch: func() time.Duration { return time.Since(began) }}, func(t *testing.T, s *Session) {
		require.NoError(t, s.Sync(t.Context()))
		start := time.Now()
		reply, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, 60*time.Millisecond, reply.Took, "seven characters have six pauses between them")
		_, err = s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, (60+500+60)*time.Millisecond, time.Since(start))
	})
}

func TestTrace(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{
		ati.Text:   "+CEREG: 2\r\nSierra Wireless, Incorporated\r\nIMEI: 359072066012345\r\nFSN: LR7040012345\r\n\r\nOK\r\n",
		rfsts.Text: "#RFSTS:\"204 04\",1001,-80,00DE,01,5,19,10,2,9878,\"204046012345678\",\"vodafone NL\",1,2\r\n\r\nOK\r\n",
	}))
	m.echo = "\r\r\n"
	var b strings.Builder
	recorder := NewRecorder(&b)
	inBubble(t, m, Options{Trace: recorder.Trace}, func(t *testing.T, s *Session) {
		for _, c := range []Command{ati, rfsts, csq} {
			_, _ = s.Do(t.Context(), c)
		}
	})
	require.NoError(t, recorder.Err())
	require.Equal(t, `AT
OK
ATI
+CEREG: 2
Sierra Wireless, Incorporated
IMEI: <redacted>
FSN: <redacted>
OK
AT#RFSTS
#RFSTS:"204 04",1001,-80,00DE,01,5,19,10,2,<redacted>,"<15 digits>","vodafone NL",1,2
OK
AT+CSQ
ERROR
`, b.String())
	got, err := ReadTranscript(strings.NewReader(b.String()))
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, "#RFSTS", got[2].Command)
	require.Equal(t, "ERROR", got[3].Final)
}

type failingWriter struct{ n int }

func (w *failingWriter) Write(b []byte) (int, error) {
	w.n++
	return 0, io.ErrShortWrite
}

func TestRecorderKeepsTheFirstError(t *testing.T) {
	w := &failingWriter{}
	r := NewRecorder(w)
	r.Trace(Sent, "AT")
	r.Trace(Received, "OK")
	require.ErrorIs(t, r.Err(), io.ErrShortWrite)
	require.Equal(t, 1, w.n)
}

func TestDataAfterOKDoesNotCome(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{ncell.Text: "OK\r\n", csq.Text: "+CSQ: 21,99\r\nOK\r\n"}))
	began := time.Now()
	inBubble(t, m, Options{Stopwatch: func() time.Duration { return time.Since(began) }}, func(t *testing.T, s *Session) {
		reply, err := s.Do(t.Context(), ncell)
		require.NoError(t, err, "the modem has said OK")
		require.Equal(t, "OK", reply.Final)
		require.Empty(t, reply.Lines)
		require.Equal(t, DefaultTimeout, reply.Took)
		m.print("%NCELLMEAS: 1\r\n")
		reply, err = s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
		require.Equal(t, []string{"%NCELLMEAS: 1"}, drain(s))
	})
}

// NO CARRIER may end another program's connection or our command: both are reported, and the OK after it does not answer the next
// command.
func TestNoCarrier(t *testing.T) {
	m := newFakeModem(scripted(map[string]string{csq.Text: "NO CARRIER\r\n+CSQ: 21,99\r\nOK\r\n", qcainfo.Text: "+CME ERROR: 3\r\n"}))
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		require.NoError(t, s.Sync(t.Context()))
		m.print("NO CARRIER\r\n")
		require.Equal(t, []string{"NO CARRIER"}, drain(s))
		_, err := s.Do(t.Context(), csq)
		require.EqualError(t, err, "AT+CSQ: the modem answered NO CARRIER")
		_, err = s.Do(t.Context(), qcainfo)
		require.ErrorContains(t, err, "+CME ERROR: 3")
		require.Equal(t, []string{"+CSQ: 21,99"}, drain(s))
		require.Equal(t, 1, s.Counts().Late)
	})
}

// A late error into which the echo of the next AT fell.
func TestEchoInsideALateError(t *testing.T) {
	m := newFakeModem(nil)
	asked := 0
	m.answer = func(m *fakeModem, command string) {
		switch {
		case command == "" && asked == 1:
			asked++
			m.print("\r\n+CME ERROR:AT\r\n Unspecified GPRS error\r\n\r\nOK\r\n")
		case command == "":
			m.print("\r\nOK\r\n")
		case command == csq.Text && asked == 0:
			asked++
		default:
			m.print("+CSQ: 21,99\r\nOK\r\n")
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		_, err := s.Do(t.Context(), csq)
		require.ErrorIs(t, err, ErrTimeout)
		reply, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
		require.Equal(t, []string{"Unspecified GPRS error"}, drain(s))
	})
}

// A flood of unsolicited lines does not keep a session from finding its modem again.
func TestFlood(t *testing.T) {
	m := newFakeModem(nil)
	silent := true
	m.answer = func(m *fakeModem, command string) {
		for i := range 500 {
			m.print(fmt.Sprintf("^RSSI: %d\r\n^HCSQ:\"LTE\",53,45,181,18\r\n", i))
		}
		switch {
		case command == "":
			m.print("\r\nOK\r\n")
		case silent:
			silent = false
		default:
			m.print("+CSQ: 21,99\r\nOK\r\n")
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		_, err := s.Do(t.Context(), csq)
		require.ErrorIs(t, err, ErrTimeout)
		drain(s)
		reply, err := s.Do(t.Context(), csq)
		require.NoError(t, err)
		require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
		require.Len(t, drain(s), 2000)
		require.Zero(t, s.Counts().Unsolicited)
	})
}

func TestWriteError(t *testing.T) {
	for _, o := range []Options{{}, {CharDelay: time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			p := brokenPort{make(chan struct{})}
			s := NewSession(p, testList(t), o)
			require.NoError(t, s.Err())
			err := s.Sync(t.Context())
			require.ErrorIs(t, err, ErrClosed)
			require.ErrorIs(t, err, io.ErrNoProgress)
			require.ErrorContains(t, err, "writing to the modem")
			require.ErrorIs(t, s.Close(), io.ErrNoProgress)
		})
	}
}

// brokenPort fails to write and to close.
type brokenPort struct{ closing chan struct{} }

func (p brokenPort) Read([]byte) (int, error)  { <-p.closing; return 0, io.EOF }
func (p brokenPort) Write([]byte) (int, error) { return 0, io.ErrNoProgress }
func (p brokenPort) Close() error {
	close(p.closing)
	return io.ErrNoProgress
}

// The echo distinguishes a late answer to an earlier query from the answer to the same query.
func TestLateAnswerToTheSameQuestion(t *testing.T) {
	m := newFakeModem(nil)
	const old, fresh = `+QENG: "servingcell","SEARCH"`, saRow
	asked := 0
	m.answer = func(m *fakeModem, command string) {
		switch {
		case command == "":
			m.print("AT\r\r\nOK\r\n")
		case asked == 0:
			asked++
			m.print("AT" + command + "\r\r\n")
		default:
			m.print(old + "\r\n\r\nOK\r\nAT" + command + "\r\r\n" + fresh + "\r\n\r\nOK\r\n")
		}
	}
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		_, err := s.Do(t.Context(), serving)
		require.ErrorIs(t, err, ErrTimeout)
		reply, err := s.Do(t.Context(), serving)
		require.NoError(t, err)
		require.Equal(t, []string{fresh}, reply.Lines)
		require.Equal(t, []string{old}, drain(s))
	})
}

// A context may end at any moment of a command; the session is as good as before.
func TestContextEndsAtAnyMoment(t *testing.T) {
	for after := time.Millisecond; after < 1500*time.Millisecond; after += 19 * time.Millisecond {
		m := newFakeModem(scripted(map[string]string{csq.Text: "+CSQ: 21,99\r\nOK\r\n", serving.Text: saRow + "\r\nOK\r\n"}))
		m.echo = "\r\r\n"
		inBubble(t, m, Options{CharDelay: 20 * time.Millisecond, CommandDelay: 300 * time.Millisecond}, func(t *testing.T, s *Session) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			for ctx.Err() == nil {
				if reply, err := s.Do(ctx, serving); err == nil {
					require.Equal(t, []string{saRow}, reply.Lines)
				} else {
					require.ErrorIs(t, err, context.DeadlineExceeded)
				}
			}
			reply, err := s.Do(t.Context(), csq)
			require.NoError(t, err)
			require.Equal(t, []string{"+CSQ: 21,99"}, reply.Lines)
			require.NoError(t, s.Err())
		})
	}
}

func TestSyncSaysWhatItHeard(t *testing.T) {
	m := newFakeModem(func(m *fakeModem, _ string) { m.print("\r\nERROR\r\n") })
	inBubble(t, m, Options{}, func(t *testing.T, s *Session) {
		require.EqualError(t, s.Sync(t.Context()), "no answer in time: to AT, sent 5 times, the modem gives ERROR")
	})
}
