package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/modem"
)

// SetupCmd asks a few questions and writes what a service needs.
type SetupCmd struct {
	DryRun bool   `help:"Show what would be written, and write nothing."`
	Undo   bool   `help:"Take back what setup wrote, where nobody has changed it since."`
	Yes    bool   `help:"Write without asking once more."`
	Root   string `help:"Write below this directory instead of /: for an image of a kit." default:"/" placeholder:"DIR" type:"path"`
}

// answers are what somebody said to the questions.
type answers struct {
	mode                cell.Mode
	modem               string // its USB identity; "": all that are found
	seal                string // public key
	passphrase          bool
	page                string // address to listen at; "": no page
	gpsd, phone, coarse bool
	influx              string
}

// Run asks, shows, asks once more, and writes.
func (c *SetupCmd) Run(ctx context.Context, p *program) error {
	if c.Undo {
		return c.undo(p)
	}
	a, ask, err := c.ask(p)
	if err != nil {
		return err
	}
	files := a.files()
	for _, f := range files {
		state := "new"
		if old, err := os.ReadFile(c.at(f.path)); err == nil {
			if state = "in place of what is there, which is kept beside it"; string(old) == f.text {
				state = "as it is there already"
			}
		}
		p.out.printf("\n--- %s (%s)\n%s", f.path, state, f.text)
	}
	p.out.printf("\n%s\n", a.next())
	if c.DryRun {
		p.out.printf("nothing was written\n")
		return nil
	}
	if !c.Yes {
		if yes, err := ask("write these files", "no", "yes", "no"); err != nil || yes != "yes" {
			p.out.printf("nothing was written\n")
			return err
		}
	}
	if err := c.write(files); err != nil {
		return hinted(err, "run it as root, or write an image with --root DIR; vigie setup --undo takes back what was written")
	}
	p.out.printf("written; vigie setup --undo takes it back\n")
	return nil
}

func (c *SetupCmd) at(path string) string { return filepath.Join(c.Root, path) }

// ask puts the questions; an empty line is the first choice.
func (c *SetupCmd) ask(p *program) (a answers, one func(question, usual string, choices ...string) (string, error), err error) {
	in := bufio.NewReader(p.in)
	one = func(question, usual string, choices ...string) (string, error) {
		for {
			p.out.printf("%s [%s]: ", question, usual)
			line, err := in.ReadString('\n')
			if line = strings.TrimSpace(line); line == "" {
				line = usual
			}
			if len(choices) == 0 || slices.Contains(choices, line) {
				if err != nil && !errors.Is(err, io.EOF) {
					return "", err
				}
				return line, nil
			}
			if err != nil {
				return "", usage(fmt.Errorf("%q is no answer to: %s", oneLine(line), question), "answer one of: "+strings.Join(choices, ", "))
			}
			p.out.printf("answer one of: %s\n", strings.Join(choices, ", "))
		}
	}
	get := func(question, usual string, choices ...string) (v string) {
		if err == nil {
			v, err = one(question, usual, choices...)
		}
		return v
	}
	a.mode = cell.Mode(get("Is it carried (mobile), or does it stay at one place (fixed)?", "mobile", "mobile", "fixed"))
	if ports, err := (modem.Host{}).Find(); err == nil {
		for _, port := range modem.Candidates(ports) {
			p.out.printf("  found: %s\n", port.Identity)
		}
	}
	if a.modem = get("Which modem: its USB identity, or all", "all"); a.modem == "all" {
		a.modem = ""
	}
	switch get("What protects the store: nothing, a passphrase, or sealed to a key whose private half is at home?", "sealed", "nothing", "passphrase", "sealed") {
	case "passphrase":
		a.passphrase = true
	case "sealed":
		a.seal = get("The public key, as age-keygen prints it", "age1...")
		if err == nil {
			_, err = recipients([]string{a.seal})
		}
	}
	if get("A page for a phone?", "yes", "yes", "no") == "yes" {
		a.page = get("At which address of this computer", "10.42.0.1:8440")
		a.phone = get("May the page ask the phone where it is?", "no", "no", "yes") == "yes"
	}
	a.gpsd = get("Is there a GPS receiver at gpsd?", "no", "no", "yes") == "yes"
	if a.gpsd || a.phone {
		a.coarse = get("Keep places by the square kilometre only?", "yes", "yes", "no") == "yes"
	}
	if a.influx = get("Copy to an InfluxDB: its address, or no", "no"); a.influx == "no" {
		a.influx = ""
	}
	return a, one, err
}

// setupFile is one that setup writes.
type setupFile struct {
	path, text string
}

// files are what the answers come to.
func (a answers) files() []setupFile {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Written by vigie setup. Unknown keys are refused; vigie setup --undo takes this file back while it is unchanged.")
	say("mode = %q\nstore = %q", string(a.mode), "/var/lib/vigie/vigie.db")
	if a.passphrase {
		say("passphrase_file = %q # on a medium that you take out again", "/run/vigie-key/passphrase")
	}
	if a.modem != "" {
		say("\n[modem]\nusb = %s", strconv.Quote(a.modem))
	}
	if a.seal != "" {
		say("\n[seal]\nto = [%s]", strconv.Quote(a.seal))
	}
	if a.page != "" {
		say("\n[glance]\nlisten = %s\npassword_file = %q\nplain_http = true # the network is the kit's own, and WPA encrypts it\ndiscreet = %t", strconv.Quote(a.page), "/etc/vigie/users", a.mode == cell.Mobile)
	}
	if a.gpsd || a.phone {
		say("\n[position]")
		if a.gpsd {
			say("gpsd = %q", "127.0.0.1:2947")
		}
		if a.phone {
			say("phone = true")
		}
		if a.coarse {
			say("coarse = %q", "1km")
		}
	}
	if a.influx != "" {
		say("\n[influx]\nurl = %s\nbucket = \"vigie\"\ntoken_file = %q", strconv.Quote(a.influx), "/etc/vigie/influx-token")
	}
	unit := "[Unit]\nDescription=Vigie\n\n[Service]\nExecStart=/usr/bin/vigie watch --wait --brief\nUser=vigie\nGroup=vigie\nSupplementaryGroups=dialout\nUMask=0077\nStateDirectory=vigie\nStateDirectoryMode=0700\nRestart=on-failure\nRestartSec=5\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\n\n[Install]\nWantedBy=multi-user.target\n"
	return []setupFile{{"/etc/vigie/vigie.toml", b.String()}, {"/etc/udev/rules.d/70-vigie.rules", modem.UdevRules}, {"/etc/systemd/system/vigie.service", unit}}
}

// next is what is left to do by hand.
func (a answers) next() string {
	steps := []string{"useradd --system --no-create-home vigie    # whom the service runs as; the package of Vigie has made it already",
		"udevadm control --reload && udevadm trigger"}
	if a.passphrase {
		steps = append(steps, "the passphrase into /run/vigie-key/passphrase, for the user vigie alone (chmod 600), before each start: mount there what you take out again")
	}
	if a.page != "" {
		steps = append(steps, "vigie review --password-file /etc/vigie/users --set-password NAME && chown vigie /etc/vigie/users",
			`nmcli device wifi hotspot ifname wlan0 ssid NAME password "SOME WORDS"   # its address is 10.42.0.1; a neutral name`)
	}
	if a.influx != "" {
		steps = append(steps, "the token into /etc/vigie/influx-token, for the user vigie alone (chmod 600); then vigie influx init")
	}
	steps = append(steps, "systemctl daemon-reload && systemctl enable --now vigie")
	if a.mode == cell.Mobile {
		steps = append(steps, "take the SIM out, where the modem sees enough without: vigie doctor says it")
	}
	return "What is left to do:\n  " + strings.Join(steps, "\n  ")
}

// undoFile remembers what setup wrote, so that it can be taken back.
const undoFile = "/etc/vigie/setup-undo.json"

// written is a file that setup wrote: what it was then, and whether another was there before, which is beside it.
type written struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Before bool   `json:"before"`
}

const keptBefore = ".before-vigie"

func (c *SetupCmd) write(files []setupFile) error {
	var did []written
	if text, err := os.ReadFile(c.at(undoFile)); err == nil { // a second setup is taken back to before the first
		if err := json.Unmarshal(text, &did); err != nil {
			return fmt.Errorf("%s: %w", undoFile, err)
		}
	}
	for _, f := range files {
		name := c.at(f.path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		i := slices.IndexFunc(did, func(w written) bool { return w.Path == f.path })
		if i < 0 {
			w := written{Path: f.path}
			if err := os.Rename(name, name+keptBefore); err == nil {
				w.Before = true
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			did, i = append(did, w), len(did)
		}
		sum := sha256.Sum256([]byte(f.text))
		did[i].SHA256 = hex.EncodeToString(sum[:])
		text, err := json.Marshal(did)
		if err == nil { // first: what is written can then be taken back, whatever happens
			err = os.WriteFile(c.at(undoFile), text, 0o600)
		}
		if err == nil {
			err = os.WriteFile(name, []byte(f.text), 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *SetupCmd) undo(p *program) error {
	text, err := os.ReadFile(c.at(undoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return usage(errors.New("setup has written nothing here"), "it remembers what it wrote in "+undoFile)
	}
	var did []written
	if err == nil {
		err = json.Unmarshal(text, &did)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", undoFile, err)
	}
	var left []written
	for _, w := range did {
		name := c.at(w.Path)
		now, err := os.ReadFile(name)
		sum := sha256.Sum256(now)
		switch {
		case err == nil && hex.EncodeToString(sum[:]) != w.SHA256:
			p.out.printf("left: %s, which somebody has changed\n", w.Path)
			left = append(left, w)
			continue
		case err == nil:
			err = os.Remove(name)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err == nil && w.Before {
			err = os.Rename(name+keptBefore, name)
		}
		if err != nil {
			return err
		}
		p.out.printf("taken back: %s\n", w.Path)
	}
	if len(left) == 0 {
		return os.Remove(c.at(undoFile))
	}
	text, err = json.Marshal(left)
	if err != nil {
		return err
	}
	return os.WriteFile(c.at(undoFile), text, 0o600)
}
