package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"vigie/cell"
	"vigie/modem/emulator"
	"vigie/monitor"
)

// restless is a modem that moves between two cells twice a second, so that a watch has much to print.
func restless(d time.Duration) string {
	var b strings.Builder
	b.WriteString("model quectel" + reporting + sticks[0].scenario + "\n")
	for at, i := 2*time.Second, 0; at < 2*time.Second+d; at, i = at+500*time.Millisecond, i+1 {
		fmt.Fprintf(&b, "at %s\nanswer AT+QENG=\"servingcell\"\n  +QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",272,03,A81A%02d,10%d,1300,3,5,5,1234,-96,-11,-65,12,30\n", at, 1+i%2, i%2)
	}
	return b.String() + "at " + (2*time.Second + d).String() + "\nnote end"
}

// program is the program to try: VIGIE names another one, such as that of an older version.
func program() string { return cmp.Or(os.Getenv("VIGIE"), "vigie") }

// Standard output that nobody reads never stops the watch: Ctrl-S, a pager, a stuck log. VIGIE_BLOCKED=1m is the long form,
// and VIGIE names another binary to try.
func TestOutputThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, brief := range []bool{false, true} {
		t.Run(fmt.Sprintf("brief=%v", brief), func(t *testing.T) {
			t.Parallel()
			if brief && testing.Short() {
				t.Skip("short")
			}
			outputThatNobodyReads(t, brief)
		})
	}
}

func outputThatNobodyReads(t *testing.T, brief bool) {
	long, err := time.ParseDuration(cmp.Or(os.Getenv("VIGIE_BLOCKED"), "6s"))
	require.NoError(t, err)
	dir := t.TempDir()
	ended := make(chan struct{})
	scenario, err := emulator.Parse(restless(long), nil)
	require.NoError(t, err)
	em, err := emulator.Start(t.Context(), scenario, emulator.Options{Link: func(int) string { return filepath.Join(dir, "modem") }, Note: func(text string) {
		if text == "end" {
			close(ended)
		}
	}})
	require.NoError(t, err)
	t.Cleanup(em.Close)
	conf := writeFile(t, dir, "v.toml", "sensor = 'roof'\nmode = 'fixed'\n[modem]\nfast = \"50ms\"\nslow = \"500ms\"\n")
	db := filepath.Join(dir, "s.db")
	args := []string{"watch", "--config", conf, "--port", em.Path(), "--store", db}
	if brief {
		args = append(args, "--brief")
	}
	cmd := exec.Command(program(), args...)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	room, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
	require.NoError(t, err)
	_, err = w.Write(make([]byte, room-200)) // full after the second line
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = w, w
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	w.Close()
	answers := func() (n int) {
		for _, p := range em.Printed() {
			if p.Command == `AT+QENG="servingcell"` && p.Whole {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return answers() > 20 }, time.Minute, 10*time.Millisecond)
	before := usageOf(t, cmd.Process.Pid).resident
	<-ended
	after := usageOf(t, cmd.Process.Pid).resident
	asked := answers()
	began := time.Now()
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(4 * time.Second):
		t.Error("it does not end while nobody reads")
		_ = cmd.Process.Kill()
		<-done
	}
	exported, stderr, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status, stderr)
	stored := strings.Count(exported, `+QENG: \"servingcell\"`)
	t.Logf("%s unread: asked %d times, %d answers stored, %.1f MiB before and %.1f after, ended in %s", long, asked, stored, before, after, time.Since(began).Round(time.Millisecond))
	require.Greater(t, asked, int(long/(500*time.Millisecond)), "the modem was asked all the while")
	// On a busy machine an answer may come after its deadline; TestServiceStopsCleanly holds that each other one is stored.
	require.GreaterOrEqual(t, stored, asked-asked/100, "every answer is stored")
	require.NotContains(t, exported, `"kind":"gap"`)
	require.InDelta(t, before, after, 12, "memory is flat")
}

// A process that did not run for a while (a stopped one, a computer that slept) did not look, and records that: a gap, not a quiet
// time.
func TestStoppedProcessIsAGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	em, _ := emulate(t, restless(time.Minute), emulator.Options{})
	db := filepath.Join(dir, "s.db")
	conf := writeFile(t, dir, "v.toml", "sensor = 'roof'\nmode = 'fixed'\n[modem]\nfast = \"200ms\"\nslow = \"1s\"\n")
	cmd := exec.Command(program(), "watch", "--config", conf, "--port", em.Path(), "--store", db)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	asked := func() int { return len(em.Printed()) }
	require.Eventually(t, func() bool { return asked() > 60 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	stopped := time.Now()
	<-time.After(silent)
	before := asked()
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool { return asked() > before+20 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	exported, stderr, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status, stderr)
	require.Equal(t, 1, strings.Count(exported, `"kind":"gap"`))
	reader := cell.NewReader(strings.NewReader(exported), "export")
	for {
		r, err := reader.Next()
		require.NoError(t, err)
		if g, ok := r.(*cell.Gap); ok {
			require.Equal(t, monitor.ReasonStalled, g.Reason)
			require.WithinDuration(t, stopped, g.Time, 2*time.Second)
			require.WithinDuration(t, stopped.Add(silent), g.Until, 2*time.Second)
			return
		}
	}
}

// silent is longer than a process may be silent without a gap.
const silent = 12 * time.Second
