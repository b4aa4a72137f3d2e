package modem

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite 70-vigie.rules")

// TestGoldenUdevRules compares the file that we ship with the table of modems that we know: where the AT port is
// known only that one is taken, so that ModemManager can go on using the others; else all serial ports are.
func TestGoldenUdevRules(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Vigie: keep ModemManager off the AT ports that Vigie watches, and let the group vigie open them.
#
# Install it as /etc/udev/rules.d/70-vigie.rules, then:
#   sudo groupadd --system --force vigie && sudo usermod -aG vigie $USER      (and log in again)
#   sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=tty
# Only the AT port is taken where it is known; ModemManager keeps the data port and the rest of the modem.

ACTION=="remove", GOTO="vigie_end"
SUBSYSTEM!="tty|wwan", GOTO="vigie_end"
SUBSYSTEMS=="usb", ATTRS{bInterfaceNumber}=="?*", ENV{.VIGIE_INTERFACE}="$attr{bInterfaceNumber}"
`)
	for _, m := range Models {
		fmt.Fprintf(&b, "\n# %s\n", m.Name)
		match := fmt.Sprintf(`ATTRS{idVendor}=="%04x", ATTRS{idProduct}=="%04x"`, m.VID, m.PID)
		const take = `ENV{ID_MM_PORT_IGNORE}="1", GROUP="vigie", MODE="0660"`
		var ports []string
		for n, role := range m.Ports {
			if role == AT {
				ports = append(ports, fmt.Sprintf(`%s, ENV{.VIGIE_INTERFACE}=="%02x", %s`, match, n, take))
			}
		}
		if m.Ports == nil {
			ports = []string{match + ", " + take}
		}
		require.NotEmpty(t, ports, "%s has no AT port", m.Name)
		slices.Sort(ports)
		b.WriteString(strings.Join(ports, "\n") + "\n")
	}
	b.WriteString("\nLABEL=\"vigie_end\"\n")
	if *update {
		require.NoError(t, os.WriteFile("70-vigie.rules", []byte(b.String()), 0o644))
		return // what is embedded here is the old one
	}
	require.Equal(t, b.String(), UdevRules, "run make golden and read the diff")
}
