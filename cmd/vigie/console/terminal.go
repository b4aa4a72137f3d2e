// Package console is how the program speaks to a person at a terminal: output with colour and a progress line, errors with a
// hint, secrets typed without an echo, and numbers, sizes and times as people read them.
//
// It knows nothing of cells, stores or modems, and it reads no configuration.
package console

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	xterm "golang.org/x/term"
)

// Terminal is one output stream. On a terminal it has colour and a progress line; in a pipe or a file it is plain text. It is
// safe for use by several goroutines.
type Terminal struct {
	w           io.Writer
	Coloured    bool
	Interactive bool // a terminal: a progress line may be drawn and redrawn

	above *Terminal // another stream of the same terminal, whose progress line a write of this one erases; nil: none

	mu       sync.Mutex // guards w and what follows
	progress string
	drawn    time.Time // when the progress line was drawn last
	mid      bool      // the last write ended within a line: somebody may be asked something
	cleaner  cleaner
	failed   atomic.Pointer[error] // the first of writing
}

// Style is an SGR code (ECMA-48, clause 8.3.117); the empty style changes nothing.
type Style string

const (
	Bold   Style = "1"
	Faint  Style = "2"
	Red    Style = "31;1"
	Yellow Style = "33;1"
	Green  Style = "32"
	Cyan   Style = "36"
)

// New wraps w. colour is "auto" (on a terminal, unless NO_COLOR is set), "always" or "never".
func New(w io.Writer, colour string) *Terminal {
	t := &Terminal{w: w, Coloured: colour == "always"}
	if f, ok := w.(*os.File); ok && xterm.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.Interactive = true
		t.Coloured = t.Coloured || colour == "auto" && os.Getenv("NO_COLOR") == ""
	}
	return t
}

// Width is the number of columns to fill: see WidthOf.
func (t *Terminal) Width() int { return WidthOf(t.w) }

// WidthOf is the number of columns to fill on a stream: that of $COLUMNS if it is set (POSIX, Base Definitions 8.3), else of the
// terminal; from 40 to LineWidth. Where neither says, it is LineWidth.
func WidthOf(w io.Writer) int {
	n, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if f, ok := w.(*os.File); ok && (err != nil || n <= 0) {
		n, _, err = xterm.GetSize(int(f.Fd()))
	}
	if err != nil || n <= 0 {
		n = LineWidth
	}
	return min(max(n, 40), LineWidth)
}

// Write erases the progress line before it writes p, without what a terminal must not get; see cleaner. On a narrow terminal long lines
// are broken between words.
func (t *Terminal) Write(p []byte) (int, error) {
	text := p
	if width := t.Width(); t.Interactive && width < LineWidth {
		text = fold(p, width)
	}
	if _, err := t.writeAsIs(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeAsIs is Write without breaking lines.
func (t *Terminal) writeAsIs(p []byte) (int, error) {
	if t.above != nil {
		t.above.ClearProgress()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	t.mid = len(p) > 0 && p[len(p)-1] != '\n'
	n, err := t.cleaner.write(t.w, p)
	t.note(err)
	return n, err
}

// note keeps the first error of writing.
func (t *Terminal) note(err error) {
	if err != nil {
		t.failed.CompareAndSwap(nil, &err)
	}
}

// Failed is the first error of writing; nil if everything was written. Most commands print without looking: what they print is
// lost when the disk behind it is full. It does not wait for a write that is under way, which may never end: nobody may read.
func (t *Terminal) Failed() error {
	err := t.failed.Load()
	if err == nil {
		return nil
	}
	return fmt.Errorf("what was printed could not all be written: %w", *err)
}

// Above says that this stream is on the same terminal as another one, which shows progress.
func (t *Terminal) Above(other *Terminal) { t.above = other }

// Printf formats and writes.
func (t *Terminal) Printf(format string, args ...any) { fmt.Fprintf(t, format, args...) }

// Paint returns text in a style, or as it is where there is no colour.
func (t *Terminal) Paint(s Style, text string) string {
	if !t.Coloured || s == "" {
		return text
	}
	on, off := paintMark+string(s)+"m", paintMark+"0m"
	return on + strings.ReplaceAll(text, "\n", off+"\n"+on) + off // each line by itself, so that a pager can cut between them
}

// Progress replaces the progress line on a terminal, cut to its width. In a pipe it does nothing.
func (t *Terminal) Progress(format string, args ...any) {
	if !t.Interactive {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	t.drawn = time.Now()
	t.progress = OneLine(fmt.Sprintf(format, args...))
	if line, width := []rune(t.progress), WidthOf(t.w); len(line) >= width {
		t.progress = string(line[:width-1])
	}
	fmt.Fprint(t.w, strings.ReplaceAll(t.Paint(Faint, t.progress), paintMark, "\x1b["))
}

// ClearProgress removes the progress line.
func (t *Terminal) ClearProgress() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
}

func (t *Terminal) erase() {
	if t.progress != "" {
		fmt.Fprint(t.w, "\r\x1b[K")
		t.progress = ""
	}
}
