package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"vigie/cmd/vigie/manual"
)

// commandTree is the real command tree.
func commandTree(t *testing.T) *kong.Kong {
	t.Helper()
	k, err := parserOf(&CLI{}, io.Discard, io.Discard, func(int) { panic(stopped{}) })
	require.NoError(t, err)
	return k
}

// commands are all commands that are shown, by their words.
func commands(t *testing.T) (leaves, all map[string]*kong.Node) {
	leaves, all = map[string]*kong.Node{}, map[string]*kong.Node{}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, c := range n.Children {
			if !c.Hidden {
				all[c.Path()] = c
				if len(c.Children) == 0 {
					leaves[c.Path()] = c
				}
				walk(c)
			}
		}
	}
	walk(commandTree(t).Model.Node)
	require.Greater(t, len(leaves), 35)
	return leaves, all
}

// parses returns what is wrong with a command line; files that it names need not be there.
func parses(t *testing.T, args []string) (err error) {
	k := commandTree(t)
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(stopped); !ok {
				panic(r)
			}
		}
	}()
	if _, err = k.Parse(args); err != nil && (strings.Contains(err.Error(), "no such file") || strings.Contains(err.Error(), "$CREDENTIAL")) {
		err = nil
	}
	return err
}

// typed are the command lines of vigie in a line of a shell.
func typed(line string) (all [][]string) {
	for _, one := range regexp.MustCompile(`\|\||&&|[|;]`).Split(line, -1) {
		words := strings.Fields(strings.NewReplacer("'", " ' ", `"`, "").Replace(one))
		for len(words) > 0 && (words[0] == "sudo" || words[0] == "-u" || len(words) > 1 && words[0] == "vigie" && words[1] == "vigie" || words[0] == "ssh" || strings.Contains(words[0], "=")) {
			if words = words[1:]; len(words) > 0 && words[0] == "desk" {
				words = words[1:]
			}
		}
		if len(words) == 0 || words[0] != "vigie" && words[0] != "bin/vigie" {
			continue
		}
		for i, w := range words {
			if strings.HasPrefix(w, ">") || strings.HasPrefix(w, "<") || w == "#" {
				words = words[:i]
				break
			}
		}
		all = append(all, words[1:])
	}
	return all
}

// Every command has help, a group, and examples that the command line takes; no example is of a command that is gone.
func TestEveryCommandIsExplained(t *testing.T) {
	leaves, all := commands(t)
	for name, n := range all {
		require.NotEmpty(t, n.Help, "%s: no help", name)
		require.NotEmpty(t, manual.Examples(n), "%s: write an example into cmd/vigie/manual/examples.txt", name)
		if n.Parent.Parent == nil {
			require.NotNil(t, n.Group, "%s: give it the tag group, one of manual.Groups", name)
			require.True(t, slices.ContainsFunc(manual.Groups, func(g kong.Group) bool { return g.Key == n.Group.Key }), "%s: no group %q", name, n.Group.Key)
		}
		for _, f := range n.Flags {
			require.True(t, f.Hidden || f.Help != "", "%s --%s: no help", name, f.Name)
		}
		for _, a := range n.Positional {
			require.NotEmpty(t, a.Help, "%s %s: no help", name, a.Name)
		}
	}
	for _, name := range manual.Exampled() {
		n := leaves[name]
		require.NotNil(t, n, "examples.txt: there is no command %q", name)
		for _, e := range manual.Examples(n) {
			lines := typed(e.Command)
			require.NotEmpty(t, lines, "%s: %s", name, e.Command)
			require.NotEmpty(t, e.For, e.Command)
			for _, args := range lines {
				require.NoError(t, parses(t, args), "%s: %s", name, e.Command)
			}
			require.True(t, slices.ContainsFunc(lines, func(args []string) bool {
				used := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") || strings.HasSuffix(a, ".toml") })
				node, _ := manual.Find(commandTree(t).Model, used)
				return node.Path() == n.Path() || node.DefaultCmd != nil && node.DefaultCmd.Path() == n.Path()
			}), "%s: %s is an example of another command", name, e.Command)
		}
	}
}

// The help begins with the five commands that people need first, and lists every command once, in its group.
func TestHelpIsGrouped(t *testing.T) {
	out, _ := must(t)
	begin, rest, ok := strings.Cut(out, "\n"+manual.Groups[1].Title+"\n")
	require.True(t, ok)
	_, begin, ok = strings.Cut(begin, "\n"+manual.Groups[0].Title+"\n")
	require.True(t, ok)
	first := regexp.MustCompile(`(?m)^  ([a-z]+)`).FindAllStringSubmatch(begin, -1)
	require.Len(t, first, 5, begin)
	_, all := commands(t)
	for name, n := range all {
		if n.Parent.Parent == nil {
			require.Len(t, regexp.MustCompile(`(?m)^  `+name+`( |$)`).FindAllString(out, -1), 1, name)
		}
	}
	require.NotContains(t, rest, "Further commands")
	for _, args := range [][]string{{"--help"}, {"help"}, {"-h"}} {
		same, _ := must(t, args...)
		require.Equal(t, out, same, "%v", args)
	}
}

// help is a word: of every command it prints what --help prints.
func TestHelpIsAWord(t *testing.T) {
	_, all := commands(t)
	for name := range all {
		words := strings.Fields(name)
		want, _ := must(t, append(words, "--help")...)
		got, _ := must(t, append([]string{"help"}, words...)...)
		require.Equal(t, want, got, name)
		require.Contains(t, got, "\nExamples\n", name)
	}
	_, stderr, status := vigie(t, "help", "events", "nosuch")
	require.Equal(t, 2, status)
	require.Contains(t, stderr, `there is no command "events nosuch"`)
	_, stderr, _ = vigie(t, "help", "wach")
	require.Contains(t, stderr, "hint: did you mean watch? ")
	version, _ := must(t, "version")
	same, _ := must(t, "--version")
	require.Equal(t, same, version)
	require.True(t, strings.HasPrefix(version, "vigie"), version)
}

// A narrow terminal is obeyed: no line is longer than it, but for one word that is.
func TestHelpObeysTheWidth(t *testing.T) {
	_, all := commands(t)
	for _, columns := range []string{"40", "57", "80"} {
		t.Setenv("COLUMNS", columns)
		for name := range all {
			obeysWidth(t, columns, append([]string{"help"}, strings.Fields(name)...)...)
		}
		obeysWidth(t, columns, "help")
	}
}

// Every command has a manual page, of which man makes something.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	must(t, "man", "--dir", dir)
	_, all := commands(t)
	for name, n := range all {
		text, err := os.ReadFile(filepath.Join(dir, "vigie-"+strings.ReplaceAll(name, " ", "-")+".1"))
		require.NoError(t, err)
		page := strings.ReplaceAll(string(text), `\-`, "-")
		for _, part := range []string{".SH NAME", ".SH SYNOPSIS", ".SH EXAMPLES", ".SH EXIT STATUS"} {
			require.Contains(t, page, part, name)
		}
		for _, f := range n.Flags {
			require.True(t, f.Hidden || f.Name == "help" || strings.Contains(page, "--"+f.Name), "%s --%s", name, f.Name)
		}
		printed, _ := must(t, append([]string{"man"}, strings.Fields(name)...)...)
		require.Equal(t, string(text), printed)
	}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, len(all)+1, "and vigie.1")
	root, _ := must(t, "man")
	for name := range all {
		require.Contains(t, strings.ReplaceAll(root, `\-`, "-"), "vigie-"+strings.ReplaceAll(name, " ", "-")+" (1)")
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Log("SKIPPED: what groff says to the pages, for lack of it. This provides it: apt-get install groff-base")
		return
	}
	for _, f := range files {
		var said bytes.Buffer
		cmd := exec.Command(groff, "-man", "-Tutf8", "-Wbreak", "-wmac", "-z", filepath.Join(dir, f.Name()))
		cmd.Stderr = &said
		require.NoError(t, cmd.Run(), said.String())
		require.Empty(t, said.String())
	}
}

// obeysWidth fails for a line that is longer than the terminal and could be broken.
func obeysWidth(t *testing.T, columns string, args ...string) {
	t.Helper()
	width, err := strconv.Atoi(columns)
	require.NoError(t, err)
	out, _ := must(t, args...)
	for _, l := range strings.Split(out, "\n") {
		if n := len([]rune(l)); n > width {
			require.Len(t, strings.Fields(strings.TrimSuffix(l, " \\")), 1, "%v at %s columns: a line of %d: %q", args, columns, n, l)
		}
	}
}

// On a narrow terminal the commands keep to its width too.
func TestNarrowTerminal(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "v.db")
	newStore(t, db, "")
	conf := writeFile(t, dir, "v.toml", "store = '"+db+"'\n[glance]\ndiscreet = true\n")
	for _, args := range []string{"doctor /dev/null", "status", "events", "rules", "rules --here", "delete --all --yes", "config check", "influx aside", "probe --list", "summaries", "version", "celldb info", "alert test", "homes"} {
		cmd := exec.Command(os.Args[0], append([]string{"--config", conf}, strings.Fields(args)...)...)
		cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "TERM=xterm", "COLUMNS=")
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 40})
		require.NoError(t, err)
		out, _ := io.ReadAll(tty) // ends with an error when the program does
		_ = cmd.Wait()
		require.NotEmpty(t, out, args)
		for _, l := range strings.Split(strings.ReplaceAll(string(out), "\r", "\n"), "\n") {
			l = regexp.MustCompile("\x1b\\[[0-9;]*[mK]").ReplaceAllString(l, "")
			if n := len([]rune(l)); n > 40 {
				require.Len(t, strings.Fields(l), 1, "%s: a line of %d: %q", args, n, l)
			}
		}
	}
}

// What is done is told on request, and never on standard output.
func TestVerbose(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "v.db")
	newStore(t, db, "")
	conf := writeFile(t, dir, "v.toml", "store = '"+db+"'\n")
	quiet, said := must(t, "--config", conf, "export", "-")
	out, told := must(t, "--config", conf, "-v", "export", "-")
	require.Equal(t, quiet, out)
	require.NotContains(t, said, "configuration")
	for _, want := range []string{"command export <file>, configuration " + conf, "store " + db + ": opened for reading, not encrypted", "exit status 0"} {
		require.Contains(t, told, want)
	}
}

// What a person may not read is got by sudo or a group, and never by a change of the store.
func TestPermissionDeniedNamesSudo(t *testing.T) {
	f := newForeign(t, "")
	require.NoError(t, os.Chmod(f.dir, 0o711))
	program := filepath.Join(filepath.Dir(f.dir), "vigie")
	text, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, text, 0o755))
	closed := writeFile(t, f.own, "v.toml", "sensor = 'x'\n")
	require.NoError(t, os.Chmod(f.own, 0o711))
	for _, args := range [][]string{{"events", "--store", f.store}, {"export", "--store", f.store, "-"}, {"backup", "--store", f.store, "/tmp/none.db"}, {"review", "--store", f.store},
		{"events", "--config", closed}, {"replay", closed}, {"status", "--store", f.store}, {"delete", "--all", "--store", f.store}, {"config", "check", "--config", closed}} {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "VIGIE_IS_PROGRAM=1", "HOME=/nonexistent", "RUNTIME_DIRECTORY="+f.dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger + 1, Gid: stranger + 1}}
		out, err := cmd.CombinedOutput()
		require.Error(t, err, "%v: %s", args, out)
		require.Regexp(t, "sudo|group", string(out), "%v", args)
		require.NotRegexp(t, "import|schema|older", string(out), "%v", args)
	}
}

// A shell completes every command, every flag and every closed set of values.
func TestCompletionInBash(t *testing.T) {
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("SKIPPED: no bash. This provides it: apt-get install bash")
	}
	script, _ := must(t, "completion", "bash")
	path := writeFile(t, t.TempDir(), "vigie.bash", script)
	leaves, all := commands(t)
	var asked strings.Builder
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	asked.WriteString("source " + path + "\nask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _vigie; echo \"${COMPREPLY[*]}\"; }\n")
	asked.WriteString("ask vigie ''\nask vigie ev\nask vigie events --severity ''\nask vigie completion ''\nask vigie help wa\n")
	for _, name := range names {
		asked.WriteString("ask vigie " + name + " --\n")
	}
	out, err := exec.Command(shell, "-c", asked.String()).CombinedOutput()
	require.NoError(t, err, string(out))
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	require.Len(t, lines, 5+len(names), string(out))
	for name := range all {
		if !strings.Contains(name, " ") {
			require.Contains(t, strings.Fields(lines[0]), name)
		}
	}
	require.Equal(t, "events", lines[1])
	require.Equal(t, "info low medium high", lines[2])
	require.Equal(t, "bash zsh fish", lines[3])
	require.Equal(t, "watch", lines[4])
	for i, name := range names {
		if n := leaves[name]; n != nil {
			for _, f := range n.Flags {
				require.True(t, f.Hidden || slices.Contains(strings.Fields(lines[5+i]), "--"+f.Name), "%s --%s: %s", name, f.Name, lines[5+i])
			}
		}
	}
}

// The scripts for the other shells are read by them without a complaint, and know a command of a command.
func TestCompletionInOtherShells(t *testing.T) {
	for shell, ask := range map[string]string{
		"zsh":  "autoload -U compinit && compinit -D; source $0; (( $+functions[_vigie] )) && echo known",
		"fish": "source $argv[1]; complete -C 'vigie celldb '",
	} {
		script, _ := must(t, "completion", shell)
		_, all := commands(t)
		for name, n := range all {
			if n.Parent.Parent == nil {
				require.Contains(t, script, "'"+name, shell)
			}
		}
		path := writeFile(t, t.TempDir(), "vigie."+shell, script)
		program, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("SKIPPED: completion in %s, for lack of it. This provides it: apt-get install %s", shell, shell)
			continue
		}
		cmd := exec.Command(program, "-c", ask, path)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=dumb")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Regexp(t, `known|import`, string(out), shell)
	}
}
