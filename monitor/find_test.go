package monitor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem"
)

// Modems are found by the roles of their ports; where there is none, the hint says how to name one.
func TestFindModems(t *testing.T) {
	dir := t.TempDir()
	host := modem.Host{Sys: dir + "/sys", Dev: dir + "/dev", Proc: dir + "/proc"}
	require.NoError(t, os.MkdirAll(host.Sys+"/class/tty", 0o755))
	_, err := FindModems(t.Context(), host, func(string) {})
	require.ErrorIs(t, err, ErrNoModem)
	var advice interface{ Hint() string }
	require.ErrorAs(t, err, &advice)
	require.Contains(t, advice.Hint(), "vigie demo")

	for i, id := range []string{"2c7c:0125", "1bc7:1201"} {
		vid, pid, _ := strings.Cut(id, ":")
		socket, name := "1-1."+string(rune('1'+i)), "ttyUSB"+string(rune('0'+i))
		device := filepath.Join(host.Sys, "devices/usb1", socket)
		port := filepath.Join(device, socket+":1.2", name, "tty", name)
		require.NoError(t, os.MkdirAll(port, 0o755))
		for file, text := range map[string]string{"idVendor": vid, "idProduct": pid, socket + ":1.2/bInterfaceNumber": "02"} {
			require.NoError(t, os.WriteFile(filepath.Join(device, file), []byte(text+"\n"), 0o644))
		}
		require.NoError(t, os.Symlink(port, filepath.Join(host.Sys, "class/tty", name)))
	}
	var asked []string
	ports, err := FindModems(t.Context(), host, func(device string) { asked = append(asked, device) })
	require.NoError(t, err)
	require.Len(t, ports, 2)
	require.Equal(t, []string{"usb:2c7c:0125:1-1.1:02", "usb:1bc7:1201:1-1.2:02"}, []string{ports[0].Socket(), ports[1].Socket()})
	require.Empty(t, asked, "the roles of their ports are known")
}
