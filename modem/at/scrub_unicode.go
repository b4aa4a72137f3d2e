package at

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// visibleText writes a text as people see it, with the digits, letters, spaces and dashes of ASCII in place of those that look like them:
// full-width forms, the decimal digits of every script (Unicode Nd), no-break and other blanks, dashes. Control characters and others
// that are not seen are left out; an escape is a broken byte, as the lexer leaves it. What has no such form stays.
func visibleText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == 0x1b:
			r = utf8.RuneError
		case r == '\t':
		case r < 0x80 && r >= ' ' && r != 0x7f:
		case r >= 0xFF01 && r <= 0xFF5E: // full-width forms of ASCII
			r -= 0xFF01 - '!'
		case unicode.Is(unicode.Nd, r):
			r = '0' + digitValue(r)
		case r >= 0xB2 && otherDigit(r) >= 0:
			r = '0' + otherDigit(r)
		case unicode.Is(unicode.Zs, r):
			r = ' '
		case unicode.Is(unicode.Pd, r), r == 0x2212: // minus
			r = '-'
		case r == 0x00B7, r == 0x2022, r == 0x2027, r == 0x30FB: // dots between groups
			r = '.'
		case r == 0x2044, r == 0x2215: // fraction slash, division slash
			r = '/'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// withoutSequences is a text without the control sequences of a terminal (ECMA-48 5.4), whose escape is a broken byte here: [31m.
func withoutSequences(s string) string {
	var out replacer
	for i := 0; i < len(s); i++ {
		if !strings.HasPrefix(s[i:], broken+"[") {
			continue
		}
		end := i + len(broken) + 1
		for end < len(s) && (isDigit(s[end]) || s[end] == ';' || s[end] == '?') {
			end++
		}
		if end < len(s) && isLetter(s[end]) {
			out.replace(s, i, end+1, "")
		}
		i = end - 1
	}
	s, _ = out.done(s)
	return s
}

// otherDigits are digits that are none of a script (Unicode Numeric_Type=Digit), in runs: raised, lowered, in circles and brackets, with a
// dot or a comma.
var otherDigits = []struct{ first, last, value rune }{{0xB9, 0xB9, 1}, {0xB2, 0xB3, 2}, {0x2070, 0x2070, 0}, {0x2074, 0x2079, 4}, {0x2080, 0x2089, 0},
	{0x1F10B, 0x1F10B, 0}, {0x24EA, 0x24EA, 0}, {0x2460, 0x2468, 1}, {0x2474, 0x247C, 1}, {0x2488, 0x2490, 1}, {0x24F5, 0x24FD, 1}, {0x24FF, 0x24FF, 0},
	{0x2776, 0x277E, 1}, {0x2780, 0x2788, 1}, {0x278A, 0x2792, 1}, {0x1F100, 0x1F100, 0}, {0x1F101, 0x1F10A, 0}, {0x1F10C, 0x1F10C, 0}}

// otherDigit is the value of one of them; -1 for another character.
func otherDigit(r rune) rune {
	for _, run := range otherDigits {
		if run.first <= r && r <= run.last {
			return run.value + r - run.first
		}
	}
	return -1
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
