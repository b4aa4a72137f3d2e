package console

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	xterm "golang.org/x/term"
)

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool { return xterm.IsTerminal(int(f.Fd())) }

// AskSecret prompts for what on out and reads a line from in, without an echo where in is a terminal.
func AskSecret(in *os.File, out io.Writer, what string) (string, error) {
	if !IsTerminal(in) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			err = nil
		}
		return line, WithHint(err, "give the passphrase on standard input, or name its file with --passphrase-file")
	}
	fmt.Fprintf(out, "%s: ", what)
	b, err := xterm.ReadPassword(int(in.Fd()))
	fmt.Fprintln(out)
	return string(b), err
}
