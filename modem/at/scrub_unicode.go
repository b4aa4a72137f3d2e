package at

import (
	"strings"
	"unicode"
)

// asciiText writes a text with the digits, letters, spaces and dashes of ASCII in place of those that look like them: full-width forms,
// the decimal digits of every script (Unicode Nd), no-break and other blanks, dashes. Characters that are not seen are left out. What
// has no such form stays.
func asciiText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80:
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
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r):
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
