package manual

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"vigie/cmd/vigie/console"
	"vigie/safefile"
)

// Description says what the program is.
const Description = `Vigie is a passive lookout over the cell towers around you. It listens through a USB LTE modem and flags
downgrade and rogue-cell patterns: anomalies with their evidence and their innocent causes, never a verdict.`

// ExitStatus says what the exit statuses mean.
const ExitStatus = `Exit status: 0 also when events were found, 1 when something could not be read or done, 2 for wrong usage, 3 when a
watch ended because it destroyed on request what it had recorded ([panic]).`

// HelpCmd explains a command.
type HelpCmd struct {
	Command []string `arg:"" optional:"" name:"command" help:"The command, such as watch or events show. Default: all of them."`
}

// Run prints the help, as --help does.
func (c *HelpCmd) Run(p *console.Program, k *kong.Kong) error {
	node, err := findCommand(k, c.Command)
	if err != nil {
		return err
	}
	return Help(p.Out, k.Model, node, Description, ExitStatus, p.Out.Width())
}

// findCommand is the command of these words.
func findCommand(k *kong.Kong, words []string) (*kong.Node, error) {
	node, used := Find(k.Model, words)
	if used < len(words) {
		hint := "vigie help lists what there is"
		if near := Nearest(node, words[used]); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		return nil, console.Usage(fmt.Errorf("there is no command %q", strings.Join(words[:used+1], " ")), hint)
	}
	return node, nil
}

// VersionCmd prints the version.
type VersionCmd struct{}

// Run prints it, as --version does.
func (VersionCmd) Run(p *console.Program) error {
	p.Out.Printf("%s\n", p.Version)
	return nil
}

// CompletionCmd prints a completion script.
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Run prints it.
func (c *CompletionCmd) Run(p *console.Program, k *kong.Kong) error {
	_, err := io.WriteString(p.Out.Raw(), Completion(k.Model, c.Shell))
	return err
}

// ManCmd prints the manual pages, made from the help of the commands, so that the two agree.
type ManCmd struct {
	Dir     string   `help:"Write the page of every command into this directory." placeholder:"DIR" type:"path"`
	Command []string `arg:"" optional:"" name:"command" help:"Print the page of this command. Default: that of the program."`
}

// Run prints a page, or writes all.
func (c *ManCmd) Run(p *console.Program, k *kong.Kong) error {
	if c.Dir == "" {
		node, err := findCommand(k, c.Command)
		if err != nil {
			return err
		}
		_, err = io.WriteString(p.Out.Raw(), Man(k.Model, node, p.Version, Description, ExitStatus))
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	for name, text := range Pages(k.Model, p.Version, Description, ExitStatus) {
		if err := safefile.Replace(c.Dir+"/"+name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
