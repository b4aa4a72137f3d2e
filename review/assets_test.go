package review

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/words"
)

func TestWhatOthersMadeHasItsLicence(t *testing.T) {
	dirs, err := assetFiles.ReadDir("assets")
	require.NoError(t, err)
	vendored := 0
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		vendored++
		require.Regexp(t, `-\d+\.\d+\.\d+$`, d.Name(), "a vendored asset says its version")
		text, err := assetFiles.ReadFile(path.Join("assets", d.Name(), "LICENSE"))
		require.NoError(t, err)
		require.Regexp(t, `(?i)copyright`, string(text))
	}
	require.Equal(t, 5, vendored)
	axe, err := os.ReadFile("browser/axe-core-4.14.1/LICENSE")
	require.NoError(t, err)
	require.Contains(t, string(axe), "Mozilla Public License")
}

// addresses are those that stand in what we ship and load nothing: names of formats, comments, and links that a person
// may follow.
var addresses = []string{"http://www.w3.org/", "https://leafletjs.com", "https://github.com/leeoniya/uPlot", "https://github.com/topojson/topojson-client", "https://openstreetmap.org/copyright",
	"https://protomaps.com", "http://example.com", "https://bugs.chromium.org/", "https://bugzilla.mozilla.org/", "http://www.opengis.net/kml/2.2"}

func TestNothingLoadsFromElsewhere(t *testing.T) {
	address := regexp.MustCompile("(?:https?|wss?|ftp):?//[^\\s\"'`)<]+")
	check := func(name, text string) {
		for _, a := range address.FindAllString(text, -1) {
			ok := slices.ContainsFunc(addresses, func(known string) bool { return strings.HasPrefix(a, known) })
			require.True(t, ok, "%s names %s", name, a)
		}
		for _, remote := range []string{"@import", "url(//", "url(http", "src=\"//", "navigator.sendBeacon", "new WebSocket", "importScripts"} {
			require.NotContains(t, text, remote, name)
		}
	}
	for _, files := range []fs.FS{assetFiles, templateFiles} {
		err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Base(p) == "LICENSE" {
				return err
			}
			text, err := fs.ReadFile(files, p)
			if err == nil {
				check(p, string(text))
			}
			return err
		})
		require.NoError(t, err)
	}
	tw := readTown(t)
	for _, p := range pages(tw) {
		check(p, get(tw.review, p).Body.String())
	}
}

// Every asset that a page names is there, and no asset is there that nothing names.
func TestAssetsAreThoseThatPagesUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "land.pmtiles")
	require.NoError(t, os.WriteFile(path, tilesOf(1, landTile()), 0o600))
	require.False(t, Drawable("assets_test.go"))
	tw := readTown(t, func(o *Options) { o.Tiles = path })
	used := map[string]bool{"report.css": true, "glance.css": true, "glance.js": true} // see TestGlance
	ref := regexp.MustCompile(`/assets/([^"?]+)\?`)
	for _, p := range pages(tw) {
		for _, m := range ref.FindAllStringSubmatch(get(tw.review, p).Body.String(), -1) {
			used[m[1]] = true
			require.Equal(t, 200, get(tw.review, "/assets/"+m[1]).Code, m[1])
		}
	}
	for name := range assets() {
		require.True(t, used[name], "%s is shipped and not used", name)
	}
}

// pageWords are the keys of the texts of the pages.
func pageWords() []string {
	return slices.Concat(words.Keys("review"), words.Keys("glance"), words.Keys("cases"))
}

func TestWordsAreUsed(t *testing.T) {
	require.Equal(t, "time corrected", words.Translate("", "clock.tag"), "who names no language reads English, and no key")
	require.Equal(t, "time corrected", words.Translate("de", "clock.tag"))
	use := regexp.MustCompile(`(?:\.Format|\.Count|Title:|"report\.title",|render\([^"]*"[a-z]+",|refuse\([^"]*) ?"([a-z]+\.[a-z.]+)"`)
	var texts []string
	for _, pattern := range []string{"*.go", "evidence/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				b, err := os.ReadFile(f)
				require.NoError(t, err)
				texts = append(texts, string(b))
			}
		}
	}
	require.NoError(t, fs.WalkDir(templateFiles, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := templateFiles.ReadFile(p)
			texts = append(texts, string(b))
		}
		return err
	}))
	all := strings.Join(texts, "\n")
	n := 0
	for _, m := range use.FindAllStringSubmatch(all, -1) {
		n++
		require.True(t, words.Has(m[1]) || words.Has(m[1]+".many"), "there is no word for %s", m[1])
	}
	require.Greater(t, n, 100)
	for _, k := range scriptWords {
		require.True(t, words.Has(k), k)
	}
	for _, key := range pageWords() { // and none that nothing uses
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".many")
		family := base[:strings.Index(base, ".")+1]
		require.True(t, strings.Contains(all, `"`+base+`"`) || strings.Contains(all, `"`+family+`%s"`) || strings.Contains(all, `"`+family+`"`) || strings.Contains(all, `"`+base[:strings.LastIndex(base, ".")+1]+`"`), "nothing says %s", key)
	}
}

func TestFirstViewIsSmall(t *testing.T) {
	tw := readTown(t)
	ref := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"|data-world="([^"]+)"`)
	for _, p := range []string{"/", "/event/" + tw.events[0].ID, "/event/" + tw.events[1].ID} {
		page := get(tw.review, p, gzipped)
		size, body := page.Body.Len(), get(tw.review, p).Body.String()
		seen := map[string]bool{}
		for _, m := range ref.FindAllStringSubmatch(body, -1) {
			if a := m[1] + m[2]; !seen[a] {
				seen[a] = true
				size += get(tw.review, strings.ReplaceAll(a, "&amp;", "&"), gzipped).Body.Len()
			}
		}
		t.Logf("%s: %d bytes over the wire", p, size)
		require.Less(t, size, 300_000, p)
	}
}
