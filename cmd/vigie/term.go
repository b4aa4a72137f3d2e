package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	xterm "golang.org/x/term"
)

// term is one output stream. On a terminal it has colour and a progress line; in a pipe it is plain text.
type term struct {
	w      io.Writer
	colour bool
	live   bool // a terminal: a progress line may be drawn and redrawn

	mu       sync.Mutex // followers and modems speak at the same time
	progress string
}

// style is an SGR code (ECMA-48).
type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "31;1"
	yellow style = "33;1"
	green  style = "32"
	cyan   style = "36"
)

// newTerm looks at what w is; colour is auto, always or never.
func newTerm(w io.Writer, colour string) *term {
	t := &term{w: w, colour: colour == "always"}
	if f, ok := w.(*os.File); ok && xterm.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.live = true
		t.colour = t.colour || colour == "auto" && os.Getenv("NO_COLOR") == ""
	}
	return t
}

// Write makes term an io.Writer that does not tear the progress line.
func (t *term) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	return t.w.Write(p)
}

func (t *term) printf(format string, args ...any) { fmt.Fprintf(t, format, args...) }

// paint wraps text in a style where there is colour.
func (t *term) paint(s style, text string) string {
	if !t.colour || s == "" {
		return text
	}
	on, off := "\x1b["+string(s)+"m", "\x1b[0m"
	return on + strings.ReplaceAll(text, "\n", off+"\n"+on) + off // each line stands for itself
}

// status draws the progress line on a terminal, and nothing in a pipe.
func (t *term) status(format string, args ...any) {
	if !t.live {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	t.progress = oneLine(fmt.Sprintf(format, args...))
	if width, _, err := xterm.GetSize(int(t.w.(*os.File).Fd())); err == nil && width > 1 && len(t.progress) >= width {
		t.progress = t.progress[:width-1]
	}
	fmt.Fprint(t.w, t.paint(faint, t.progress))
}

// clear takes the progress line away.
func (t *term) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
}

func (t *term) erase() {
	if t.progress != "" {
		fmt.Fprint(t.w, "\r\x1b[K")
		t.progress = ""
	}
}

// sentence begins with a capital.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// wrap breaks text into lines of at most width columns, each after the first with the indent before it.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	col := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case col+1+n > width:
			b.WriteString("\n" + indent)
			col = len(indent)
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(word)
		col += n
	}
	return b.String()
}

// thousands writes a count as people read it: 12,345.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
