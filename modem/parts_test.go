package modem

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"vigie/cell"
	"vigie/modem/at"
	"vigie/modem/emulator"
)

func TestSIM(t *testing.T) {
	cme := func(code int) error { return &at.FinalError{Final: "+CME ERROR", Code: code} }
	for _, tc := range []struct {
		line string
		err  error
		want SIM
	}{
		{"+CPIN: READY", nil, SIMReady},
		{"+CPIN:READY", nil, SIMReady},
		{"+CPIN: SIM PIN", nil, SIMLocked},
		{"+CPIN: SIM PUK", nil, SIMLocked},
		{"+CPIN: PH-NET PIN", nil, SIMLocked},
		{"+CPIN: NOT INSERTED", nil, NoSIM},
		{"+CPIN: NOT READY", nil, ""},
		{"+CPIN: SIM REMOVED", nil, NoSIM},
		{"+CPIN: PH-SIM", nil, SIMLocked},
		{"+CPIN: SIM BUSY", nil, ""},
		{"+CPIN: SIM FAILURE", nil, SIMFailed},
		{"+CPIN: SIM WRONG", nil, SIMFailed},
		{"", cme(5), SIMLocked}, // the key of the SIM that the device is tied to
		{"", cme(12), SIMLocked},
		{"", cme(10), NoSIM},
		{"", cme(11), SIMLocked},
		{"", cme(13), SIMFailed},
		{"", cme(14), ""}, // busy: it may be another one next time
		{"", &at.FinalError{Final: "+CMS ERROR: 310", Code: 10, CMS: true}, ""},
		{"", at.ErrTimeout, ""},
		{"+CREG: 1", nil, ""},
	} {
		require.Equal(t, tc.want, simOf([]string{tc.line}, tc.err), "%q %v", tc.line, tc.err)
	}
}

func TestMoved(t *testing.T) {
	lte := func(id uint64, area cell.Area) *cell.Observation {
		return &cell.Observation{State: cell.Idle, Serving: &cell.Cell{RAT: cell.LTE, MCC: "310", MNC: "26", ID: cell.Some(id), Area: cell.Some(area)}}
	}
	reg := func(status uint8, cause cell.Opt[uint16]) *cell.Observation {
		return &cell.Observation{Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(status), Cause: cause}}}
	}
	none := cell.Opt[uint16]{}
	var l camping
	for i, step := range []struct {
		o    *cell.Observation
		want bool
	}{
		{lte(1, 5), false}, // the first
		{lte(1, 5), false},
		{&cell.Observation{}, false}, // says nothing
		{&cell.Observation{State: cell.Connected, Serving: &cell.Cell{RAT: cell.LTE, MCC: "310", MNC: "260"}}, false}, // the same, by the little it says
		{lte(2, 5), true},
		{lte(2, 6), true},
		{&cell.Observation{State: cell.Idle, Serving: &cell.Cell{RAT: cell.GSM}}, true},
		{&cell.Observation{State: cell.Searching}, true},
		{&cell.Observation{State: cell.NoService}, false},
		{&cell.Observation{State: cell.Limited}, true},
		{reg(1, none), false}, // the first
		{reg(1, none), false},
		{reg(3, none), true},
		{reg(3, cell.Some[uint16](15)), true},
		{reg(3, cell.Some[uint16](15)), false},
	} {
		require.Equal(t, step.want, l.moved(step.o), "step %d", i)
	}
}

func TestComplaintsAreToldAtOnceAndThenRarely(t *testing.T) {
	began := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	c := complaints{sensor: "s"}
	h := c.add(began, 1, "bad_value", "detail", "line 1")
	require.Equal(t, &cell.Health{Time: began, Sensor: "s", Reason: "bad_value", Detail: "detail", Count: 1, Raw: []string{"line 1"}}, h)
	require.NotNil(t, c.add(began, 1, "garbage", "other"), "another reason has its own time")
	for i := range 10 {
		require.Nil(t, c.add(began.Add(time.Duration(i)*time.Second), 1, "bad_value", "detail", "line 2"))
	}
	require.Empty(t, c.due(began.Add(30*time.Second), false))
	due := c.due(began.Add(time.Minute), false)
	require.Len(t, due, 1)
	require.Equal(t, 10, due[0].Count)
	require.Equal(t, []string{"line 2"}, due[0].Raw)
	require.Nil(t, c.add(began.Add(61*time.Second), 3, "bad_value", "detail"))
	require.Len(t, c.due(began.Add(62*time.Second), true), 1, "nothing is held back at the end")
	require.Empty(t, c.due(began.Add(time.Hour), true))
}

// Properties of the schedule, whatever happens when: the serving cell is never left alone for longer than Fast, the rest
// for no longer than Slow and a burst's pause, and over half an hour bursts take no more than their share.
func TestScheduleProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := schedule{fast: time.Second, slow: 5 * time.Second}
		began := time.Unix(0, 0)
		now, asked, around, rounds := began, began, began, 0
		for now.Sub(began) < 30*time.Minute && rounds < 20000 {
			wait := s.wait(now)
			if move := time.Duration(rapid.IntRange(1, 60000).Draw(t, "move")) * time.Millisecond; move < wait {
				now = now.Add(move)
				s.moved(now)
				continue
			}
			now = now.Add(wait)
			if now.Sub(asked) > s.fast {
				t.Fatalf("the serving cell was left alone for %v", now.Sub(asked))
			}
			asked = now
			all := s.all(now)
			if all {
				around = now
			} else if now.Sub(around) > s.slow {
				t.Fatalf("the rest was left alone for %v", now.Sub(around))
			}
			s.asked(now, all)
			rounds++
			if rapid.IntRange(0, 20).Draw(t, "changed") == 0 {
				s.moved(now)
			}
		}
		limit := int(now.Sub(began)/(burstLimit+burstCooldown)+1) * int(burstLimit/burstPause+burstCooldown/s.fast+30)
		if rounds > limit {
			t.Fatalf("%d rounds in %v, more than %d", rounds, now.Sub(began), limit)
		}
	})
}

func TestClosingAPortIsNotUnplugging(t *testing.T) {
	e := plug(t, eg25(t, ""), emulator.Options{})
	w, err := Host{Proc: t.TempDir()}.open(e.Path())
	require.NoError(t, err)
	_, err = Host{Proc: t.TempDir()}.open(e.Path())
	require.ErrorIs(t, err, ErrBusy, "two of us do not share")
	ended := make(chan error, 1)
	go func() {
		_, err := w.Read(make([]byte, 10))
		ended <- err
	}()
	raw, err := w.file.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(n uintptr) { // what a program has that is being started just now
		child, err := unix.Dup(int(n))
		require.NoError(t, err)
		t.Cleanup(func() { unix.Close(child) })
	}))
	require.NoError(t, w.Close())
	require.NoError(t, w.Close(), "twice is fine")
	require.ErrorIs(t, <-ended, os.ErrClosed)
	_, err = w.Write([]byte("AT\r"))
	require.ErrorIs(t, err, os.ErrClosed)

	w, err = Host{Proc: t.TempDir()}.open(e.Path())
	require.NoError(t, err, "it was given back")
	defer w.Close()
	go func() {
		_, err := w.Read(make([]byte, 10))
		ended <- err
	}()
	e.Close()
	require.ErrorIs(t, <-ended, ErrUnplugged)
	_, err = w.Write([]byte("AT\r"))
	require.ErrorIs(t, err, ErrUnplugged)
}

func TestAWriteThatHangsEnds(t *testing.T) {
	t.Parallel()
	master, slave, err := pty.Open() // and nobody reads it
	require.NoError(t, err)
	defer master.Close()
	defer slave.Close()
	w, err := Host{Proc: t.TempDir()}.open(slave.Name())
	require.NoError(t, err)
	defer w.Close()
	_, err = w.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, ErrWriteHangs)
}

func TestProbe(t *testing.T) {
	t.Parallel()
	e := plug(t, eg25(t, "answer AT+QENG=\"neighbourcell\"\n  ERROR\nanswer AT+CPIN?\n  +CPIN: SIM PIN"), emulator.Options{})
	before := e.Settings()
	r, err := Host{Sys: t.TempDir(), Proc: t.TempDir()}.Probe(t.Context(), Port{Device: e.Path()})
	require.NoError(t, err)
	require.Equal(t, "EG25GGBR07A08M2G", r.Ident.Firmware)
	require.Equal(t, "quectel", r.Dialect.Name)
	require.Equal(t, SIMLocked, r.SIM)
	texts := func(cs []at.Command) (all []string) {
		for _, c := range cs {
			all = append(all, c.Text)
		}
		return all
	}
	require.Contains(t, texts(r.Accepted), `+QENG="servingcell"`)
	require.Contains(t, texts(r.Refused), `+QENG="neighbourcell"`)
	require.True(t, r.Reports.Has(cell.FieldCellID))
	require.False(t, r.Reports.Has(cell.FieldNeighbours))
	require.Equal(t, cell.LTE, r.Heard.Serving.RAT)
	require.Equal(t, before, e.Settings())
	for _, line := range e.Received() {
		for name := range before {
			require.NotContains(t, line, name+"=", "a probe changes nothing")
		}
	}
	passive(t, e)
}

func TestProbeOfAPortWithoutAModem(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c, err := New(Config{Device: "in memory", Host: Host{Sys: t.TempDir(), Proc: t.TempDir()}})
		require.NoError(t, err)
		var in slot
		in.plug(t, steps(t, "silence 1h"), emulator.Options{})
		c.open = in.open
		r, err := c.probe(t.Context(), Port{Device: "in memory", Role: NMEA})
		require.ErrorIs(t, err, ErrNoAnswer)
		var p *PortError
		require.True(t, errors.As(err, &p))
		require.Contains(t, p.Hint(), "NMEA port")
		require.Nil(t, r.Dialect)
	})

	tr := newTree(t)
	tr.write(tr.dev("ttyUSB2"), "")
	tr.process(812, "ModemManager", tr.dev("ttyUSB2"))
	r, err := tr.Probe(t.Context(), Port{Device: tr.dev("ttyUSB2")})
	require.Error(t, err)
	require.Equal(t, []Holder{{812, "ModemManager"}}, r.Holders)
}
