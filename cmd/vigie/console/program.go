package console

import (
	"fmt"
	"io"
)

// Program is what every command gets: the name of the configuration file, empty for the usual places, and the streams.
type Program struct {
	ConfigFile string
	Version    string // as the program reports it
	In         io.Reader
	Out, Err   *Terminal
}

// Warn reports what does not stop a command.
func (p *Program) Warn(text string, err error) {
	if err != nil {
		text = fmt.Sprintf("%s: %v", text, err)
	}
	p.Err.Printf("%s\n", OneLine(text))
}
