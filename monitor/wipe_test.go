package monitor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// The wipe destroys the keys first, then the files, and ends the program with its own status: by the file that appears, by the
// signal, and once.
func TestWipe(t *testing.T) {
	for _, trigger := range []string{"file", "signal", "button"} {
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }
		s, err := storage.Open(t.Context(), path("v.db"), storage.Options{Create: true, Passphrase: "four words that nobody guesses"})
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), &cell.Observation{Time: time.Now(), Sensor: "bag", State: cell.Idle}))
		for _, name := range []string{"review-key.pem", "r.ndjson"} {
			require.NoError(t, os.WriteFile(path(name), []byte("secret"), 0o600))
		}
		var log []string
		k, err := newWipe(WipeOptions{Enabled: true, File: path("panic"), Keys: []string{path("review-key.pem")}, Store: path("v.db"), Files: []string{path("r.ndjson"), path("never there")}},
			func(text string) { log = append(log, text) })
		require.NoError(t, err)
		exited := make(chan int, 2)
		k.exit = func(status int) { exited <- status }
		stop := background(t.Context(), func(ctx context.Context) error { k.run(ctx); return nil })
		switch trigger {
		case "file":
			require.NoError(t, os.WriteFile(path("panic"), nil, 0o600))
		case "signal":
			require.Eventually(t, func() bool { // it may not listen yet
				require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR2))
				return len(exited) > 0
			}, time.Minute, 10*time.Millisecond)
		case "button":
			took, err := k.button()()
			require.NoError(t, err)
			require.Less(t, took, 5*time.Second)
			require.NoFileExists(t, path("review-key.pem"), "the keys are gone when it answers")
			require.NoFileExists(t, path("v.db-key"))
		}
		require.Equal(t, StatusWiped, <-exited, trigger)
		require.NoError(t, stop())
		require.Regexp(t, `^ended; keys took \d+ ms$`, strings.Join(log, "\n"))
		for _, name := range []string{"v.db", "v.db-key", "review-key.pem", "r.ndjson"} {
			require.NoFileExists(t, path(name), trigger)
		}
		_, _ = k.destroy()
		require.Empty(t, exited, "once")
		_ = s.Close()
	}
	_, err := newWipe(WipeOptions{Enabled: true, File: "run_test.go"}, nil)
	require.ErrorContains(t, err, "is there already")
	none, err := newWipe(WipeOptions{}, nil)
	require.NoError(t, err)
	require.Nil(t, none.button())
}
