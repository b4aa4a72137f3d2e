package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/modem/emulator"
	"vigie/monitor"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// fakeGPS is a real gpsd, fed by its own gpsfake with a walk north on which the sky is hidden half of the time, again and again.
func fakeGPS(t *testing.T) (addr string) {
	t.Helper()
	fake, err := exec.LookPath("gpsfake")
	if err != nil {
		fmt.Fprintln(os.Stderr, "SKIPPED: the scripted walk, for lack of a gpsd. This provides it: apt-get install gpsd gpsd-clients")
		t.Skip("no gpsd")
	}
	var log strings.Builder
	say := func(format string, args ...any) {
		body, sum := fmt.Sprintf(format, args...), byte(0)
		for i := range len(body) {
			sum ^= body[i]
		}
		fmt.Fprintf(&log, "$%s*%02X\r\n", body, sum)
	}
	for i := range 60 {
		at, minutes := fmt.Sprintf("1200%02d", i), 51+float64(i)*1.4/1855
		if i < 30 {
			say("GPGGA,%s,50%07.4f,N,00421.0000,E,1,08,0.9,45.0,M,47.0,M,,", at, minutes)
			say("GPRMC,%s,A,50%07.4f,N,00421.0000,E,2.7,0.0,010626,,,A", at, minutes)
		} else {
			say("GPGGA,%s,,,,,0,00,,,M,,M,,", at)
			say("GPRMC,%s,V,,,,,,,010626,,,N", at)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	cmd := exec.Command(fake, "-q", "-n", "-c", "0.03", "-P", strconv.Itoa(port), writeFile(t, t.TempDir(), "walk.nmea", log.String()))
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// yesterday fills a store with a day that is over, and an event in it.
func yesterday(t *testing.T, path string) (event time.Time) {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	start := time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Hour)
	noise, text := rand.New(rand.NewPCG(1, 2)), make([]byte, 6000)
	var recs []cell.Record
	for i := range 1800 {
		for j := range text {
			text[j] = byte('a' + noise.IntN(26))
		}
		recs = append(recs, &cell.Observation{Time: start.Add(time.Duration(i) * time.Second), Sensor: "vigie-yesterday", State: cell.Idle, Raw: []string{string(text)}})
		if len(recs) == 100 {
			require.NoError(t, s.Append(t.Context(), recs...))
			recs = recs[:0]
		}
	}
	event = start.Add(15 * time.Minute)
	require.NoError(t, s.PutEvents(t.Context(), analyzer.Event{ID: "yesterday", Sensor: "vigie-yesterday", First: event, Opened: event, Last: event, State: analyzer.Closed}))
	require.NoError(t, s.Close())
	return event
}

// observationsOf is how many observations the program reports since it began.
func observationsOf(t *testing.T, metrics string) (n int) {
	t.Helper()
	r, err := http.Get("http://" + metrics + "/metrics")
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?m)^vigie_observations_total\{.*\} (\d+)`).FindAllStringSubmatch(string(text), -1) {
		v, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		n += v
	}
	return n
}

// files is what stands in the files of a store, by what its name ends in. The log is read after what was gathered, and the
// database last, as they are written.
func files(t *testing.T, db string) map[string][]byte {
	t.Helper()
	m := map[string][]byte{}
	for _, end := range []string{"-tail", "-wal", ""} {
		text, err := os.ReadFile(db + end)
		require.NoError(t, err)
		m[end] = text
	}
	return m
}

// goneOn reports whether the log and the pending writes have continued, and not begun again meanwhile.
func goneOn(before, after map[string][]byte) bool {
	for end, head := range map[string]int{"-tail": 16, "-wal": 32} {
		if len(before[end]) < head || len(after[end]) < len(before[end]) || !bytes.Equal(before[end][:head], after[end][:head]) {
			return false
		}
	}
	return bytes.Equal(before[""], after[""])
}

// cut leaves what a power cut could leave: of what was written between two moments, what stands before some byte.
func cut(t *testing.T, to string, before, after map[string][]byte) {
	t.Helper()
	for end, now := range after {
		was, same := before[end], 0
		for same < len(was) && was[same] == now[same] {
			same++
		}
		n := same + rand.IntN(len(now)-same+1)
		torn := append(now[:n:n], was[min(n, len(was)):]...)
		require.NoError(t, os.WriteFile(to+end, torn, 0o600))
	}
}

// good opens what was left, and counts the observations from one moment until another in it.
func good(t *testing.T, path string, from, until time.Time) (n int) {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Check(t.Context()))
	for _, err := range s.Records(t.Context(), storage.Query{From: from, To: until, Kinds: storage.Observations, NoRaw: true}) {
		require.NoError(t, err)
		n++
	}
	return n
}

// A whole walk with the real program: a listener without a SIM and a registered stick, a gpsd, a blaster on the way, a position
// that is lost and found, a stick that is pulled out and put back, a disk that others fill, and at last a power cut.
func TestWalk(t *testing.T) {
	t.Parallel()
	gps, dir := fakeGPS(t), storagetest.SmallDisk(t, 64<<20)
	db, at := filepath.Join(dir, "v.db"), "127.0.0.1:"
	event := yesterday(t, db)
	free, err := net.Listen("tcp", at+"0")
	require.NoError(t, err)
	at = free.Addr().String()
	free.Close()

	var captured, released atomic.Int64
	attack, err := emulator.Parse(demoScenario, nil)
	require.NoError(t, err)
	still, err := emulator.Parse(calm, nil)
	require.NoError(t, err)
	registered, err := emulator.Start(t.Context(), still, emulator.Options{Note: func(text string) {
		switch now := time.Now().UnixMilli(); {
		case strings.Contains(text, "42 dB louder"):
			captured.Store(now)
		case strings.Contains(text, "released"):
			released.Store(now)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(registered.Close)
	began := time.Now()
	listener := strings.NewReplacer("+CPIN: READY", "+CME ERROR: 10", `"NOCONN","LTE"`, `"LIMSRV","LTE"`, `"servingcell","NOCONN"`, `"servingcell","LIMSRV"`,
		`register +CEREG 1,"0BE3","328261F",7`, "register +CEREG 0", `register +CREG 1,"0BE3","328261F",7`, "register +CREG 0").Replace(calm)
	k := startCarried(t, listener, "[position]\ngpsd = \""+gps+"\"\n", "--port", registered.Path(), "--store", db, "--listen", at)
	soon := func(what string, f func() bool) {
		t.Helper()
		if !assert.Eventually(t, f, time.Minute, 25*time.Millisecond, what) {
			require.FailNow(t, "the log", k.log())
		}
	}
	names := [2]string{"vigie-" + filepath.Base(k.em.Path()), "vigie-" + filepath.Base(registered.Path())}

	// The blaster is noticed while it is there.
	k.sees("position from gpsd")
	registered.Play(attack)
	soon("an event that alerts", func() bool { return regexp.MustCompile(`event (is now )?(medium|high)`).MatchString(k.log()) })
	opened := time.Now().UnixMilli()
	require.NotZero(t, captured.Load(), k.log())
	require.Less(t, opened-captured.Load(), int64(5000), "milliseconds after the capture")
	t.Logf("opened %d ms after the capture", opened-captured.Load())

	// The position goes and comes back; nothing stops for that.
	k.sees("no position; all else works")
	before := observationsOf(t, at)
	k.sees("position from gpsd")
	require.Greater(t, observationsOf(t, at), before)

	// One stick is out for two seconds; the other continues.
	soon("the release", func() bool { return released.Load() != 0 })
	pull, err := emulator.Parse("unplug 16s", nil)
	require.NoError(t, err)
	k.em.Play(pull)
	soon("blind", func() bool {
		return strings.Contains(k.log(), names[0]+"  blind") || strings.Contains(k.glance(), "pulled out")
	})
	soon("it is back", func() bool {
		return k.em.Path() != "" && strings.Contains(k.glance(), `data-level`) && !strings.Contains(k.glance(), "pulled out")
	})

	// The power is cut at any moment, in the middle of what is written: what was said to be stored a second before is there, each of
	// it, since what came later is not counted.
	for moments := 0; moments < 2; {
		sure, then := observationsOf(t, at), time.Now()
		before := files(t, db)
		soon("a second", func() bool { return time.Since(then) > 1100*time.Millisecond })
		after := files(t, db)
		if !goneOn(before, after) {
			continue
		}
		moments++
		for range 4 {
			left := filepath.Join(t.TempDir(), "left.db")
			cut(t, left, before, after)
			require.GreaterOrEqual(t, good(t, left, began, then), sure, "acknowledged and lost")
		}
	}

	// Somebody fills the disk: it is reported, what comes waits, and all is well when they are gone. (What makes room when they stay is
	// in TestFullDiskMakesRoom.)
	room, _ := monitor.DiskOf(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "of others"), make([]byte, max(0, room-(1<<20))), 0o600))
	more := filepath.Join(dir, "and more")
	soon("the disk is full", func() bool {
		if room, _ := monitor.DiskOf(dir); room > 0 && !strings.Contains(k.log(), "disk is full") {
			f, err := os.OpenFile(more, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			f.Write(make([]byte, room))
			f.Close()
		}
		return strings.Contains(k.log(), "disk is full")
	})
	require.NoError(t, os.Remove(filepath.Join(dir, "of others")))
	os.Remove(more)
	soon("the disk has room", func() bool { return strings.Contains(k.log(), "the disk has room again") })
	soon("the store takes what came", func() bool {
		log := k.log()
		return strings.Count(log, "the store cannot be written") == strings.Count(log, "the store can be written again")
	})

	sure := observationsOf(t, at)
	require.NoError(t, k.cmd.Process.Kill())
	<-k.done
	require.GreaterOrEqual(t, good(t, db, began, time.Now().Add(time.Second)), sure, "acknowledged and lost")

	// What is recorded of it all.
	s, err := storage.Open(t.Context(), db, storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer s.Close()
	reasons, around, placed, unplaced, found, meanwhile, wasPlaced := map[string]int{}, 0, 0, 0, false, 0, false
	var out *cell.Gap
	for e, err := range s.Records(t.Context(), storage.Query{}) {
		require.NoError(t, err)
		switch r := e.Record.(type) {
		case *cell.Health:
			reasons[r.Reason]++
		case *cell.Gap:
			if r.Sensor == names[0] && r.Reason == "unplugged" && !r.Until.IsZero() {
				out = r
			}
		case *cell.Observation:
			if r.Sensor == "vigie-yesterday" {
				if d := r.Time.Sub(event); d.Abs() <= 10*time.Minute {
					around++
				}
			} else if r.Sensor == names[1] {
				switch {
				case r.Position != nil:
					found = found || wasPlaced && unplaced >= 5
					placed, unplaced, wasPlaced = placed+1, 0, true
				default:
					unplaced++
				}
			}
		}
	}
	require.NotNil(t, out, "the blind time of the stick that was pulled out")
	for e, err := range s.Records(t.Context(), storage.Query{From: out.Time, To: out.Until, Kinds: storage.Observations}) {
		require.NoError(t, err)
		if e.Record.From() == names[1] {
			meanwhile++
		}
	}
	require.Positive(t, meanwhile, "the other one saw what there was")
	require.True(t, placed > 0 && found, "placed, not placed, placed again")
	require.Positive(t, reasons["disk_full"], "%v", reasons)
	require.Equal(t, 1201, around, "what is around yesterday's event is whole")
	_, err = s.Event(t.Context(), "yesterday")
	require.NoError(t, err)
}
