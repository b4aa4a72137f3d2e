package manual

import (
	"fmt"
	"iter"
	"strings"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/console"
)

// Pages are all manual pages by the names of their files: vigie.1, and one for each command, such as vigie-celldb-import.1.
func Pages(app *kong.Application, version, about, exit string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, n := range nodes(app.Node) {
			if !yield(pageName(app, n)+".1", Man(app, n, version, about, exit)) {
				return
			}
		}
	}
}

// nodes are a command and all that are below it, without hidden ones.
func nodes(node *kong.Node) []*kong.Node {
	all := []*kong.Node{node}
	for _, n := range node.Children {
		if !n.Hidden {
			all = append(all, nodes(n)...)
		}
	}
	return all
}

func pageName(app *kong.Application, n *kong.Node) string {
	if n == app.Node {
		return app.Name
	}
	return app.Name + "-" + strings.ReplaceAll(pathOf(n), " ", "-")
}

// Man is the manual page of a command, in the macros of man(7); that of the program for its root.
func Man(app *kong.Application, node *kong.Node, version, about, exit string) string {
	var b strings.Builder
	name := pageName(app, node)
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s\" \"User Commands\"\n.ad l\n.nh\n.SH NAME\n", roff(strings.ToUpper(name)), roff(version))
	if node == app.Node {
		fmt.Fprintf(&b, "%s \\- passive lookout over the cell towers around\n", roff(name))
		fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.RI \" command \" [ flags ]\n.SH DESCRIPTION\n%s\n", app.Name, roff(about))
		manCommands(&b, app)
		manFlags(&b, "OPTIONS", app.Flags)
	} else {
		summary, _, _ := strings.Cut(node.Help, ". ")
		fmt.Fprintf(&b, "%s \\- %s\n.SH SYNOPSIS\n%s\n.SH DESCRIPTION\n%s\n", roff(name), roff(strings.ToLower(summary[:1])+strings.TrimSuffix(summary[1:], ".")), roff(Usage(app, node)), roff(node.Help))
		if len(node.Positional) > 0 {
			b.WriteString(".SH ARGUMENTS\n")
			for _, a := range node.Positional {
				fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(a.Name), roff(a.Help))
			}
		}
		if subs := nodes(node)[1:]; len(subs) > 0 {
			b.WriteString(".SH COMMANDS\n")
			for _, n := range subs {
				fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(pageName(app, n)), roff(n.Help))
			}
		}
		manFlags(&b, "OPTIONS", node.Flags)
		manFlags(&b, "OPTIONS OF EVERY COMMAND", app.Flags)
	}
	if all := Examples(node); len(all) > 0 && node != app.Node {
		b.WriteString(".SH EXAMPLES\n")
		for _, e := range all {
			fmt.Fprintf(&b, ".TP\n%s:\n.B %s\n", roff(e.For), roff(e.Command))
		}
	}
	b.WriteString(".SH FILES\n.TP\n.I ~/.config/vigie/vigie.toml\nThe configuration of a user.\n.TP\n.I /etc/vigie/vigie.toml\nThat of the computer, and of the service.\n" +
		".TP\n.I ~/.local/share/vigie/vigie.db\nThe store of a user.\n.TP\n.I /var/lib/vigie/vigie.db\nThat of the service.\n")
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n.SH SEE ALSO\n", roff(console.Capitalise(strings.TrimPrefix(exit, "Exit status: "))))
	if node == app.Node {
		b.WriteString(".BR systemctl (1),\n.BR journalctl (1)\n")
	} else {
		fmt.Fprintf(&b, ".BR %s (1)\n", app.Name)
	}
	return b.String()
}

// manCommands lists all commands, in their groups.
func manCommands(b *strings.Builder, app *kong.Application) {
	b.WriteString(".SH COMMANDS\n")
	for title, commands := range grouped(app) {
		fmt.Fprintf(b, ".SS %s\n", roff(title))
		for _, n := range commands {
			for _, c := range nodes(n) {
				fmt.Fprintf(b, ".TP\n.BR %s (1)\n%s\n", roff(pageName(app, c)), roff(c.Help))
			}
		}
	}
}

func manFlags(b *strings.Builder, title string, flags []*kong.Flag) {
	some := false
	for _, f := range flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		if !some {
			fmt.Fprintf(b, ".SH %s\n", title)
		}
		some = true
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(f.String()), roff(f.Help))
	}
}

// roff makes text harmless to troff: what begins a request, and hyphens that are to be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
