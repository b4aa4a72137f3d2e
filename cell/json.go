package cell

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"vigie/words"
)

// cursor reads one line of JSON (RFC 8259). The standard decoder can neither count unknown keys nor keep the good values next to
// a bad one, and its reflection would dominate the time of a replay. A fuzz test compares the cursor with the standard decoder.
type cursor struct {
	b     []byte
	i     int
	depth int
}

const maxDepth = 100

var errDepth = errors.New("nested too deep")

func (c *cursor) fail(what string) error {
	if c.i >= len(c.b) {
		return fmt.Errorf("line ends early, want %s", what)
	}
	return fmt.Errorf("column %d: want %s", c.i+1, what)
}

func (c *cursor) space() {
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case ' ', '\t', '\r', '\n':
			c.i++
		default:
			return
		}
	}
}

// peek is the next byte that is not space; 0 at the end.
func (c *cursor) peek() byte {
	c.space()
	if c.i >= len(c.b) {
		return 0
	}
	return c.b[c.i]
}

func (c *cursor) take(ch byte) bool {
	if c.peek() != ch {
		return false
	}
	c.i++
	return true
}

// object calls f for each key, with the cursor before the value; f must consume it.
func (c *cursor) object(f func(key []byte) error) error {
	if !c.take('{') {
		return c.fail("an object")
	}
	if c.depth++; c.depth > maxDepth {
		return errDepth
	}
	defer func() { c.depth-- }()
	if c.take('}') {
		return nil
	}
	for {
		key, err := c.text()
		if err != nil {
			return err
		}
		if !c.take(':') {
			return c.fail("':'")
		}
		if err := f(key); err != nil {
			return err
		}
		if c.take('}') {
			return nil
		}
		if !c.take(',') {
			return c.fail("',' or '}'")
		}
	}
}

// array calls f before each element; f must consume it.
func (c *cursor) array(f func() error) error {
	if !c.take('[') {
		return c.fail("an array")
	}
	if c.depth++; c.depth > maxDepth {
		return errDepth
	}
	defer func() { c.depth-- }()
	if c.take(']') {
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if c.take(']') {
			return nil
		}
		if !c.take(',') {
			return c.fail("',' or ']'")
		}
	}
}

// text consumes a string and returns its bytes, unescaped; they share the line unless there was something to unescape.
func (c *cursor) text() ([]byte, error) {
	if !c.take('"') {
		return nil, c.fail("a string")
	}
	start := c.i
	var all byte // of every character: below 0x80 if the text is ASCII
	for c.i < len(c.b) {
		switch ch := c.b[c.i]; {
		case ch == '"':
			s := c.b[start:c.i]
			c.i++
			if all >= utf8.RuneSelf && !utf8.Valid(s) {
				s = []byte(string([]rune(string(s)))) // as the standard decoder: what is not UTF-8 becomes U+FFFD
			}
			return s, nil
		case ch == '\\':
			return c.escaped(start)
		case ch < 0x20:
			return nil, c.fail("a string without control characters")
		default:
			all |= ch
			c.i++
		}
	}
	return nil, c.fail("the end of a string")
}

func (c *cursor) escaped(start int) ([]byte, error) {
	out := make([]byte, 0, c.i-start+128) // most escaped texts are a line of a modem with quotes in it
	out = append(out, c.b[start:c.i]...)
	for c.i < len(c.b) {
		from := c.i
		for c.i < len(c.b) && c.b[c.i] >= 0x20 && c.b[c.i] != '"' && c.b[c.i] != '\\' {
			c.i++
		}
		out = append(out, c.b[from:c.i]...)
		if c.i == len(c.b) {
			break
		}
		ch := c.b[c.i]
		switch {
		case ch == '"':
			c.i++
			if !utf8.Valid(out) {
				out = []byte(string([]rune(string(out))))
			}
			return out, nil
		case ch < 0x20:
			return nil, c.fail("a string without control characters")
		}
		if c.i+1 >= len(c.b) {
			break
		}
		c.i++
		e := c.b[c.i]
		c.i++
		switch e {
		case '"', '\\', '/':
			out = append(out, e)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := c.hex4()
			if !ok {
				return nil, c.fail("four hex digits")
			}
			if utf16.IsSurrogate(r) {
				at := c.i
				low := rune(-1)
				if c.i+1 < len(c.b) && c.b[c.i] == '\\' && c.b[c.i+1] == 'u' {
					c.i += 2
					if low, ok = c.hex4(); !ok {
						return nil, c.fail("four hex digits")
					}
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					c.i = at // a lone surrogate; what follows stands for itself
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			c.i--
			return nil, c.fail("an escape")
		}
	}
	return nil, c.fail("the end of a string")
}

func (c *cursor) hex4() (rune, bool) {
	if c.i+4 > len(c.b) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.b[c.i:c.i+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	c.i += 4
	return rune(n), true
}

// number consumes a number and returns its text.
func (c *cursor) number() ([]byte, error) {
	c.space()
	start := c.i
	run := func() int {
		n := c.i
		for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
			c.i++
		}
		return c.i - n
	}
	if c.i < len(c.b) && c.b[c.i] == '-' {
		c.i++
	}
	if c.i < len(c.b) && c.b[c.i] == '0' {
		c.i++
	} else if run() == 0 {
		return nil, c.fail("a number")
	}
	if c.i < len(c.b) && c.b[c.i] == '.' {
		c.i++
		if run() == 0 {
			return nil, c.fail("a digit")
		}
	}
	if c.i < len(c.b) && (c.b[c.i] == 'e' || c.b[c.i] == 'E') {
		c.i++
		if c.i < len(c.b) && (c.b[c.i] == '+' || c.b[c.i] == '-') {
			c.i++
		}
		if run() == 0 {
			return nil, c.fail("a digit")
		}
	}
	return c.b[start:c.i], nil
}

func (c *cursor) word(w string) bool {
	c.space()
	if len(c.b)-c.i < len(w) || string(c.b[c.i:c.i+len(w)]) != w {
		return false
	}
	c.i += len(w)
	return true
}

// skip consumes any value.
func (c *cursor) skip() error {
	switch c.peek() {
	case '{':
		return c.object(func([]byte) error { return c.skip() })
	case '[':
		return c.array(c.skip)
	case '"':
		_, err := c.text()
		return err
	case 't', 'f', 'n':
		if c.word("true") || c.word("false") || c.word("null") {
			return nil
		}
		return c.fail("a value")
	}
	_, err := c.number()
	return err
}

// end checks that nothing follows.
func (c *cursor) end() error {
	if c.space(); c.i < len(c.b) {
		return c.fail("the end of the line")
	}
	return nil
}

// integer reads a whole number between 0 and limit; a fraction of zero and an exponent are allowed.
func integer(num []byte, limit uint64) (uint64, bool) {
	var v uint64
	for k, ch := range num {
		if ch < '0' || ch > '9' || k > 18 {
			f, err := strconv.ParseFloat(string(num), 64)
			if err != nil || f != math.Trunc(f) || f < 0 || f > float64(limit) || f > 1<<53 {
				return 0, false
			}
			return uint64(f), true
		}
		v = v*10 + uint64(ch-'0')
	}
	return v, v <= limit
}

// appendText writes a JSON string; what is not UTF-8 becomes U+FFFD. Characters that a terminal must not get are escaped.
func appendText[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= 0x20 && ch != '"' && ch != '\\' && ch < 0x7f {
			i++
			continue
		}
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			} else if words.Hidden(r) {
				dst = words.EscapeJSON(append(dst, s[from:i]...), s[i:i+n])
				from = i + n
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch ch {
		case '"', '\\':
			dst = append(dst, '\\', ch)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[ch>>4], hex[ch&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
