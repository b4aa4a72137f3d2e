package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
	"vigie/modem/emulator/hostile"
)

// A made-up subscriber, and the forms in which a hostile modem or file writes who that is.
func subscriber() []hostile.Form {
	return hostile.NewPerson(rand.New(rand.NewPCG(13, 10))).Forms()
}

// try runs the program named by VIGIE, or this one, and gives everything that it printed.
func try(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program(), args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if args[0] != "status" { // nobody watches, which it reports by its exit status
		require.NoError(t, err, "%v: %.2000s", args, out)
	}
	return string(out)
}

// whatIsLeft is everything that can be read from a store: its files, and what commands print of it.
func whatIsLeft(t *testing.T, db string) string {
	t.Helper()
	var all strings.Builder
	for _, args := range [][]string{{"export", "--store", db, "-"}, {"events", "--store", db}, {"events", "--json", "--store", db}, {"status", "--store", db}} {
		all.WriteString(try(t, "", args...))
	}
	files, err := filepath.Glob(db + "*")
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

func requireNoLeak(t *testing.T, text, where string) {
	t.Helper()
	leaks := hostile.Leaks(text, subscriber()...)
	shown := 0
	for line := range strings.Lines(text) {
		if len(leaks) > 0 && shown < 20 && len(hostile.Leaks(line, subscriber()...)) > 0 {
			t.Logf("%s: %.300q", where, line)
			shown++
		}
	}
	require.Empty(t, leaks[:min(len(leaks), 10)], "%s: %d of %d forms", where, len(leaks), len(subscriber()))
}

// No identity that a hostile modem prints is in what watch and record write or print.
func TestHostileModem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := hostile.Scenario(rand.New(rand.NewPCG(1, 1)), subscriber(), 4000)
	t.Run("watch", func(t *testing.T) {
		t.Parallel()
		em, _ := emulate(t, text, emulator.Options{})
		db := filepath.Join(dir, "w.db")
		conf := writeFile(t, dir, "v.toml", "sensor = 'roof'\n[modem]\nfast = \"200ms\"\nslow = \"500ms\"\n")
		cmd := exec.Command(program(), "watch", "--config", conf, "--port", em.Path(), "--store", db, "--record", filepath.Join(dir, "w.ndjson"))
		var printed strings.Builder
		cmd.Stdout, cmd.Stderr = &printed, &printed
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		heard := func() bool {
			n := 0
			for _, p := range em.Printed() {
				if p.Whole && p.Command == "" {
					n++
				}
			}
			return n > 300 && len(em.Received()) > 60
		}
		require.Eventually(t, heard, time.Minute, 50*time.Millisecond)
		<-time.After(3 * time.Second)
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), printed.String())
		recorded, err := os.ReadFile(filepath.Join(dir, "w.ndjson"))
		require.NoError(t, err)
		require.Contains(t, string(recorded), `A81A02`, "the row of the cell is there")
		left := whatIsLeft(t, db)
		requireNoLeak(t, printed.String(), "the terminal of watch")
		requireNoLeak(t, string(recorded), "watch --record")
		requireNoLeak(t, left, "the store of watch")
	})
	t.Run("record", func(t *testing.T) {
		t.Parallel()
		em, _ := emulate(t, text, emulator.Options{})
		file := filepath.Join(dir, "x.txtar")
		printed := try(t, "", "record", "--port", em.Path(), "--family", "quectel", "--exact-cells", "--for", "5s", file)
		recorded, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(recorded), `A81A02`)
		requireNoLeak(t, printed+string(recorded), "record")
	})
}

// No identity in a hostile file is in what decode prints, nor in the store that import or replay fills, in whatever field it stands.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	forms := subscriber()
	var pasted, lines strings.Builder
	number := 0
	add := func(record map[string]any) {
		text, err := json.Marshal(record)
		require.NoError(t, err)
		lines.Write(append(text, '\n'))
	}
	at := func() string {
		number++
		return time.Date(2026, 11, 23, 20, 0, number, 0, time.UTC).Format(time.RFC3339)
	}
	for i, f := range forms {
		raw := strings.Split(f.Text, "\r\n")
		fmt.Fprintf(&pasted, "[12:00:00.123] AT+CSQ\r\n+CSQ: 20,99\r\n%s\r\nOK\r\n", f.Text)
		if !strings.Contains(f.Text, "\r") {
			source := map[string]any{"vigie": 1, "sensor": "kit", "mode": "fixed", "model": "EC25 " + f.Text, "firmware": f.Text, "reports": []string{"rat"}}
			if !f.Loose && !f.Whole && i%40 == 0 {
				source["sensor"] = f.Text
			}
			add(source)
			add(map[string]any{"kind": "health", "time": at(), "reason": "rejects", "detail": f.Text, "raw": raw})
			add(map[string]any{"kind": "gap", "time": at(), "until": at(), "reason": f.Text})
		}
		add(map[string]any{"time": at(), "state": "idle", "serving": map[string]any{"rat": "LTE", "mcc": "001", "mnc": "01", "area": 4660, "cell_id": 11016962, "pci": 101, "arfcn": 1300, "rsrp": -60}, "raw": raw})
	}
	requireNoLeak(t, try(t, pasted.String(), "decode", "-"), "decode")
	requireNoLeak(t, try(t, pasted.String(), "decode", "--json", "-"), "decode --json")
	file := writeFile(t, dir, "hostile.ndjson", lines.String())
	for _, command := range []string{"import", "replay"} {
		t.Run(command, func(t *testing.T) {
			db := filepath.Join(dir, command+".db")
			printed := try(t, "", command, "--store", db, file)
			requireNoLeak(t, printed, "the terminal of "+command)
			requireNoLeak(t, whatIsLeft(t, db), "the store of "+command)
			sync := filepath.Join(dir, command+"-sync")
			require.NoError(t, os.Mkdir(sync, 0o700))
			try(t, "", "sync", "--store", db, sync)
			again := filepath.Join(dir, command+"-again.db")
			try(t, "", "import", "--store", again, sync)
			requireNoLeak(t, whatIsLeft(t, again), "the store that sync filled")
		})
	}
	requireNoLeak(t, try(t, "", "replay", "--json", file), "replay --json")
}
