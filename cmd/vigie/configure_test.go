package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/checkup"
	"vigie/modem/emulator"
	"vigie/storage"
)

// checked runs vigie config check over a text.
func checked(t *testing.T, text string, args ...string) (lines []string, status int) {
	t.Helper()
	path := writeFile(t, t.TempDir(), "v.toml", text)
	out, stderr, status := vigie(t, append([]string{"--config", path, "config", "check"}, args...)...)
	require.Empty(t, stderr)
	out = strings.TrimSuffix(strings.ReplaceAll(out, path, "v.toml"), "\n")
	return strings.Split(out, "\n"), status
}

// Each fault has a line of its own, in the order of the file, with what to do.
func TestConfigCheckListsEveryFault(t *testing.T) {
	lines, status := checked(t, `sensor = 3
mode = "still"
nonsense = 1

[modem]
fast = "0s"
prot = "/dev/ttyUSB2"

[battery]
most = "many"
[here]
x = 1
`)
	require.Equal(t, 1, status)
	require.Len(t, lines, 6, "%q", lines)
	for i, want := range []string{"v.toml:1: sensor: ", `v.toml:3: unknown key "nonsense"; keys are: `, "v.toml:6: modem.fast: ", `v.toml:7: unknown key "modem.prot"; keys are: [modem] port`,
		"v.toml:10: battery.most: ", `v.toml:11: unknown key "here"`} {
		require.Contains(t, lines[i], want)
		require.Contains(t, lines[i], "; ", "%q does not say what to do", lines[i])
	}
	lines, status = checked(t, "mode = \"still\"\nlanguage = \"tlh\"\n[keep]\nsummary_days = -1\n")
	require.Equal(t, 1, status)
	require.Len(t, lines, 3)
}

// What the check refuses a watch refuses too, in the same words; what it lets pass a watch begins with.
func TestConfigCheckAgreesWithWatch(t *testing.T) {
	em, _ := emulate(t, serviceScenario+sticks[0].scenario, emulator.Options{})
	dir := t.TempDir()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	right, wrong, shared := writeFile(t, dir, "right", "four words\n"), writeFile(t, dir, "wrong", "five words\n"), writeFile(t, dir, "to", "ntfy://ntfy.example.org/T0PIC\n")
	require.NoError(t, os.Chmod(shared, 0o644))
	locked := filepath.Join(dir, "locked.db")
	s, err := storage.Open(t.Context(), locked, storage.Options{Create: true, Passphrase: "four words"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	token, empty := writeFile(t, dir, "token", "t0ken\n"), writeFile(t, dir, "empty", "\n")
	file := writeFile(t, dir, "panic", "")
	for name, c := range map[string]struct{ conf, says string }{
		"all is well":          {"sensor = 'roof'\n[position]\ncoarse = '1km'", ""},
		"a page and a port":    {"[health]\nlisten = '127.0.0.1:0'\n[glance]\nlisten = '127.0.0.1:0'", ""},
		"an encrypted store":   {"store = '" + locked + "'\npassphrase_file = '" + right + "'", ""},
		"a database to send":   {"[influx]\nurl = 'http://127.0.0.1:1'\nbucket = 'b'\ntoken_file = '" + token + "'", ""},
		"a value":              {"mode = 'still'", "mode is \"still\""},
		"a family":             {"[modem]\nfamily = 'nokia'", `no modem family is called "nokia"`},
		"two of one name":      {"[[modem]]\nport = '/dev/a'\nsensor = 'x'\n[[modem]]\nport = '/dev/b'\nsensor = 'x'", `two modems have the sensor name "x"`},
		"another passphrase":   {"store = '" + locked + "'\npassphrase_file = '" + wrong + "'", "the passphrase does not open this store"},
		"an empty passphrase":  {"store = '" + filepath.Join(dir, "new.db") + "'\npassphrase_file = '" + empty + "'", "is empty"},
		"no store":             {"store = '" + right + "'", "damaged"},
		"no place for a store": {"store = '" + right + "/x.db'", "not a directory"},
		"no bucket":            {"[influx]\nurl = 'http://127.0.0.1:1'", "no bucket is named"},
		"a url":                {"[influx]\nurl = 'influx'\nbucket = 'b'", "the url must begin with http"},
		"no token file":        {"[influx]\nurl = 'http://127.0.0.1:1'\nbucket = 'b'\ntoken_file = '/nowhere/token'", "/nowhere/token"},
		"shared addresses":     {"[alert]\nto_file = '" + shared + "'", "lets others read"},
		"hours":                {"[alert]\nto_file = '" + token + "'\nquiet = 'at night'", ""},
		"a zone":               {"[alert]\nled = ''\nzone = 'Mars/Olympus'\nto_file = '" + writeAddress(t, dir) + "'", `zone is "Mars/Olympus"`},
		"an LED":               {"[alert]\nled = 'no-such-led'", "no-such-led"},
		"health for all":       {"[health]\nlisten = '0.0.0.0:0'", "can be reached from other computers"},
		"health at no port":    {"[health]\nlisten = '127.0.0.1'", "missing port"},
		"health at a busy one": {"[health]\nlisten = '" + busy.Addr().String() + "'", ""},
		"a page for all":       {"[glance]\nlisten = '0.0.0.0:0'", "no password is set"},
		"no users":             {"[glance]\nlisten = '127.0.0.1:0'\npassword_file = '/nowhere/users'", "/nowhere/users"},
		"panic without login":  {"[glance]\nlisten = '127.0.0.1:0'\n[panic]\nenabled = true", "nobody can log in"},
		"panic that is off":    {"[panic]\nfile = '/nowhere/panic'", "is not enabled"},
		"a square":             {"[position]\ncoarse = 'a mile'", "[position] coarse|coarse"},
		"a key":                {"[seal]\nto = ['age1nonsense']", "age1nonsense"},
	} {
		store := ""
		if !strings.Contains(c.conf, "store = ") {
			store = fmt.Sprintf("store = '%s'\n", filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".db"))
		}
		path := writeFile(t, dir, "v.toml", store+c.conf+"\n")
		out, stderr, status := vigie(t, "--config", path, "config", "check")
		require.Empty(t, stderr, name)

		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		var told bytes.Buffer
		watch := []string{"--config", path, "watch"}
		if !strings.Contains(c.conf, "[[modem]]") {
			watch = append(watch, "--port", em.Path())
		}
		printed := &notified{for_: "watching ", then: stop}
		watched := run(ctx, watch, strings.NewReader(""), printed, &told)
		stop()
		require.Equal(t, status == 0, watched == 0, "%s: the check ends with %d, a watch with %d\n%s\n%s", name, status, watched, out, told.String())
		if c.says != "" {
			require.Equal(t, 1, status, name)
			said := strings.Split(c.says, "|")
			require.Contains(t, out, said[len(said)-1], name)
			require.Contains(t, told.String(), said[0], name)
		}
	}
	lines, status := checked(t, "store = '"+filepath.Join(dir, "x.db")+"'\n[panic]\nenabled = true\nfile = '"+file+"'\n")
	require.Equal(t, 1, status)
	require.Contains(t, lines[0], "would destroy what was recorded")
	require.FileExists(t, file)
}

func writeAddress(t *testing.T, dir string) string {
	return writeFile(t, dir, "address", "ntfy://ntfy.example.org/T0PIC\n")
}

// notified calls then when a text is written.
type notified struct {
	for_ string
	then func()
	text bytes.Buffer
}

func (n *notified) Write(p []byte) (int, error) {
	n.text.Write(p)
	if strings.Contains(n.text.String(), n.for_) {
		n.then()
	}
	return len(p), nil
}

// What can go wrong later is a note, and no fault.
func TestConfigCheckNotesWhatComesLater(t *testing.T) {
	dir := t.TempDir()
	out, stderr, status := vigie(t, "--config", writeFile(t, dir, "v.toml", `store = ":memory:"
[modem]
port = "/dev/no-such-port"
[influx]
bucket = "b"
[alert]
severity = "high"
[glance]
discreet = true
[position]
gpsd = "here"
phone = true
[celldb]
file = "/nowhere/cells"
`), "config", "check", "--json")
	require.Zero(t, status, stderr)
	var got struct {
		OK            bool
		Faults, Notes []checkup.FaultLine
	}
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.True(t, got.OK)
	require.Empty(t, got.Faults)
	var lines []int
	for _, n := range got.Notes {
		lines = append(lines, n.Line)
		require.NotEmpty(t, n.Hint, n.Text)
	}
	require.Equal(t, []int{3, 4, 6, 8, 11, 12, 14}, lines, out)
}

// The example means the defaults, and a watch would start with it.
func TestConfigExample(t *testing.T) {
	out, _ := must(t, "config", "example")
	lines, status := checked(t, out, "--store", ":memory:")
	require.Zero(t, status, "%q", lines)
	require.Equal(t, []string{"v.toml: a watch would start"}, lines)
}

// The doctor reports the same faults.
func TestDoctorUsesTheCheck(t *testing.T) {
	path := writeFile(t, t.TempDir(), "v.toml", "mode = 'still'\n[modem]\nprot = 1\n")
	out, _, status := vigie(t, "--config", path, "doctor", "/dev/null")
	require.Equal(t, 1, status)
	flat := strings.Join(strings.Fields(out), " ")
	require.Contains(t, flat, "BAD configuration "+path+`:3: unknown key "modem.prot"`)
	out, _, status = vigie(t, "--config", path, "doctor", "--json", "/dev/null")
	require.Equal(t, 1, status)
	require.Contains(t, out, `"state":"bad","finding":"`+path+`:3: unknown key`)
	require.Contains(t, out, `"ok":false`)
}
