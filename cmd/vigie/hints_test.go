package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/config"
	"vigie/cmd/vigie/manual"
)

// prose are words that may follow the name of the program in a sentence, and are no command.
var prose = []string{"may", "first", "made", "makes", "that", "is", "and", "with", "one", "as", "before", "after", "by", "to", "does", "from", "again", "itself", "here", "on", "there", "in", "into", "wrote", "runs", "process",
	"mqtt", "cells", "tail"} // and the beginnings of files and of a name

// guide follows what the program tells people to type: commands, flags, sections and keys of the configuration.
type guide struct {
	app      *kong.Application
	flags    map[string]bool // of any command
	sections map[string]bool
	keys     map[string]bool
}

func newGuide(t *testing.T) *guide {
	g := &guide{commandTree(t).Model, map[string]bool{"no-pager": true}, map[string]bool{}, map[string]bool{}}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			g.flags[f.Name] = true
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(g.app.Node)
	for l := range strings.Lines(config.Example()) {
		l = strings.TrimSpace(l)
		if name, ok := strings.CutPrefix(l, "["); ok {
			g.sections[strings.TrimSuffix(name, "]")] = true
		} else if key, _, ok := strings.Cut(l, " = "); ok && strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "# ") {
			g.keys[key[1:]] = true
		}
	}
	require.True(t, g.sections["influx"] && g.keys["token_file"] && g.flags["passphrase-file"])
	return g
}

var (
	calledProgram = regexp.MustCompile(`(?:^|[^\w./-])(?:bin/)?vigie ([^\n]*)`)
	otherVigie    = regexp.MustCompile(`\b(start|restart|reload|stop|enable|edit|now|u|aG|security|group|user|utilisateur|log of|journal de|purge|install|remove) vigie `)
	otherProgram  = regexp.MustCompile(`\b(useradd|usermod|groupadd|udevadm|systemctl|osv-scanner|score\.py|systemd-creds|nmcli|install|journalctl)\b`)
	anyFlag       = regexp.MustCompile(`(?:^|[\s(\x60"'|])--([a-z][a-z0-9-]+)`)
	section       = regexp.MustCompile(`(?:^|[\s(\x60"])\[\[?([a-z_]+)\]`)
	keyed         = regexp.MustCompile(`(?:^|[\s(\x60"])([a-z_]+) = (?:true|false|"|\d|\[)`)
	clauseEnd     = regexp.MustCompile("[`;,()|<>\"']|: |\\.(?:\\s|$)| && | vigie | and | or | in |#")
)

// follow returns what of a text leads nowhere.
func (g *guide) follow(text string, everyFlag bool) (wrong []string) {
	text = otherVigie.ReplaceAllString(text, "$1 it ")
	for _, m := range calledProgram.FindAllStringSubmatch(text, -1) {
		rest := m[1]
		for more := calledProgram.FindStringSubmatch(rest); more != nil; more = calledProgram.FindStringSubmatch(more[1]) {
			wrong = append(wrong, g.command(more[1])...)
		}
		wrong = append(wrong, g.command(rest)...)
	}
	if everyFlag && !otherProgram.MatchString(text) {
		for _, m := range anyFlag.FindAllStringSubmatch(text, -1) {
			if !g.flags[m[1]] {
				wrong = append(wrong, "no command has a flag --"+m[1])
			}
		}
	}
	for _, m := range section.FindAllStringSubmatch(text, -1) {
		if !g.sections[m[1]] {
			wrong = append(wrong, "no section ["+m[1]+"]")
		}
	}
	return wrong
}

// command follows what stands behind the name of the program.
func (g *guide) command(rest string) (wrong []string) {
	if end := clauseEnd.FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	var words, flags []string
	tokens := strings.Fields(rest)
	if len(tokens) > 1 && (tokens[0] == "--config" || tokens[0] == "--color") {
		tokens = tokens[2:]
	}
	if len(tokens) > 0 && strings.HasPrefix(tokens[0], "--") { // of the program itself
		return nil
	}
	for _, w := range tokens {
		switch {
		case strings.HasPrefix(w, "--"):
			name, _, _ := strings.Cut(strings.TrimRight(w[2:], ".?!"), "=")
			flags = append(flags, name)
		case len(flags) == 0 || len(words) == 0:
			words = append(words, strings.TrimRight(w, ".?!"))
		}
	}
	if len(words) == 0 || slices.Contains(prose, words[0]) || !regexp.MustCompile(`^[a-z]+$`).MatchString(words[0]) {
		return nil
	}
	node, used := manual.Find(g.app, words)
	if used == 0 {
		return []string{"there is no command vigie " + words[0]}
	}
	if used < len(words) && len(node.Children) > 0 && node.DefaultCmd == nil && regexp.MustCompile(`^[a-z]+$`).MatchString(words[used]) && !slices.Contains(prose, words[used]) {
		wrong = append(wrong, "there is no command vigie "+strings.Join(words[:used+1], " "))
	}
	known := slices.Clone(node.Flags)
	for n := node.Parent; n != nil; n = n.Parent {
		known = append(known, n.Flags...)
	}
	if node.DefaultCmd != nil {
		known = append(known, node.DefaultCmd.Flags...)
	}
	for _, name := range flags {
		if name != "help" && !slices.ContainsFunc(known, func(f *kong.Flag) bool { return f.Name == name }) {
			wrong = append(wrong, "vigie "+node.Path()+" has no flag --"+name)
		}
	}
	return wrong
}

// The test itself finds what leads nowhere.
func TestHintsAreFollowed(t *testing.T) {
	g := newGuide(t)
	for text, want := range map[string]string{
		"leave --no-tls out":                              "no command has a flag --no-tls",
		"vigie influx init --token-file F makes it":       "vigie influx init has no flag --token-file",
		"run vigie influx start":                          "there is no command vigie influx start",
		"vigie frobnicate does it; vigie watch too":       "there is no command vigie frobnicate",
		"write it under [alerts]":                         "no section [alerts]",
		"vigie events lists them; vigie review --listn X": "vigie review has no flag --listn",
	} {
		require.Contains(t, g.follow(text, true), want, text)
	}
	require.Empty(t, g.follow("vigie events show ID shows it, `sudo vigie --config x status --json`; another vigie may be there: [alert] to_file", true))
}

// Whatever the program says leads somewhere: each command, each flag of it, each section of the configuration that a text names.
func TestEveryHintLeadsSomewhere(t *testing.T) {
	g := newGuide(t)
	hints := 0
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (strings.HasPrefix(name, ".") && len(name) > 2 || slices.Contains([]string{"testdata", "bin", "build", "tools", "emulator", "influxdtest"}, name)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			require.NoError(t, err)
			if strings.Contains(text, "vigie ") || strings.Contains(text, "--") {
				hints++
			}
			for _, wrong := range g.follow(text, strings.HasPrefix(path, "../../cmd/vigie/") && !strings.Contains(path, "/manual/") || !strings.Contains(path, "/cmd/")) {
				t.Errorf("%s: %s: %q", files.Position(lit.Pos()), wrong, text)
			}
			return true
		})
		return nil
	}))
	require.Greater(t, hints, 200)
	words, err := filepath.Glob("../../words/*.json")
	require.NoError(t, err)
	more, err := filepath.Glob("../../words/rules/*.json")
	require.NoError(t, err)
	for _, path := range append(words, more...) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for i, l := range strings.Split(string(text), "\n") {
			for _, wrong := range g.follow(strings.ReplaceAll(l, `\"`, `"`), true) {
				t.Errorf("%s:%d: %s: %s", path, i+1, wrong, l)
			}
		}
	}
}

// The pages name commands, flags and sections that exist, and what they show can be typed.
func TestThePagesNameWhatExists(t *testing.T) {
	g := newGuide(t)
	seen := 0
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (strings.HasPrefix(name, ".") && len(name) > 2 || slices.Contains([]string{"testdata", "bin", "build", "decisions"}, name)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".md") || d.Name() == "CHANGELOG.md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, l := range strings.Split(string(text), "\n") {
			code := regexp.MustCompile("`[^`]+`").FindAllString(l, -1)
			if strings.HasPrefix(l, "    ") {
				code = append(code, l)
			}
			for _, c := range code {
				seen++
				for _, wrong := range g.follow(strings.Trim(c, "`"), strings.Contains(c, "vigie")) {
					t.Errorf("%s:%d: %s: %s", path, i+1, wrong, c)
				}
			}
			for _, m := range keyed.FindAllStringSubmatch(l, -1) {
				if strings.HasPrefix(l, "    ") && !g.keys[m[1]] && strings.Contains(path, "README") {
					t.Errorf("%s:%d: no key %s", path, i+1, m[1])
				}
			}
		}
		return nil
	}))
	require.Greater(t, seen, 300)
}

// The headings of the page on troubleshooting are messages that the program prints.
func TestTroubleshootingHasRealMessages(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	require.NoError(t, err)
	var code strings.Builder
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			text, err := os.ReadFile(path)
			code.Write(text)
			return err
		}
		return err
	}))
	messages := 0
	for _, m := range regexp.MustCompile("(?m)^### `(.+)`$").FindAllStringSubmatch(string(page), -1) {
		messages++
		var parts []string
		for _, part := range strings.Split(m[1], "…") {
			parts = append(parts, regexp.QuoteMeta(strings.TrimPrefix(part, ": ")))
		}
		require.Regexp(t, `["\x60][^"\n]*`+strings.Join(parts, `[^"\n]*`), code.String(), "nothing prints %q", m[1])
	}
	require.Greater(t, messages, 15)
}

// The README is short enough to be read, and docs/README.md lists every page.
func TestTheIndexIsComplete(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	require.Less(t, strings.Count(string(readme), "\n"), 120)
	index, err := os.ReadFile("../../docs/README.md")
	require.NoError(t, err)
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		if name := filepath.Base(page); name != "README.md" {
			require.Contains(t, string(index), "]("+name+")", "docs/README.md does not list %s", name)
		}
	}
}
