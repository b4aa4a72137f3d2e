package modem

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// paper is a modem in memory, for tests in which hours pass at once.
type paper struct {
	began time.Time

	mu      sync.Mutex
	answers map[string]string // what a command gets, without its end; others get OK, those with "?" and "+Q" ERROR
	refuse  map[string]bool
	ignore  map[string]bool // gets no answer at all, while others do
	now     func() time.Time
	delay   map[string]time.Duration
	deaf    func() bool
	gone    func() bool
	asked   map[string][]time.Duration // when each command came, since the start
	behind  string                     // printed with the next answer about the serving cell, after its OK
	port    net.Conn
}

func newPaper() *paper {
	return &paper{began: time.Now(), asked: map[string][]time.Duration{}, delay: map[string]time.Duration{}, refuse: map[string]bool{}, ignore: map[string]bool{},
		deaf: func() bool { return false }, gone: func() bool { return false },
		answers: map[string]string{
			"AT+CGMI":                 `Quectel`,
			"AT+CGMM":                 `EG25`,
			"AT+CPIN?":                `+CPIN: READY`,
			"AT+CEREG?":               `+CEREG: 3,1,"C3C9","A81A02",7`,
			`AT+QENG="servingcell"`:   `+QENG: "servingcell","NOCONN","LTE","FDD",272,03,A81A02,101,2300,4,5,5,C3C9,-96,-11,-65,12,30`,
			`AT+QENG="neighbourcell"`: `+QENG: "neighbourcell intra","LTE",2300,236,-16,-101,-65,-20,22,6,2,0,46`,
		}}
}

func (p *paper) open(string) (io.ReadWriteCloser, error) {
	if p.gone() {
		return nil, &PortError{Err: ErrMissing}
	}
	near, far := net.Pipe()
	p.mu.Lock()
	p.port = far
	p.mu.Unlock()
	go func() {
		defer far.Close()
		in := bufio.NewReader(far)
		for {
			command, err := in.ReadString('\r')
			if err != nil {
				return
			}
			command = strings.TrimSuffix(command, "\r")
			p.mu.Lock()
			p.asked[command] = append(p.asked[command], time.Since(p.began))
			final, body, delay := "OK", p.answers[command], p.delay[command]
			refuse, ignore := p.refuse[command], p.ignore[command]
			behind := ""
			if command == askServing {
				behind, p.behind = p.behind, ""
			}
			p.mu.Unlock()
			if p.deaf() || ignore {
				continue
			}
			<-time.After(delay) // in the time of the test
			if refuse || body == "" && (strings.HasSuffix(command, "?") || strings.HasPrefix(command, "AT+Q")) {
				final, body = "ERROR", ""
			}
			if body != "" {
				body = "\r\n" + body + "\r\n"
			}
			if _, err := io.WriteString(far, command+"\r\r\n"+body+"\r\n"+final+"\r\n"+behind); err != nil {
				return
			}
		}
	}()
	return unplugging{near}, nil
}

// unplugging names the end of a port as the real one does.
type unplugging struct{ net.Conn }

func (u unplugging) Read(p []byte) (int, error) {
	n, err := u.Conn.Read(p)
	if err != nil {
		err = ErrUnplugged
	}
	return n, err
}

// print prints something unsolicited.
func (p *paper) print(text string) {
	p.mu.Lock()
	port := p.port
	p.mu.Unlock()
	_, _ = io.WriteString(port, text)
}

// swap changes the answer about the serving cell.
func (p *paper) swap(old, new string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[askServing] = strings.Replace(p.answers[askServing], old, new, 1)
}

// set changes what a command gets.
func (p *paper) set(what map[string]bool, command string, to bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what[command] = to
}

// run watches for a while, and returns the records.
func (p *paper) run(t *testing.T, d time.Duration, each func(cell.Record)) []cell.Record {
	t.Helper()
	c, err := New(Config{Device: "paper", Now: p.now, Host: Host{Sys: t.TempDir(), Proc: t.TempDir()}})
	require.NoError(t, err)
	c.open = p.open
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(d, cancel)
	var records []cell.Record
	err = c.Run(ctx, func(r cell.Record) error {
		records = append(records, r)
		if each != nil {
			each(r)
		}
		return nil
	})
	require.NoError(t, err)
	require.LessOrEqual(t, time.Since(p.began)-d, 2*time.Second, "stops in time")
	return records
}

// between counts how often a command came in a time.
func (p *paper) between(command string, from, to time.Duration) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, at := range p.asked[command] {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

const forever = time.Duration(1<<63 - 1)

const askServing, askNeighbours = `AT+QENG="servingcell"`, `AT+QENG="neighbourcell"`

func TestTwoRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		records := p.run(t, time.Hour, nil)
		require.InDelta(t, 3600, p.between(askServing, 0, forever), 5)
		require.InDelta(t, 720, p.between(askNeighbours, 0, forever), 3)
		require.InDelta(t, 120, p.between("AT+CPIN?", 0, forever), 3)
		require.Empty(t, gaps(records))
		o := all[*cell.Observation](records)
		require.Equal(t, o[1].Time.Add(time.Second), o[2].Time)
	})
}

func TestBurstAfterAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		time.AfterFunc(100500*time.Millisecond, func() { p.swap("2300", "2850") })
		p.run(t, 5*time.Minute, nil)
		const s = time.Second
		require.Equal(t, 10, p.between(askServing, 90*s, 100*s))
		require.InDelta(t, 10*s/burstPause, p.between(askServing, 101*s, 112*s), 5, "ten seconds as fast as it may")
		require.InDelta(t, 100, p.between(askServing, 120*s, 220*s), 1, "and then as before")
		require.InDelta(t, 20, p.between(askNeighbours, 60*s, 160*s), 1, "the neighbours are not forgotten")
	})
}

func TestBurstAfterAHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		time.AfterFunc(100500*time.Millisecond, func() { p.print("\r\n+CEREG: 1,\"C3C9\",\"A81A02\",7\r\n") })
		records := p.run(t, 3*time.Minute, nil)
		require.InDelta(t, 10*time.Second/burstPause, p.between(askServing, 100500*time.Millisecond, 112*time.Second), 5)
		var lines int
		for _, o := range all[*cell.Observation](records) {
			if len(o.Raw) == 1 && strings.HasPrefix(o.Raw[0], "+CEREG: 1,\"") {
				lines++
				require.Equal(t, 100500*time.Millisecond, o.Time.Sub(p.began).Truncate(time.Millisecond), "told at once")
				require.Len(t, o.Registration, 1)
			}
		}
		require.Equal(t, 1, lines)
	})
}

// A modem between two cells changes at every poll. It is not polled at the rate of bursts forever.
func TestFlappingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		flip := [2]string{"2300", "2850"}
		p.run(t, 20*time.Minute, func(cell.Record) {
			p.swap(flip[0], flip[1])
			flip[0], flip[1] = flip[1], flip[0]
		})
		most := int(20*time.Minute/(burstLimit+burstCooldown)) * int(burstLimit/burstPause+burstCooldown/time.Second)
		require.InDelta(t, most, p.between(askServing, 0, forever), float64(most)/20)
		require.InDelta(t, 240, p.between(askNeighbours, 0, forever), 10, "the slow round is not starved")
	})
}

func TestRefusedCommandsAreAskedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.refuse[askNeighbours] = true
		records := p.run(t, 10*time.Hour, nil)
		n := p.between(askNeighbours, 0, forever)
		require.Greater(t, n, 10, "it is tried again")
		require.Less(t, n, 25)
		s := all[*cell.Source](records)
		require.Len(t, s, 2, "told again when it is clear that the modem refuses")
		before, _ := s[0].Reports.Get()
		after, _ := s[1].Reports.Get()
		require.True(t, before.Has(cell.FieldNeighbours))
		require.False(t, after.Has(cell.FieldNeighbours))
		require.True(t, after.Has(cell.FieldCellID))
	})
}

func TestSilenceIsAGapWithRightTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		const from, to = 10*time.Minute + 500*time.Millisecond, 20 * time.Minute
		p.deaf = func() bool { at := time.Since(p.began); return at > from && at < to }
		records := p.run(t, 30*time.Minute, nil)
		gapFits(t, records, GapSilent)
		g := gaps(records)[1]
		require.InDelta(t, 10*60, g.Time.Sub(p.began).Seconds(), 1.1)
		require.InDelta(t, 20*60, g.Until.Sub(p.began).Seconds(), 10, "a silent modem is tried every few seconds")
		require.Less(t, p.between("AT", from, to), 10*60*2, "not in a tight loop")
	})
}

func TestUnpluggedForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		const from, to = time.Hour + 500*time.Millisecond, 5 * time.Hour
		p.gone = func() bool { at := time.Since(p.began); return at > from && at < to }
		time.AfterFunc(from, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.port.Close()
		})
		records := p.run(t, 6*time.Hour, nil)
		gapFits(t, records, GapUnplugged)
		g := gaps(records)[1]
		require.InDelta(t, time.Hour.Seconds(), g.Time.Sub(p.began).Seconds(), 1.1)
		require.InDelta(t, to.Seconds(), g.Until.Sub(p.began).Seconds(), 3, "found soon after it is back")
		require.Less(t, len(all[*cell.Health](records))-len(health(records, "command_refused")), 5)
	})
}

// The run ends while a slow command is pending: it stops in time, and the switches are restored.
func TestEndingDuringASlowCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.answers["AT+CEREG?"] = `+CEREG: 0,1`
		p.delay[askNeighbours] = 800 * time.Millisecond
		p.run(t, 30*time.Second+500*time.Millisecond, nil)
		require.Equal(t, 1, p.between("AT+CEREG=3", 0, forever))
		require.Equal(t, 1, p.between("AT+CEREG=0", 0, forever))
	})
}

// The switches of a modem that stops answering just before the end cannot be restored in time, which is an error.
func TestWhatCannotBePutBackIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaper()
		p.answers["AT+CEREG?"] = `+CEREG: 0,1`
		p.deaf = func() bool { return time.Since(p.began) > 10*time.Second }
		c, err := New(Config{Device: "paper", Host: Host{Sys: t.TempDir(), Proc: t.TempDir()}})
		require.NoError(t, err)
		c.open = p.open
		ctx, cancel := context.WithTimeout(context.Background(), 10500*time.Millisecond)
		defer cancel()
		err = c.Run(ctx, func(cell.Record) error { return nil })
		require.ErrorContains(t, err, "it was AT+CEREG=0")
		require.LessOrEqual(t, time.Since(p.began), 12500*time.Millisecond)
	})
}
