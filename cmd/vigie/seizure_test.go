package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// planted is what must not be found in what a seized kit holds: cells, a place, and an identity that a modem printed.
var planted = func() map[string][]byte {
	m := map[string][]byte{}
	for name, text := range map[string]string{
		"cell in hex": "4940206", "cell in decimal": "76808710", "raw line": "+QENG", "area in hex": "2F1C", "network": "22201",
		"latitude": "50.84711", "longitude": "4.35717", "identity": "490154203237518", "rule": "downgrade-2g", "word of an event": "fell from",
		"registration": "CEREG", "level": `"rsrp"`, "model of the modem": "RM520N",
	} {
		m[name] = []byte(text)
	}
	for name, v := range map[string]float64{"latitude": 50.84711, "longitude": 4.35717} {
		m[name+" in binary"] = binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
		m[name+" as the store writes it"] = binary.AppendUvarint(nil, uint64(math.Round(v*1e7))<<3|2)
	}
	m["cell in binary"] = binary.LittleEndian.AppendUint32(nil, 0x4940206)
	m["cell as a varint"] = binary.AppendUvarint(nil, 0x4940206)
	return m
}()

// seize reads every byte of every file below dir, and returns what of planted is in it. WAL, temporary files, logs and
// configuration are there too; the configuration names gpsd and the modem, and nothing of what was observed.
func seize(t *testing.T, dir string) (found map[string][]string, files int) {
	t.Helper()
	found = map[string][]string{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(p)
		files++
		for name, what := range planted {
			if bytes.Contains(text, what) {
				found[name] = append(found[name], filepath.Base(p))
			}
		}
		return err
	}))
	return found, files
}

// carry runs the real program in dir, with its logs, until the staged attack is over, and kills it or stops it.
func carry(t *testing.T, dir string, kill bool, args ...string) {
	t.Helper()
	addr := gpsd(t, `{"class":"TPV","mode":3,"lat":50.84711,"lon":4.35717,"eph":6.5}`)
	scenario := strings.Replace(demoScenario, "answer AT+CGMR\n", "answer AT+GMR\n  IMEI: 490154203237518\nanswer AT+CGMR\n", 1)
	attack, err := emulator.Parse(scenario, nil)
	require.NoError(t, err)
	before, _, _ := strings.Cut(scenario, "# An ordinary change")
	em, ctx := emulate(t, before, emulator.Options{Speed: 5})
	conf := writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n[position]\ngpsd = \""+addr+"\"\n")
	log, err := os.Create(filepath.Join(dir, "journal"))
	require.NoError(t, err)
	defer log.Close()
	tmp := filepath.Join(dir, "tmp")
	require.NoError(t, os.MkdirAll(tmp, 0o700))
	cmd := exec.Command(os.Args[0], append([]string{"watch", "--wait", "--config", conf, "--port", em.Path()}, args...)...)
	cmd.Args[0], cmd.Dir, cmd.Stdout, cmd.Stderr = "vigie", dir, log, log
	cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "HOME="+dir, "TMPDIR="+tmp, "SQLITE_TMPDIR="+tmp, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill() })
	require.Eventually(t, func() bool { return len(em.Received()) > 40 }, 30*time.Second, 20*time.Millisecond, "it watches; what makes a key of a passphrase takes its time")
	em.Play(attack)
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.Canceled, "the scenario came to its end")
	// Acknowledged within a second; what is seized is what lies there then.
	time.AfterFunc(1200*time.Millisecond, func() {
		if kill {
			cmd.Process.Kill()
		} else {
			cmd.Process.Signal(syscall.SIGTERM)
		}
	})
	err = cmd.Wait()
	text, _ := os.ReadFile(log.Name())
	require.Equal(t, !kill, err == nil, "%s", text)
}

// Nobody who takes a protected kit, running or stopped, finds in any file what it observed.
func TestSeizure(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	home := t.TempDir()
	key := writeFile(t, home, "key.txt", id.String()+"\n")
	secret := writeFile(t, home, "secret", "four words that nobody guesses\n")
	for _, mode := range []struct {
		name string
		kill bool
		args []string
	}{
		{"plain", true, []string{"--store", "v.db"}},
		{"passphrase", true, []string{"--store", "v.db", "--passphrase-file", secret}},
		{"sealed", true, []string{"--store", "v.db", "--seal", id.Recipient().String()}},
		{"sealed and stopped", false, []string{"--store", "v.db", "--seal", id.Recipient().String()}},
		{"memory", true, []string{"--store", ":memory:"}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			carry(t, dir, mode.kill, mode.args...)
			synced(t, dir, mode.name, secret, id.Recipient().String())
			found, files := seize(t, dir)
			switch mode.name {
			case "plain": // the scan finds what is there to find
				for _, name := range []string{"cell in hex", "raw line", "latitude as the store writes it", "longitude as the store writes it", "cell as a varint", "rule", "model of the modem"} {
					require.Contains(t, found, name)
				}
				require.NotContains(t, found, "identity")
				return
			case "memory":
				require.Equal(t, 2, files, "the configuration and the log")
			default:
				require.Greater(t, files, 2)
			}
			require.Empty(t, found)
			if strings.HasPrefix(mode.name, "sealed") {
				opened(t, dir, key, mode.kill)
			}
		})
	}
}

// synced copies what was recorded to a stick that is seized too, as sealed as it can be; of a copy that protects less than the store
// it is said.
func synced(t *testing.T, dir, mode, secret, to string) {
	t.Helper()
	stick, args := filepath.Join(dir, "stick"), []string{}
	require.NoError(t, os.MkdirAll(stick, 0o700))
	switch mode {
	case "passphrase":
		args = []string{"--store", filepath.Join(dir, "v.db"), "--passphrase-file", secret}
		events, _ := must(t, append([]string{"events", "--json"}, args...)...)
		require.Contains(t, events, "downgrade-2g", "there is something to find")
		_, stderr := must(t, append([]string{"sync", "--dry-run", stick}, args...)...)
		require.Contains(t, stderr, "the store is encrypted, and the copy is not")
		args = append(args, "--to", to)
	case "sealed", "sealed and stopped":
		args = []string{"--config", writeFile(t, dir, "seal.toml", "[seal]\nto = [\""+to+"\"]\nfile = \""+filepath.Join(dir, "v.sealed")+"\"\n")}
	default:
		return
	}
	stdout, stderr := must(t, append([]string{"sync", stick}, args...)...)
	require.Empty(t, stderr)
	pieces, err := filepath.Glob(filepath.Join(stick, "vigie-*.sealed"))
	require.NoError(t, err)
	require.NotEmpty(t, pieces, stdout)
}

// opened opens a sealed run at home, and compares it with what the same records give when they were never sealed.
func opened(t *testing.T, dir, key string, killed bool) {
	t.Helper()
	store := filepath.Join(dir, "home.db")
	_, stderr, status := vigie(t, "unseal", "--identity", key, "--store", store, filepath.Join(dir, "v.sealed"))
	require.Zero(t, status, stderr)
	require.Empty(t, stderr)
	events, _, status := vigie(t, "events", "--json", "--store", store)
	require.Zero(t, status)
	require.Contains(t, events, "downgrade-2g")
	exported, _, _ := vigie(t, "export", "--store", store, "-")
	require.True(t, strings.Contains(exported, "4940206") && strings.Contains(exported, "50.84711"), "cells and places are there")
	replayed, _, status := vigie(t, "replay", "--json", writeFile(t, dir, "export.ndjson", exported))
	require.Zero(t, status)
	if !killed {
		require.Equal(t, replayed, events, "what was raised while sealed is what is raised from the records")
	}
	_, stderr, _ = vigie(t, "analyze", "--store", store)
	require.Contains(t, stderr, "0 events new, 0 gone")
}

func TestSealIsChecked(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--seal", "age1nonsense"}, "recipient age1nonsense"},
		{[]string{"--seal", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "--record", filepath.Join(dir, "r.ndjson")}, "--record would write in the clear"},
	} {
		_, stderr, status := vigie(t, append([]string{"watch", "--port", "/dev/null", "--store", filepath.Join(dir, "s.db")}, c.args...)...)
		require.Equal(t, 2, status, stderr)
		require.Contains(t, stderr, c.want)
	}
	notes := writeFile(t, dir, "notes", "nothing")
	key := writeFile(t, dir, "key", "AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU\n")
	_, stderr, status := vigie(t, "unseal", "--identity", key, "--store", filepath.Join(dir, "s.db"), notes)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "not a sealed file")
}
