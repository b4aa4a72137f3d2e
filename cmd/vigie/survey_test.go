package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

const scanned = `
answer AT+QSCAN=3,1
  +QSCAN: "LTE",311,480,5230,1,-99,-22,29,107,337B02,D00,50,13
  +QSCAN: "LTE",310,260,66786,236,-103,-15,20,10,3089F02,2D18,100,66
`

// A survey is made only after a warning of what it does and a yes; its rows are rows of a sweep in the store, and the time
// that it took is blind time.
func TestSurvey(t *testing.T) {
	em, _ := emulate(t, "model quectel"+reporting+sticks[0].scenario+scanned, emulator.Options{})
	db := filepath.Join(t.TempDir(), "s.db")
	survey := func(answer string) (string, string, int) {
		var out, stderr bytes.Buffer
		status := run(t.Context(), []string{"survey", "--port", em.Path(), "--store", db}, strings.NewReader(answer), &out, &stderr)
		return out.String(), stderr.String(), status
	}
	_, stderr, status := survey("")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "no service")
	require.Contains(t, stderr, "nothing was sent")
	require.Empty(t, em.Received())

	out, stderr, status := survey("yes\n")
	require.Zero(t, status, stderr)
	require.Contains(t, stderr, "sent AT+QSCAN=3,1")
	require.Equal(t, 2, strings.Count(out, "LTE"))
	exported, _, status := vigie(t, "export", "--store", db, "-")
	require.Zero(t, status)
	require.Equal(t, 2, strings.Count(exported, `"survey":true`), exported)
	require.Contains(t, exported, `"reason":"survey"`)
	require.Contains(t, exported, `"cell_id":3373826`)
}
