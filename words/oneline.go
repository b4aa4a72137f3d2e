package words

import "strings"

// OneLine puts a text on one line and replaces control characters and those that change the direction of writing. What a
// modem, a file or a server says may be hostile, and must neither move a terminal's cursor nor reorder what a person reads.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0:
			return '?'
		case r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069: // text direction
			return '?'
		}
		return r
	}, s)
}
