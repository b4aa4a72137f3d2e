package vigie_test

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Links of the pages, and pages that the program or another page names in passing ("docs/alerts.md has one to copy").
var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pageName = regexp.MustCompile(`(?:^|[\s(\x60"])(docs/[\w/-]+\.(?:md|svg|tsv))\b`)
)

// What a page points to is there, and in the repository: not only on the disk of whoever wrote it. And every page of docs
// is pointed to, or nobody finds it.
func TestEveryLinkIsTracked(t *testing.T) {
	if _, err := os.Stat(".git"); err != nil {
		t.Skip("not a clone: which files are tracked is not known. This provides it: git clone")
	}
	list, err := exec.Command("git", "ls-files", "-z").Output()
	require.NoError(t, err)
	files := strings.Split(strings.Trim(string(list), "\x00"), "\x00")
	tracked := map[string]bool{}
	for _, f := range files {
		for ; f != "."; f = path.Dir(f) { // its directories too
			tracked[f] = true
		}
	}
	linked := map[string]bool{}
	for _, f := range files {
		isPage := strings.HasSuffix(f, ".md")
		if !isPage && !(strings.HasSuffix(f, ".go") && strings.HasPrefix(f, "cmd/")) {
			continue
		}
		text, err := os.ReadFile(f)
		if os.IsNotExist(err) { // deleted, and the deletion not yet committed
			continue
		}
		require.NoError(t, err)
		var to []string
		for _, m := range pageName.FindAllStringSubmatch(string(text), -1) {
			to = append(to, m[1])
		}
		if isPage {
			for _, m := range pageLink.FindAllStringSubmatch(string(text), -1) {
				link, _, _ := strings.Cut(m[1], "#")
				if link != "" && !strings.Contains(link, ":") {
					to = append(to, path.Join(path.Dir(f), link))
				}
			}
		}
		for _, p := range to {
			if !tracked[p] {
				t.Errorf("%s points to %s, which is not in the repository: write it, and git add it", f, p)
			}
			linked[p] = linked[p] || p != f
		}
	}
	for _, f := range files {
		if strings.HasPrefix(f, "docs/") && strings.HasSuffix(f, ".md") && !linked[f] {
			t.Errorf("no page points to %s: nobody will find it", f)
		}
	}
}
