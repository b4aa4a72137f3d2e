package modem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/modem/emulator"
)

func gaps(records []cell.Record) []*cell.Gap { return all[*cell.Gap](records) }

// closedGaps waits for n gaps that have ended, and for an answer after them.
func closedGaps(n int) func([]cell.Record) bool {
	return func(records []cell.Record) bool {
		ended := 0
		for i, r := range records {
			if g, ok := r.(*cell.Gap); ok && !g.Until.IsZero() {
				if ended++; ended == n {
					return serving(1)(records[i:])
				}
			}
		}
		return false
	}
}

// said waits for a line.
func said(line string) func([]cell.Record) bool {
	return func(records []cell.Record) bool {
		for _, o := range all[*cell.Observation](records) {
			if slices.Contains(o.Raw, line) {
				return true
			}
		}
		return false
	}
}

func health(records []cell.Record, reason string) []*cell.Health {
	return slices.DeleteFunc(all[*cell.Health](records), func(h *cell.Health) bool { return h.Reason != reason })
}

// gapFits checks that a gap is reported twice, and that there was no answer between its times.
func gapFits(t *testing.T, records []cell.Record, reason string) {
	t.Helper()
	g := gaps(records)
	require.Len(t, g, 2, "told when it begins and when it ends")
	require.Equal(t, reason, g[0].Reason)
	require.True(t, g[0].Until.IsZero())
	require.Equal(t, g[0].Time, g[1].Time)
	require.Equal(t, g[0].Reason, g[1].Reason)
	var before, after time.Time
	for _, o := range all[*cell.Observation](records) {
		if o.Serving == nil || !o.Serving.PCI.Known() {
			continue
		}
		if !o.Time.After(g[1].Time) {
			before = o.Time
		} else if after.IsZero() {
			after = o.Time
		}
	}
	require.False(t, g[1].Time.Before(before), "it begins no earlier than the last answer")
	require.True(t, g[1].Until.After(g[1].Time))
	require.False(t, g[1].Until.After(after), "it ends with the first answer")
	inOrder(t, records)
}

// inOrder checks that no record goes back in time, and nothing was observed in a gap without a port.
func inOrder(t *testing.T, records []cell.Record) {
	t.Helper()
	var last time.Time
	var gap *cell.Gap
	for i, r := range records {
		at := r.When()
		switch r := r.(type) {
		case *cell.Gap:
			if gap = r; !r.Until.IsZero() {
				gap, at = nil, r.Until
			}
		case *cell.Observation:
			require.True(t, gap == nil || gap.Reason == GapNoAnswer, "an observation before the end of the gap: %+v", r)
		default:
			continue
		}
		require.False(t, at.Before(last), "record %d goes back: %+v", i, r)
		last = at
	}
}

func TestNothingPrintedWholeIsLost(t *testing.T) {
	t.Parallel()
	const slowly = "slowly"
	for _, tc := range []struct{ name, start, then string }{
		{"in pieces", "chunk 5 1ms", ""},
		{slowly, "delay 30ms", ""},
		{"without echo", "echo off", ""},
		{"with another end of echo", `echo-end "\r\n"`, ""},
		{"unsolicited lines in between", "", "urc +QIND: \"csq\",20,99\nat 50ms\nurc +QIND: \"csq\",21,99\nat 70ms\nurc +QIND: \"csq\",22,99"},
		{"a flood of unsolicited lines", "", "flood 1000 +QIND: \"csq\",20,99\nat 50ms\nflood 800 +QIND: \"csq\",21,99"},
		{"garbage between answers", "", "garbage 200\nat 50ms\ngarbage 3000\nat 70ms\ngarbage 50"},
		{"neighbours refused", "answer AT+QENG=\"neighbourcell\"\n  +CME ERROR: 4", ""},
		{"registration moves", "", "register +CEREG 5,\"C3CA\",\"3E9\",7\nat 50ms\nregister +CEREG 3,\"C3CA\",\"3E9\",7 cause 0,15"},
	} {
		check := func(t *testing.T, e *emulator.Emulator, w *watched) {
			w.until("answers", serving(3))
			e.Play(steps(t, tc.then+"\nat 100ms\nurc +QIND: \"end\""))
			w.until("the end", said(`+QIND: "end"`))
			records := w.end()
			wholeAnswers(t, e, records)
			passive(t, e)
			require.Empty(t, gaps(records))
			told := map[string]int{}
			for _, o := range all[*cell.Observation](records) {
				for _, l := range o.Raw {
					told[l]++
				}
			}
			printed := map[string]int{}
			for _, p := range e.Printed() {
				if p.Command == "" && p.Whole {
					printed[p.Text]++
				}
			}
			for line, n := range printed {
				require.Equal(t, n, told[line], "unsolicited and printed so often: %s", line)
			}
		}
		t.Run(tc.name, func(t *testing.T) {
			if tc.name == slowly { // in virtual time: it is slow
				virtual(t, func(t *testing.T) {
					var in slot
					e := in.plug(t, eg25(t, tc.start), emulator.Options{Seed: 3})
					check(t, e, in.watch(t, Config{}))
				})
				return
			}
			t.Parallel()
			e := plug(t, eg25(t, tc.start), emulator.Options{Seed: 3})
			check(t, e, watch(t, Config{Device: e.Path()}))
		})
	}
}

func TestLostCharactersAreToldNotGuessed(t *testing.T) { virtual(t, lostCharactersAreToldNotGuessed) }

func lostCharactersAreToldNotGuessed(t *testing.T) {
	var in slot
	e := in.plug(t, eg25(t, ""), emulator.Options{Seed: 5})
	w := in.watch(t, Config{Limit: 100 * time.Millisecond})
	w.until("answers", serving(3))
	e.Play(steps(t, "lose 40\nat 800ms\nlose 0\nat 1s\nurc +QIND: \"end\""))
	records := w.until("the end", said(`+QIND: "end"`))
	w.until("answers", serving(len(records)+5))
	records = w.end()
	wholeAnswers(t, e, records)
	passive(t, e)
	for _, o := range all[*cell.Observation](records) {
		if o.Serving == nil {
			continue
		}
		// A lost digit cannot be recognised in the text; a value must at least be one that the modem could have meant.
		if v, ok := o.Serving.RSRP.Get(); ok {
			require.True(t, v >= -157 && v <= -31, "RSRP %v in %q", v, o.Raw)
		}
	}
}

func TestUnplugAndComeBackUnderAnotherName(t *testing.T) {
	t.Parallel()
	tree := newTree(t)
	var links atomic.Int32
	e := plug(t, eg25(t, ""), emulator.Options{
		Link: func(n int) string { return tree.dev(fmt.Sprintf("ttyUSB%d", 2+4*n)) },
		Attached: func(path string) {
			if path == "" {
				tree.unplug("1-1.4")
				return
			}
			tree.plug(device{path: "1-1.4", vid: "2c7c", pid: "0125", ports: map[string]string{"02": filepath.Base(path)}})
			links.Add(1)
		},
	})
	w := watch(t, Config{Device: tree.dev("ttyUSB2"), Host: tree.Host})
	w.until("answers", serving(5))
	e.Play(steps(t, "unplug 200ms"))
	w.until("the gap to end", closedGaps(1))
	w.until("more answers", serving(20))
	records := w.end()
	require.EqualValues(t, 2, links.Load())
	gapFits(t, records, GapUnplugged)
	wholeAnswers(t, e, records)
	passive(t, e)
	require.Len(t, all[*cell.Source](records), 1, "it is the same modem")
	require.Equal(t, "0", e.Settings()["+CEREG"], "what was in force at first is put back, not our own value")
}

func TestUnpluggedPseudoTerminalIsFoundByItsLink(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "modem")
	e := plug(t, eg25(t, ""), emulator.Options{Link: func(int) string { return link }})
	w := watch(t, Config{Device: link})
	w.until("answers", serving(5))
	e.Play(steps(t, "unplug 300ms"))
	w.until("the gap to end", closedGaps(1))
	w.until("more answers", serving(20))
	records := w.end()
	gapFits(t, records, GapUnplugged)
	wholeAnswers(t, e, records)
}

func TestEndingWhileUnpluggedIsQuick(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "modem")
	e := plug(t, eg25(t, ""), emulator.Options{Link: func(int) string { return link }})
	w := watch(t, Config{Device: link})
	w.until("answers", serving(3))
	e.Play(steps(t, "unplug 1h"))
	w.until("a gap", func(r []cell.Record) bool { return len(gaps(r)) > 0 })
	g := gaps(w.end())
	require.Len(t, g, 1)
	require.True(t, g[0].Until.IsZero(), "it lasts")
}

func TestSilentModemIsReopened(t *testing.T) { virtual(t, silentModemIsReopened) }

func silentModemIsReopened(t *testing.T) {
	var in slot
	e := in.plug(t, eg25(t, ""), emulator.Options{})
	w := in.watch(t, Config{Limit: 100 * time.Millisecond})
	w.until("answers", serving(5))
	e.Play(steps(t, "silence 7s"))
	w.until("the gap to end", closedGaps(1))
	records := w.end()
	gapFits(t, records, GapSilent)
	require.Greater(t, gaps(records)[1].Until.Sub(gaps(records)[1].Time), 6*time.Second)
	wholeAnswers(t, e, records)
	passive(t, e)
}

func TestSlowAnswersAreNotMistakenForOthers(t *testing.T) {
	virtual(t, slowAnswersAreNotMistakenForOthers)
}

func slowAnswersAreNotMistakenForOthers(t *testing.T) {
	var in slot
	e := in.plug(t, eg25(t, ""), emulator.Options{})
	w := in.watch(t, Config{Limit: 150 * time.Millisecond})
	w.until("answers", serving(5))
	e.Play(steps(t, "delay 250ms\nat 1s\ndelay 0s\nat 1500ms\nurc +QIND: \"end\""))
	w.until("the end", said(`+QIND: "end"`))
	records := w.end()
	require.Empty(t, gaps(records), "it answers AT, late as it is")
	wholeAnswers(t, e, records)
	passive(t, e)
}

func TestWithoutSIM(t *testing.T) {
	t.Parallel()
	e := plug(t, eg25(t, `
answer AT+CPIN?
  +CME ERROR: 10
answer AT+QENG="servingcell"
  +QENG: "servingcell","LIMSRV","LTE","FDD",272,03,A8{n},101,2300,4,5,5,C3C9,-96,-11,-65,12,30
register +CREG 0
register +CEREG 0
answer AT+COPS?
  +COPS: 0
answer AT+COPS? when +COPS=3,2
  +COPS: 0
`), emulator.Options{})
	w := watch(t, Config{Device: e.Path()})
	w.until("answers", serving(10))
	records := w.end()
	require.Len(t, health(records, string(NoSIM)), 1, "told once")
	require.Contains(t, health(records, string(NoSIM))[0].Detail, "limited service")
	for _, o := range all[*cell.Observation](records) {
		if o.Serving != nil && o.Serving.PCI.Known() {
			require.Equal(t, cell.Limited, o.State)
			require.Equal(t, "272", o.Serving.MCC)
		}
	}
	passive(t, e)
}

func TestLockedSIMIsAskedForNothing(t *testing.T) {
	t.Parallel()
	e := plug(t, eg25(t, "answer AT+CPIN?\n  +CPIN: SIM PIN"), emulator.Options{})
	w := watch(t, Config{Device: e.Path()})
	w.until("answers", serving(5))
	e.Play(steps(t, "answer AT+CPIN?\n  +CPIN: READY\nurc +CPIN: READY"))
	w.until("the SIM to be unlocked by somebody", func(r []cell.Record) bool { return len(health(r, string(SIMReady))) > 0 })
	records := w.end()
	require.Len(t, health(records, string(SIMLocked)), 1)
	require.Contains(t, health(records, string(SIMLocked))[0].Detail, "enters nothing")
	for _, r := range e.Received() {
		require.False(t, strings.Contains(r, "CPIN=") || strings.Contains(r, "CLCK"), r)
	}
	passive(t, e)
}

func TestAnotherProgramOnTheDataPort(t *testing.T) {
	t.Parallel()
	tree := newTree(t)
	at := plug(t, eg25(t, ""), emulator.Options{Link: func(int) string { return tree.dev("ttyUSB2") }})
	data := plug(t, eg25(t, ""), emulator.Options{Link: func(int) string { return tree.dev("ttyUSB3") }})
	tree.plug(device{path: "1-1.4", vid: "2c7c", pid: "0125", ports: map[string]string{"02": "ttyUSB2", "03": "ttyUSB3"}})
	tree.process(4711, "pppd", data.Path())

	w := watch(t, Config{Device: at.Path(), Host: tree.Host})
	w.until("answers", serving(5))
	records := w.end()
	require.Empty(t, gaps(records))
	require.Empty(t, data.Received(), "nothing is written to the other port")

	_, err := tree.open(data.Path())
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorContains(t, err, "held by pppd (pid 4711)")
}

func TestNoModemAtTheStart(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "modem")
	c, err := New(Config{Device: link})
	require.NoError(t, err)
	err = c.Run(context.Background(), func(cell.Record) error { return nil })
	require.ErrorIs(t, err, ErrMissing)

	w := watch(t, Config{Device: link, Wait: true})
	w.until("a gap", func(r []cell.Record) bool { return len(gaps(r)) > 0 })
	plug(t, eg25(t, ""), emulator.Options{Link: func(int) string { return link }})
	w.until("the gap to end", closedGaps(1))
}

func TestAnErrorOfEmitEndsTheRun(t *testing.T) {
	t.Parallel()
	e := plug(t, eg25(t, ""), emulator.Options{})
	before := e.Settings()
	c, err := New(Config{Device: e.Path(), Fast: 10 * time.Millisecond})
	require.NoError(t, err)
	n := 0
	err = c.Run(context.Background(), func(cell.Record) error {
		if n++; n > 5 {
			return io.ErrShortWrite
		}
		return nil
	})
	require.ErrorIs(t, err, io.ErrShortWrite)
	require.Equal(t, 6, n, "nothing is handed on after the error")
	require.Equal(t, before, e.Settings())
}

func TestSettingsAreRestoredAfterACrash(t *testing.T) {
	t.Parallel()
	e := plug(t, eg25(t, ""), emulator.Options{})
	before := e.Settings()
	saved := map[string]string{}
	memory := func(c Config) Config {
		c.Load = func(string) map[string]string { return saved }
		c.Save = func(_ string, v map[string]string) error { saved = v; return nil }
		return c
	}
	crash := errors.New("the power goes")
	var off atomic.Bool
	c, err := New(memory(Config{Device: e.Path()}))
	require.NoError(t, err)
	c.open = func(device string) (io.ReadWriteCloser, error) {
		w, err := Host{}.open(device)
		return &unpowered{w, &off}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err = c.Run(ctx, func(r cell.Record) error {
		if o, ok := r.(*cell.Observation); ok && o.Serving != nil {
			off.Store(true)
			return crash
		}
		return nil
	})
	require.ErrorIs(t, err, crash)
	require.Equal(t, "3", e.Settings()["+CEREG"], "a crash leaves it changed")
	require.Equal(t, "0", saved["+CEREG="])

	w := watch(t, memory(Config{Device: e.Path()}))
	w.until("answers", serving(3))
	w.end()
	require.Equal(t, before, e.Settings(), "the next run puts back what was in force before the first")
	require.Empty(t, saved)
}

// unpowered is a port that accepts nothing after the power is off.
type unpowered struct {
	io.ReadWriteCloser
	off *atomic.Bool
}

func (u *unpowered) Write(p []byte) (int, error) {
	if u.off.Load() {
		return 0, io.ErrClosedPipe
	}
	return u.ReadWriteCloser.Write(p)
}

// The collector must refuse each of these with a hint.
func TestBadPorts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "recording.txt")
	require.NoError(t, os.WriteFile(file, []byte("AT\r\nOK\r\n"), 0o600))
	e := plug(t, eg25(t, ""), emulator.Options{})
	held, err := Host{Proc: t.TempDir()}.open(e.Path())
	require.NoError(t, err)
	defer held.Close()
	for _, tc := range []struct {
		device string
		want   error
		says   string
		hint   string
	}{
		{filepath.Join(dir, "ttyUSB9"), ErrMissing, "no such port", "plugged in"},
		{dir, ErrNotAPort, "a directory", "name the port in it"},
		{file, ErrNotAPort, "it is a file", "vigie decode"},
		{"/dev/null", ErrNotAPort, "not a serial port", "vigie probe"},
		{e.Path(), ErrBusy, "another program has locked it", "another Vigie"},
	} {
		c, err := New(Config{Device: tc.device, Host: Host{Proc: t.TempDir()}})
		require.NoError(t, err)
		err = c.Run(context.Background(), func(cell.Record) error { return nil })
		require.ErrorIs(t, err, tc.want, tc.device)
		require.ErrorContains(t, err, tc.says)
		require.ErrorContains(t, err, tc.device)
		var e *PortError
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Hint(), tc.hint)
	}
	// Every program has /dev/null open, which does not make it a port in use.
	tree := newTree(t)
	for pid := range 5 {
		tree.process(100+pid, "bash", "/dev/null")
		tree.process(200+pid, "cat", e.Path())
	}
	_, err = tree.open("/dev/null")
	require.ErrorIs(t, err, ErrNotAPort)
	require.NoError(t, held.Close())
	_, err = tree.open(e.Path())
	require.ErrorIs(t, err, ErrBusy)
	require.ErrorContains(t, err, "held by cat (pid 200), cat (pid 201), cat (pid 202) and 2 more")
	_, err = New(Config{})
	require.ErrorContains(t, err, "no modem is named")
	_, err = New(Config{Device: "/dev/ttyUSB2", Family: "nokia"})
	require.ErrorContains(t, err, "nokia")
}
