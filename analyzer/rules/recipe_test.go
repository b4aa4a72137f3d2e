package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/words"
)

// Every rule has all that the recipe of CONTRIBUTING.md asks for. Each message says what is missing and where it goes.
func TestEveryRuleIsComplete(t *testing.T) {
	used := map[string]bool{}
	for _, r := range All() {
		used[r.ID] = true
	}
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range names {
		code, err := os.ReadFile(name)
		require.NoError(t, err)
		if m := regexp.MustCompile(`analyzer\.Rule\{\s*ID:\s*"([a-z0-9-]+)"`).FindSubmatch(code); m != nil && !strings.HasSuffix(name, "_test.go") {
			require.True(t, used[string(m[1])], "the rule %s is not used: add it to the list in analyzer/rules/rules.go", m[1])
		}
	}
	changes, err := os.ReadFile("../../CHANGELOG.md")
	require.NoError(t, err)
	for _, r := range All() {
		name := strings.ReplaceAll(r.ID, "-", "_")
		missing := func(path string) bool { _, err := os.Stat(path); return err != nil }
		if missing(name + ".go") {
			t.Errorf("%s: the rule is not in analyzer/rules/%s.go", r.ID, name)
		}
		if missing(name + ".md") {
			t.Errorf("%s: no page: write analyzer/rules/%s.md, by that of another rule", r.ID, name)
		}
		if missing("../../words/rules/" + name + ".json") {
			t.Errorf("%s: no texts: write words/rules/%s.json, by that of another rule; its French may be \"TODO\"", r.ID, name)
		} else {
			for _, key := range []string{r.ID + ".plain", r.ID + ".reason", nextKey(r.ID, 1)} {
				if !words.Has(key) {
					t.Errorf("%s: words/rules/%s.json has no %q", r.ID, name, key)
				}
			}
		}
		for prefix, what := range map[string]string{"fires": "trace that fires", "look-alike": "look-alike that stays quiet"} {
			traces, err := filepath.Glob("testdata/" + name + "/" + prefix + "*.txtar")
			require.NoError(t, err)
			if len(traces) == 0 {
				t.Errorf("%s: no %s: add analyzer/rules/testdata/%s/%s.txtar and run make golden", r.ID, what, name, prefix)
			}
		}
		if !strings.Contains(string(changes), "`"+r.ID+"`") {
			t.Errorf("%s: no line in CHANGELOG.md: say under Unreleased what the rule `%s` notices", r.ID, r.ID)
		}
	}
}
