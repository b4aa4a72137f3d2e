package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/influxdtest"
	"vigie/storage/storagetest"
)

// runVigie runs the program in this process.
func runVigie(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// TestInflux does what a person would: set the server up, look whether it works, copy, read back, and meet the usual mistakes.
func TestInflux(t *testing.T) {
	t.Parallel()
	srv := influxdtest.Start(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	token := write("token", influxdtest.Token+"\n")
	db := filepath.Join(dir, "vigie.db")
	conf := func(name, url, bucket, token string) string {
		return write(name, fmt.Sprintf("store = %q\n[influx]\nurl = %q\nbucket = %q\ntoken_file = %q\nfull_rate = true\n", db, url, bucket, token))
	}
	good := conf("good.toml", srv.URL, "home", token)

	s, err := storage.Open(context.Background(), db, storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, s.Append(context.Background(), storagetest.Day(500)...))
	require.NoError(t, s.PutEvents(context.Background(), storagetest.Events(12)...))
	require.NoError(t, s.Append(context.Background(), &cell.Clock{Time: storagetest.Start.Add(3 * time.Hour), Sensor: "roof-1", Since: storagetest.Start, Offset: time.Hour}))
	require.NoError(t, s.Close())

	// Before the database exists, every error has a hint that helps.
	status, _, errs := runVigie("", "influx", "send", "--config", good)
	require.Equal(t, 1, status)
	require.Contains(t, errs, "vigie influx init")
	status, out, _ := runVigie("", "doctor", "--influx", "--config", good)
	require.Equal(t, 1, status)
	require.Contains(t, out, "BAD")
	require.Contains(t, out, "vigie influx init")

	// init shows what it will make, and makes nothing without a yes.
	status, out, errs = runVigie("n\n", "influx", "init", "--config", good)
	require.Equal(t, 1, status)
	require.Contains(t, errs, "nothing was made")
	for _, want := range []string{"database home", "retention policy vigie: points are kept 730 days", "retention policy summary", "continuous query serving_1h", `CREATE DATABASE "home"`} {
		require.Contains(t, out, want)
	}
	_, out, _ = runVigie("", "influx", "init", "--json", "--config", good)
	keepsContract(t, "influx init", out)
	require.Contains(t, out, `"ok":false`)
	require.NotContains(t, fmt.Sprint(srv.Exec("SHOW DATABASES")), "home")
	status, out, errs = runVigie("", "influx", "init", "--keep-days", "3650", "--yes", "--config", good)
	require.Equal(t, 0, status, errs)
	policies := fmt.Sprint(srv.Exec(`SHOW RETENTION POLICIES ON "home"`))
	require.Contains(t, policies, "vigie 87600h0m0s")
	require.Contains(t, policies, "summary 0s")
	require.Contains(t, fmt.Sprint(srv.Exec("SHOW CONTINUOUS QUERIES")), "serving_1h")
	status, out, _ = runVigie("", "influx", "init", "--config", good)
	require.Equal(t, 0, status)
	require.Contains(t, out, "nothing to make")
	_, out, _ = runVigie("", "influx", "init", "--json", "--config", good)
	require.JSONEq(t, `{"ok":true,"steps":[],"notes":["retention policy vigie is there and stays as it is"]}`, out)

	status, out, errs = runVigie("", "doctor", "--influx", "--config", good)
	require.Equal(t, 0, status, out+errs)
	for _, want := range []string{"token file", "reachable", "clock", "token and bucket", "reading back"} {
		require.Contains(t, out, want)
	}

	status, _, errs = runVigie("", "influx", "send", "--config", good)
	require.Equal(t, 0, status, errs)
	require.Regexp(t, regexp.MustCompile(`sent 3,\d\d\d points, set aside 0`), errs)
	status, _, errs = runVigie("", "influx", "send", "--again", "--config", good) // changes nothing
	require.Equal(t, 0, status, errs)

	// What comes back from the server is what the store prints, to the byte.
	_, local, _ := runVigie("", "events", "--json", "--config", good)
	status, remote, errs := runVigie("", "events", "--json", "--from", "influx", "--config", good)
	require.Equal(t, 0, status, errs)
	require.NotEmpty(t, local)
	require.Equal(t, local, remote)
	_, local, _ = runVigie("", "events", "--severity", "high", "--rule", "rule-0", "--config", good)
	require.Contains(t, local, "wrong by 1h0m0s; they are corrected here")
	_, remote, _ = runVigie("", "events", "--severity", "high", "--rule", "rule-0", "--from", "influx", "--config", good)
	require.Equal(t, local, remote)

	// The summaries are those of the continuous query: the same select, run now.
	cq := fmt.Sprint(srv.Exec("SHOW CONTINUOUS QUERIES"))
	require.Contains(t, cq, "mean(level)")

	// The usual mistakes.
	for name, c := range map[string]struct{ config, says string }{
		"wrong token":   {conf("wrong.toml", srv.URL, "home", write("wrong", "admin:nonsense-secret\n")), "does not know the token"},
		"nobody there":  {conf("nobody.toml", "http://127.0.0.1:1", "home", token), "nothing listens there"},
		"TLS with none": {conf("tls.toml", strings.Replace(srv.URL, "http:", "https:", 1), "home", token), "does not speak TLS"},
	} {
		status, out, errs := runVigie("", "doctor", "--influx", "--config", c.config)
		require.Equal(t, 1, status, name)
		require.Contains(t, out, c.says, name)
		require.NotContains(t, out+errs, "nonsense-secret")
	}
	require.NoError(t, os.Chmod(token, 0o644))
	_, out, _ = runVigie("", "doctor", "--influx", "--config", good)
	require.Contains(t, out, "chmod 600")
	status, _, errs = runVigie("", "doctor", "--influx", "--config", write("none.toml", ""))
	require.Equal(t, 2, status)
	require.Contains(t, errs, "no InfluxDB is configured")
	status, _, errs = runVigie("", "influx", "init", "--config", write("typo.toml", "[influx]\nurl = \"http://127.0.0.1\"\ntoken = \"x\"\n"))
	require.Equal(t, 2, status)
	require.Contains(t, errs, `typo.toml:3: unknown key "influx.token"`)
	require.Contains(t, errs, "token_file")
}

// A certificate of the user's own, and only that, is trusted.
func TestInfluxOwnCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(nil)
	srv.Config.ErrorLog = nil
	defer srv.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	_, out, _ := runVigie("", "doctor", "--influx", "--config", write("a.toml", fmt.Sprintf("[influx]\nurl = %q\nbucket = \"b\"\n", srv.URL)))
	require.Contains(t, out, "ca_file")
	require.Regexp(t, `BAD +reachable`, out)
	ca := write("ca.pem", string(pemOf(srv)))
	_, out, _ = runVigie("", "doctor", "--influx", "--config", write("b.toml", fmt.Sprintf("[influx]\nurl = %q\nbucket = \"b\"\nca_file = %q\n", srv.URL, ca)))
	require.Regexp(t, `ok +reachable`, out)
}

func pemOf(srv *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
}
