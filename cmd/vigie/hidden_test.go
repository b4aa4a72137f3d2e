package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// misleading has a title for the terminal, its 8-bit form, colours, a backspace, characters that turn the direction of
// writing, and some that show nothing.
const misleading = "q\x1b]0;owned\x07\u009b31m\x1b[2J\b\u202egnp.exe\u2066x\u2069\u200f\u061c\u200b\u200d\u2060\u00ad\ufeff\u2028\u3164\ufe0f\U000e0041\x7fz"

// hiddenIn lists the characters of an output that have no place on a terminal.
func hiddenIn(out string) (found []string) {
	if !utf8.ValidString(out) {
		found = append(found, "bytes that are not UTF-8")
	}
	for _, r := range out {
		if r == '\n' || r == '\t' {
			continue
		}
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector) || strings.ContainsRune("\u115f\u1160\u3164\uffa0\u034f", r) {
			found = append(found, fmt.Sprintf("U+%04X", r))
		}
	}
	return found
}

// hostileFiles are inputs in which every text is misleading.
func hostileFiles(t *testing.T, dir string) (rows, modem, conf, bundle string) {
	t.Helper()
	quoted, err := json.Marshal(misleading)
	require.NoError(t, err)
	q := string(quoted)
	var b strings.Builder
	b.WriteString(`{"vigie":1,"sensor":` + q + `,"mode":"fixed","model":` + q + `,"firmware":` + q + "}\n")
	for i := range 40 {
		fmt.Fprintf(&b, `{"time":"2026-11-23T08:00:%02dZ","state":"idle","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":1,"cell_id":%d,"pci":3,"arfcn":1300,"rsrp":-80,%s:1},"raw":[%s]}`+"\n", i, 100+i/20, q, q)
	}
	b.WriteString(`{"kind":"gap","time":"2026-11-23T08:01:00Z","until":"2026-11-23T08:02:00Z","reason":` + q + "}\n")
	b.WriteString(`{"kind":"health","time":"2026-11-23T08:02:00Z","reason":` + q + `,"detail":` + q + `,"raw":[` + q + "]}\n")
	b.WriteString(`{"kind":` + q + `,"time":"2026-11-23T08:02:00Z"}` + "\n{" + misleading + "\n")
	rows = writeFile(t, dir, "rows.ndjson", b.String())
	modem = writeFile(t, dir, "modem.txt", "+QENG: \"servingcell\",\"NOCONN\",\"LTE\",\"FDD\",272,03,A81A001,100,1300,3,5,5,1234,-96,-11,-65,12,30\n+QENG: "+misleading+"\n"+misleading+"\n")
	conf = writeFile(t, dir, "v.toml", "[modem]\n\""+strings.NewReplacer("\x1b", `\u001b`, "\x07", `\u0007`, "\b", `\b`, "\x7f", `\u007f`).Replace(misleading)+"\" = 1\n")
	bundle = writeFile(t, dir, misleading+".zip", misleading)
	return rows, modem, conf, bundle
}

// Whatever a file, a modem or a name says, no command lets it reach a terminal; in JSON it is escaped, and keeps its value.
func TestNothingHiddenIsPrinted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows, modem, conf, bundle := hostileFiles(t, dir)
	db := filepath.Join(dir, "s.db")
	try := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(program(), args...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
		var out, problems bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &problems
		var failed *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
			require.NoError(t, err)
		}
		if found := hiddenIn(out.String()); len(found) > 0 {
			t.Errorf("vigie %q prints %v", args, found)
		}
		if found := hiddenIn(problems.String()); len(found) > 0 {
			t.Errorf("vigie %q says %v", args, found)
		}
		return out.String()
	}
	require.Contains(t, try("replay", rows), "test network")
	replayed := try("replay", "--json", rows)
	try("replay", "--store", db, rows)
	try("import", "--store", db, rows)
	listed := try("events", "--json", "--store", db)
	exported := try("export", "--store", db, "-")
	var e struct {
		ID       string
		Sensor   string
		Findings []struct{ Evidence []struct{ Raw []string } }
	}
	for _, out := range []string{replayed, listed} {
		first, _, _ := strings.Cut(out, "\n")
		require.NoError(t, json.Unmarshal([]byte(first), &e), first)
		require.Equal(t, misleading, e.Sensor)
		require.Equal(t, []string{misleading}, e.Findings[0].Evidence[0].Raw)
	}
	var o struct{ Raw []string }
	require.NoError(t, json.Unmarshal([]byte(strings.Split(exported, "\n")[1]), &o))
	require.Equal(t, []string{misleading}, o.Raw)
	file := filepath.Join(dir, "out.ndjson")
	try("export", "--store", db, file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, hiddenIn(string(text)), "a file that somebody will look at")
	for _, args := range [][]string{
		{"events", "--store", db}, {"events", "show", "--store", db, e.ID}, {"events", "show", "--store", db, misleading}, {"summaries", "--store", db},
		{"status", "--store", db}, {"status", "--json", "--store", db}, {"rules", "--here", "--store", db}, {"rules", "--here", "--json", "--store", db},
		{"analyze", "--store", db}, {"analyze", "--json", "--store", db}, {"sync", "--store", db, filepath.Join(dir, "to")},
		{"report", "--store", db, "--event", e.ID, "-"}, {"bundle", "--store", db, "--event", e.ID, filepath.Join(dir, "b.zip")}, {"verify", filepath.Join(dir, "b.zip")}, {"verify", bundle},
		{"decode", modem}, {"decode", "--json", modem}, {"decode", "--explain", modem}, {"decode", "--explain", "--json", modem}, {"decode", rows}, {"scrub", modem, filepath.Join(dir, misleading+".txt")}, {"scrub", misleading, misleading}, {"decode", "--family", misleading, modem}, {"import", "--store", db, bundle}, {"import", "--store", db, misleading},
		{"replay", modem}, {"replay", misleading}, {"--config", conf, "events"}, {"--config", misleading, "events"}, {misleading}, {"--" + misleading}, {"events", "--since", misleading},
		{"unseal", "--identity", bundle, bundle, "--store", db}, {"backup", "--store", db, filepath.Join(dir, misleading)}, {"restore", "--store", db, bundle},
		{"celldb", "import", bundle}, {"celldb", "lookup", misleading, misleading, "1"}, {"review", "--password-file", filepath.Join(dir, misleading), "--set-password", misleading},
		{"delete", "--store", db, "--sensor", misleading}, {"homes", "--store", db}, {"influx", "aside", "--store", db}, {"report", "--store", db, "--event", misleading, "-"},
		{"export", "--store", db, filepath.Join(dir, misleading+".ndjson")}, {"doctor", "--config", conf},
	} {
		try(args...)
		try(append([]string{"--color", "never"}, args...)...)
	}
}

// Many records of one time are as fast as many of many times.
func TestImportOfOneTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString(`{"vigie":1,"sensor":"roof"}` + "\n")
	const n = 30_000
	for i := range n {
		fmt.Fprintf(&b, `{"time":"2026-11-23T08:00:00Z","state":"idle","serving":{"rat":"LTE","mcc":"272","mnc":"03","area":1,"cell_id":%d},"raw":["+X: %d"]}`+"\n", i, i)
	}
	in, db := writeFile(t, dir, "in.ndjson", b.String()), filepath.Join(dir, "s.db")
	for _, want := range []string{"added 30,000 records; 0 already in the store", "added 0 records; 30,000 already in the store"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		out, err := exec.CommandContext(ctx, program(), "import", "--store", db, in).CombinedOutput()
		t.Logf("%d records of one time: %s", n, time.Since(began).Round(time.Millisecond))
		require.NoError(t, err, "within a minute: %s", out)
		require.Contains(t, string(out), want)
	}
}
