// Package vigie_test holds the house plan: who may import whom, and what is banned where. A promise to users is a
// check in the build, not a sentence in the README.
package vigie_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mayImport lists, for each of our packages, which of our packages it may import. A package that is not here fails.
var mayImport = map[string][]string{
	"words":          {},
	"safefile":       {},
	"cell":           {},
	"modem/at":       {},
	"modem/diag":     {},
	"modem/dialect":  {"cell", "modem/at"},
	"modem/remap":    {"cell", "modem/dialect"},
	"modem/emulator": {"cell", "modem/at", "modem/dialect"},

	"modem/emulator/hostile": {},
	"modem":                  {"cell", "modem/at", "modem/dialect", "safefile"},
	"air":                    {"cell", "air/uper"},
	"air/uper":               {},
	"air/capture":            {"cell", "air", "modem/diag"},
	"analyzer":               {"cell"},
	"analyzer/rules":         {"cell", "analyzer"},
	"analyzer/locate":        {"cell"},
	"storage":                {"cell", "analyzer", "safefile"},
	"storage/influx":         {"cell", "analyzer", "storage", "safefile"},
	"storage/transfer":       {"cell", "analyzer", "storage", "position", "safefile"},
	"storage/influxdtest":    {}, // a real server for tests; imported by tests alone
	"storage/storagetest":    {"cell", "analyzer", "storage"},
	"position":               {"cell"},
	"celldb":                 {"cell", "safefile"},
	"review":                 {"cell", "analyzer", "storage", "review/evidence", "review/gazetteer", "safefile"},
	"review/evidence":        {"cell", "air", "air/capture", "analyzer", "storage"},
	"review/gazetteer":       {},
	"alert":                  {"cell", "analyzer", "storage", "safefile"},
	"monitor/pipeline":       {"cell", "analyzer", "storage"},
	"monitor":                {"cell", "modem", "modem/dialect", "analyzer", "storage", "position", "alert", "review", "review/evidence", "words", "monitor/pipeline", "storage/influx", "storage/transfer", "safefile"},
	"cmd/vigie/console":      {"words"},
	"cmd/vigie/config":       {"cell", "air", "modem/at", "analyzer", "analyzer/rules", "storage", "storage/influx", "alert", "cmd/vigie/console", "safefile"},
	"cmd/vigie/setup":        {"cmd/vigie/checkup", "cell", "modem", "alert", "words", "cmd/vigie/config", "cmd/vigie/console", "safefile"},
	"cmd/vigie/modems":       {"cell", "modem", "modem/at", "modem/dialect", "modem/remap", "analyzer", "analyzer/rules", "storage", "monitor", "monitor/pipeline", "cmd/vigie/config", "cmd/vigie/console", "safefile"},
	"witness":                {"cell", "analyzer"},
	"cmd/vigie/bundles":      {"words", "cmd/vigie/config", "cmd/vigie/console", "review", "review/evidence", "safefile", "storage", "storage/transfer", "witness"},
	"cmd/vigie/manual":       {"cmd/vigie/console", "safefile"},
	"cmd/vigie/checkup":      {"modem", "alert", "celldb", "position", "review", "storage", "monitor", "cmd/vigie/config", "cmd/vigie/console", "cmd/vigie/modems", "safefile"},
	"cmd/vigie":              {"words", "cmd/vigie/bundles", "cmd/vigie/setup", "cmd/vigie/checkup", "cmd/vigie/manual", "cmd/vigie/modems", "monitor", "monitor/pipeline", "cmd/vigie/config", "cmd/vigie/console", "cell", "modem", "modem/at", "modem/dialect", "modem/emulator", "modem/remap", "analyzer", "analyzer/rules", "analyzer/locate", "storage", "storage/influx", "storage/transfer", "celldb", "review", "review/evidence", "position", "alert", "air/capture", "safefile"},

	"review/evidence/evidencetest": {"cell", "analyzer"},
	"review/bundletest":            {},
	"analyzer/locate/locatetest":   {"cell", "analyzer/locate"},
	"air/airtest":                  {"air/uper", "modem/diag"},
}

// forTests are packages that only tests import; they may start programs.
var forTests = []string{"modem/emulator/hostile", "storage/storagetest", "storage/influxdtest", "review/evidence/evidencetest", "review/bundletest", "air/airtest", "analyzer/locate/locatetest"}

// standardOnly are the packages that import nothing but the standard library and what mayImport says.
var standardOnly = []string{"words", "cell", "modem/at", "modem/diag", "modem/dialect", "modem/remap", "air", "air/uper", "air/capture", "analyzer/locate", "review/gazetteer", "witness"}

// noHTML are the packages that make no pages: what they know is shown by others.
var noHTML = []string{"review/evidence"}

// noClock are the packages that never ask a clock or a network: time is an input, and replay is the same path.
var noClock = []string{"words", "cell", "modem/at", "modem/diag", "modem/dialect", "modem/remap", "air", "air/uper", "air/capture", "analyzer", "analyzer/rules", "analyzer/locate", "review/evidence", "review/gazetteer", "monitor/pipeline", "witness"}

// noNetwork are further packages that talk to no network.
var noNetwork = []string{"storage", "storage/transfer"}

// ownFiles may make and change files by name: sysfs, and the socket in the service's own directory.
var ownFiles = []string{"alert/led.go", "monitor/serve.go"}

// only names who alone may import a module: promises are easier to keep behind one door.
var only = map[string]string{
	"go.bug.st/serial":              "modem/port.go",
	"github.com/ncruces/go-sqlite3": "storage/driver",
	"github.com/creack/pty":         "modem/emulator/",
	"github.com/alecthomas/kong":    "cmd/vigie/",
	"github.com/influxdata":         "storage/influx/",
	"github.com/coreos/go-systemd":  "monitor/",
	"github.com/nicholas-fedor":     "alert/",
	"github.com/eclipse":            "alert/",
}

type source struct {
	path string // from the root, with slashes
	pkg  string
	test bool
	file *ast.File
	size int // lines
	fset *token.FileSet
}

// lines is how many lines a function has.
func (s source) lines(f *ast.FuncDecl) int {
	return s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); p != "." && (strings.HasPrefix(n, ".") || n == "testdata" || n == "bin" || n == "build" || n == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || !strings.Contains(p, string(filepath.Separator)) {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s := filepath.ToSlash(p)
		all = append(all, source{s, path.Dir(s), strings.HasSuffix(s, "_test.go"), f, fset.Position(f.FileEnd).Line, fset})
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestWhoMayImportWhom(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := mayImport[s.pkg]
		allowed = append(slices.Clone(allowed), "words") // everybody may
		if !known {
			t.Errorf("%s: package %s is not in the house plan; add it to mayImport with what it may import", s.path, s.pkg)
			continue
		}
		for _, im := range s.file.Imports {
			p, _ := strconv.Unquote(im.Path.Value)
			ours, isOurs := strings.CutPrefix(p, "vigie/")
			switch {
			case isOurs && s.test: // tests may reach further, but nothing outside cmd imports cmd
				if strings.HasPrefix(ours, "cmd/") && !strings.HasPrefix(s.path, "cmd/") {
					t.Errorf("%s imports %s: nothing outside cmd imports it", s.path, ours)
				}
			case isOurs && slices.Contains(forTests, ours) && !slices.Contains(forTests, s.pkg):
				t.Errorf("%s imports %s, which is for tests only", s.path, ours)
			case isOurs && ours != s.pkg && !slices.Contains(allowed, ours):
				t.Errorf("%s imports %s: %s may import only %v", s.path, ours, s.pkg, allowed)
			case !isOurs && !s.test && slices.Contains(standardOnly, s.pkg) && strings.Contains(strings.Split(p, "/")[0], "."):
				t.Errorf("%s imports %s: %s uses the standard library only", s.path, p, s.pkg)
			}
			for module, where := range only {
				if (p == module || strings.HasPrefix(p, module+"/")) && !s.test && !strings.HasPrefix(s.path, where) {
					t.Errorf("%s imports %s: only %s may", s.path, p, where)
				}
			}
		}
	}
}

func TestBans(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			for _, use := range calls(s.file, "time", "Sleep") {
				t.Errorf("%s: time.%s: tests do not sleep to wait", s.path, use)
			}
			continue
		}
		for _, im := range s.file.Imports {
			p, _ := strconv.Unquote(im.Path.Value)
			if p == "os/exec" && s.pkg != "storage/influxdtest" {
				t.Errorf("%s imports os/exec: Vigie starts no programs", s.path)
			}
			if slices.Contains(noHTML, s.pkg) && p == "html/template" {
				t.Errorf("%s imports %s: %s makes no pages", s.path, p, s.pkg)
			}
			if (slices.Contains(noClock, s.pkg) || slices.Contains(noNetwork, s.pkg)) && (p == "net" || strings.HasPrefix(p, "net/") && p != "net/url") {
				t.Errorf("%s imports %s: %s speaks to no network", s.path, p, s.pkg)
			}
		}
		if !slices.Contains(ownFiles, s.path) && !slices.Contains(forTests, s.pkg) && s.pkg != "safefile" && s.pkg != "modem/emulator" {
			for _, use := range calls(s.file, "os", "Create", "WriteFile", "Chown", "Lchown", "Chmod", "Symlink", "Truncate") {
				t.Errorf("%s: os.%s follows a link of the owner of the directory: package safefile makes files", s.path, use)
			}
		}
		if strings.HasPrefix(s.pkg, "cmd/") {
			for _, use := range calls(s.file, "os", "OpenFile", "CreateTemp", "Remove", "Rename") {
				t.Errorf("%s: os.%s in a command: package safefile works with the rights of who controls the path", s.path, use)
			}
			for _, use := range calls(s.file, "storage", "Open") {
				if s.path != "cmd/vigie/config/store.go" {
					t.Errorf("%s: storage.%s: StoreFlags.Open gives up root's rights first", s.path, use)
				}
			}
		}
		if slices.Contains(noClock, s.pkg) {
			for _, use := range calls(s.file, "time", "Now", "Since", "Until") {
				t.Errorf("%s: time.%s: time is an input in %s", s.path, use, s.pkg)
			}
		}
	}
}

// calls lists which of the names of a package a file uses.
func calls(f *ast.File, pkg string, names ...string) []string {
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == pkg && x.Obj == nil && slices.Contains(names, sel.Sel.Name) {
				found = append(found, sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	docs := map[string]string{}
	for _, s := range sources(t) {
		if !s.test && s.file.Doc != nil {
			docs[s.pkg] += s.file.Doc.Text()
		}
	}
	for pkg := range mayImport {
		if _, err := os.Stat(pkg); err != nil {
			t.Errorf("package %s of the house plan is not there", pkg)
			continue
		}
		if len(docs[pkg]) < 80 {
			t.Errorf("package %s does not say what it is for and what it refuses to do", pkg)
		}
	}
}

// The product does not grow back into package main: it is flags, one Run a command, and sentences. A later command may add
// 40 lines to the ceiling, and says so.
func TestPackageMainStaysSmall(t *testing.T) {
	const mostLines, mostOfFunction = 4500 + 8*40, 80 // 4,500, and vigie scrub, export --pcap, config, help, version, completion, store, locate
	lines := 0
	for _, s := range sources(t) {
		if s.pkg != "cmd/vigie" || s.test {
			continue
		}
		lines += s.size
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.lines(f) > mostOfFunction {
				t.Errorf("%s: %s has %d lines: split it (most %d)", s.path, f.Name.Name, s.lines(f), mostOfFunction)
			}
		}
	}
	if lines > mostLines {
		t.Errorf("cmd/vigie has %d lines without tests and sub-rooms: move what others could use down (most %d)", lines, mostLines)
	}
}

func TestFilesStaySmall(t *testing.T) {
	const most = 550
	for _, s := range sources(t) {
		if s.size > most && !s.test && !strings.Contains(s.path, "bands_") {
			t.Errorf("%s has %d lines: split it (most %d)", s.path, s.size, most)
		}
	}
}

// Recorded modem lines are shipped; subscriber and device identity never is. Cell identities in hex of 16 digits and times
// are told apart by what stands before them.
func TestNoIdentityInWhatWeShip(t *testing.T) {
	run := regexp.MustCompile(`(?i)\b(?:imsi|imei|iccid|ccid)\b["':= ]{1,4}\d{10,}|(?:^|[^.\d])\d{15}\b|(?:^|[^.\d])89\d{17,18}\b`)
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == ".git" || n == "bin" || n == "build" || n == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.Contains(filepath.ToSlash(p), "testdata/") && !strings.HasSuffix(p, ".txtar") && !strings.HasSuffix(p, ".md") {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, m := range run.FindAllString(string(data), -1) {
			if strings.Trim(m, `0"':=, imsiecdIMSIECD`) != "" {
				t.Errorf("%s: %q looks like the identity of somebody", p, m)
			}
		}
		return nil
	})
	require.NoError(t, err)
}
