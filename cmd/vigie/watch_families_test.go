package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// A modem of Cinterion is recognised by its answers and watched, is sent nothing else than its commands, and keeps its switches as they were.
func TestWatchCinterion(t *testing.T) {
	dir := t.TempDir()
	scenario, err := os.ReadFile("../../modem/testdata/els61.txt")
	require.NoError(t, err)
	db, conf := filepath.Join(dir, "s.db"), writeFile(t, dir, "v.toml", "[modem]\nfast = \"40ms\"\nslow = \"200ms\"\n")
	em, ctx := emulate(t, string(scenario)+"\nat 2s\nnote end\n", emulator.Options{})
	before := em.Settings()
	var out, stderr bytes.Buffer
	status := run(ctx, []string{"watch", "--config", conf, "--port", em.Path(), "--store", db, "--sensor", "roof"}, nil, &out, &stderr)
	require.Zero(t, status, "%s%s", out.String(), stderr.String())
	require.Equal(t, before, em.Settings())
	require.Contains(t, em.Received(), "AT^SMONP")
	require.NotContains(t, em.Received(), "AT^MONI", "that is of 2G modules")

	exported, _, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status)
	whole := ""
	for line := range strings.Lines(exported) {
		if strings.Contains(line, `"neighbours":[{`) && strings.Contains(line, `"serving":{`) {
			whole = line
		}
	}
	for _, part := range []string{`"serving":{"rat":"LTE","mcc":"272","mnc":"03","area":709,"cell_id":190813193,"pci":396,"arfcn":3725,"band":8,`,
		`{"rat":"GSM","mcc":"272","mnc":"03","area":1096,"cell_id":25780,"pci":7,"arfcn":120,"rssi":-90}`, `{"rat":"UMTS","pci":411,"arfcn":10637,`,
		`{"rat":"LTE","pci":36,"arfcn":3725,`} {
		require.Contains(t, whole, part)
	}
	require.NotContains(t, whole, `{"rat":"LTE","pci":396,"arfcn":3725,"rsrp"`, "the serving cell is no neighbour")
}
