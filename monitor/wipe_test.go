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
		k.wait() // nothing is destroyed yet
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
		k.wait()
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
	none, err := newWipe(WipeOptions{}, nil)
	require.NoError(t, err)
	require.Nil(t, none.button())
}

// What is destroyed is gone wherever a link leads, with what belongs to it: the logs, what a restore kept, and what an unfinished
// copy left. Something that cannot be removed is named, and not said to be destroyed.
func TestWipeFollowsLinksAndLooks(t *testing.T) {
	dir, disk := t.TempDir(), t.TempDir()
	for _, end := range []string{"", "-wal", "-shm", "-tail", "-key", "-journal", "-spare", ".before-20260101-000000", ".before-20260101-000000-key", ".new-123", ".new-123-wal"} {
		require.NoError(t, os.WriteFile(filepath.Join(disk, "real.db"+end), []byte("secret"), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(disk, "key"), []byte("secret"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(disk, "r.ndjson"), []byte("secret"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(disk, "real.db"), filepath.Join(dir, "v.db")))
	require.NoError(t, os.Symlink(filepath.Join(disk, "key"), filepath.Join(dir, "v.db-key")))
	require.NoError(t, os.Symlink(filepath.Join(disk, "r.ndjson"), filepath.Join(dir, "r.ndjson")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "v.db-tail"), []byte("secret"), 0o600))
	hard := filepath.Join(t.TempDir(), "another name")
	require.NoError(t, os.Link(filepath.Join(disk, "real.db"), hard))
	wiped := func() (log string) {
		k, err := newWipe(WipeOptions{Enabled: true, Store: filepath.Join(dir, "v.db"), Files: []string{filepath.Join(dir, "r.ndjson")}}, func(text string) { log = text })
		require.NoError(t, err)
		k.exit = func(int) {}
		k.now()
		return log
	}
	require.Regexp(t, `^ended`, wiped())
	for _, d := range []string{dir, disk} {
		left, err := os.ReadDir(d)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	text, err := os.ReadFile(hard)
	require.NoError(t, err)
	require.Empty(t, text, "what had another name is empty")

	require.NoError(t, os.MkdirAll(filepath.Join(dir, "v.db-wal", "full"), 0o700)) // a name that cannot be removed
	require.Regexp(t, `^not all could be destroyed: (.|\n)*v\.db-wal`, wiped())
}

// A watch that ends because its store is destroyed waits for the wipe, which ends the program with its own status.
func TestEndWaitsForTheWipe(t *testing.T) {
	k, err := newWipe(WipeOptions{Enabled: true}, func(string) {})
	require.NoError(t, err)
	status := 0
	k.exit = func(s int) { status = s }
	_, err = k.button()() // finish comes later
	require.NoError(t, err)
	k.wait()
	require.Equal(t, StatusWiped, status)
	(*wipe)(nil).wait()
}
