package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	xterm "golang.org/x/term"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// AskSecret prompts for what on out and reads a line from in, without an echo if in is a terminal.
func AskSecret(in io.Reader, out io.Writer, what string) (string, error) {
	GuardMemory()
	if !IsTerminal(in) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			err = nil
		}
		return line, err
	}
	asking.Add(1)
	defer asking.Add(-1)
	fmt.Fprintf(out, "%s: ", what)
	b, err := xterm.ReadPassword(int(in.(*os.File).Fd()))
	fmt.Fprintln(out)
	return string(b), err
}

// AskNewSecret is AskSecret for a secret that is not in use yet: at a terminal it is asked for twice, and both must agree.
func AskNewSecret(in io.Reader, out io.Writer, what, again string) (string, error) {
	secret, err := AskSecret(in, out, what)
	if err != nil || secret == "" || !IsTerminal(in) {
		return secret, err
	}
	repeated, err := AskSecret(in, out, again)
	if err == nil && repeated != secret {
		err = Usage(errors.New("the two are not the same"), "try again; nothing was changed")
	}
	return secret, err
}
