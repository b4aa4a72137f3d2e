package position

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
)

var brussels = cell.Position{Lat: 50.8503, Lon: 4.3517, Accuracy: cell.Some(5.0), Source: GPSD}

// north is a place so many metres north of another.
func north(p cell.Position, metres float64) cell.Position {
	p.Lat += metres / perDegree
	return p
}

func TestOnlyWhatIsFreshIsAttachedAndOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr Tracker
		attached := func(sensor string) *cell.Position {
			o := cell.Observation{Sensor: sensor}
			tr.Attach(&o, time.Now())
			return o.Position
		}
		require.Nil(t, attached("a"), "no position is no reason to stop")
		require.NoError(t, tr.Set(brussels, time.Now()))
		require.Equal(t, &brussels, attached("a"))
		require.Nil(t, attached("a"), "the same position is not told twice")
		require.Equal(t, &brussels, attached("b"), "each sensor is told")
		<-time.After(Fresh)
		require.Equal(t, &brussels, attached("c"))
		<-time.After(time.Millisecond)
		require.Nil(t, attached("d"), "stale")
		_, ok := tr.Now(time.Now())
		require.False(t, ok)
		require.Equal(t, Unknown, tr.Motion(time.Now()))

		phone := north(brussels, 50)
		phone.Source = Phone
		require.NoError(t, tr.Set(phone, time.Now()))
		require.NoError(t, tr.Set(brussels, time.Now()))
		require.Equal(t, GPSD, attached("e").Source, "gpsd before the phone")
		tr.Lose(GPSD)
		require.Equal(t, Phone, attached("f").Source)

		own := cell.Observation{Sensor: "g", Position: &cell.Position{Lat: 1, Lon: 2, Source: GNSS}}
		tr.Attach(&own, time.Now())
		require.Equal(t, GNSS, own.Position.Source, "what the modem says itself stays")
		require.Equal(t, GNSS, attached("f").Source, "and serves the other modem too")
	})
}

// The monotonic clock does not count while a computer sleeps: the wall clock alone then tells that a position is old.
func TestAPositionFromBeforeSleepIsStale(t *testing.T) {
	now := time.Now()
	var tr Tracker
	require.NoError(t, tr.Set(brussels, now.Round(0).Add(-time.Hour)))
	_, ok := tr.Now(now)
	require.False(t, ok)
}

func TestNoPlaceOnEarth(t *testing.T) {
	var tr Tracker
	for _, p := range []cell.Position{{Lat: 91}, {Lon: -181}, {Lat: math.NaN()}, {Lon: math.Inf(1)}} {
		require.Error(t, tr.Set(p, time.Now()))
	}
	p := brussels
	p.Accuracy, p.Speed = cell.Some(-1.0), cell.Some(math.NaN())
	require.NoError(t, tr.Set(p, time.Now()))
	got, ok := tr.Now(time.Now())
	require.True(t, ok)
	require.False(t, got.Accuracy.Known() || got.Speed.Known())
}

func TestStandingAndMoving(t *testing.T) {
	for _, c := range []struct {
		name  string
		speed float64 // metres a second
		every time.Duration
		noise float64
		want  Motion
	}{
		{"standing", 0, time.Second, 4, Standing},
		{"walking", 1.3, time.Second, 4, Moving},
		{"a slow phone", 1.3, 5 * time.Second, 4, Moving},
		{"driving", 14, time.Second, 4, Moving},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tr Tracker
			at, way := time.Now(), 0.0
			for i := range 90 {
				p := north(brussels, way+c.noise*float64(i%3-1))
				require.NoError(t, tr.Set(p, at))
				if i == 0 {
					require.Equal(t, Unknown, tr.Motion(at), "one position says nothing")
				}
				at = at.Add(c.every)
				way += c.speed * c.every.Seconds()
			}
			require.Equal(t, c.want, tr.Motion(at))
		})
	}
}

func TestCoarse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := cell.Position{Lat: rapid.Float64Range(-85, 85).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Source: GPSD, Speed: cell.Some(3.0)}
		size := rapid.Float64Range(50, 20000).Draw(t, "size")
		c := Coarsen(p, size)
		require.LessOrEqual(t, Metres(p, c), size*0.75, "within the square")
		require.GreaterOrEqual(t, c.Accuracy.Or(0), math.Floor(size*0.7))
		require.False(t, c.Speed.Known())
		require.Equal(t, p, Coarsen(p, 0))
	})
	require.Equal(t, Coarsen(brussels, 1000), Coarsen(north(brussels, 20), 1000), "whoever is in a square is told the same place")
	for text, want := range map[string]float64{"1km": 1000, "250m": 250, " 0.5 km": 500} {
		got, err := Size(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "1", "1 mile", "-1km", "1m", "NaNkm", "1e9km"} {
		_, err := Size(bad)
		require.Error(t, err, bad)
	}
}

func TestReport(t *testing.T) {
	for line, want := range map[string]*cell.Position{
		`{"class":"TPV","mode":3,"lat":50.85,"lon":4.35,"eph":7.5,"speed":1.2}`: {Lat: 50.85, Lon: 4.35, Accuracy: cell.Some(7.5), Speed: cell.Some(1.2), Source: GPSD},
		`{"class":"TPV","mode":2,"lat":0,"lon":0,"epx":3,"epy":4}`:              {Accuracy: cell.Some(5.0), Source: GPSD},
		`{"class":"TPV","mode":1}`:                                              nil,
		`{"class":"TPV","mode":3,"lat":95,"lon":4.35}`:                          nil,
		`{"class":"DEVICES","devices":[]}`:                                      nil,
	} {
		got, says := report([]byte(line))
		require.True(t, says, line)
		require.Equal(t, want, got, line)
	}
	for _, line := range []string{"", "{", `{"class":"SKY"}`, `{"class":"DEVICES","devices":[{"path":"/dev/ttyACM0"}]}`, `{"class":"TPV","mode":"x"}`, "\x00\xff"} {
		_, says := report([]byte(line))
		require.False(t, says, line)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"class":"TPV","mode":3,"lat":50.85,"lon":4.35,"eph":7.5,"speed":1.2}`))
	f.Add([]byte(`{"class":"DEVICES","devices":[]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, _ := report(line)
		if p == nil {
			return
		}
		var tr Tracker
		require.NoError(t, tr.Set(*p, time.Now()))
		require.LessOrEqual(t, math.Abs(Coarsen(*p, 1000).Lat), 90.0)
	})
}

// What a gpsd does: says nothing for long, talks nonsense, loses the fix, goes away and comes back.
func TestGPSDComesAndGoes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	conns := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns <- c
		}
	}()
	var tr Tracker
	ctx, stop := context.WithCancel(t.Context())
	told, done := make(chan error, 8), make(chan struct{})
	go func() { tr.FollowGPSD(ctx, l.Addr().String(), func(err error) { told <- err }); close(done) }()
	known := func() bool { _, ok := tr.Now(time.Now()); return ok }
	soon := func(f func() bool, what string) { require.Eventually(t, f, 10*time.Second, 5*time.Millisecond, what) }

	c := <-conns
	ask, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "?WATCH={\"enable\":true,\"json\":true};\n", ask)
	fmt.Fprint(c, "nonsense\n{\"class\":\"TPV\",\"mode\":3,\"lat\":50.85,\"lon\":4.35}\n")
	soon(known, "found")
	fmt.Fprint(c, "{\"class\":\"TPV\",\"mode\":1}\n")
	soon(func() bool { return !known() }, "lost")
	c.Close()
	require.ErrorContains(t, <-told, "it closed the connection")
	c = <-conns
	fmt.Fprint(c, "{\"class\":\"TPV\",\"mode\":3,\"lat\":50.85,\"lon\":4.35}\n")
	soon(known, "found again")
	fmt.Fprint(c, strings.Repeat("x", longestLine+1))
	require.ErrorContains(t, <-told, "token too long", "a line without end is no reason to grow")
	stop()
	<-done
	require.False(t, known())
}

// The real gpsd, fed by its own gpsfake with a walk north.
func TestRealGPSD(t *testing.T) {
	fake, err := exec.LookPath("gpsfake")
	if _, missing := exec.LookPath("gpsd"); err != nil || missing != nil && !exists("/usr/sbin/gpsd") {
		fmt.Fprintln(os.Stderr, "SKIPPED: position from a real gpsd, for lack of one. This provides it: apt-get install gpsd gpsd-clients")
		t.Skip("no gpsd. This provides it: apt-get install gpsd gpsd-clients")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().(*net.TCPAddr)
	free.Close()
	file := filepath.Join(t.TempDir(), "walk.nmea")
	require.NoError(t, os.WriteFile(file, []byte(walk(30)), 0o600))
	cmd := exec.CommandContext(t.Context(), fake, "-q", "-n", "-c", "0.03", "-P", fmt.Sprint(addr.Port), file)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	require.NoError(t, cmd.Start())
	defer func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() }()

	var tr Tracker
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { tr.FollowGPSD(ctx, addr.String(), nil); close(done) }()
	require.Eventually(t, func() bool {
		p, ok := tr.Now(time.Now())
		return ok && math.Abs(p.Lat-50.85) < 0.01 && math.Abs(p.Lon-4.35) < 0.0001 && p.Speed.Known()
	}, 20*time.Second, 20*time.Millisecond, "a position from gpsd")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Eventually(t, func() bool { _, ok := tr.Now(time.Now()); return !ok }, 20*time.Second, 20*time.Millisecond, "none any more when gpsd is gone")
	stop()
	<-done
}

func exists(name string) bool { _, err := os.Stat(name); return err == nil }

// walk is what a receiver prints on the way north, a second a pair of sentences.
func walk(seconds int) string {
	var b strings.Builder
	say := func(format string, args ...any) {
		body, sum := fmt.Sprintf(format, args...), byte(0)
		for i := range len(body) {
			sum ^= body[i]
		}
		fmt.Fprintf(&b, "$%s*%02X\r\n", body, sum)
	}
	for i := range seconds {
		at, minutes := fmt.Sprintf("12%02d%02d", i/60, i%60), 51+float64(i)*1.4/1855
		say("GPGGA,%s,50%07.4f,N,00421.0000,E,1,08,0.9,45.0,M,47.0,M,,", at, minutes)
		say("GPRMC,%s,A,50%07.4f,N,00421.0000,E,2.7,0.0,010626,,,A", at, minutes)
	}
	return b.String()
}
