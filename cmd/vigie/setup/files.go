package setup

import (
	_ "embed"
	"fmt"
	"os"
	"strings"

	"vigie/cell"
	"vigie/modem"
)

// unitText is the unit that the package installs too.
//
//go:embed vigie.service
var unitText string

// backupUnit and backupTimer copy the store every day; the package installs them too.
//
//go:embed vigie-backup.service
var backupUnit string

//go:embed vigie-backup.timer
var backupTimer string

// file is one that setup writes.
type file struct {
	path, text string
	secret     bool // for root alone, who hands it to the service as a credential (LoadCredential= of the unit)
}

func (f file) mode() os.FileMode {
	if f.secret {
		return 0o600
	}
	return 0o644
}

const (
	packagedUnit = "/usr/lib/systemd/system/vigie.service"
	packagedUdev = "/usr/lib/udev/rules.d/70-vigie.rules"
	dropInPath   = "/etc/systemd/system/vigie.service.d/50-setup.conf"
	packagedCopy = "/usr/lib/systemd/system/vigie-backup.timer"
	unitDir      = "/etc/systemd/system/"
	configPath   = "/etc/vigie/vigie.toml"
	storePath    = "/var/lib/vigie/vigie.db"

	passphrasePath = "/etc/credstore/vigie.passphrase"
	onMedium       = "/run/vigie-key/passphrase"
)

// files are the files that follow from the answers: the unit and the udev rule of the modem only where the package has not brought them.
func (a *answers) files(c *Cmd) []file {
	there := c.has
	var files []file
	if !there(packagedUdev) {
		files = append(files, file{path: "/etc/udev/rules.d/70-vigie.rules", text: modem.UdevRules})
	}
	if !there(packagedUnit) {
		files = append(files, file{path: "/etc/systemd/system/vigie.service", text: unitText})
	}
	if a.backup != "" {
		if !there(packagedCopy) {
			files = append(files, file{path: unitDir + "vigie-backup.service", text: backupUnit}, file{path: unitDir + "vigie-backup.timer", text: backupTimer})
		}
		files = append(files, file{path: unitDir + "vigie-backup.service.d/50-setup.conf", text: "# Where the copies go.\n[Service]\nReadWritePaths=" + a.backup + "\n"})
	}
	if a.led != "" {
		files = append(files, file{path: "/etc/udev/rules.d/71-vigie-led.rules", text: fmt.Sprintf(ledRule, a.led)})
	}
	if more := a.dropIn(); more != "" {
		files = append(files, file{path: dropInPath, text: more})
	}
	secret := func(path string, lines ...string) {
		if text := strings.Join(lines, "\n"); text != "" {
			files = append(files, file{path: path, text: text + "\n", secret: true})
		}
	}
	secret(passphrasePath, a.passphrase)
	secret("/etc/credstore/vigie.influx-token", a.token)
	secret("/etc/credstore/vigie.alert-to", a.alerts...)
	return append(files, file{path: configPath, text: a.config()})
}

// ledRule lets the service's group, and nobody else, set one LED.
const ledRule = `# Vigie shows with this LED how the watch is ([alert] led).
SUBSYSTEM=="leds", KERNEL=="%s", ACTION!="remove", RUN+="/bin/chgrp vigie /sys%%p/brightness /sys%%p/trigger", RUN+="/bin/chmod g+w /sys%%p/brightness /sys%%p/trigger"
`

// closed reports whether the service needs no network.
func (a *answers) closed() bool { return a.page == "" && a.influx == "" && len(a.alerts) == 0 } // a health address is of this computer alone

// dropIn is what the unit needs in addition, and what it is denied.
func (a *answers) dropIn() string {
	var b strings.Builder
	if a.led != "" {
		fmt.Fprintf(&b, "# The LED, and nothing else below /sys.\nReadWritePaths=-/sys/class/leds/%s\n", a.led)
	}
	if a.closed() {
		b.WriteString("# Nothing to send to and no page: no network.\nIPAddressDeny=any\nIPAddressAllow=localhost\n")
	}
	if b.Len() == 0 {
		return ""
	}
	return "[Service]\n" + b.String()
}

func (a *answers) config() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s", a.text("Written by vigie setup. Unknown keys are refused; vigie setup --undo removes this file while it is unchanged."))
	line("sensor = \"%s\"\nmode = %q\nstore = %q\nlanguage = %q", a.sensor, string(a.mode), storePath, a.lang)
	if a.closed() {
		line("# %s", a.text("The service has no network, by %s: remove that before you add [influx], [alert], [heartbeat] or [glance] here.", dropInPath))
	}
	if a.protected && a.passphrase == "" {
		line("passphrase_file = %q # %s", onMedium, a.text("on a medium that you remove again"))
	}
	if a.modem != "" {
		line("\n[modem]\nusb = \"%s\"", a.modem)
	}
	if a.seal != "" {
		line("\n[seal]\nto = [\"%s\"]", a.seal)
	}
	if a.page != "" {
		line("\n[glance]\nlisten = \"%s\"\npassword_file = %q\nplain_http = true # %s\ndiscreet = %t", a.page, "/etc/vigie/users",
			a.text("the network is the kit's own, and WPA encrypts it"), a.mode == cell.Mobile)
	}
	if a.gpsd || a.phone {
		line("\n[position]")
		if a.gpsd {
			line("gpsd = %q", "127.0.0.1:2947")
		}
		if a.phone {
			line("phone = true")
		}
		if a.coarse {
			line("coarse = %q", "1km")
		}
	}
	if a.mode == cell.Mobile {
		line("\n[battery]\nsaving = true # %s", a.text("fewer questions to the modem while nothing is odd"))
	}
	if a.influx != "" {
		line("\n[influx] # %s\nurl = \"%s\"\nbucket = \"%s\"", a.text("its token: /etc/credstore/vigie.influx-token"), a.influx, a.bucket)
		if a.org != "" {
			line("org = \"%s\"", a.org)
		}
	}
	if len(a.alerts) > 0 || a.led != "" {
		line("\n[alert] # %s", a.text("the addresses: /etc/credstore/vigie.alert-to"))
	}
	if a.led != "" {
		line("led = %q", a.led)
	}
	if a.health != "" {
		line("\n[health]\nlisten = \"%s\"", a.health)
	}
	if a.backup != "" {
		line("\n[backup] # %s\nto = \"%s\"", a.text("a copy every day by the timer vigie-backup, of which the newest are kept"), a.backup)
	}
	if a.destroys {
		line("\n[panic]\nenabled = true # %s", a.text("the page, SIGUSR2, or the file destroys what was recorded"))
		if a.panicFile != "" {
			line("file = \"%s\"", a.panicFile)
		}
	}
	return b.String()
}

// next is what is left to do by hand, as lines for a shell of root: what is not a command stands behind a #.
func (a *answers) next(c *Cmd) string {
	var steps []string
	note := func(key string, args ...any) { steps = append(steps, "# "+a.text(key, args...)) }
	step := func(key, command string) { steps = append(steps, command+"    # "+a.text(key)) }
	if !c.has(packagedUnit) {
		step("the user of the service; and the program as /usr/bin/vigie: the Vigie package brings both", "useradd --system --no-create-home vigie")
	}
	if c.has(storePath) && (a.protected || a.seal != "") {
		note("what was recorded until now, %s, is not protected: move it away first", storePath)
	}
	steps = append(steps, "udevadm control --reload && udevadm trigger")
	if a.protected && a.passphrase == "" {
		note("put the passphrase into %s, readable by the user vigie alone (chmod 600), before each start, on a medium that you remove again", onMedium)
	}
	if a.page != "" {
		step("who may open the page", "vigie review --password-file /etc/vigie/users --set-password "+a.text("NAME")+" && chown vigie /etc/vigie/users")
		step("its address is 10.42.0.1; a neutral name", fmt.Sprintf("nmcli device wifi hotspot ifname wlan0 ssid %s password \"%s\"", a.text("NAME"), a.text("SOME WORDS")))
	}
	if a.influx != "" {
		if a.token == "" {
			note("put the token into /etc/credstore/vigie.influx-token (root, chmod 600)")
		}
		steps = append(steps, "vigie influx init")
	}
	if len(a.alerts) > 0 {
		steps = append(steps, "vigie alert test")
	}
	if a.backup != "" {
		steps = append(steps, "install -d -o vigie -g vigie -m 700 "+a.backup, "systemctl daemon-reload && systemctl enable --now vigie-backup.timer")
	}
	steps = append(steps, "vigie config check", "systemctl daemon-reload && systemctl enable --now vigie", "vigie status")
	if a.page != "" {
		note("on the phone: http://%s/glance", a.page)
	}
	if a.mode == cell.Mobile {
		note("take the SIM out if the modem sees enough without it: vigie doctor shows that")
	}
	return a.text("What is left to do, as root:") + "\n  " + strings.Join(steps, "\n  ")
}
