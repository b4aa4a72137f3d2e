package words

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// OneLine puts a text on one line and replaces each character that is Hidden. What a modem, a file or a server says may be
// hostile, and must neither move a terminal's cursor nor reorder what a person reads.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case Hidden(r):
			return '?'
		}
		return r
	}, s)
}

// Hidden reports whether a character has no place in a text on a terminal, for it shows nothing by itself, moves the cursor, or
// changes how others are shown: control characters (C0, C1), those that change the direction of writing, line and
// paragraph separators, and characters of no width or no form (Unicode: Cc, Cf, Zl, Zp, default ignorable code points, fillers).
func Hidden(r rune) bool {
	switch {
	case r >= 0x20 && r < 0x7f: // nearly all of them
		return false
	case r < 0xa0:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Noncharacter_Code_Point) || r >= 0xe0000 && r <= 0xe0fff
}

// EscapeJSON appends a JSON text in which each Hidden character is written as \uXXXX: in valid JSON such a character stands
// in strings only, whose value stays the same. Line ends and tabs, which may stand between values, are left alone.
func EscapeJSON[T string | []byte](dst []byte, text T) []byte {
	from := 0
	for i := 0; i < len(text); {
		r, n := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(string(text[i:min(len(text), i+utf8.UTFMax)]))
		}
		if Hidden(r) && r != '\n' && r != '\t' {
			dst = appendEscape(append(dst, text[from:i]...), r)
			from = i + n
		}
		i += n
	}
	return append(dst, text[from:]...)
}

// appendEscape writes a character as JSON escapes it: as UTF-16.
func appendEscape(dst []byte, r rune) []byte {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return appendEscape(appendEscape(dst, high), low)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
