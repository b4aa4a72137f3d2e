package review

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vigie/cell"
)

// Everything that a store holds may have come from a hostile cell, modem or file. html/template keeps markup harmless;
// the functions here keep the rest harmless: they show what cannot be seen, and cut what is too long.

// longest is how much of one text a page shows, in characters.
const longest = 600

// plain makes a text safe to look at: invisible characters, control characters and those that turn the direction of
// writing are shown by their code, what is not UTF-8 by a replacement, and what is too long is cut, saying how much.
func plain(s string) string { return plainTo(s, longest) }

func plainTo(s string, most int) string {
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

// unseen tells whether a character shows nothing by itself or changes how others are shown.
func unseen(r rune) bool {
	switch {
	case r < 0x20, r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xad:
		return true
	case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Zl, unicode.Zp, unicode.Variation_Selector):
		return true
	case r >= 0xe0000 && r <= 0xe0fff, r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0: // tags, Hangul fillers
		return true
	}
	return false
}

// number writes a measurement without a needless fraction.
func number(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "?"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

// generation is how people call a RAT: 4G.
func generation(r cell.RAT) string {
	if g := r.Generation(); g > 0 {
		return fmt.Sprintf("%dG", g)
	}
	return "?"
}

// span writes a duration as people do, in two units at most.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 0:
		return "-" + span(-d)
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d, time.Minute, "min", time.Second, "s")
	case d < 48*time.Hour:
		return two(d, time.Hour, "h", time.Minute, "min")
	}
	return two(d, 24*time.Hour, "d", time.Hour, "h")
}

func two(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	a, b := d/big, d%big/small
	if b == 0 {
		return fmt.Sprintf("%d %s", a, bigName)
	}
	return fmt.Sprintf("%d %s %d %s", a, bigName, b, smallName)
}

// localTime writes a time in the reader's zone, with the offset from UTC, which is what makes it unambiguous.
func localTime(t time.Time, z *time.Location) string {
	return t.In(z).Format("2006-01-02 15:04:05") + " " + offset(t, z)
}

func offset(t time.Time, z *time.Location) string {
	_, secs := t.In(z).Zone()
	if secs == 0 {
		return "UTC"
	}
	sign := "+"
	if secs < 0 {
		sign, secs = "−", -secs
	}
	if m := secs / 60 % 60; m != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, secs/3600, m)
	}
	return fmt.Sprintf("UTC%s%d", sign, secs/3600)
}

func utcTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }
