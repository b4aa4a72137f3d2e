// Package manual is what the program tells of itself: help in groups, the manual page of every command, completion for three
// shells, and the examples of each. All of it is made from the command tree, so that none of it can disagree with what runs.
//
// It runs no other command and reads no file.
package manual

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/console"
)

// Groups of commands: the keys of the tag group of the command tree, in the order in which they are shown.
var Groups = []kong.Group{
	{Key: "begin", Title: "Begin with"},
	{Key: "run", Title: "Run a monitor"},
	{Key: "store", Title: "Keep, copy and delete what was recorded"},
	{Key: "judge", Title: "Judge and hand on"},
	{Key: "modem", Title: "Modems, recordings and rules"},
	{Key: "self", Title: "About vigie itself"},
}

// Printer is the help printer of kong. width is the number of columns to fill.
func Printer(about, exit string, width func(io.Writer) int) kong.HelpPrinter {
	return func(_ kong.HelpOptions, ctx *kong.Context) error {
		return Help(ctx.Stdout, ctx.Model, ctx.Selected(), about, exit, width(ctx.Stdout))
	}
}

// Help prints the help of a command, or of the program if node is nil.
func Help(w io.Writer, app *kong.Application, node *kong.Node, about, exit string, width int) error {
	h := &page{width: max(width, narrowest)}
	if node == nil || node == app.Node {
		h.program(app, about, exit)
	} else {
		h.command(app, node)
	}
	_, err := w.Write(h.Bytes())
	return err
}

// grouped are the visible commands of the program, by the titles of their groups; what has no group comes last.
func grouped(app *kong.Application) iter.Seq2[string, []*kong.Node] {
	return func(yield func(string, []*kong.Node) bool) {
		for _, g := range append(slices.Clone(Groups), kong.Group{Title: "Further commands"}) {
			var in []*kong.Node
			for _, n := range app.Children {
				if key := ""; !n.Hidden {
					if n.Group != nil {
						key = n.Group.Key
					}
					if key == g.Key {
						in = append(in, n)
					}
				}
			}
			if len(in) > 0 && !yield(g.Title, in) {
				return
			}
		}
	}
}

// Find is the command of these words, and how many of them were used.
func Find(app *kong.Application, names []string) (node *kong.Node, used int) {
	node = app.Node
	for _, name := range names {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name || slices.Contains(n.Aliases, name) })
		if i < 0 {
			return node, used
		}
		node, used = node.Children[i], used+1
	}
	return node, used
}

// Nearest is the command of a parent whose name is most like a word that is none; empty if none is.
func Nearest(parent *kong.Node, word string) string {
	best, name := 3, ""
	for _, n := range parent.Children {
		if d := distance(n.Name, word); d < best && !n.Hidden {
			best, name = d, n.Name
		}
	}
	return name
}

// distance is how many letters are to be changed, added or left out to make one word of another (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// page is a text that is laid out in columns.
type page struct {
	bytes.Buffer
	width int
}

// narrowest is the width that is always filled without a break in the middle of a word of ours.
const narrowest = 40

// text prints a paragraph with an indentation.
func (p *page) text(indent int, text string) {
	fmt.Fprintf(p, "%s%s\n", strings.Repeat(" ", indent), p.wrap(indent, text))
}

// wrap breaks a text that begins in a column, so that each line ends within the width.
func (p *page) wrap(column int, text string) string {
	return strings.ReplaceAll(console.Wrap(text, p.width-column, ""), "\n", "\n"+strings.Repeat(" ", column))
}

// rows prints names with what they mean: next to each other where there is room, else below each other.
func (p *page) rows(rows [][2]string) {
	column := 0
	for _, r := range rows {
		if n := len([]rune(r[0])); n <= p.width/3 {
			column = max(column, n+2)
		}
	}
	if p.width < 70 {
		column = 0
	}
	for _, r := range rows {
		name := []rune(r[0])
		indent := strings.Repeat(" ", 2+column)
		switch {
		case column == 0:
			fmt.Fprintf(p, "  %s\n", r[0])
			p.text(6, r[1])
		case len(name)+2 > column:
			fmt.Fprintf(p, "  %s\n%s%s\n", r[0], indent, p.wrap(len(indent), r[1]))
		default:
			fmt.Fprintf(p, "  %-*s%s\n", column, r[0], p.wrap(len(indent), r[1]))
		}
	}
}

func (p *page) program(app *kong.Application, about, exit string) {
	p.text(0, about)
	fmt.Fprintf(p, "\nUsage: %s COMMAND [FLAGS]\n", app.Name)
	for title, commands := range grouped(app) {
		var rows [][2]string
		for _, n := range commands {
			rows = append(rows, [2]string{n.Name, n.Help})
		}
		fmt.Fprintf(p, "\n%s\n", title)
		p.rows(rows)
	}
	fmt.Fprintf(p, "\n")
	p.text(0, app.Name+" help COMMAND explains a command, with examples. "+exit)
	p.flags("Flags of every command", app.Flags)
}

func (p *page) command(app *kong.Application, node *kong.Node) {
	p.text(0, node.Help)
	fmt.Fprintf(p, "\n")
	p.text(0, "Usage: "+Usage(app, node))
	for _, e := range Examples(node) {
		if e == Examples(node)[0] {
			fmt.Fprintf(p, "\nExamples\n")
		}
		p.text(2, "# "+e.For)
		fmt.Fprintf(p, "  %s\n", p.shell(e.Command, "      "))
	}
	if len(node.Positional) > 0 {
		var rows [][2]string
		for _, a := range node.Positional {
			rows = append(rows, [2]string{a.Summary(), a.Help})
		}
		fmt.Fprintf(p, "\nArguments\n")
		p.rows(rows)
	}
	var commands [][2]string
	for _, n := range node.Leaves(true) {
		if n != node {
			commands = append(commands, [2]string{pathOf(n), n.Help})
		}
	}
	if len(commands) > 0 {
		fmt.Fprintf(p, "\nCommands\n")
		p.rows(commands)
	}
	var own []*kong.Flag
	for n := node; n != nil && n != app.Node; n = n.Parent {
		own = append(own, n.Flags...)
	}
	p.flags("Flags", own)
	p.flags("Flags of every command", app.Flags)
}

// Usage is how a command is called.
func Usage(app *kong.Application, node *kong.Node) string {
	all := []string{app.Name, pathOf(node)}
	if len(node.Children) > 0 {
		all = append(all, "COMMAND")
	}
	if slices.ContainsFunc(node.Flags, func(f *kong.Flag) bool { return !f.Hidden }) {
		all = append(all, "[FLAGS]")
	}
	for _, f := range node.Flags {
		if f.Required {
			all = append(all, f.String())
		}
	}
	for _, a := range node.Positional {
		all = append(all, a.Summary())
	}
	return strings.Join(all, " ")
}

func (p *page) flags(title string, flags []*kong.Flag) {
	var rows [][2]string
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		name := f.String()
		if f.Short == 0 {
			name = "    " + name
		}
		if p.width < 70 {
			name = strings.TrimSpace(name)
		}
		help := f.Help
		for _, env := range f.Envs {
			help += " (or $" + env + ")"
		}
		rows = append(rows, [2]string{name, help})
	}
	if len(rows) > 0 {
		fmt.Fprintf(p, "\n%s\n", title)
		p.rows(rows)
	}
}

// shell breaks a command as a shell takes it: at a space, with a backslash.
func (p *page) shell(command, indent string) string {
	var b strings.Builder
	column := 2
	for i, word := range strings.Fields(command) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > p.width-2:
			b.WriteString(" \\\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
