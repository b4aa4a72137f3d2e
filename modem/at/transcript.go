package at

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
)

// Exchange is one command and its answer in recorded text.
type Exchange struct {
	Command string   // as Command.Text, upper case outside quotes; empty if the text does not show it
	Lines   []string // redacted, without their ends; those after a final result form an exchange without a command
	Final   string   // "OK", "ERROR", "+CME ERROR: 516"; empty if the text has none
}

// How much of one exchange EachExchange gives at once.
const (
	longestPart = 4096      // lines
	widestPart  = 256 << 10 // bytes of lines
)

// ReadTranscript splits recorded modem text into exchanges. The text may be with or without echo, with any kind of line end, and
// with several commands in one line (AT+A;+B): each of these becomes an exchange, with the lines of its prefix and the
// common final result. Stamps before the lines are left out (Unstamped). Lines that begin with "# " are comments. Noise is no error: the error is that of the reader, and comes
// with the exchanges read before it.
//
// Lines are redacted as the given commands declare, and by Scrub.
func ReadTranscript(r io.Reader, cmds ...Command) ([]Exchange, error) {
	var all []Exchange
	rest := false
	err := EachExchange(r, func(x Exchange, more bool) error {
		if last := len(all) - 1; rest {
			all[last].Lines, all[last].Final = append(all[last].Lines, x.Lines...), x.Final
		} else {
			all = append(all, x)
		}
		rest = more
		return nil
	}, cmds...)
	return all, err
}

// EachExchange is ReadTranscript for text of any length: it calls each with one exchange after the other, and holds no more than a part
// of one. A long exchange comes in parts; more says that the next Exchange is the rest of this one. An error of each ends it. Of several commands in one line with very long answers, only the first part is told apart.
func EachExchange(r io.Reader, each func(x Exchange, more bool) error, cmds ...Command) error {
	t := transcriber{redact: newRedactor(cmds), cmds: cmds}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		t.lexer.feed(buf[:n], t.line)
		if err != nil {
			t.lexer.feed([]byte("\n"), t.line)
			t.flush()
		}
		if refused := t.deliver(each); refused != nil {
			return refused
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// transcriber collects the exchanges of one text.
type transcriber struct {
	lexer  lexer
	redact *redactor
	cmds   []Command
	out    []Exchange // that are complete, and parts of one
	open   []Exchange // of one command line; empty between a final result and the next line
	held   int        // lines in open
	width  int        // bytes in them
	parted bool       // lines of open were given already
	parts  []int      // indices in out of what is only a part
	last   int        // which of them got the last line
	typed  string     // the command line
	cut    int        // one more than the index in out of an error that was cut by an echo; 0 when there is none
}

func (t *transcriber) line(raw string) {
	if raw = Unstamped(raw); raw == "" {
		t.redact.line("")
		return
	}
	split(raw, t.known, t.handleLine)
}

// known prefixes are those of the open commands.
func (t *transcriber) known(prefix string) bool {
	for _, e := range t.open {
		if name, _ := splitForm(e.Command); name == prefix {
			return true
		}
	}
	return false
}

func (t *transcriber) handleLine(raw string) {
	text, body := t.redact.line(raw)
	if body {
		t.add(text)
		return
	}
	if strings.HasPrefix(text, "# ") {
		return
	}
	if at := commandAt(text); at >= 0 {
		t.command(text[at:])
		return
	}
	if isFinal(text) {
		if head, rest, _ := strings.Cut(text, ":"); isCommand(strings.TrimSpace(rest)) {
			t.final(head + ":") // the echo of a command that was sent too early
			t.command(strings.TrimSpace(rest))
			t.cut = len(t.out)
			return
		}
		t.final(text)
		return
	}
	if prefix, _ := Prefix(text); prefix == "" && t.cut > 0 {
		t.out[t.cut-1].Final += " " + text
		t.cut = 0
		return
	}
	t.add(text)
}

// command opens the exchanges of a command line. The same line once more is its echo.
func (t *transcriber) command(typed string) {
	if len(t.open) > 0 && typed == t.typed && t.silent() {
		return
	}
	t.flush()
	t.typed, t.last = typed, 0
	for _, text := range commandTexts(typed) {
		text, _ = Scrub("AT" + text) // again, for the spaces in it are gone
		t.open = append(t.open, Exchange{Command: text[len("AT"):]})
	}
}

// silent reports whether no line has come for the open exchanges.
func (t *transcriber) silent() bool { return t.held == 0 && !t.parted }

func (t *transcriber) add(text string) {
	if len(t.open) == 0 {
		t.open, t.last = append(t.open, Exchange{}), 0
	}
	t.cut = 0
	t.last = t.whose(text)
	e := &t.open[t.last]
	if prefix, _ := Prefix(text); prefix == "" {
		for i := range t.cmds {
			if t.cmds[i].Text == e.Command {
				text = t.redact.answer(text, &t.cmds[i])
			}
		}
		if e.Command == "" {
			text = t.redact.stray(text)
		}
	}
	e.Lines = append(e.Lines, text)
	t.held, t.width = t.held+1, t.width+len(text)
	if t.held == longestPart || t.width > widestPart {
		t.part()
	}
}

// part gives what is open so far, since it is long.
func (t *transcriber) part() {
	if len(t.open) > 1 { // whose the rest is cannot be found out without what came before
		t.flush()
		return
	}
	t.out = append(t.out, t.open[0])
	t.parts = append(t.parts, len(t.out)-1)
	t.open[0].Lines, t.held, t.width, t.parted = nil, 0, 0, true
}

// whose finds the open exchange to which a line belongs. Of those with its prefix it is the one whose argument the line
// repeats; or else the one that got the last line, unless the same is asked again; or else the first question without an
// answer. A line without a prefix follows the last one.
func (t *transcriber) whose(text string) int {
	prefix, _ := Prefix(text)
	var same []int
	for i, e := range t.open {
		if name, form := splitForm(e.Command); name != "" && name == prefix {
			argument, quoted := strings.CutPrefix(strings.TrimSuffix(form, `"`), `="`)
			if quoted && strings.Contains(text, `"`+argument) {
				return i
			}
			same = append(same, i)
		}
	}
	repeated := func(i int) bool { return i > t.last && t.open[i].Command == t.open[t.last].Command }
	goesOn := slices.Contains(same, t.last) && len(t.open[t.last].Lines) > 0 && !slices.ContainsFunc(same, repeated)
	if goesOn || len(same) == 0 {
		return t.last
	}
	for _, i := range same {
		if kind, _, err := fence(t.open[i].Command); err == nil && kind != Reporting && len(t.open[i].Lines) == 0 {
			return i
		}
	}
	return same[0]
}

func (t *transcriber) final(text string) {
	if len(t.open) == 0 {
		t.open = append(t.open, Exchange{})
	}
	for i := range t.open {
		t.open[i].Final = text
	}
	t.flush()
}

func (t *transcriber) flush() {
	t.out = append(t.out, t.open...)
	t.open, t.cut = nil, 0
	t.held, t.width, t.parted = 0, 0, false
}

// deliver gives what is complete, unless more may be added to it.
func (t *transcriber) deliver(each func(Exchange, bool) error) error {
	if t.cut > 0 {
		return nil
	}
	for i, x := range t.out {
		if err := each(x, slices.Contains(t.parts, i)); err != nil {
			return err
		}
	}
	clear(t.out)
	t.out, t.parts = t.out[:0], t.parts[:0]
	return nil
}

// commandAt finds where a command begins in a line: at its start, or after the rest of an older line ("RDATE0").
func commandAt(line string) int {
	if isCommand(line) {
		return 0
	}
	for i := 1; i < min(len(line)-2, 16) && isWord(line[i-1]); i++ {
		if rest := line[i:]; (rest[2] == 'E' || isMark(rest[2])) && isCommand(rest) && !strings.ContainsAny(rest, " :") {
			return i
		}
	}
	return -1
}

// commandTexts splits a command line at the semicolons outside quotes, without the AT, and spells each part as a List does.
func commandTexts(typed string) []string {
	var texts []string
	var b strings.Builder
	quoted, masked := false, false // masked: in what Scrub wrote, such as <15 digits>
	for _, r := range typed[len("AT"):] + ";" {
		masked = r == '<' || masked && r != '>'
		switch {
		case r == ';' && !quoted:
			if b.Len() > 0 || len(texts) == 0 {
				texts = append(texts, b.String())
			}
			b.Reset()
			continue
		case r == '"':
			quoted = !quoted
		case quoted, masked:
		case r == ' ':
			continue
		case 'a' <= r && r <= 'z':
			r -= 'a' - 'A'
		}
		b.WriteRune(r)
	}
	if b.Len() > 1 {
		texts = append(texts, strings.TrimSuffix(b.String(), ";")) // a quote that was never closed
	}
	return texts
}

// Recorder writes a transcript of a session: what was sent and received, redacted. Use its Trace as Options.Trace. After the first
// error of the writer nothing is written.
type Recorder struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

// NewRecorder returns a Recorder that writes to w.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{w: w} }

// Trace writes one line.
func (r *Recorder) Trace(_ Direction, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		_, r.err = io.WriteString(r.w, line+"\n")
	}
}

// Err returns the first error of the writer.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
