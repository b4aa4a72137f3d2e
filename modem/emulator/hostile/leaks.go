package hostile

import (
	"strings"
	"unicode"
)

// Leaks are the secrets of forms that a text holds: as they are, or in other digits and with anything between them.
func Leaks(text string, forms ...Form) (found []string) {
	plain, joined := Plain(text), strings.ReplaceAll(Plain(text), "\n", "")
	for _, f := range forms {
		for _, s := range f.Secrets {
			if bare := Plain(s); strings.Contains(text, s) || strings.Contains(plain, bare) || strings.Contains(joined, bare) {
				found = append(found, f.Kind+": "+f.Text)
			}
		}
	}
	return found
}

// Plain is a text with nothing but the letters, in lower case, and the digits of its lines.
func Plain(text string) string {
	text = strings.NewReplacer("0x", "", `\x`, "", `\u00`, "00", `\u00a0`, "", `\u200b`, "").Replace(text)
	for _, digits := range otherDigits {
		for i, d := range digits {
			text = strings.ReplaceAll(text, d, string(rune('0'+i)))
		}
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', '0' <= r && r <= '9', 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case unicode.Is(unicode.Nd, r):
			for _, zero := range zeros {
				if zero <= r && r < zero+10 {
					return r - zero + '0'
				}
			}
		}
		return -1
	}, text)
}
