package main

import (
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// If positions stop on the way home, nothing distinguishes home from elsewhere: there is a warning.
func TestExportSaysWhereItCannotKnowHome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := writeFile(t, dir, "secret", "four words that nobody guesses\n")
	flags := []string{"--store", filepath.Join(dir, "s.db"), "--passphrase-file", secret}
	var lines []byte
	for minute := range 61 {
		o := &cell.Observation{Time: time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC), Sensor: "bag", State: cell.Idle}
		if minute >= 10 && minute <= 38 {
			o.Position = &cell.Position{Lat: 50.9, Lon: 4.35, Source: "gpsd"}
		}
		lines = append(cell.AppendRecord(lines, o), '\n')
	}
	_, stderr, status := vigie(t, append([]string{"replay", writeFile(t, dir, "walk.ndjson", string(lines))}, flags...)...)
	require.Zero(t, status, stderr)
	says := func(args ...string) string {
		t.Helper()
		_, stderr, status := vigie(t, append(args, flags...)...)
		require.Zero(t, status, stderr)
		return stderr
	}
	require.NotContains(t, says("export", "-"), "without a position", "there is no home to know of")
	says("homes", "--add", "50.85,4.35,500")
	require.Contains(t, says("export", "-"), "22 min at the end of walks are without a position")
	require.Contains(t, says("sync", "--dry-run", t.TempDir()), "22 min at the end of walks are without a position")
	require.Contains(t, says("export", "--trim", "15m", "-"), "7 min at the end")
	require.NotContains(t, says("export", "--trim", "22m", "-"), "without a position")
}

// Two walks from a home north and back. An export shows neither the home nor when it was left.
func TestExportLeavesHomeOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := writeFile(t, dir, "secret", "four words that nobody guesses\n")
	var lines []byte
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, walk := range []time.Time{start, start.Add(3 * time.Hour)} {
		for minute := range 61 {
			north := float64(min(minute, 60-minute)) * 0.001 // 111 m a minute
			o := &cell.Observation{Time: walk.Add(time.Duration(minute) * time.Minute), Sensor: "bag", State: cell.Idle}
			if minute > 2 { // no fix indoors
				o.Position = &cell.Position{Lat: 50.85 + north, Lon: 4.35, Source: "gpsd"}
			}
			if minute < 2 { // what is flagged before the door is reached
				o.State = cell.Idle
				o.Serving = &cell.Cell{RAT: cell.LTE, MCC: "001", MNC: "01", ID: cell.Some(uint64(256)), Area: cell.Some(cell.Area(1))}
			}
			lines = append(cell.AppendRecord(lines, o), '\n')
		}
	}
	flags := []string{"--store", filepath.Join(dir, "s.db"), "--passphrase-file", secret}
	command := func(args ...string) string {
		t.Helper()
		out, stderr, status := vigie(t, append(args, flags...)...)
		require.Zero(t, status, stderr)
		return out
	}
	_, stderr, status := vigie(t, "replay", "--json", "--store", flags[1], "--passphrase-file", secret, writeFile(t, dir, "walks.ndjson", string(lines)))
	require.Zero(t, status, stderr)
	count := func(text string) int { return strings.Count(text, `"time"`) }
	require.Equal(t, 122, count(command("export", "-")))
	require.Equal(t, 2*41, count(command("export", "--trim", "10m", "-")), "ten minutes of the start and of the end of each walk")
	require.Contains(t, command("homes", "--add", "50.85,4.35,500"), "1 home zone;")
	exported := command("export", "-")
	require.Equal(t, 2*51, count(exported), "minutes 5 to 55 of each walk: before the first position nothing leaves either")
	require.NotContains(t, exported, `"lat":50.854,`)
	require.Equal(t, 122, count(command("export", "--with-homes", "-")))
	_, stderr, _ = vigie(t, append([]string{"export", "-"}, flags...)...)
	require.NotContains(t, stderr, "without a position")

	// Reports and bundles are trimmed as exports are.
	n := 0
	bundled := func(args ...string) (observations int, all string) {
		n++
		file := filepath.Join(dir, fmt.Sprint(n, ".zip"))
		command(append([]string{"bundle", "--from", "2026-11-23", "--to", "2026-11-23", file}, args...)...)
		z, err := zip.OpenReader(file)
		require.NoError(t, err)
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(t, err)
			var in io.Reader = r
			if strings.HasSuffix(f.Name, ".gz") {
				in, err = gzip.NewReader(r)
				require.NoError(t, err)
			}
			text, err := io.ReadAll(in)
			require.NoError(t, err)
			if all += string(text); f.Name == "observations.ndjson.gz" {
				observations = strings.Count(string(text), `"time"`)
			}
		}
		return observations, all
	}
	seen, all := bundled()
	require.Equal(t, 2*51, seen)
	require.NotContains(t, all, "50.854")
	require.Contains(t, all, "What was recorded in home zones, or at the start and end of walks, is left out.")
	seen, all = bundled("--with-homes")
	require.Equal(t, 122, seen)
	require.Contains(t, all, "50.854")
	require.NotContains(t, all, "is left out.")
	seen, _ = bundled("--with-homes", "--trim", "10m")
	require.Equal(t, 2*41, seen)
	first := func() (id string) {
		var e struct{ ID, First string }
		require.NoError(t, json.Unmarshal([]byte(strings.SplitN(command("events", "--json"), "\n", 2)[0]), &e))
		require.Equal(t, "2026-11-23T09:00:00Z", e.First)
		return e.ID
	}()
	for _, what := range []string{"report", "bundle"} {
		_, stderr, status := vigie(t, append([]string{what, "--event", first, filepath.Join(dir, what)}, flags...)...)
		require.Equal(t, 1, status)
		require.Contains(t, stderr, "a home zone")
		require.Contains(t, stderr, "--with-homes")
		require.NoFileExists(t, filepath.Join(dir, what))
		_, stderr, status = vigie(t, append([]string{what, "--with-homes", "--event", first, filepath.Join(dir, what)}, flags...)...)
		require.Zero(t, status, stderr)
	}
	require.NotContains(t, command("report", "--from", "2026-11-23", "-"), first)
	require.Contains(t, command("report", "--with-homes", "--from", "2026-11-23", "-"), first)
	require.Contains(t, command("homes", "--clear"), "0 home zones")
	require.Equal(t, 122, count(command("export", "-")))

	_, stderr, status = vigie(t, "homes", "--add", "50.85,4.35,500", "--store", filepath.Join(dir, "plain.db"))
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "only in an encrypted store")
	for _, bad := range []string{"here", "1,2", "95,4,100", "50,4,-1", "50,4,NaN"} {
		_, _, status := vigie(t, append([]string{"homes", "--add", bad}, flags...)...)
		require.Equal(t, 2, status, bad)
	}
}
