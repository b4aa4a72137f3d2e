package manual

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Shells are those that Completion writes a script for.
var Shells = []string{"bash", "zsh", "fish"}

// Completion is a script that completes commands, flags, their closed sets of values, and files.
func Completion(app *kong.Application, shell string) string {
	switch shell {
	case "bash":
		return bash(app)
	case "zsh":
		return zsh(app)
	}
	return fish(app)
}

// flagsOf are the visible flags of a command, its parents and the program.
func flagsOf(node *kong.Node) (all []*kong.Flag) {
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			if !f.Hidden {
				all = append(all, f)
			}
		}
	}
	return all
}

func takesValue(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// values are the closed set that a flag or an argument takes; empty if it is not closed.
func values(v *kong.Value) (all []string) {
	for _, one := range strings.Split(v.Enum, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// takesFiles reports whether an argument of a command is a file.
func takesFiles(node *kong.Node) bool {
	return slices.ContainsFunc(node.Positional, func(a *kong.Positional) bool { return len(values(a)) == 0 && len(commandsNamed(node, a)) == 0 })
}

// commandsNamed are the names of all commands, for an argument that is one.
func commandsNamed(node *kong.Node, a *kong.Positional) (names []string) {
	if a.Name != "command" {
		return nil
	}
	root := node
	for root.Parent != nil {
		root = root.Parent
	}
	return childNames(root)
}

// words are what may come in the place of an argument of a command: its own commands, the closed sets of its arguments, the names
// of commands.
func words(node *kong.Node) (all []string) {
	all = childNames(node)
	for _, a := range node.Positional {
		all = append(append(all, values(a)...), commandsNamed(node, a)...)
	}
	if node.DefaultCmd != nil {
		all = append(all, words(node.DefaultCmd)...)
	}
	return all
}

func childNames(node *kong.Node) (names []string) {
	for _, n := range node.Children {
		if !n.Hidden {
			names = append(names, n.Name)
		}
	}
	return names
}

// flagNames are the names of flags, each with its dashes.
func flagNames(flags []*kong.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, "--"+f.Name)
	}
	return names
}

// effective is the command whose flags are taken: the default one where there is one.
func effective(node *kong.Node) *kong.Node {
	if node.DefaultCmd != nil {
		return node.DefaultCmd
	}
	return node
}

// bash uses no function but those of the shell itself: bash-completion need not be installed.
func bash(app *kong.Application) string {
	var b strings.Builder
	name := app.Name
	fmt.Fprintf(&b, "# Completion of %[1]s for bash, made by \"%[1]s completion bash\".\n# shellcheck shell=bash\n_%[1]s() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= word i flags= words= files=\n"+
		"\tCOMPREPLY=()\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tword=${COMP_WORDS[i]}\n\t\tcase \"$path $word\" in\n", name)
	for _, n := range nodes(app.Node)[1:] {
		fmt.Fprintf(&b, "\t\t%q) path=%q ;;\n", " "+strings.TrimSpace(pathOf(n.Parent)+" "+n.Name), " "+pathOf(n))
	}
	b.WriteString("\t\tesac\n\tdone\n\tcase $prev in\n")
	closed := map[string][]string{}
	var open []string
	for _, n := range nodes(app.Node) {
		for _, f := range n.Flags {
			switch set := values(f.Value); {
			case f.Hidden || !takesValue(f):
			case len(set) > 0:
				closed["--"+f.Name] = set
			default:
				open = append(open, "--"+f.Name)
			}
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(closed)) {
		fmt.Fprintf(&b, "\t%s) mapfile -t COMPREPLY < <(compgen -W %q -- \"$cur\"); return ;;\n", flag, strings.Join(closed[flag], " "))
	}
	slices.Sort(open)
	fmt.Fprintf(&b, "\t%s) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames 2>/dev/null; return ;;\n\tesac\n\tcase $path in\n", strings.Join(slices.Compact(open), "|"))
	for _, n := range nodes(app.Node) {
		files := ""
		if takesFiles(effective(n)) {
			files = " files=1"
		}
		path := ""
		if n != app.Node {
			path = " " + pathOf(n)
		}
		fmt.Fprintf(&b, "\t%q) flags=%q words=%q%s ;;\n", path, strings.Join(flagNames(flagsOf(effective(n))), " "), strings.Join(words(n), " "), files)
	}
	fmt.Fprintf(&b, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n\t\treturn\n\tfi\n"+
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\tif [[ $files && ${#COMPREPLY[@]} -eq 0 ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\t\tcompopt -o filenames 2>/dev/null\n\tfi\n}\ncomplete -F _%[1]s %[1]s\n", name)
	return b.String()
}

func zsh(app *kong.Application) string {
	var b strings.Builder
	name := app.Name
	fmt.Fprintf(&b, "#compdef %[1]s\n# Completion of %[1]s for zsh, made by \"%[1]s completion zsh\": put it into a directory of $fpath as _%[1]s.\n_%[1]s() {\n\tlocal path_='' word i\n\tlocal -a flags commands plain\n"+
		"\tfor ((i = 2; i < CURRENT; i++)); do\n\t\tword=${words[i]}\n\t\tcase \"$path_ $word\" in\n", name)
	for _, n := range nodes(app.Node)[1:] {
		fmt.Fprintf(&b, "\t\t%s) path_=%s ;;\n", single(" "+strings.TrimSpace(pathOf(n.Parent)+" "+n.Name)), single(" "+pathOf(n)))
	}
	b.WriteString("\t\tesac\n\tdone\n\tcase \"$path_\" in\n")
	for _, n := range nodes(app.Node) {
		path := ""
		if n != app.Node {
			path = " " + pathOf(n)
		}
		fmt.Fprintf(&b, "\t%s)\n\t\tflags=(", single(path))
		seen := map[string]bool{}
		for _, f := range flagsOf(effective(n)) {
			if seen[f.Name] {
				continue
			}
			seen[f.Name] = true
			text := "--" + f.Name + "[" + strings.NewReplacer("[", "(", "]", ")", ":", ",").Replace(f.Help) + "]"
			if takesValue(f) {
				text = "--" + f.Name + "=[" + strings.NewReplacer("[", "(", "]", ")", ":", ",").Replace(f.Help) + "]:value:"
				if set := values(f.Value); len(set) > 0 {
					text += "(" + strings.Join(set, " ") + ")"
				} else {
					text += "_files"
				}
			}
			fmt.Fprintf(&b, " %s", single(text))
		}
		b.WriteString(")\n\t\tcommands=(")
		for _, c := range n.Children {
			if !c.Hidden {
				fmt.Fprintf(&b, " %s", single(c.Name+":"+strings.ReplaceAll(c.Help, ":", ",")))
			}
		}
		b.WriteString(")\n\t\tplain=(")
		for _, w := range words(n)[len(childNames(n)):] {
			fmt.Fprintf(&b, " %s", single(w))
		}
		b.WriteString(") ;;\n")
	}
	fmt.Fprintf(&b, "\tesac\n\tif [[ $PREFIX == -* || ${words[CURRENT-1]} == --* ]]; then\n\t\t_arguments -S $flags\n\t\treturn\n\tfi\n"+
		"\t(( $#commands )) && _describe command commands\n\t(( $#plain )) && compadd -- $plain\n\t(( $#commands || $#plain )) || _files\n}\nif [[ $funcstack[1] == _%[1]s ]]; then\n\t_%[1]s\nelse\n\tcompdef _%[1]s %[1]s\nfi\n", name)
	return b.String()
}

func fish(app *kong.Application) string {
	var b strings.Builder
	name := app.Name
	fmt.Fprintf(&b, "# Completion of %[1]s for fish, made by \"%[1]s completion fish\": put it into ~/.config/fish/completions/%[1]s.fish.\n"+
		"function __%[1]s_at\n\tset -l path ''\n\tfor word in (commandline -opc)[2..-1]\n\t\tswitch \"$path $word\"\n", name)
	for _, n := range nodes(app.Node)[1:] {
		fmt.Fprintf(&b, "\t\t\tcase %s\n\t\t\t\tset path %s\n", single(" "+strings.TrimSpace(pathOf(n.Parent)+" "+n.Name)), single(" "+pathOf(n)))
	}
	b.WriteString("\t\tend\n\tend\n\ttest \"$path\" = \"$argv\"\nend\n")
	fmt.Fprintf(&b, "complete -c %s -f\n", name)
	for _, n := range nodes(app.Node) {
		path := ""
		if n != app.Node {
			path = " " + pathOf(n)
		}
		at := fmt.Sprintf("complete -c %s -n %s", name, single(fmt.Sprintf("__%s_at \"%s\"", name, path)))
		for _, c := range n.Children {
			if !c.Hidden {
				fmt.Fprintf(&b, "%s -a %s -d %s\n", at, single(c.Name), single(c.Help))
			}
		}
		for _, w := range words(n)[len(childNames(n)):] {
			fmt.Fprintf(&b, "%s -a %s\n", at, single(w))
		}
		if takesFiles(effective(n)) {
			fmt.Fprintf(&b, "%s -F\n", at)
		}
		for _, f := range flagsOf(effective(n)) {
			fmt.Fprintf(&b, "%s -l %s", at, f.Name)
			if f.Short != 0 {
				fmt.Fprintf(&b, " -s %c", f.Short)
			}
			if set := values(f.Value); len(set) > 0 && takesValue(f) {
				fmt.Fprintf(&b, " -x -a %s", single(strings.Join(set, " ")))
			} else if takesValue(f) {
				b.WriteString(" -r -F")
			}
			fmt.Fprintf(&b, " -d %s\n", single(f.Help))
		}
	}
	return b.String()
}

// single quotes text for a shell, in single quotes.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
