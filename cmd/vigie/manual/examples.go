package manual

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/alecthomas/kong"
)

// examplesText lists examples: "== COMMAND", then for each a line that says what for, and "$ " with what is typed.
//
//go:embed examples.txt
var examplesText string

// Example is a command as it is typed, and what for.
type Example struct{ For, Command string }

var examples = sync.OnceValue(func() map[string][]Example {
	all := map[string][]Example{}
	command, what := "", ""
	for line := range strings.Lines(examplesText) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "== "); ok {
			command = name
		} else if typed, ok := strings.CutPrefix(line, "$ "); ok {
			all[command] = append(all[command], Example{what, typed})
		} else if line != "" {
			what = line
		}
	}
	return all
})

// Examples are those of a command; of one that has commands of its own, the first of each.
func Examples(node *kong.Node) (all []Example) {
	if own := examples()[pathOf(node)]; len(own) > 0 {
		return own
	}
	for _, n := range node.Children {
		if of := Examples(n); len(of) > 0 {
			all = append(all, of[0])
		}
	}
	return all
}

// Exampled are the names of the commands that have examples.
func Exampled() (names []string) {
	for name := range examples() {
		names = append(names, name)
	}
	return names
}

// pathOf are the words of a command, without the name of the program.
func pathOf(n *kong.Node) string {
	if n.Parent == nil {
		return ""
	}
	return strings.TrimSpace(pathOf(n.Parent) + " " + n.Name)
}
