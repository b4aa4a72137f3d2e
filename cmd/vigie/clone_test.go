package main

import (
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// What a report shows of an event whose cell copied the id of the cell before it, on another network, PCI and channel: two changes
// of cell, to the clone and back. A row that names the home cell without its id, a minute earlier, is no change. VIGIE names
// another program to try.
func TestReportOfACloneShowsTheChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var enc cell.Encoder
	text := enc.Append(nil, &cell.Source{Version: 1, Sensor: "roof", Mode: cell.Fixed, Reports: cell.Some(cell.FieldRAT | cell.FieldMCC | cell.FieldMNC |
		cell.FieldArea | cell.FieldCellID | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldState)})
	on := func(c cell.Cell, d, step time.Duration) {
		for ; d > 0; d -= step {
			now = now.Add(step)
			text = enc.Append(text, &cell.Observation{Time: now, Sensor: "roof", State: cell.Idle, Serving: &c})
		}
	}
	lte := func(mnc string, area cell.Area, id uint64, pci uint16, channel uint32, rsrp float64) cell.Cell {
		return cell.Cell{RAT: cell.LTE, MCC: "272", MNC: mnc, Area: cell.Some(area), ID: cell.Some(id), PCI: cell.Some(pci), ARFCN: cell.Some(channel), RSRP: cell.Some(cell.DBm(rsrp))}
	}
	home, other := lte("03", 4660, 11016706, 101, 1300, -96), lte("03", 4660, 11016962, 44, 1300, -99)
	clone := lte("01", 39321, 11016706, 7, 100, -45)
	for range 30 {
		on(home, 50*time.Minute, 10*time.Second)
		on(other, 10*time.Minute, 10*time.Second)
	}
	on(home, 15*time.Minute, 10*time.Second)
	unnamed := home
	unnamed.ID = cell.Opt[uint64]{}
	on(unnamed, 10*time.Second, 10*time.Second)
	on(home, time.Minute, 10*time.Second)
	on(clone, time.Minute, 2*time.Second)
	on(home, 5*time.Minute, 10*time.Second)

	vigie := func(args ...string) string {
		var stderr strings.Builder
		cmd := exec.Command(program(), args...)
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		require.NoError(t, err, stderr.String())
		return string(out)
	}
	db, report := filepath.Join(dir, "s.db"), filepath.Join(dir, "r.html")
	events := strings.Split(strings.TrimSpace(vigie("replay", "--json", "--store", db, writeFile(t, dir, "in.ndjson", string(text)))), "\n")
	var e analyzer.Event
	require.NoError(t, json.Unmarshal([]byte(events[len(events)-1]), &e))
	require.GreaterOrEqual(t, e.Severity, analyzer.Medium)
	vigie("report", "--store", db, "--event", e.ID, report)
	page, err := os.ReadFile(report)
	require.NoError(t, err)
	plain := html.UnescapeString(regexp.MustCompile(`<[^>]+>`).ReplaceAllString(string(page), " "))
	require.Equal(t, 2, strings.Count(plain, "Changed to another 4G cell"))
}
