package setup

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"vigie/words"

	"github.com/stretchr/testify/require"
)

// Every text of the setup has an entry, and no entry is left over.
func TestSetupTexts(t *testing.T) {
	var code strings.Builder
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if text, err := os.ReadFile(name); !strings.HasSuffix(name, "_test.go") {
			require.NoError(t, err)
			code.Write(text)
		}
	}
	asked := regexp.MustCompile("(?:\\b[va]\\.(?:text|line|secret|choose)|\\b(?:step|note)|[ (]text)\\((\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)").FindAllStringSubmatch(code.String(), -1)
	require.Greater(t, len(asked), 40)
	for _, m := range asked {
		key, err := strconv.Unquote(m[1])
		require.NoError(t, err)
		require.True(t, words.Has(key), "words/setup.json lacks %q", key)
	}
	for _, key := range words.Keys("setup") {
		require.True(t, strings.Contains(code.String(), strconv.Quote(key)) || strings.Contains(code.String(), "`"+key+"`") || key == "mobile" || key == "fixed", "nothing asks for %q", key)
	}
}
