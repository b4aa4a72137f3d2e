package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Everything in a store may have come from a hostile cell, modem or file. html/template keeps markup harmless; the functions
// here keep the rest harmless: they make visible what shows nothing, and cut what is too long.

// Longest is how much of one text is shown, in characters.
const Longest = 600

// Plain makes a text safe to show: characters that show nothing, control characters and those that change the direction of
// writing are replaced by their code, invalid UTF-8 by the replacement character, and a long text is cut, with the number of
// bytes that were left out.
func Plain(s string) string { return PlainTo(s, Longest) }

// PlainTo is Plain with at most the given number of characters.
func PlainTo(s string, most int) string {
	clean := utf8.ValidString(s) && len(s) <= most
	if clean && !strings.ContainsFunc(s, unseen) {
		return s
	}
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n++; n > most {
			fmt.Fprintf(&b, " … (+%d bytes)", len(s)-i)
			break
		}
		if unseen(r) {
			fmt.Fprintf(&b, "⟨%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// PlainText is PlainTo for a text of several lines, whose line ends stay.
func PlainText(s string, most int) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = PlainTo(lines[i], most)
	}
	return strings.Join(lines, "\n")
}

// unseen reports whether a character shows nothing by itself or changes how others are shown.
func unseen(r rune) bool {
	switch {
	case r >= 0x20 && r < 0x7f: // nearly all of them
		return false
	case r < 0x20, r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xad:
		return true
	case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Zl, unicode.Zp, unicode.Variation_Selector):
		return true
	case r >= 0xe0000 && r <= 0xe0fff, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // tags, Hangul fillers
		return true
	}
	return false
}

// UTC formats a time in UTC.
func UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// Later is the later of two times.
func Later(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{b, a}, time.Time.Compare) }

// Earlier is the earlier of two times.
func Earlier(a, b time.Time) time.Time { return slices.MinFunc([]time.Time{b, a}, time.Time.Compare) }

// Midnight is the beginning of the day of t in a zone.
func Midnight(t time.Time, z *time.Location) time.Time {
	y, m, d := t.In(z).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, z)
}
