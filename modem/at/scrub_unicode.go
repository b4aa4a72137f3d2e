package at

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// visibleText writes a text as people see it, with the digits, letters, spaces and dashes of ASCII in place of those that look like them:
// full-width forms, the decimal digits of every script (Unicode Nd), no-break and other blanks, dashes. Control characters, escape
// sequences, also those whose escape was broken, and characters that are not seen are left out. What has no such form stays.
func visibleText(s string) string {
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch {
		case r == escape, r == utf8.RuneError && strings.HasPrefix(s, "["):
			end := escapeEnd(s)
			if r == utf8.RuneError && !isSequence(s[:end]) {
				break
			}
			s = s[end:]
			continue
		case r == '\t':
		case r < 0x80 && r >= ' ' && r != 0x7f:
		case r >= 0xFF01 && r <= 0xFF5E: // full-width forms of ASCII
			r -= 0xFF01 - '!'
		case unicode.Is(unicode.Nd, r):
			r = '0' + digitValue(r)
		case unicode.Is(unicode.Zs, r):
			r = ' '
		case unicode.Is(unicode.Pd, r), r == 0x2212: // minus
			r = '-'
		case r == 0x00B7, r == 0x2022, r == 0x2027, r == 0x30FB: // dots between groups
			r = '.'
		case r == 0x2044, r == 0x2215: // fraction slash, division slash
			r = '/'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r):
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

const escape = 0x1b

// escapeEnd measures what follows an ESC and belongs to it (ECMA-48 5.4, 5.6): a control sequence such as [31m, or a string up to its end.
func escapeEnd(s string) int {
	if len(s) == 0 {
		return 0
	}
	i := 1
	switch s[0] {
	case '[':
		for i < len(s) && s[i] >= ' ' && s[i] < '@' {
			i++
		}
	case ']', 'P', '^', '_':
		for i < len(s) && s[i] >= ' ' {
			i++
		}
		if i == len(s) || s[i] != 7 {
			return i
		}
	default:
		return 0
	}
	return min(i+1, len(s))
}

// isSequence reports whether a text is a control sequence of a terminal without its escape: [31m.
func isSequence(s string) bool {
	return len(s) > 1 && isLetter(s[len(s)-1]) && strings.Trim(s[1:len(s)-1], "0123456789;?") == ""
}

// digitValue is the value of a decimal digit of any script: they stand in tens, in order.
func digitValue(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// isVisible reports whether a text has nothing but ASCII that is seen.
func isVisible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\t' {
			return false
		}
	}
	return true
}
