package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/console"
)

// ManCmd prints the manual page, made from the help of the commands, so that the two agree.
type ManCmd struct{}

// Run prints it in the man macros (man(7)).
func (ManCmd) Run(p *console.Program, k *kong.Kong) error {
	var b strings.Builder
	about, examples, _ := strings.Cut(description, "\n\n")
	examples, exit, _ := strings.Cut(examples, "\n\n")
	fmt.Fprintf(&b, ".TH VIGIE 1 \"\" \"%s\" \"User Commands\"\n.SH NAME\nvigie \\- passive lookout over the cell towers around\n", roff(versionText()))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B vigie\n.RI [ options ] \" command \" [ arguments ]\n.SH DESCRIPTION\n%s\n.PP\n.nf\n%s\n.fi\n", roff(about), roff(examples))
	b.WriteString(".SH OPTIONS\n")
	manFlags(&b, k.Model.Node)
	b.WriteString(".SH COMMANDS\n")
	for _, n := range k.Model.Leaves(true) {
		var args []string
		for _, a := range n.Positional {
			args = append(args, a.Summary())
		}
		fmt.Fprintf(&b, ".SS \"%s\"\n%s\n", roff(strings.TrimSpace(n.Path()+" "+strings.Join(args, " "))), roff(n.Help))
		for _, a := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(a.Name), roff(a.Help))
		}
		manFlags(&b, n)
	}
	fmt.Fprintf(&b, ".SH FILES\n.TP\n.I ~/.config/vigie/vigie.toml\nThe configuration of a user.\n.TP\n.I /etc/vigie/vigie.toml\nThat of the computer, and of the service.\n"+
		".TP\n.I ~/.local/share/vigie/vigie.db\nThe store of a user.\n.TP\n.I /var/lib/vigie/vigie.db\nThat of the service.\n")
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n.SH SEE ALSO\n.BR systemctl (1),\n.BR journalctl (1)\n", roff(console.Capitalise(strings.TrimPrefix(exit, "Exit status: "))))
	p.Out.Printf("%s", b.String())
	return nil
}

func manFlags(b *strings.Builder, n *kong.Node) {
	for _, f := range n.Flags {
		if !f.Hidden && f.Name != "help" {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(f.String()), roff(f.Help))
		}
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
