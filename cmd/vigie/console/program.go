package console

import (
	"fmt"
	"io"
	"strings"
)

// Program is what every command gets: the name of the configuration file, empty for the usual places, and the streams.
type Program struct {
	ConfigFile string
	Version    string // as the program reports it
	In         io.Reader
	Out, Err   *Terminal
}

// Confirm asks a question that is answered by y or n; no answer is no.
func (p *Program) Confirm(question string) bool {
	p.Out.Printf("%s [y/N] ", question)
	var answer string
	_, _ = fmt.Fscanln(p.In, &answer)
	return strings.HasPrefix(strings.ToLower(answer), "y")
}

// Warn reports what does not stop a command.
func (p *Program) Warn(text string, err error) {
	if err != nil {
		text = fmt.Sprintf("%s: %v", text, err)
	}
	p.Err.Printf("%s\n", OneLine(text))
}
