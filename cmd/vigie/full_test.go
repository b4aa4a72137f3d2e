package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A command whose output cannot be written ends with status 1 and says so: whoever reads the file would believe that it is whole.
func TestOutputOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	t.Cleanup(func() { full.Close() })
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	lines := []string{`{"vigie":1,"sensor":"roof","mode":"fixed"}`} // a test network: an event
	for i := range 60 {
		lines = append(lines, fmt.Sprintf(`{"time":"2026-11-23T20:00:%02dZ","state":"idle","serving":{"rat":"LTE","mcc":"001","mnc":"01","area":7,"cell_id":2561,"pci":1,"arfcn":3400,"rsrp":-45}}`, i))
	}
	records := writeFile(t, dir, "r.ndjson", strings.Join(lines, "\n")+"\n")
	require.NoError(t, exec.Command(program(), "replay", "--store", db, records).Run())
	for _, args := range []string{
		"--help", "--version", "watch --help", "man", "rules", "rules --json", "rules --commands", "events --store DB", "events --json --store DB",
		"export --store DB -", "replay FILE", "replay --json FILE", "analyze --store DB", "status --store DB", "status --json --store DB", "summaries --store DB",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var said strings.Builder
			fields := strings.Fields(strings.NewReplacer("DB", db, "FILE", records).Replace(args))
			ok := exec.Command(program(), fields...)
			out, _ := ok.Output()
			if len(out) == 0 {
				t.Skip("it prints nothing here")
			}
			cmd := exec.Command(program(), fields...)
			cmd.Stdout, cmd.Stderr = full, &said
			err := cmd.Run()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "%s", said.String())
			require.Equal(t, 1, exit.ExitCode(), "%s", said.String())
			if !strings.HasPrefix(args, "status") { // which has something else to say, too
				require.Contains(t, said.String(), "no space left on device")
			}
		})
	}
}
