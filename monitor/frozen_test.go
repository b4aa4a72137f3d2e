package monitor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"vigie/cell"
	"vigie/storage"
)

// frozenDisk mounts a disk of its own whose writes and syncs hang from freeze until thaw, in the kernel, as those of a broken
// card do. It takes root and a loop device; without them the test is skipped.
func frozenDisk(t *testing.T) (dir string, freeze, thaw func()) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 64<<20))
	dir = t.TempDir()
	for _, cmd := range [][]string{{"mkfs.ext4", "-q", "-F", image}, {"mount", "-o", "loop", image, dir}} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Skipf("a disk that hangs takes root and a loop device: %s: %v %s", cmd[0], err, out)
		}
	}
	f, err := os.Open(dir)
	require.NoError(t, err)
	const fiFreeze, fiThaw = 0xc0045877, 0xc0045878 // FIFREEZE and FITHAW of linux/fs.h
	control := func(what uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), what, 0)
		require.Zero(t, errno, "ioctl: %v", errno)
	}
	frozen := false
	freeze = func() { control(fiFreeze); frozen = true }
	thaw = func() {
		if frozen {
			control(fiThaw)
			frozen = false
		}
	}
	t.Cleanup(func() {
		thaw()
		f.Close()
		require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
	})
	return dir, freeze, thaw
}

// The disk of the store hangs for longer than a store may take. The modem is asked as before, its answers are stamped and
// analysed, and the pages answer and say what is wrong. Afterwards everything is in the store, with its time.
func TestDiskThatHangs(t *testing.T) {
	for _, passphrase := range []string{"", "a long passphrase"} {
		t.Run("passphrase "+passphrase, func(t *testing.T) {
			t.Parallel()
			diskThatHangs(t, passphrase)
		})
	}
}

func diskThatHangs(t *testing.T, passphrase string) {
	dir, freeze, thaw := frozenDisk(t)
	x := newTrial(t)
	require.NoError(t, x.o.Store.Close())
	s, err := storage.Open(t.Context(), filepath.Join(dir, "s.db"), storage.Options{Create: true, Passphrase: passphrase})
	require.NoError(t, err)
	x.o.Store = s
	_, _ = x.modem("roof")
	x.start()
	x.seesCell("roof")
	pages := httptest.NewServer(x.w.state.pages(x.w.status))
	defer pages.Close()
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get(pages.URL + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body := make([]byte, 64<<10)
		n, _ := resp.Body.Read(body)
		return resp.StatusCode, string(body[:n])
	}
	status, _ := get("/healthz")
	require.Equal(t, http.StatusOK, status)
	before := x.w.status(t.Context())
	require.Positive(t, before.Store.Records)

	freeze()
	began := time.Now()
	require.Eventually(t, func() bool {
		status, text := get("/healthz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "the store has not answered since")
	},
		time.Minute, 50*time.Millisecond)
	require.GreaterOrEqual(t, time.Since(began), answerIn-time.Second)
	runtime.GC() // no thread hangs where it keeps all others waiting, such as in a page that is mapped from that disk
	for path, has := range map[string]string{"/metrics": "\nvigie_healthy 0\n", "/status": fmt.Sprintf(`"disk_bytes":%d`, before.Store.Disk)} {
		status, text := get(path)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, has)
	}
	x.seesText("the store does not answer")
	seen := x.w.state.Snapshot().Sensors[0].Observations
	require.Greater(t, seen, before.Sensors[0].Observations+20, "the modem is asked as before")
	thaw()
	x.seesText("the store did not answer for")
	require.Eventually(t, func() bool { status, _ := get("/healthz"); return status == http.StatusOK }, time.Minute, 50*time.Millisecond)
	require.NoError(t, x.end())

	s, err = storage.Open(t.Context(), filepath.Join(dir, "s.db"), storage.Options{Passphrase: passphrase})
	require.NoError(t, err)
	defer s.Close()
	var last time.Time
	hung := 0
	for e, err := range s.Records(t.Context(), storage.Query{}) {
		require.NoError(t, err)
		switch r := e.Record.(type) {
		case *cell.Observation:
			if !last.IsZero() {
				require.Less(t, r.Time.Sub(last), 3*time.Second, "stamped when it was heard")
			}
			last = r.Time
		case *cell.Gap:
			require.NotEqual(t, ReasonStalled, r.Reason)
		case *cell.Health:
			if r.Reason == ReasonHung {
				hung++
			}
		}
	}
	require.Equal(t, 1, hung)
	require.NoError(t, s.Close())
}
