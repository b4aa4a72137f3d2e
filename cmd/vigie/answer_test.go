package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"vigie/review/bundletest"
)

// judge opens a bundle with the program as a person would, decides and notes in it, and ends the program: BUNDLE ANSWER [FLAG...].
func judge(ts *testscript.TestScript, _ bool, args []string) {
	bundle, answer := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	_, err := os.Stat(answer)
	name := map[bool]string{true: "the march", false: "another walk"}[errors.Is(err, os.ErrNotExist) && strings.HasSuffix(answer, "answer.zip")]
	tmp := ts.MkAbs("tmp")
	ts.Check(os.MkdirAll(tmp, 0o700))
	flags := []string{"review", "--listen", "127.0.0.1:0", "--answer", answer}
	for _, a := range args[2:] {
		if _, err := os.Stat(ts.MkAbs(a)); err == nil {
			a = ts.MkAbs(a)
		}
		flags = append(flags, a)
	}
	cmd := exec.Command(os.Args[0], append(flags, bundle)...)
	cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "HOME="+ts.MkAbs("home"), "TMPDIR="+tmp, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "TZ=UTC")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	base := ""
	for lines := bufio.NewScanner(out); base == "" && lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "the desk is at "); ok {
			base = strings.TrimSuffix(at, "/")
		}
	}
	if base == "" {
		_ = cmd.Wait()
		ts.Fatalf("the desk did not open: %s", problems.String())
	}
	defer func() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
		ts.Check(cmd.Wait())
		left, err := os.ReadDir(tmp)
		ts.Check(err)
		if len(left) > 0 {
			ts.Fatalf("the temporary store is still there: %v", left)
		}
	}()
	d := desk{base}
	var list struct {
		Events []struct{ Event struct{ ID string } }
	}
	ts.Check(json.Unmarshal([]byte(d.get(ts, "/api/v1/events")), &list))
	event := list.Events[0].Event.ID
	if page := d.get(ts, "/event/"+event); !strings.Contains(page, "This desk shows a bundle that somebody sent") {
		ts.Fatalf("the page does not say that it is a bundle: %s", page)
	}
	d.post(ts, "/verdicts", url.Values{"event": {event}, "judgement": {"suspicious"}, "reason": {"a van was there"}, "author": {"ada"}})
	d.post(ts, "/notes", url.Values{"event": {event}, "text": {"heard by another phone too"}, "author": {"ada"}})
	at := d.post(ts, "/case/include", url.Values{"event": {event}, "name": {name}, "author": {"ada"}})
	id := at.Query().Get("id")
	d.post(ts, "/notes", url.Values{"case": {id}, "text": {"for the editor"}, "author": {"ada"}})
	got := d.get(ts, "/answer")
	saved, err := os.ReadFile(answer)
	ts.Check(err)
	if !strings.HasSuffix(answer, ".age") && len(got) != len(saved) { // the times of making differ, the sizes do not
		ts.Fatalf("the answer of the page has %d bytes, the file %d", len(got), len(saved))
	}
}

// desk is the desk at an address.
type desk struct{ base string }

func (d desk) do(ts *testscript.TestScript, r *http.Request) (*http.Response, string) {
	client := &http.Client{Timeout: 30 * time.Second}
	a, err := client.Do(r)
	ts.Check(err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	ts.Check(err)
	if a.StatusCode != http.StatusOK {
		ts.Fatalf("%s %s: %s: %s", r.Method, r.URL, a.Status, body)
	}
	return a, string(body)
}

func (d desk) get(ts *testscript.TestScript, path string) string {
	r, err := http.NewRequest("GET", d.base+path, nil)
	ts.Check(err)
	_, body := d.do(ts, r)
	return body
}

// post sends a form and returns where the answer leads.
func (d desk) post(ts *testscript.TestScript, path string, form url.Values) *url.URL {
	r, err := http.NewRequest("POST", d.base+path, strings.NewReader(form.Encode()))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", d.base)
	a, _ := d.do(ts, r)
	return a.Request.URL
}

// What is no bundle, or one that somebody changed, is refused by name before anything of it is used: by review and by import.
func TestForeignBundlesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := func(args ...string) (string, error) {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "HOME="+dir, "TMPDIR="+dir, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "TZ=UTC")
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	writeFile(t, dir, "some.ndjson", `{"vigie":1,"sensor":"roof","mode":"fixed"}`+"\n"+`{"time":"2026-11-23T20:00:00Z","state":"idle","serving":{"rat":"LTE","mcc":"206","mnc":"01","area":4660,"cell_id":11016962}}`+"\n")
	text, err := program("import", "--store", "made.db", "some.ndjson")
	require.NoError(t, err, text)
	text, err = program("bundle", "--store", "made.db", "--from", "2026-11-23", "--to", "2026-11-23", "good.zip")
	require.NoError(t, err, text)
	good, err := os.ReadFile(filepath.Join(dir, "good.zip"))
	require.NoError(t, err)

	cases := map[string]struct {
		bundle []byte
		want   string
	}{
		"a changed byte":         {bytes.Replace(good, []byte("roof"), []byte("r0of"), 1), "was changed: its"},
		"10,000 files":           {manyFiles(t, 10_000), "it lists 10000 files"},
		"a bundle in it":         {inside(t, good, "inner.zip", good), "inner.zip is no file of a bundle"},
		"a bundle as its events": {inside(t, good, "events.ndjson", good), "events.ndjson is an archive within the bundle"},
		"a zip":                  {manyFiles(t, 1), "is no file of a bundle"},
		"a text":                 {[]byte("PK\x03\x04 and nothing of a zip"), "not a bundle"},
	}
	for _, h := range bundletest.HostileBundles {
		if strings.Contains(h.Name, "another archive after") || strings.Contains(h.Name, "looks like an end") || h.Name == "a second manifest" {
			cases["hostile: "+h.Name] = struct {
				bundle []byte
				want   string
			}{h.Make(t, good), ""}
		}
	}
	for name, c := range cases {
		require.NotEqual(t, good, c.bundle, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.zip"), c.bundle, 0o600))
		for _, args := range [][]string{{"import", "--store", "none.db", "bad.zip"}, {"review", "--listen", "127.0.0.1:0", "bad.zip"}} {
			text, err := program(args...)
			require.Error(t, err, "%s: %s", name, args)
			require.Contains(t, text, "bad.zip", name)
			require.Contains(t, text, c.want, name)
			require.Contains(t, text, "hint: ", name)
			require.NoFileExists(t, filepath.Join(dir, "none.db"), name)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "vigie-*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary stores")
}

// manyFiles is an archive that is no bundle.
func manyFiles(t *testing.T, n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		_, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d.txt", i), Method: zip.Store})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// inside is a bundle with another file in it, which its manifest lists as it is.
func inside(t *testing.T, bundle []byte, name string, data []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	require.NoError(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put := func(name string, data []byte) {
		m, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = m.Write(data)
		require.NoError(t, err)
	}
	line := fmt.Sprintf("file %x %d %d %s\n", sha256.Sum256(data), len(data), bytes.Count(data, []byte("\n")), name)
	there := false
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		switch {
		case f.Name == name:
			text, there = data, true
		case f.Name == "MANIFEST.txt":
			var lines []string
			for l := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
				if strings.HasSuffix(l, " "+name) {
					l = strings.TrimSuffix(line, "\n")
				}
				lines = append(lines, l)
			}
			if !there {
				put(name, data)
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
			text = []byte(strings.Join(lines, "\n") + "\n")
		}
		put(f.Name, text)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}
