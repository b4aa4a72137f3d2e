package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
	"vigie/storage/transfer"
)

// kitOf makes the store of a kit.
func kitOf(t *testing.T, path string, recs []cell.Record, evs []analyzer.Event) {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Append(t.Context(), recs...))
	require.NoError(t, s.PutEvents(t.Context(), evs...))
	require.NoError(t, s.Close())
}

// must runs the program, which is to succeed.
func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, status := vigie(t, args...)
	require.Zero(t, status, stderr)
	return stdout, stderr
}

// sameStores compares two stores by what leaves them.
func sameStores(t *testing.T, a, b string) {
	t.Helper()
	for _, what := range [][]string{{"export", "-"}, {"events", "--json"}} {
		one, _ := must(t, append(what, "--store", a)...)
		other, _ := must(t, append(what, "--store", b)...)
		require.NotEmpty(t, one)
		require.True(t, one == other, "%s: %d and %d bytes", what[0], len(one), len(other))
	}
}

// whole reports for each chunk in a directory whether it is whole.
func wholePieces(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		if _, ok := transfer.ParseName(f.Name()); !ok {
			require.True(t, strings.HasPrefix(f.Name(), "."), f.Name())
			continue
		}
		file, err := os.Open(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		z, err := gzip.NewReader(file)
		require.NoError(t, err, f.Name())
		_, err = io.Copy(io.Discard, z)
		require.NoError(t, err, f.Name())
		file.Close()
		n++
	}
	return n
}

// A copy that is killed at any moment leaves no half file under the name of a whole one, and the next one continues.
func TestSyncIsKilled(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	kit, desk := filepath.Join(dir, "kit.db"), filepath.Join(dir, "desk.db")
	kitOf(t, kit, storagetest.Day(40_000), storagetest.Events(200))
	killed := 0
	for wait := 20 * time.Millisecond; ; wait = wait * 4 / 3 {
		cmd := exec.Command(os.Args[0], "sync", "--store", kit, to)
		cmd.Args[0], cmd.Env = "vigie", append(os.Environ(), "VIGIE_IS_PROGRAM=1")
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(wait/2+rand.N(wait), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		wholePieces(t, to)
		if err == nil {
			break
		}
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit) && exit.ExitCode() == -1, "%v", err) // by the signal
		killed++
	}
	t.Logf("killed %d times; %d pieces", killed, wholePieces(t, to))
	require.Greater(t, killed, 3)
	require.Greater(t, wholePieces(t, to), 2)
	_, stderr := must(t, "import", "--store", desk, to)
	require.Contains(t, stderr, "added 40,000 records; 0 already")
	_, stderr = must(t, "import", "--store", desk, to)
	require.Contains(t, stderr, "added 0 records; 40,000 already")
	require.NotContains(t, stderr, "brought up to date")
	sameStores(t, kit, desk)
}

// A file that names more stores than anybody has, and holds nothing but events, is taken in bounded memory.
func TestImportOfAHostileFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text []byte
	var enc cell.Encoder
	var err error
	for i, e := range storagetest.Events(2200) {
		text = fmt.Appendf(text, cell.StoreLine+"\"store\":\"%016x\"}\n", i)
		text, err = storage.AppendEntry(text, &enc, storage.Entry{Event: &e})
		require.NoError(t, err)
	}
	desk := filepath.Join(dir, "desk.db")
	_, stderr := must(t, "import", "--store", desk, writeFile(t, dir, "a.ndjson", string(text)))
	require.Contains(t, stderr, "added or updated 2,200 events")
	s, err := storage.Open(t.Context(), desk, storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer s.Close()
	known, _, err := s.LoadState(t.Context(), "imported")
	require.NoError(t, err)
	var names map[string]map[string]string
	require.NoError(t, json.Unmarshal(known, &names))
	require.Len(t, names, 1000)
}

// Two kits of one name, which saw the same at the same time, stay two at the desk.
func TestImportOfKitsWithOneName(t *testing.T) {
	t.Parallel()
	dir, to := t.TempDir(), t.TempDir()
	a, b, desk := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db"), filepath.Join(dir, "desk.db")
	kitOf(t, a, storagetest.Day(300), storagetest.Events(3))
	kitOf(t, b, storagetest.Day(300), storagetest.Events(3)) // to the byte, identities of events too
	for _, kit := range []string{a, b} {
		out, _ := must(t, "sync", "--store", kit, to)
		require.Contains(t, out, "copied 300 records and 3 events in 1 file")
	}
	_, stderr := must(t, "import", "--store", desk, to)
	require.Contains(t, stderr, "added 600 records; 0 already")
	require.Regexp(t, `the sensor roof-1 of the kit ([0-9a-f]{4}) is called roof-1-[0-9a-f]{4} here`, stderr)
	events, _ := must(t, "events", "--json", "--store", desk)
	require.Equal(t, 6, strings.Count(events, "\n"))
	for range 2 {
		_, stderr = must(t, "import", "--store", desk, to)
		require.Contains(t, stderr, "added 0 records; 600 already")
		require.NotContains(t, stderr, "event")
		require.NotContains(t, stderr, "is called")
	}
	listed, _ := must(t, "events", "--store", desk, "--sensor", "roof-1")
	require.Regexp(t, `also seen by roof-1-[0-9a-f]{4} \(20:00:00 to `, strings.Join(strings.Fields(listed), " "))
	again, _ := must(t, "events", "--json", "--store", desk)
	require.Equal(t, events, again)

	named := filepath.Join(dir, "named.db")
	files, err := os.ReadDir(to)
	require.NoError(t, err)
	must(t, "import", "--store", named, filepath.Join(to, files[0].Name()))
	must(t, "import", "--store", named, "--as", "kit-b", filepath.Join(to, files[1].Name()))
	must(t, "import", "--store", named, to)
	exported, _ := must(t, "export", "--store", named, "-")
	require.Equal(t, 602, strings.Count(exported, "\n"), "with two source lines")
	require.Contains(t, exported, `"sensor":"kit-b"`)
	require.NotContains(t, exported, `"sensor":"roof-1-`)
}
