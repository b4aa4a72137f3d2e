package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A program that holds a key writes no core file, and its memory is closed to other programs of its user; root's is not swapped.
func TestMemoryOfAKeyIsGuarded(t *testing.T) {
	t.Parallel()
	f := newForeign(t, "")
	path, err := exec.LookPath(program())
	require.NoError(t, err)
	binary, err := os.ReadFile(path)
	require.NoError(t, err)
	mine := filepath.Join(filepath.Dir(f.dir), "vigie")
	require.NoError(t, os.WriteFile(mine, binary, 0o755))
	for _, uid := range []uint32{0, stranger} {
		secret := filepath.Join(f.dir, "pass")
		_ = os.Remove(secret)
		require.NoError(t, syscall.Mkfifo(secret, 0o666))
		require.NoError(t, os.Chmod(secret, 0o666))
		cmd := exec.Command(mine, "events", "--store", f.store, "--passphrase-file", secret)
		cmd.Dir = filepath.Dir(f.dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		require.NoError(t, cmd.Start())
		w, err := os.OpenFile(secret, os.O_WRONLY, 0) // as soon as it is about to read
		require.NoError(t, err)
		proc := func(name string) string { return fmt.Sprintf("/proc/%d/%s", cmd.Process.Pid, name) }
		limits, err := os.ReadFile(proc("limits"))
		require.NoError(t, err)
		status, err := os.ReadFile(proc("status"))
		require.NoError(t, err)
		environ, err := os.Stat(proc("environ"))
		require.NoError(t, err)
		w.Close()
		_ = cmd.Wait()
		require.Regexp(t, `Max core file size +0 +0 `, string(limits))
		require.Zero(t, environ.Sys().(*syscall.Stat_t).Uid, "the system gives what it shows of the process to root (proc(5), PR_SET_DUMPABLE)")
		if regexp.MustCompile(`Max locked memory +unlimited`).Match(limits) { // root of a container may not say so
			require.Regexp(t, `VmLck:\s+[1-9]`, string(status))
		}
	}
}
