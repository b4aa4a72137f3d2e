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

// What a watch costs an hour at each pace: make battery prints the table of docs/mobile-kit.md. It measures the real program with
// an emulated modem that stays on one cell, one pace after the other, for a minute after the first burst is over, and scales to
// an hour. The radio and the computer itself are not in it.
func TestBatteryFigures(t *testing.T) {
	if os.Getenv("VIGIE_BATTERY") == "" {
		t.Skip("only on request: make battery")
	}
	const settled, measured = 14 * time.Second, time.Minute
	var table strings.Builder
	for _, row := range []struct {
		name string
		pace int
		low  bool
		seal string
	}{
		{"1 s and 5 s", 1, false, ""},
		{"2 s and 10 s", 2, false, ""},
		{"4 s and 20 s", 4, false, ""},
		{"1 s and 5 s, `saving`, at 9 % of charge", 1, true, ""},
		{"1 s and 5 s, sealed", 1, false, "[seal]\nto = [\"age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\"]\n"},
	} {
		dir := t.TempDir()
		em, _ := emulate(t, calm, emulator.Options{})
		conf := fmt.Sprintf("[modem]\nfast = \"%ds\"\nslow = \"%ds\"\n", row.pace, 5*row.pace) + row.seal
		program := []string{os.Args[0]}
		if row.low {
			conf += "[battery]\nsaving = true\n"
			program = lowOnCharge(t)
		}
		cmd := exec.Command(program[0], append(program[1:], "watch", "--wait", "--config", writeFile(t, dir, "v.toml", conf), "--port", em.Path(), "--store", filepath.Join(dir, "v.db"))...)
		cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1")
		require.NoError(t, cmd.Start())
		<-time.After(settled)
		before, asked := usageOf(t, cmd.Process.Pid), len(em.Received())
		<-time.After(measured)
		after := usageOf(t, cmd.Process.Pid)
		asked = len(em.Received()) - asked
		an := float64(time.Hour / measured)
		fmt.Fprintf(&table, "\n| %s | %.0f | %.0f s | %.1f MB | %.0f | %.0f | %.0f MiB |", row.name, an*float64(asked), an*(after.cpu-before.cpu),
			an*(after.written-before.written)/1e6, an*(after.wakes-before.wakes), (after.wakes-before.wakes)/float64(asked), after.resident)
		require.Less(t, after.resident, 40.0, "MiB")
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
		em.Close()
	}
	t.Logf("\n| asked every | questions | CPU | written | wake-ups | of them a question | resident |\n| --- | --- | --- | --- | --- | --- | --- |%s", &table)
}

// lowOnCharge is a command that runs the program with a battery at 9 %: what the kernel reports of it is covered up, for
// that process alone.
func lowOnCharge(t *testing.T) []string {
	t.Helper()
	supplies := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(supplies, "BAT0"), 0o755))
	for name, text := range map[string]string{"type": "Battery", "capacity": "9", "status": "Discharging"} {
		writeFile(t, filepath.Join(supplies, "BAT0"), name, text+"\n")
	}
	cover := []string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" /sys/class/power_supply && exec "$@"`, supplies}
	if out, err := exec.Command(cover[0], append(cover[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("a battery that is low takes root, in a machine that lets it mount: %s", out)
	}
	return append(cover, os.Args[0])
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
