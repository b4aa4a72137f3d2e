package at

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator/hostile"
)

// frames are lines in which an identity stands. Those that are rows of cells come last.
var looseFrames = []string{"%s", `"%s"`, "(%s)", "  %s\t", `+XID: %s`, `+XID: 1,"%s"`, `^ZZSIM: "a",%s`, `%%XSIM: %s,1`, "Device %s", "ID=%s;", `+CIEV: 12,"%s"`, "x: %s y"}

var rowFrames = []string{`+QENG: "servingcell","NOCONN","LTE","FDD",222,01,4940206,"%s",-93,-11,-61`, `#RFSTS: "310 410",800,-93,-59,-14,8B1E,255,-5,1280,19,2,A20400,"%s","AT&T",3,2`,
	`+COPS: 0,0,"%s",7`, `+CREG: 2,1,"1F07","%s",7`, "1,4,262,02,BFD3,2D4201,%s,30,103,50,16,42,42,26"}

// stamps are what loggers write before a line.
var stamps = []string{"12:34:56.789 -> ", "00> ", "[00:00:12.345,678] <inf> ", "[2024-01-01 12:00:00] ", "Jan 01 12:00:00 host prog[1]: ", "1704110400.123456 ", "2024-01-01T12:00:00.123Z ",
	"<< ", "RX: ", "I (12345) modem: ", "[    12.345678] ", "2024-01-01 12:00:00,123 DEBUG ", "1704110400 ", "1704110400123 ", "<-- "}

// No form of an identity survives: alone, in lines of any kind, under a stamp, in a transcript.
func TestNoFormSurvives(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 2))
	total, kinds := 0, map[string]bool{}
	for range 2 {
		person := hostile.NewPerson(r)
		for _, f := range person.Forms() {
			total++
			kinds[f.Kind] = true
			frames := append(append([]string{}, looseFrames...), rowFrames...)
			switch {
			case f.Whole:
				frames = []string{"%s"}
			case f.Loose:
				frames = looseFrames
			}
			if strings.Contains(f.Text, "\n") {
				frames = []string{"%s", "Device %s", `+XID: "%s"`}
			}
			for i, frame := range frames {
				line := strings.ReplaceAll(strings.ReplaceAll(frame, "%%", "%"), "%s", f.Text)
				stamp := ""
				if i > 0 || total%3 == 0 {
					stamp = stamps[r.IntN(len(stamps))]
				}
				text := stamp + strings.ReplaceAll(line, "\r\n", "\r\n"+stamp)
				var seen strings.Builder
				var redact = newRedactor(nil)
				for _, l := range strings.Split(text, "\r\n") {
					out, _ := redact.line(l)
					seen.WriteString(out + "\n")
					if !strings.Contains(f.Text, "\n") {
						out, _ = Scrub(l)
						seen.WriteString(out + "\n")
						again, n := Scrub(out)
						require.Equal(t, out, again, l)
						require.Zero(t, n, l)
					}
				}
				exchanges, err := ReadTranscript(strings.NewReader(text))
				require.NoError(t, err)
				for _, e := range exchanges {
					seen.WriteString(e.Command + "\n" + strings.Join(e.Lines, "\n") + "\n" + e.Final + "\n")
				}
				if leaks := hostile.Leaks(seen.String(), f); len(leaks) > 0 {
					t.Errorf("%s: %q becomes %q", f.Kind, text, seen.String())
				}
			}
		}
	}
	t.Logf("%d forms of %d kinds", total, len(kinds))
	require.Greater(t, total, 600)
}

// Numbers of cells and of time stay in lines that are no rows of cells, whatever separates them.
func TestSeparatedNumbersStay(t *testing.T) {
	for _, line := range []string{"262, 01, 4940206, 427", "2026-11-30;02:54:11;262;01;BFD3;4940206;1300;427;-93;-11", "time=1704110400, mcc=262, mnc=01, lac=1234, ci=4940206, pci=123",
		"channels: 100, 6200, 1300, 2850, 3050", "bands: 1, 3, 7, 8, 20, 28, 38, 40, 41, 42, 43", `+XBAND: "1","3","7","8","20","28","38"`, "+XBAND: 1|3|7|8|20|28|38|40"} {
		clean, n := Scrub(line)
		require.Equal(t, line, clean)
		require.Zero(t, n)
	}
}

// The start of an IMSI is not taken for a time of a year to come.
func TestCutIMSIIsNoTime(t *testing.T) {
	clean, _ := Scrub("208102030206")
	require.Equal(t, "<12 digits>", clean)
	clean, n := Scrub("+XTIME: 202611300259")
	require.Equal(t, "+XTIME: 202611300259", clean)
	require.Zero(t, n)
}

// A line of four times the length takes about four times the work, whatever is in it, and not sixteen times: the work is that of the
// processor on this thread, so that a busy machine changes little.
func TestLongLines(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	work := func(line string) time.Duration {
		var before, after syscall.Rusage
		const thread = 1 // RUSAGE_THREAD
		require.NoError(t, syscall.Getrusage(thread, &before))
		Scrub(line)
		require.NoError(t, syscall.Getrusage(thread, &after))
		return time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	}
	for _, piece := range []string{"a", "abcdefgh", "1", "1 ", "12 ", "a@", "\x1b[1m", "+A:", "0x12,", "123456789 ", "00310032", "1a", ":", "1.", "IMSI:", "(", "-1", "٠", "+1", "AT+A=1;", "type1.rid", "::1 ", "1;", "12h ", "1&nbsp;", "1 | ", "%20", "50,", "1234 "} {
		short := work(strings.Repeat(piece, 1<<14/len(piece)))
		long := work(strings.Repeat(piece, 1<<16/len(piece)))
		require.Less(t, long, 10*short+100*time.Millisecond, "%q", piece)
	}
}
