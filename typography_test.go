package vigie_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What French never has: a plain space where a line must not break (it is U+202F before ; : ? ! and inside « », U+00A0 before a
// unit), none where one belongs, and the apostrophe of a typewriter.
var unFrench = regexp.MustCompile(`[ \x{00A0}][;:?!»]|«[^\x{202F}]|\pL[;?!»]|\pL'\pL|\d (?:dBm?|[kM]B|[kMG]Hz|k?m|s|%)(?:[^\pL’]|$)`)

// Every catalogue is set as French is.
func TestFrenchTypography(t *testing.T) {
	texts := 0
	var look func(where string, v any, french bool)
	look = func(where string, v any, french bool) {
		switch v := v.(type) {
		case map[string]any:
			for key, in := range v {
				look(where+" "+key, in, french || key == "fr")
			}
		case []any:
			for _, in := range v {
				look(where, in, french)
			}
		case string:
			if french && v != "" {
				texts++
				if wrong := unFrench.FindString(v); wrong != "" {
					t.Errorf("%s: %q in %q", where, wrong, v)
				}
			}
		}
	}
	require.NoError(t, filepath.WalkDir("words", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var all any
		require.NoError(t, json.Unmarshal(text, &all), path)
		look(path, all, false)
		return nil
	}))
	require.Greater(t, texts, 800)
}
