package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/review/bundletest"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// attack runs a command of the program, in a process of its own if VIGIE names one or VIGIE_HOSTILE is set. It must end by itself within 20
// seconds, and take less than 200 MiB.
func attack(t *testing.T, args ...string) (printed string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	if os.Getenv("VIGIE")+os.Getenv("VIGIE_HOSTILE") == "" {
		status = run(ctx, args, strings.NewReader(""), &out, &out)
	} else {
		cmd := exec.CommandContext(ctx, program(), args...)
		cmd.Stdout, cmd.Stderr = &out, &out
		most, err := peakUntilItEnds(cmd)
		if cmd.ProcessState != nil {
			status = cmd.ProcessState.ExitCode()
		}
		t.Logf("%s: %.0f MiB, %v", args[0], most, err)
		require.Less(t, most, 200.0, "memory")
	}
	require.NoError(t, ctx.Err(), "%s does not end", args[0])
	require.NotContains(t, out.String(), "goroutine ", "it crashed")
	return out.String(), status
}

// A store that a stranger sends is refused, with what to do about it, or read to its end. VIGIE_HOSTILE=1 tries the large ones, and more
// commands.
func TestAttackWithHostileStores(t *testing.T) {
	t.Parallel()
	all := os.Getenv("VIGIE_HOSTILE") != ""
	for _, h := range storagetest.HostileStores {
		if h.Large && !all {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.db")
			h.Make(t, path)
			args := []string{"--store", path}
			if h.Passphrase != "" {
				args = append(args, "--passphrase-file", writeFile(t, t.TempDir(), "pass", h.Passphrase+"\n"))
			}
			commands := [][]string{{"events"}}
			if all || strings.Contains(h.Name, "delete") {
				commands = [][]string{{"import", os.DevNull}, {"events"}, {"export", os.DevNull}, {"status"}}
			}
			for _, c := range commands {
				printed, status := attack(t, append(append([]string{c[0]}, args...), c[1:]...)...)
				if h.Refused != nil && c[0] != "status" {
					require.NotZero(t, status, "%s: %.500s", c[0], printed)
					require.Contains(t, printed, h.Refused.Error())
					if h.Refused != storage.ErrNewer {
						require.Contains(t, printed, "hint: ")
					}
				}
				require.Less(t, len(printed), 1<<20)
			}
			if strings.Contains(h.Name, "delete") {
				_, err := os.Stat(path + storagetest.Precious)
				require.NoError(t, err, "a file of the user was deleted")
			}
		})
	}
}

// A bundle that shows one thing to who checks it and another to who opens it does not pass.
func TestAttackWithHostileBundles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, good := filepath.Join(dir, "s.db"), filepath.Join(dir, "good.zip")
	storagetest.SmallStore(t, db, "")
	day := storagetest.Start.Format(time.DateOnly)
	printed, status := attack(t, "bundle", "--store", db, "--from", day, "--to", day, good)
	require.Zero(t, status, printed)
	printed, status = attack(t, "verify", good)
	require.Zero(t, status, printed)
	require.Contains(t, printed, "\nwhole\n")
	bundle, err := os.ReadFile(good)
	require.NoError(t, err)
	for _, h := range bundletest.HostileBundles {
		t.Run(h.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "b.zip")
			require.NoError(t, os.WriteFile(path, h.Make(t, bundle), 0o600))
			printed, status := attack(t, "verify", path)
			require.NotZero(t, status, "%s", printed)
			require.NotContains(t, printed, "\nwhole\n")
			require.Contains(t, printed, "hint: ")
		})
	}
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	printed, status = attack(t, "verify", pipe)
	require.NotZero(t, status)
	require.Contains(t, printed, "is not a file")
}

// A sealed file can be made by everybody who knows the public key.
func TestAttackWithSealedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	key := writeFile(t, dir, "key", id.String()+"\n")
	good := storagetest.GoodFrame(t, id.Recipient())
	for _, h := range storagetest.HostileSealeds {
		if h.Large && os.Getenv("VIGIE_HOSTILE") == "" {
			continue
		}
		t.Run(h.Name, func(t *testing.T) {
			dir := t.TempDir()
			path, db := filepath.Join(dir, "day"), filepath.Join(dir, "s.db")
			require.NoError(t, os.WriteFile(path, append(append(bytes.Clone(good), h.Make(t, id.Recipient())...), good...), 0o600))
			printed, _ := attack(t, "unseal", "--identity", key, "--store", db, path)
			s, err := storage.Open(t.Context(), db, storage.Options{ReadOnly: true})
			require.NoError(t, err, printed)
			defer s.Close()
			st, err := s.Stats(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 2, st.Observations, "what came before it: %s", printed)
		})
	}
	bundle := filepath.Join(dir, "sealed.age")
	body := storagetest.SealTo(t, id.Recipient(), func(w *flate.Writer) { _, _ = w.Write([]byte("no bundle")) })
	require.NoError(t, os.WriteFile(bundle, body, 0o600))
	printed, status := attack(t, "verify", "--identity", key, bundle)
	require.NotZero(t, status)
	require.Contains(t, printed, "not a bundle")
}

// Who sends a store can know the id of an event in another. What is decided about the event of one store lands in that store.
func TestAttackWithOneIDInTwoStores(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	paths := map[string]string{"ours.db": filepath.Join(dir, "ours.db"), "theirs.db": filepath.Join(dir, "theirs.db")}
	for _, path := range paths {
		s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), storagetest.Day(5)...))
		require.NoError(t, s.PutEvents(t.Context(), storagetest.Events(1)...))
		require.NoError(t, s.Close())
		storagetest.ForOlder(t, path)
	}
	cmd := exec.Command(program(), "review", "--store", paths["ours.db"], "--also", paths["theirs.db"], "--listen", "127.0.0.1:0")
	printed, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	base := ""
	for lines := bufio.NewScanner(printed); base == "" && lines.Scan(); {
		base = regexp.MustCompile(`http://[0-9.:]+`).FindString(lines.Text())
	}
	require.NotEmpty(t, base)
	w, err := http.Get(base + "/api/v1/events?severity=info")
	require.NoError(t, err)
	defer w.Body.Close()
	var list struct {
		Events []struct {
			Event struct{ ID string }
			Store string
		}
	}
	require.NoError(t, json.NewDecoder(w.Body).Decode(&list))
	require.Len(t, list.Events, 2)
	give := map[string]storage.Judgement{"ours.db": storage.Suspicious, "theirs.db": storage.Benign}
	for _, e := range list.Events {
		text := fmt.Sprintf(`{"events":[%q],"judgement":%q,"author":"ada"}`, e.Event.ID, give[e.Store])
		r, err := http.NewRequest("POST", base+"/api/v1/verdicts", strings.NewReader(text))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", base)
		require.Equal(t, http.StatusOK, status(http.DefaultClient.Do(r)))
	}
	for name, path := range paths {
		s, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true})
		require.NoError(t, err)
		defer s.Close()
		all, err := s.Verdicts(t.Context(), storagetest.Events(1)[0].ID)
		require.NoError(t, err)
		require.Len(t, all, 1, name)
		require.Equal(t, give[name], all[0].Judgement, name)
	}
}

// A store of more than a few megabytes can be copied, and the copy is whole.
func TestBackupOfMoreThanTheCache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	s, err := storage.Open(t.Context(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.SaveState(t.Context(), "large", make([]byte, 9<<20), 1))
	require.NoError(t, s.Close())
	storagetest.ForOlder(t, db)
	printed, status := attack(t, "backup", "--store", db, filepath.Join(dir, "copy.db"))
	require.Zero(t, status, printed)
}
