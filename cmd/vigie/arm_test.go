package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// The binary for the first Raspberry Pi, under emulation: make arm builds it and names it. From the start on the page is asked
// whether it shows the cell.
func TestStartOnARMv6(t *testing.T) {
	binary := os.Getenv("VIGIE_ARM")
	if binary == "" {
		t.Skip("only with the binary: make arm")
	}
	em, _ := emulate(t, calm, emulator.Options{})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	free.Close()
	dir := t.TempDir()
	conf := writeFile(t, dir, "v.toml", "mode = \"mobile\"\n[glance]\nlisten = \""+addr+"\"\n")
	cmd := exec.Command("qemu-arm-static", "-cpu", "arm1176", binary, "watch", "--wait", "--config", conf, "--port", em.Path(), "--store", filepath.Join(dir, "v.db"))
	began := time.Now()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	require.Eventually(t, func() bool {
		r, err := http.Get("http://" + addr + "/glance")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		return strings.Contains(string(text), "4G LTE · 222-01")
	}, time.Minute, 50*time.Millisecond)
	t.Logf("the page shows the serving cell %s after the start", time.Since(began).Round(10*time.Millisecond))
}
