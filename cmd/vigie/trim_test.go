package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// Two walks from a home north and back. What leaves by export says nothing of the home, nor of when it was left.
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
	require.Contains(t, command("homes", "--clear"), "0 home zones")
	require.Equal(t, 122, count(command("export", "-")))

	_, stderr, status = vigie(t, "homes", "--add", "50.85,4.35,500", "--store", filepath.Join(dir, "plain.db"))
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "encrypted store alone")
	for _, bad := range []string{"here", "1,2", "95,4,100", "50,4,-1", "50,4,NaN"} {
		_, _, status := vigie(t, append([]string{"homes", "--add", bad}, flags...)...)
		require.Equal(t, 2, status, bad)
	}
}
