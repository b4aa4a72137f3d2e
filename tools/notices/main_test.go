package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No module of go.mod, and no script of the review desk, is missing in the notices; every package that the project makes has them.
func TestNoticesAreComplete(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, write(&out, "../.."))
	text := out.String()
	mod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^\t(\S+) (v\S+)`).FindAllStringSubmatch(string(mod), -1)
	require.Greater(t, len(lines), 30)
	advisories, err := os.ReadFile("../../docs/dependencies-advisories.md")
	require.NoError(t, err)
	for _, m := range lines {
		require.Contains(t, string(advisories), "| "+m[1]+" | "+m[2]+" |", "add the module to docs/dependencies-advisories.md, with what is known of it")
		require.Regexp(t, `(?m)^`+regexp.QuoteMeta(m[1]+" "+m[2]+", ")+`(?i:licen|copying|notice)`, text)
	}
	scripts, err := os.ReadDir("../../review/assets")
	require.NoError(t, err)
	for _, s := range scripts {
		if s.IsDir() {
			require.Contains(t, text, "review desk: "+s.Name()+", LICENSE\n")
		}
	}
	require.Contains(t, text, "the standard library of Go, go1.")
	require.Contains(t, text, "Wikipedia", "of the data in NOTICE")
	require.Greater(t, strings.Count(text, "Permission is hereby granted"), 10, "the texts themselves are in it")

	for file, want := range map[string]string{"../../packaging/deb.sh": "go run ./tools/notices", "../../packaging/nfpm.yaml": "/usr/share/doc/vigie/THIRD-PARTY-NOTICES.gz"} {
		made, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(made), want)
	}
}

func TestModuleWithoutALicence(t *testing.T) {
	_, err := licences(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}
