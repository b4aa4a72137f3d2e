package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/config"
	"vigie/storage/influxdtest"
)

// typist answers at a terminal, as a person would: each time that it is asked.
type typist struct {
	t    *testing.T
	tty  *os.File
	mu   sync.Mutex
	seen bytes.Buffer
	read int // of seen, up to here it was answered
}

func (y *typist) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := y.tty.Read(buf)
		y.mu.Lock()
		y.seen.Write(buf[:n])
		y.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (y *typist) screen() string { y.mu.Lock(); defer y.mu.Unlock(); return y.seen.String() }

// says waits for a question with these words, and types the answer.
func (y *typist) says(question, answer string) {
	y.t.Helper()
	require.Eventually(y.t, func() bool {
		rest := y.screen()[y.read:]
		i := strings.Index(rest, question)
		if i < 0 || !strings.HasSuffix(rest[i:], ": ") {
			return false
		}
		y.read += len(rest)
		return true
	}, 20*time.Second, 5*time.Millisecond, "%q was not asked: %s", question, y.screen())
	_, err := y.tty.WriteString(answer + "\n")
	require.NoError(y.t, err)
}

// tree is every file below a directory, with its mode and content.
func tree(t *testing.T, dir string) map[string]string {
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[p] = info.Mode().String()
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(p)
			all[p] += " " + string(text)
			return err
		}
		return err
	}))
	return all
}

// At a terminal: what is secret is not shown while it is typed, a wrong answer is asked again, and undo leaves every byte and
// mode as it was.
func TestSetupAtATerminal(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for path, text := range map[string]string{"etc/vigie/vigie.toml": "sensor = \"mine\"\n", "etc/udev/rules.d/70-vigie.rules": "# mine\n", "etc/credstore/vigie.alert-to": "ntfy://ntfy.example.org/0ld\n"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755))
		writeFile(t, root, path, text)
		require.NoError(t, os.Chmod(filepath.Join(root, path), 0o640))
	}
	before := tree(t, root)

	cmd := exec.Command(os.Args[0], "setup", "--root", root)
	cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "LC_ALL=fr_CH.UTF-8")
	tty, err := pty.Start(cmd)
	require.NoError(t, err)
	y := &typist{t: t, tty: tty}
	go y.watch()
	y.says("Langue des questions", "")
	y.says("Est-il porté", "sur le toit")
	y.says("Est-il porté", "fixe")
	y.says("Un nom neutre", "tournesol")
	y.says("Quel modem", "")
	y.says("Qu’est-ce qui protège la base", "phrase")
	y.says("La phrase de passe", "quatre mots que personne")
	y.says("Encore une fois", "quatre mots que p3rsonne")
	y.says("La phrase de passe", "quatre mots que personne")
	y.says("Encore une fois", "quatre mots que personne")
	y.says("Une page pour un téléphone", "")
	y.says("récepteur GPS", "")
	y.says("InfluxDB", "http://vigie:pa55word@influx")
	y.says("InfluxDB", "http://influx:8086")
	y.says("Son bucket", "")
	y.says("Son organisation", "")
	y.says("Son jeton", "t0ken")
	y.says("Une adresse à prévenir", "tel ntfy://ntfy.example.org/T0PIC")
	y.says("Une adresse à prévenir", "")
	y.says("Une LED", "../../x")
	y.says("Une LED", "")
	y.says("système de surveillance", "0.0.0.0:9184")
	y.says("système de surveillance", "")
	y.says("copie de la base chaque jour", "ici")
	y.says("copie de la base chaque jour", "")
	y.says("détruire ce qu’il a enregistré", "")
	y.says("Écrire ces fichiers", "oui")
	require.NoError(t, cmd.Wait(), y.screen())
	screen := y.screen()
	for _, secret := range []string{"quatre mots", "t0ken", "T0PIC"} {
		require.NotContains(t, screen, secret)
	}
	for name, text := range map[string]string{"passphrase": "quatre mots que personne\n", "influx-token": "t0ken\n", "alert-to": "tel ntfy://ntfy.example.org/T0PIC\n"} {
		path := filepath.Join(root, "etc/credstore/vigie."+name)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	c, err := config.Read(filepath.Join(root, "/etc/vigie/vigie.toml"))
	require.NoError(t, err)
	require.Equal(t, "tournesol", c.Sensor)
	require.Equal(t, "fr", c.Alert.Language)

	_, stderr, status := vigie(t, "setup", "--root", root, "--undo")
	require.Zero(t, status, stderr)
	require.Equal(t, before, tree(t, root))
}

// The passphrase of a store that is there is not thrown away with the rest.
func TestSetupKeepsThePassphraseOfAStore(t *testing.T) {
	root := t.TempDir()
	answers := strings.Join([]string{"en", "fixed", "", "", "passphrase", "four words", "four words", "no", "no", "no", "", "no", ""}, "\n")
	var out bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"setup", "--root", root, "--yes"}, strings.NewReader(answers), &out, &out), out.String())
	require.NoError(t, os.MkdirAll(filepath.Join(root, "var/lib/vigie"), 0o700))
	writeFile(t, root, "/var/lib/vigie/vigie.db", "x")
	text, _, status := vigie(t, "setup", "--root", root, "--undo")
	require.Zero(t, status)
	require.Contains(t, text, "kept: /etc/credstore/vigie.passphrase, without which nobody can read the store")
	require.FileExists(t, filepath.Join(root, "/etc/credstore/vigie.passphrase"))
	require.NoFileExists(t, filepath.Join(root, "/etc/vigie/vigie.toml"))
}

// Undo with an image removes files below the image, and nowhere else.
func TestSetupUndoStaysBelowTheRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside, root := writeFile(t, dir, "outside", "of somebody else"), filepath.Join(dir, "image")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "etc/vigie"), 0o755))
	writeFile(t, filepath.Join(root, "etc/vigie"), "setup-undo.json", `{"files":[{"path":"../outside","sha256":"`+fmt.Sprintf("%x", sha256.Sum256([]byte("of somebody else")))+`"}]}`)
	must(t, "setup", "--undo", "--root", root)
	require.FileExists(t, outside)
}

// Every command that setup prints exists and is run here: those of vigie are the real program, in the image; the others record what
// they were called with.
func TestSetupPrintsCommandsThatWork(t *testing.T) {
	t.Parallel()
	srv := influxdtest.Start(t)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer hook.Close()
	for name, answers := range map[string][]string{
		"a monitor": {"en", "fixed", "roof", "all", "passphrase", "four words", "four words", "no", "no", srv.URL, influxdtest.Database, "", influxdtest.Token, "desk " + hook.URL, "", "no", "127.0.0.1:0", "/srv/copies", "yes", "/run/vigie/panic"},
		"a kit":     {"en", "mobile", "bag", "all", "nothing", "yes", "127.0.0.1:0", "no", "no", "no", "", "no"},
	} {
		root, bin := t.TempDir(), t.TempDir()
		var out bytes.Buffer
		require.Zero(t, run(t.Context(), []string{"setup", "--root", root, "--yes"}, strings.NewReader(strings.Join(answers, "\n")+"\n"), &out, &out), out.String())
		_, steps, ok := strings.Cut(out.String(), "What is left to do, as root:\n")
		require.True(t, ok)
		steps, _, _ = strings.Cut(steps, "\nchecked")
		for _, program := range []string{"useradd", "udevadm", "systemctl", "nmcli", "chown", "install"} { // what a Debian system has
			writeScript(t, bin, program, "echo \"$0 $*\" >> "+filepath.Join(bin, "called"))
		}
		writeScript(t, bin, "vigie", `echo "vigie $*" >> `+filepath.Join(bin, "called")+"\nVIGIE_IS_PROGRAM=1 exec "+os.Args[0]+` --config "`+root+`/etc/vigie/vigie.toml" "$@"`)
		// The paths are those of the image. The store is not: nobody watches yet.
		conf, err := os.ReadFile(filepath.Join(root, "etc/vigie/vigie.toml"))
		require.NoError(t, err)
		text := strings.NewReplacer(`"/etc/`, `"`+root+`/etc/`, `"/var/`, `"`+root+`/var/`, `"/run/`, `"`+root+`/run/`).Replace(string(conf))
		require.NoError(t, os.WriteFile(filepath.Join(root, "etc/vigie/vigie.toml"), []byte(text), 0o644))
		newStoreIn(t, root, name == "a monitor")
		for _, line := range strings.Split(strings.TrimSpace(steps), "\n") {
			line = strings.ReplaceAll(strings.TrimSpace(line), " /etc/", " "+root+"/etc/")
			cmd := exec.Command("sh", "-ec", line)
			cmd.Env = append(os.Environ(), "PATH="+bin+":/usr/bin:/bin", "CREDENTIALS_DIRECTORY="+credentials(t, root), "RUNTIME_DIRECTORY="+root)
			cmd.Stdin = strings.NewReader(map[bool]string{true: "y\n", false: "a long password\n"}[strings.HasPrefix(line, "vigie influx")])
			said, err := cmd.CombinedOutput()
			if strings.HasPrefix(line, "vigie status") { // the service is not really started
				require.Contains(t, string(said), "nobody watches into this store now")
				continue
			}
			require.NoError(t, err, "%s: %s: %s", name, line, said)
		}
		called, err := os.ReadFile(filepath.Join(bin, "called"))
		require.NoError(t, err)
		for _, want := range []string{"vigie config check", "vigie status", "systemctl enable --now vigie"} {
			require.Contains(t, string(called), want)
		}
	}
}

func writeScript(t *testing.T, dir, name, text string) {
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
}

// newStoreIn makes the store that the service would have made.
func newStoreIn(t *testing.T, root string, encrypted bool) {
	require.NoError(t, os.MkdirAll(filepath.Join(root, "var/lib/vigie"), 0o700))
	passphrase := ""
	if encrypted {
		passphrase = "four words"
	}
	newStore(t, filepath.Join(root, "var/lib/vigie/vigie.db"), passphrase)
}

// credentials is what systemd makes of /etc/credstore for the service.
func credentials(t *testing.T, root string) string {
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(root, "etc/credstore/vigie.*"))
	require.NoError(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		writeFile(t, dir, strings.TrimPrefix(filepath.Base(f), "vigie."), string(text))
	}
	return dir
}
