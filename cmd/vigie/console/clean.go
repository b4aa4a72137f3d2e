package console

import (
	"bytes"
	"crypto/rand"
	"io"
	"unicode/utf8"

	"vigie/words"
)

// Everything that a command prints goes through cleaner, whatever it quotes: no control character, and none that is hidden or
// changes the direction of writing, reaches a terminal. In text such a character becomes a question mark, in JSON an escape that
// keeps the value. The styles of Paint pass, since they begin with a mark that nobody else can know.

// paintMark begins a style until it is printed: an escape character and a text that no input can contain but by guessing.
var paintMark = "\x1b" + rand.Text() + "["

// cleaner makes a stream of text harmless. What is cut between two writes, a character or a mark, waits for the next one.
type cleaner struct {
	json bool
	rest []byte
	text []byte // of the last write that had to be changed
}

// write writes what of p can be printed by now to w.
func (c *cleaner) write(w io.Writer, p []byte) (int, error) {
	if c.clean(p) {
		return w.Write(p)
	}
	c.text = c.append(c.text[:0], p)
	if _, err := w.Write(c.text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// append appends what of p can be printed by now.
func (c *cleaner) append(dst, p []byte) []byte {
	if len(c.rest) > 0 {
		p = append(c.rest, p...)
		c.rest = nil
	}
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == 0x1b && bytes.HasPrefix(p, []byte(paintMark)):
			dst, n = append(dst, "\x1b["...), len(paintMark)
		case r == 0x1b && bytes.HasPrefix([]byte(paintMark), p), r == utf8.RuneError && n == 1 && !utf8.FullRune(p):
			c.rest = bytes.Clone(p)
			return dst
		case r == '\n' || r == '\t':
			dst = append(dst, byte(r))
		case c.json:
			dst = words.EscapeJSON(dst, string(r))
		case words.Hidden(r):
			dst = append(dst, '?')
		default:
			dst = utf8.AppendRune(dst, r)
		}
		p = p[n:]
	}
	return dst
}

// clean is whether nothing in p needs to be changed: it is nearly always so.
func (c *cleaner) clean(p []byte) bool {
	if len(c.rest) > 0 {
		return false
	}
	for _, b := range p {
		if (b < 0x20 || b >= 0x7f) && b != '\n' && b != '\t' {
			return false
		}
	}
	return true
}

// jsonWriter is where a command writes JSON.
type jsonWriter struct {
	to      *Terminal
	cleaner cleaner
}

// JSON returns where JSON is written: characters that a terminal must not get are escaped in its strings.
func (t *Terminal) JSON() io.Writer { return &jsonWriter{to: t, cleaner: cleaner{json: true}} }

func (j *jsonWriter) Write(p []byte) (int, error) { return j.cleaner.write(asIs{j.to}, p) }

// asIs writes lines as long as they are: what is meant for a program is not broken.
type asIs struct{ t *Terminal }

func (a asIs) Write(p []byte) (int, error) { return a.t.writeAsIs(p) }

// Raw returns where bytes are written of which every one counts, such as those of a bundle. A terminal gets them as text.
func (t *Terminal) Raw() io.Writer {
	if t.IsTerminal() {
		return asIs{t}
	}
	return raw{t}
}

type raw struct{ to *Terminal }

func (r raw) Write(p []byte) (int, error) {
	r.to.mu.Lock()
	defer r.to.mu.Unlock()
	n, err := r.to.w.Write(p)
	r.to.note(err)
	return n, err
}

// IsTerminal reports whether the stream is a terminal of any kind.
func (t *Terminal) IsTerminal() bool { return IsTerminal(t.w) }
