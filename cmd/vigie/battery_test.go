package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// What a watch costs an hour at each pace: make battery. It measures the real program with an emulated modem that stays on one
// cell, for a minute after the first burst is over, and scales to an hour. The radio and the computer itself are not in it.
func TestBatteryFigures(t *testing.T) {
	if os.Getenv("VIGIE_BATTERY") == "" {
		t.Skip("only on request: make battery")
	}
	for _, stretch := range []int{1, 2, 4} {
		t.Run(fmt.Sprint(stretch), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			em, _ := emulate(t, calm, emulator.Options{})
			config := writeFile(t, dir, "v.toml", fmt.Sprintf("[modem]\nfast = \"%ds\"\nslow = \"%ds\"\n", stretch, 5*stretch))
			cmd := exec.Command(os.Args[0], "watch", "--wait", "--config", config, "--port", em.Path(), "--store", filepath.Join(dir, "v.db"))
			cmd.Args[0], cmd.Env = "vigie", append(os.Environ(), "VIGIE_IS_PROGRAM=1")
			require.NoError(t, cmd.Start())
			<-time.After(20 * time.Second)
			before := usageOf(t, cmd.Process.Pid)
			<-time.After(time.Minute)
			after := usageOf(t, cmd.Process.Pid)
			t.Logf("asked every %d s and %d s: %.1f s of CPU, %.0f wake-ups, %.1f MB written an hour; %.0f MiB resident",
				stretch, 5*stretch, 60*(after.cpu-before.cpu), 60*(after.wakes-before.wakes), 60*(after.written-before.written)/1e6, after.resident)
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			require.NoError(t, cmd.Wait())
		})
	}
}

type processUsage struct{ cpu, wakes, written, resident float64 }

// usageOf reads /proc: seconds of CPU, voluntary context switches of all threads, bytes written to disk, resident MiB.
func usageOf(t *testing.T, pid int) (u processUsage) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	number := func(text, pattern string) float64 {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		require.NotNil(t, m, pattern)
		v, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		return v
	}
	dir := fmt.Sprintf("/proc/%d", pid)
	_, stat, _ := strings.Cut(read(dir+"/stat"), ") ")
	fields := strings.Fields(stat)
	for _, f := range fields[11:13] { // utime and stime, in hundredths (proc(5))
		v, err := strconv.ParseFloat(f, 64)
		require.NoError(t, err)
		u.cpu += v / 100
	}
	tasks, err := filepath.Glob(dir + "/task/*/status")
	require.NoError(t, err)
	for _, task := range tasks {
		u.wakes += number(read(task), `(?m)^voluntary_ctxt_switches:\s+(\d+)`)
	}
	u.written = number(read(dir+"/io"), `(?m)^write_bytes: (\d+)`)
	u.resident = number(read(dir+"/status"), `(?m)^VmRSS:\s+(\d+)`) / 1024
	return u
}
