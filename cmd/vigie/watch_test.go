package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"vigie/modem/dialect"
	"vigie/modem/emulator"
)

// vigie runs one command of the program in this process.
func vigie(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(""), &out, &err)
	return out.String(), err.String(), status
}

// emulate starts a modem that plays a scenario, and ends the returned context when its last note comes. Its port has a name of its
// own: the number of a terminal that was pulled out is given to the next that comes, which may be the modem of another test.
func emulate(t *testing.T, scenario string, o emulator.Options) (*emulator.Emulator, context.Context) {
	t.Helper()
	s, err := emulator.Parse(scenario, nil)
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	o.Note = func(text string) {
		if text == "end" {
			stop()
		}
	}
	if o.Link == nil {
		dir := t.TempDir()
		o.Link = func(int) string { return filepath.Join(dir, "modem") }
	}
	em, err := emulator.Start(t.Context(), s, o)
	require.NoError(t, err)
	t.Cleanup(func() { em.Close() })
	return em, ctx
}

// What is watched live and recorded replays to the same events, to the byte; what was stored is what was recorded; the
// modem was sent nothing that is not on the list; nothing is left running.
func TestWatchRecordReplay(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // the last clean-up, after the emulator's
	dir := t.TempDir()
	db, file, conf := filepath.Join(dir, "s.db"), filepath.Join(dir, "r.ndjson.gz"), writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n")
	em, ctx := emulate(t, demoScenario, emulator.Options{Speed: 2})
	var out, stderr bytes.Buffer
	status := run(ctx, []string{"watch", "--config", conf, "--port", em.Path(), "--store", db, "--sensor", "roof", "--mode", "fixed", "--record", file}, nil, &out, &stderr)
	require.Zero(t, status, "%s%s", out.String(), stderr.String())

	live, _, status := vigie(t, "events", "--json", "--store", db)
	require.Zero(t, status)
	require.Contains(t, live, "downgrade-2g")
	replayed, _, status := vigie(t, "replay", "--json", file)
	require.Zero(t, status)
	require.Equal(t, live, replayed, "the recorded file replays to what was raised live")

	exported, _, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status)
	again, _, status := vigie(t, "replay", "--json", writeFile(t, dir, "export.ndjson", exported))
	require.Zero(t, status)
	require.Equal(t, live, again, "the exported store replays to what was raised live")

	analysed, _, status := vigie(t, "analyze", "--json", "--store", db)
	require.Zero(t, status)
	require.Equal(t, live, analysed)

	list, err := dialect.Commands()
	require.NoError(t, err)
	allowed := map[string]bool{}
	for _, c := range list.All() {
		allowed[strings.TrimRight(c.Bytes, "\r")] = true
	}
	for _, got := range em.Received() {
		require.True(t, allowed[got], "%q was written to the modem", got)
	}
}

// A second watch takes up where the first one stopped, and analyses nothing twice.
func TestWatchTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, conf := filepath.Join(dir, "s.db"), writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n")
	for range 2 {
		em, ctx := emulate(t, demoScenario, emulator.Options{Speed: 8})
		var out, stderr bytes.Buffer
		status := run(ctx, []string{"watch", "--config", conf, "--port", em.Path(), "--store", db}, nil, &out, &stderr)
		require.Zero(t, status, stderr.String())
	}
	stored, _, _ := vigie(t, "events", "--json", "--store", db)
	_, stderr, status := vigie(t, "analyze", "--store", db)
	require.Zero(t, status)
	require.Contains(t, stderr, "0 events new, 0 gone, 0 changed", stored)
}

func TestWatchBadPorts(t *testing.T) {
	dir := t.TempDir()
	for port, want := range map[string][]string{
		dir:                           {"is a directory", "hint: name the port in it"},
		filepath.Join(dir, "ttyUSB9"): {"no such port", "hint: is the modem plugged in?"},
		"/dev/null":                   {"/dev/null", "hint: "},
	} {
		_, stderr, status := vigie(t, "watch", "--port", port, "--store", filepath.Join(dir, "s.db"))
		require.Equal(t, 1, status)
		for _, w := range want {
			require.Contains(t, stderr, w)
		}
		require.Len(t, strings.Split(strings.TrimSpace(stderr), "\n"), 2, "one line and a hint: %s", stderr)
	}
	_, stderr, status := vigie(t, "watch", "--port", "/dev/null", "--family", "nokia", "--store", filepath.Join(dir, "s.db"))
	require.Equal(t, 2, status)
	require.Contains(t, stderr, `no modem family is called "nokia"`)
}

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
