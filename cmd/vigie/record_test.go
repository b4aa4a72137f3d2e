package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"vigie/modem/emulator"
)

// A transcript holds what the modem said, with other cells, in the very form in which the tests of the dialects take
// transcripts, and Vigie reads in it what it says that Vigie reads.
func TestRecord(t *testing.T) {
	for i, s := range sticks {
		t.Run(s.family, func(t *testing.T) {
			em, _ := emulate(t, "model "+s.family+reporting+s.scenario, emulator.Options{})
			before := em.Settings()
			file := filepath.Join(t.TempDir(), "x.txtar")
			args := []string{"record", "--port", em.Path(), "--for", "1500ms", file}
			exact := i == 0
			if exact {
				args = append(args, "--exact-cells")
			}
			out, stderr, status := vigie(t, args...)
			require.Zero(t, status, stderr)
			require.Contains(t, strings.Join(strings.Fields(out), " "), "read it before you give it away")
			require.Contains(t, out, "testdata/"+s.family)
			require.Equal(t, before, em.Settings(), "put back")
			a, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Len(t, a.Files, 3)
			for _, h := range []string{"model", "firmware", "date", "region", "taken", "evidence", "source", "cells"} {
				require.Contains(t, "\n"+string(a.Comment), "\n"+h+": ")
			}
			input := string(a.Files[0].Data)
			decoded, _, status := vigie(t, "decode", "--json", "--family", s.family, writeFile(t, t.TempDir(), "in.txt", input))
			require.Zero(t, status)
			require.Equal(t, strings.Count(decoded, "\n"), strings.Count(string(a.Files[1].Data), "\n"))
			require.NotEmpty(t, decoded)
			for _, identity := range []string{"A81A02", "3089F02", "6A3E81F", "02FA2A0C"} {
				require.Equal(t, exact && strings.Contains(s.scenario, identity), strings.Contains(input, identity), identity)
			}
			info, err := os.Stat(file)
			require.NoError(t, err)
			require.EqualValues(t, 0o600, info.Mode().Perm())
			_, stderr, status = vigie(t, args...)
			require.Equal(t, 2, status)
			require.Contains(t, stderr, "is there already")
		})
	}
}
