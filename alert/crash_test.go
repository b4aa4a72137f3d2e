package alert

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/storage"
)

// TestMain is also the program that TestKilled kills: it stores events, prints their ids, and follows the store.
func TestMain(m *testing.M) {
	if dir := os.Getenv("VIGIE_ALERT_VICTIM"); dir != "" {
		if err := victim(dir, os.Getenv("VIGIE_ALERT_ROUND")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// victim stores the events of its round until it is killed; in the round "last" it ends when all are reported.
func victim(dir, round string) error {
	s, err := storage.Open(ctx, filepath.Join(dir, "s.db"), storage.Options{Create: true})
	if err != nil {
		return err
	}
	to, err := ReadDestinations(filepath.Join(dir, "to"))
	if err != nil {
		return err
	}
	a, err := New(s, Options{To: to, PerHour: 10_000})
	if err != nil {
		return err
	}
	go a.Follow(ctx)
	for i := 0; ; {
		text, _, err := s.LoadState(ctx, Cursor)
		if err != nil {
			return err
		}
		if text != nil && round != "last" {
			now := time.Now().UTC()
			id := fmt.Sprintf("%s-%d", round, i)
			if err := s.PutEvents(ctx, analyzer.Event{ID: id, Severity: analyzer.High, State: analyzer.Open, First: now, Last: now}); err != nil {
				return err
			}
			fmt.Println(id)
			i++
		}
		if round == "last" {
			var st state
			if err := json.Unmarshal(text, &st); err != nil {
				return err
			}
			at, err := s.Stats(ctx)
			if err != nil {
				return err
			}
			if b := st.Boxes["hook"]; st.Seq >= at.Seq && b != nil && len(b.Waiting) == 0 {
				return s.Close()
			}
		}
		<-time.After(10 * time.Millisecond)
	}
}

// Killed repeatedly, and with the destination down half of the time: each event that the store acknowledged is reported, and there are
// no more duplicates than kills.
func TestKilled(t *testing.T) {
	var up atomic.Bool
	var mu sync.Mutex
	told, again := map[string]bool{}, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var m Message
		mu.Lock()
		defer mu.Unlock()
		if json.Unmarshal(body, &m) == nil {
			known := false
			for _, n := range m.Notices {
				known = known || told[n.Event]
				told[n.Event] = true
			}
			if known {
				again++
			}
		}
	}))
	defer srv.Close()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "to"), []byte("hook "+srv.URL), 0o600))
	program := func(round string) (*exec.Cmd, *bufio.Scanner) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "VIGIE_ALERT_VICTIM="+dir, "VIGIE_ALERT_ROUND="+round)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Start())
		return cmd, bufio.NewScanner(out)
	}
	const kills = 6
	var put []string
	for round := range kills {
		up.Store(round%2 == 1)
		cmd, lines := program(fmt.Sprint(round))
		for n := 0; n < 3+2*round && lines.Scan(); n++ {
			put = append(put, lines.Text())
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() { // what it printed before it died
			put = append(put, lines.Text())
		}
		_ = cmd.Wait()
	}
	up.Store(true)
	cmd, _ := program("last")
	require.NoError(t, cmd.Wait())
	mu.Lock()
	defer mu.Unlock()
	require.GreaterOrEqual(t, len(put), 48)
	for _, id := range put {
		require.True(t, told[id], "%s was stored and never reported; reported: %v", id, told)
	}
	require.LessOrEqual(t, again, kills)
	t.Logf("%d events, %d kills, %d messages with something that had been reported", len(put), kills, again)
}
