package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/alert"
	"vigie/analyzer"
	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/console"
	"vigie/modem/emulator"
	"vigie/storage"
)

// What a watch flags reaches a person, also when nobody could be reached the first time; the address, a secret, is seen
// nowhere, and no cell is named.
func TestWatchTellsPeople(t *testing.T) {
	t.Parallel()
	const token = "plant3d-t0ken"
	var down atomic.Bool
	var mu sync.Mutex
	var titles []string
	var bodies bytes.Buffer
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/hook/"+token, r.URL.Path)
		if down.Load() {
			http.Error(w, "not now: "+r.URL.Path, http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var m struct{ Title string }
		mu.Lock()
		defer mu.Unlock()
		if json.Unmarshal(body, &m) == nil {
			titles = append(titles, m.Title)
		}
		bodies.Write(body)
	}))
	defer srv.Close()
	dir := t.TempDir()
	db, to := filepath.Join(dir, "s.db"), writeFile(t, dir, "to", "phone "+srv.URL+"/hook/"+token+"\n")
	require.NoError(t, os.Chmod(to, 0o600))
	conf := writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n[alert]\nto_file = \""+to+"\"\n")

	out, stderr, status := vigie(t, "alert", "test", "--config", conf)
	require.Zero(t, status, stderr)
	require.Equal(t, "phone: sent\n", out)
	require.Equal(t, []string{"Vigie: test message"}, titles)

	down.Store(true)
	out, stderr, status = vigie(t, "alert", "test", "--config", conf)
	require.Equal(t, 1, status)
	require.Equal(t, "phone: failed: the server answered 503 Service Unavailable\n", out)
	require.Contains(t, stderr, "hint: ")
	require.NotContains(t, out+stderr, token)

	var all bytes.Buffer
	for range 2 { // nobody is there; the second time somebody is
		em, ctx := emulate(t, demoScenario, emulator.Options{Speed: 8})
		status = run(ctx, []string{"watch", "--config", conf, "--port", em.Path(), "--store", db, "--sensor", "roof", "--mode", "fixed"}, nil, &all, &all)
		require.Zero(t, status, all.String())
		down.Store(false)
	}
	mu.Lock()
	defer mu.Unlock()
	require.Greater(t, len(titles), 1)
	require.Regexp(t, "^roof: anomaly, severity (medium|high)$", titles[1])
	require.Contains(t, all.String(), "alert: phone: the server answered 503 Service Unavailable; sending is retried, and nothing is lost")
	require.NotContains(t, all.String(), token)
	events, _, _ := vigie(t, "events", "--json", "--store", db)
	for line := range bytes.Lines([]byte(events)) {
		var e struct {
			Cells []struct {
				ID uint64 `json:"cell_id"`
			}
			Summary  string
			Findings []struct{ Summary string }
		}
		require.NoError(t, json.Unmarshal(line, &e))
		for _, f := range append(e.Findings, struct{ Summary string }{e.Summary}) {
			_, ok := inLanguage("fr", f.Summary)
			require.True(t, ok, "the demo says something that has no French: %s", f.Summary)
		}
		for _, c := range e.Cells {
			require.NotContains(t, bodies.String(), number(c.ID), "a cell was named")
		}
	}
	for _, name := range []string{db, db + "-wal"} {
		data, err := os.ReadFile(name)
		if err == nil {
			require.NotContains(t, string(data), token, "the address is in the store")
		}
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// A token that was revoked is replaced, and SIGHUP is all it takes: what waited arrives. A mistake changes nothing.
func TestAlertsReload(t *testing.T) {
	var got atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/fresh" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got.Add(1)
	}))
	defer srv.Close()
	dir := t.TempDir()
	to := filepath.Join(dir, "to")
	address := func(text string) { require.NoError(t, os.WriteFile(to, []byte(text+"\n"), 0o600)) }
	address(srv.URL + "/revoked")
	conf := writeFile(t, dir, "v.toml", "[alert]\nto_file = \""+to+"\"\n")
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	defer s.Close()
	c, err := config.Load(conf, false)
	require.NoError(t, err)
	p := &console.Program{ConfigFile: conf, Out: console.New(io.Discard, "never"), Err: console.New(io.Discard, "never")}
	quiet := func(string) {}
	a, err := c.Alert.Open(s, quiet)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Follow(ctx) }()
	reload := func() error { return reloadAlerts(p, a, quiet) }
	sends := func() bool {
		now := time.Now().UTC()
		require.NoError(t, s.PutEvents(t.Context(), analyzer.Event{ID: now.String(), Severity: analyzer.High, State: analyzer.Open, First: now, Last: now}))
		st := a.Status()
		return len(st) > 0 && st[0].Problem == "the server answered 401 Unauthorized"
	}
	require.Eventually(t, sends, 30*time.Second, 50*time.Millisecond)
	address("nonsense")
	require.ErrorContains(t, reload(), "this is not an address")
	require.Zero(t, got.Load())
	address(srv.URL + "/fresh")
	require.NoError(t, reload())
	require.Eventually(t, func() bool { return got.Load() > 0 }, 30*time.Second, 10*time.Millisecond)
	stop()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestAlertMistakes(t *testing.T) {
	dir := t.TempDir()
	to := writeFile(t, dir, "to", "carrier-pigeon://loft/s3cret\n")
	require.NoError(t, os.Chmod(to, 0o644))
	for name, c := range map[string]struct{ config, err, hint string }{
		"nothing":  {"", "no destination is configured", "docs/alerts.md"},
		"mode":     {`to_file = "` + to + `"`, "lets others read or change it", "chmod 600"},
		"no file":  {`to_file = "` + dir + `/none"`, "no such file", "spelling of the path"},
		"severity": {"severity = \"worst\"\nled = \"x\"", `severity is "worst"`, `"info", "low", "medium" or "high"`},
		"no such":  {`led = "no-such-led"`, "led no-such-led", "ls /sys/class/leds"},
		"key":      {"token = \"s3cret\"", `unknown key "alert.token"`, "[alert] to_file"},
		"blind":    {"blind_after = \"soon\"", `"soon" is not a duration`, ""},
		"quiet":    {"quiet = \"night\"\nled = \"x\"", `quiet is "night"`, "22:00-07:00"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := writeFile(t, t.TempDir(), "v.toml", "[alert]\n"+c.config+"\n")
			_, stderr, status := vigie(t, "alert", "test", "--config", conf)
			want := 2
			if name == "no file" {
				want = 1 // it may be there the next time
			}
			require.Equal(t, want, status)
			require.Contains(t, stderr, c.err)
			require.Contains(t, stderr, c.hint)
			require.NotContains(t, stderr, "s3cret")
		})
	}
	require.NoError(t, os.Chmod(to, 0o600))
	conf := writeFile(t, dir, "v.toml", `[alert]`+"\nto_file = \""+to+"\"\n")
	_, stderr, status := vigie(t, "alert", "test", "--config", conf)
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "line 1 of "+to+": unknown kind of destination")
	require.NotContains(t, stderr, "s3cret")
}

// docs/alerts.md has every key and only those, and its addresses are read.
func TestAlertsPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/alerts.md")
	require.NoError(t, err)
	page := string(text)
	var keys []string
	for f := range reflect.TypeFor[config.Alert]().Fields() {
		if name := f.Tag.Get("toml"); name != "" { // what the file does not hold has none
			keys = append(keys, name)
		}
	}
	_, table, _ := strings.Cut(page, "## Keys of `[alert]`")
	table, rest, _ := strings.Cut(table, "## Addresses")
	var reported []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(table, -1) {
		reported = append(reported, m[1])
	}
	require.ElementsMatch(t, keys, reported)
	addresses := regexp.MustCompile(`(?m)^    [a-z]+ +[a-z]+://.*$`).FindAllString(rest, -1)
	require.Len(t, addresses, 8)
	to := writeFile(t, t.TempDir(), "to", strings.Join(addresses, "\n"))
	require.NoError(t, os.Chmod(to, 0o600))
	ds, err := alert.ReadDestinations(to)
	require.NoError(t, err)
	require.Len(t, ds, 9, "two mailboxes")
}
