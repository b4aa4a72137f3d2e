package at

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine is the longest line, in bytes. The longest known answers (+COPS=? in UCS2, %NCELLMEAS) are less than half as long. A
// longer line is noise: it is dropped as a whole and counted, because the beginning of a line is not what the modem printed.
const maxLine = 8192

// broken replaces bytes that are no text. It keeps their place, because a digit that is dropped would leave a shorter number
// that looks valid.
const broken = string(utf8.RuneError)

// lexer splits bytes into lines. CR, LF, CR LF and CR CR LF all end a line. Lines are returned without their end and without
// surrounding spaces, as valid UTF-8 without control characters other than the tab.
type lexer struct {
	line []byte
	lost int  // bytes of the line that did not fit
	torn bool // the line had begun when its answer was given up: what comes next may be its rest
	cr   bool // the last byte was a CR: an LF now belongs to it

	garbage  int // bytes dropped or marked as broken
	overlong int // lines dropped
}

// feed adds bytes and calls emit for every line that they end, empty lines included.
func (x *lexer) feed(b []byte, emit func(line string)) {
	for {
		end := bytes.IndexAny(b, "\r\n")
		if end < 0 {
			x.add(b)
			return
		}
		x.add(b[:end])
		pair := x.cr && b[end] == '\n'
		x.cr = b[end] == '\r'
		b = b[end+1:]
		if !pair {
			x.end(emit)
		}
	}
}

func (x *lexer) add(b []byte) {
	if len(b) == 0 {
		return
	}
	fits := min(len(b), maxLine-len(x.line))
	x.line = append(x.line, b[:fits]...)
	x.lost += len(b) - fits
	x.cr = false
}

func (x *lexer) end(emit func(line string)) {
	switch {
	case x.lost > 0:
		x.overlong++
	case x.torn:
		x.garbage += len(x.line)
	default:
		emit(x.text())
	}
	x.line, x.lost, x.torn = x.line[:0], 0, false
}

// tear is called when an answer is given up: an unfinished line will be dropped at its end.
func (x *lexer) tear() { x.torn = len(x.line) > 0 }

// drop discards an unfinished line.
func (x *lexer) drop() {
	x.garbage += len(x.line) + x.lost
	x.line, x.lost, x.torn = x.line[:0], 0, false
}

// text converts the bytes of a line to a string. Flow control bytes are dropped, because they were inserted. Other bytes that are
// no text replaced something, and are marked; before a line that begins with a mark or a letter they are dropped.
func (x *lexer) text() string {
	if isPlain(x.line) {
		return string(bytes.TrimSpace(x.line))
	}
	var b strings.Builder
	pending := false
	for rest := x.line; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		switch {
		case r == 0x11 || r == 0x13: // XON, XOFF
			x.garbage++
		case r == utf8.RuneError && n == 1, unicode.IsControl(r) && r != '\t':
			x.garbage += n
			pending = true
		default:
			if pending {
				b.WriteString(broken)
				pending = false
			}
			b.WriteRune(r)
		}
	}
	if pending {
		b.WriteString(broken)
	}
	line := strings.TrimSpace(b.String())
	head := strings.TrimLeft(line, broken+" \t")
	if head == "" || isMark(head[0]) || isLetter(head[0]) {
		return head
	}
	return line
}

func isPlain(b []byte) bool {
	for _, c := range b {
		if (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// class is what a line is to the pending command.
type class uint8

const (
	unsolicited class = iota // answers no command
	information              // belongs to the answer
	final                    // ends the answer
	ownEcho                  // of the command, perhaps with stale bytes before it
	otherEcho                // of what this session did not write, or of what the modem did not receive whole
)

// finals are the final results of V.250 5.7.1 that can follow what a session sends, and one that RG801H prints.
var finals = []string{"OK", "ERROR", "ABORTED", "NO CARRIER", "COMMAND NOT SUPPORT"}

// selfSaid are the lines without a prefix that modems print unsolicited.
var selfSaid = []string{"RING", "RDY", "READY", "START", "APP RDY", "SMS READY", "SMS DONE", "CALL READY", "PB DONE",
	"POWERED DOWN", "NORMAL POWER DOWN", "BUSY", "NO ANSWER", "NO DIALTONE"}

// classify returns what a line is to the pending command c, or without one if c is nil. An information line is recognised by its
// prefix and its shape, never by its position.
func classify(line string, c *Command) class {
	if isFinal(line) {
		return final
	}
	if c == nil {
		if isCommand(line) {
			return otherEcho
		}
		return unsolicited
	}
	if isEcho(line, c) {
		return ownEcho
	}
	if hasPrefix(line, c.Prefixes) || hasPrefix(line, c.After) {
		if c.Owns == nil {
			return information
		}
		if c.Owns(line) {
			return information
		}
		return unsolicited
	}
	if isCommand(line) {
		return otherEcho
	}
	said := func(s string) bool { return strings.EqualFold(s, line) }
	if prefix, _ := Prefix(line); c.Bare && prefix == "" && !slices.ContainsFunc(selfSaid, said) {
		return information
	}
	return unsolicited
}

func isFinal(line string) bool { return slices.Contains(finals, line) || isExtendedError(line) }

// isPlainFinal reports whether a final result only ends a command. Others can have another cause, or another result after them.
func isPlainFinal(line string) bool { return line == "OK" || line == "ERROR" || isExtendedError(line) }

func isExtendedError(line string) bool {
	return strings.HasPrefix(line, "+CME ERROR:") || strings.HasPrefix(line, "+CMS ERROR:")
}

// isEcho recognises the echo of c, also after the rest of an older line ("RDAT+CSQ"). No information line ends in a whole
// extended command; a bare answer might end in ATI.
func isEcho(line string, c *Command) bool {
	text := "AT" + c.Text
	stale := len(line) - len(text)
	if stale < 0 || !strings.EqualFold(line[stale:], text) {
		return false
	}
	return stale == 0 || len(c.Text) > 2 || !c.Bare && !strings.Contains(line, ":")
}

// isCommand reports whether a line looks like something written to a modem rather than by it. AT&T is an operator.
func isCommand(line string) bool {
	if len(line) < 2 || !strings.EqualFold(line[:2], "AT") {
		return false
	}
	rest := line[2:]
	switch {
	case rest == "":
		return true
	case isMark(rest[0]):
		return len(rest) > 1 && isLetter(rest[1])
	case rest[0] == '&':
		return len(rest) < 4 && !strings.EqualFold(rest, "&T")
	case rest[0] == 'D' || rest[0] == 'd':
		return len(rest) > 1 && strings.IndexByte("0123456789+*#><TtPp", rest[1]) >= 0
	}
	return isLetter(rest[0]) && (len(rest) == 1 || isDigit(rest[1]) || rest[1] == '?' || rest[1] == '=')
}

// hasPrefix reports whether the line begins with one of the prefixes and a colon.
func hasPrefix(line string, prefixes []string) bool {
	for _, p := range prefixes {
		if len(line) > len(p) && line[len(p)] == ':' && line[:len(p)] == p {
			return true
		}
	}
	return false
}

// split splits a line where the firmware forgot to end one: outside quotes, before a known prefix or the prefix of the line
// itself, and before a final result after the last value. Quotes hold text chosen by the network, so nothing is split there.
func split(line string, known func(prefix string) bool, emit func(piece string)) {
	quoted, start := false, 0
	own, _ := Prefix(line)
	isKnown := func(prefix string) bool { return prefix != "" && (prefix == own || known(prefix)) }
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case quoted || !isMark(c) || i == start:
		case isExtendedError(line[i:]):
			emit(strings.TrimSpace(line[start:i]))
			emit(line[i:])
			return
		default:
			if prefix, _ := Prefix(line[i:]); isKnown(prefix) {
				emit(strings.TrimSpace(line[start:i]))
				start = i
			}
		}
	}
	line = line[start:]
	if prefix, _ := Prefix(line); isKnown(prefix) && !quoted {
		for _, result := range []string{"OK", "ERROR"} {
			if head, ok := strings.CutSuffix(line, result); ok && strings.IndexByte("0123456789\"-)", head[len(head)-1]) >= 0 {
				emit(head)
				emit(result)
				return
			}
		}
	}
	emit(line)
}
