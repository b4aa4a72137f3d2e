package emulator

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scenario is how a modem answers, and what happens to it at which times. Parse makes one.
type Scenario struct {
	Model   string // for people
	noEcho  bool
	echoEnd string
	steps   []step // in order of time
}

// step is something that happens to the modem.
type step struct {
	at   time.Duration // since the start
	what func(*Emulator)
}

// answer is what a command gets, under a condition or always.
type answer struct {
	setting, value string   // only while the setting has the value; "" is always
	lines          []string // information lines and final result, framed as \r\nLINE\r\n
	bytes          []byte   // or exactly these bytes after the echo
}

// Length of a scenario: the time of its last step.
func (s Scenario) Length() time.Duration {
	if len(s.steps) == 0 {
		return 0
	}
	return s.steps[len(s.steps)-1].at
}

// Parse parses a scenario in the form that the package comment describes. Transcripts are read from files, which may be nil if
// there are none. An error names the line.
func Parse(text string, files fs.FS) (Scenario, error) {
	p := parser{Scenario: Scenario{echoEnd: "\r\r\n"}, files: files}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if err := p.line(line); err != nil {
			return Scenario{}, fmt.Errorf("scenario line %d: %q: %w", i+1, line, err)
		}
	}
	p.finish()
	slices.SortStableFunc(p.steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return p.Scenario, nil
}

type parser struct {
	Scenario
	files   fs.FS
	at      time.Duration
	command string  // the answer that indented lines belong to
	open    *answer //
}

func (p *parser) add(what func(*Emulator)) { p.steps = append(p.steps, step{p.at, what}) }

// finish ends the answer that was being read.
func (p *parser) finish() {
	if p.open == nil {
		return
	}
	command, a := p.command, *p.open
	if a.bytes == nil && (len(a.lines) == 0 || !final(a.lines[len(a.lines)-1])) {
		a.lines = append(a.lines, "OK")
	}
	p.add(func(e *Emulator) { e.setAnswer(command, a) })
	p.open = nil
}

// final reports whether a line ends an answer (ITU-T V.250, TS 27.007 clause 9.2).
func final(line string) bool {
	switch line {
	case "OK", "ERROR", "ABORTED", "NO CARRIER", "COMMAND NOT SUPPORT":
		return true
	}
	return strings.HasPrefix(line, "+CME ERROR:") || strings.HasPrefix(line, "+CMS ERROR:")
}

func (p *parser) line(line string) error {
	if body := strings.TrimLeft(line, " \t"); body != line && body != "" {
		if p.open == nil || p.open.bytes != nil {
			return errors.New("an indented line belongs to an answer, and none stands above it")
		}
		p.open.lines = append(p.open.lines, body)
		return nil
	}
	if line == "" || line[0] == '#' {
		return nil
	}
	p.finish()
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "model":
		p.Model = rest
	case "echo":
		if rest != "on" && rest != "off" {
			return errors.New("want on or off")
		}
		p.noEcho = rest == "off"
	case "echo-end":
		return unquote(rest, &p.echoEnd)
	case "answer":
		return p.answer(rest)
	case "transcript":
		return p.transcript(rest)
	case "setting":
		return p.setting(rest)
	case "register":
		return p.register(rest)
	case "at":
		return duration(rest, &p.at)
	case "note":
		p.add(func(e *Emulator) { e.note(rest) })
	case "urc":
		p.add(func(e *Emulator) { e.urc(rest) })
	case "flood":
		count, line, _ := strings.Cut(rest, " ")
		n, err := number(count)
		p.add(func(e *Emulator) {
			for range n {
				e.urc(line)
			}
		})
		return err
	case "delay":
		var d time.Duration
		err := duration(rest, &d)
		p.add(func(e *Emulator) { e.delay = d })
		return err
	case "chunk":
		size, pause, _ := strings.Cut(rest, " ")
		n, err := number(size)
		var d time.Duration
		if n > 0 && err == nil {
			err = duration(pause, &d)
		}
		p.add(func(e *Emulator) { e.chunk, e.pause = n, d })
		return err
	case "lose":
		n, err := number(rest)
		p.add(func(e *Emulator) { e.lose = n })
		return err
	case "corrupt":
		n, err := number(rest)
		p.add(func(e *Emulator) { e.corrupt = n })
		return err
	case "garbage":
		n, err := number(rest)
		p.add(func(e *Emulator) { e.garbage(n) })
		return err
	case "silence", "unplug":
		var d time.Duration
		err := duration(rest, &d)
		if word == "silence" {
			p.add(func(e *Emulator) { e.silence(d) })
		} else {
			p.add(func(e *Emulator) { e.unplug(d) })
		}
		return err
	default:
		return errors.New("no such directive")
	}
	return nil
}

func (p *parser) answer(rest string) error {
	p.open = &answer{}
	if command, quoted, ok := strings.Cut(rest, " bytes "); ok {
		var s string
		if err := unquote(quoted, &s); err != nil {
			return err
		}
		p.command, p.open.bytes = command, []byte(s)
		return nil
	}
	command, condition, conditional := strings.Cut(rest, " when ")
	if conditional {
		var ok bool
		if p.open.setting, p.open.value, ok = strings.Cut(condition, "="); !ok {
			return errors.New("want when SETTING=VALUE")
		}
	}
	if !strings.HasPrefix(command, "AT") {
		return errors.New("a command begins with AT")
	}
	p.command = command
	return nil
}

func (p *parser) transcript(name string) error {
	if p.files == nil {
		return errors.New("there are no files to read transcripts from")
	}
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		return err
	}
	recorded := Transcript(b)
	if len(recorded) == 0 {
		return errors.New("no command stands in that transcript")
	}
	for _, r := range recorded {
		p.add(func(e *Emulator) { e.setAnswer(r.Command, answer{bytes: r.Bytes}) })
	}
	return nil
}

func (p *parser) setting(rest string) error {
	w := strings.Fields(rest)
	if len(w) < 4 || w[2] != "of" || !slices.Contains(w[3:], w[1]) {
		return errors.New("want setting NAME VALUE of VALUES, with VALUE among them")
	}
	p.add(func(e *Emulator) {
		e.set(w[0], w[1])
		e.allowed[w[0]] = w[3:]
	})
	return nil
}

func (p *parser) register(rest string) error {
	name, fields, ok := strings.Cut(rest, " ")
	if !ok {
		return errors.New("want register NAME STATUS[,AREA,CELL,ACT] [cause TYPE,CAUSE]")
	}
	fields, cause, _ := strings.Cut(fields, " cause ")
	p.add(func(e *Emulator) { e.register(name, registration{fields, cause}) })
	return nil
}

func unquote(quoted string, into *string) error {
	s, err := strconv.Unquote(quoted)
	if err != nil {
		return errors.New(`want a string in quotes, such as "\r\n"`)
	}
	*into = s
	return nil
}

func duration(s string, into *time.Duration) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return errors.New("want a time such as 90s, 1m30s or 20ms")
	}
	*into = d
	return nil
}

func number(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, errors.New("want a whole number")
	}
	return n, nil
}

// Exchange is one command of a transcript and the bytes that followed its echo.
type Exchange struct {
	Command string // with its AT, as echoed
	Bytes   []byte // from the end of the echo on, its CR CR LF or CR LF included
}

// Transcript splits a recording at its echoes, the lines that begin with AT. If the recording has carriage returns, answers are
// kept byte for byte; one that lost them (in an issue or forum) gets those that a modem prints.
func Transcript(recording []byte) []Exchange {
	var all []Exchange
	if !bytes.Contains(recording, []byte("\r")) {
		recording = bytes.ReplaceAll(recording, []byte("\n"), []byte("\r\n"))
	}
	for _, line := range bytes.SplitAfter(recording, []byte("\n")) {
		text := bytes.TrimRight(line, "\r\n")
		switch {
		case len(text) >= 2 && strings.EqualFold(string(text[:2]), "AT"):
			all = append(all, Exchange{string(text), bytes.Clone(line[len(text):])})
		case len(all) > 0:
			x := &all[len(all)-1]
			x.Bytes = append(x.Bytes, line...)
		}
	}
	return all
}
