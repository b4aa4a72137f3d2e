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

// areaName and channelName are what the RAT calls them.
func areaName(r cell.RAT) string {
	if r >= cell.LTE {
		return "TAC"
	}
	return "LAC"
}

func pciName(r cell.RAT) string {
	return [...]string{"PCI", "BSIC", "PSC", "PCI", "PCI"}[min(int(r), 4)]
}

func channelName(r cell.RAT) string {
	return [...]string{"channel", "ARFCN", "UARFCN", "EARFCN", "NR-ARFCN"}[min(int(r), 4)]
}

// generation is how people call a RAT: 4G.
func generation(r cell.RAT) string {
	if g := r.Generation(); g > 0 {
		return fmt.Sprintf("%dG", g)
	}
	return "?"
}

// term is a name and a value of a cell, in the field's own words.
type term struct{ Name, Value string }

// in puts a text into another, where there is one.
func in(format, text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf(format, text)
}

// terms are what is known of a cell.
func terms(c *cell.Cell) []term {
	var ts []term
	add := func(n string, format string, a ...any) { ts = append(ts, term{n, fmt.Sprintf(format, a...)}) }
	if p := c.PLMN(); p.String() != "" {
		add("PLMN", "%s%s", plainTo(p.String(), 20), in(" (%s)", p.Listed().Operator))
	}
	if a, ok := c.Area.Get(); ok {
		add(areaName(c.RAT), "%d", a)
	}
	if id, ok := c.ID.Get(); ok {
		switch c.RAT {
		case cell.LTE:
			add("ECI", "%d", id)
			add("eNB", "%d / %d", cell.ECI(id).ENB(), cell.ECI(id).Sector())
		case cell.UMTS:
			add("UCI", "%d", id)
			add("RNC", "%d / %d", cell.UCI(id).RNC(), cell.UCI(id).CI())
		case cell.NR:
			add("NCI", "%d", id)
		default:
			add("CI", "%d", id)
		}
	}
	if p, ok := c.PCI.Get(); ok {
		add(pciName(c.RAT), "%d", p)
	}
	if n, ok := c.ARFCN.Get(); ok {
		add(channelName(c.RAT), "%d", n)
	}
	if b, ok := c.Band.Get(); ok {
		add("band", "%s", b.Name(c.RAT))
	}
	return ts
}

// cellName is a cell in one line.
func cellName(c *cell.Cell) string {
	w := []string{c.RAT.String()}
	if c.RAT == cell.UnknownRAT {
		w[0] = "?"
	}
	for _, t := range terms(c) {
		if t.Name != "band" && t.Name != "eNB" && t.Name != "RNC" {
			w = append(w, t.Name+" "+t.Value)
		}
	}
	return strings.Join(w, " ")
}

// levels are how a cell was heard, in one line.
func levels(c *cell.Cell) string {
	var w []string
	add := func(n string, v float64, unit string) { w = append(w, n+" "+number(v)+" "+unit) }
	if v, ok := c.RSRP.Get(); ok {
		add("RSRP", float64(v), "dBm")
	}
	if v, ok := c.RSCP.Get(); ok {
		add("RSCP", float64(v), "dBm")
	}
	if v, ok := c.RSSI.Get(); ok && !c.RSRP.Known() {
		add("RSSI", float64(v), "dBm")
	}
	if v, ok := c.RSRQ.Get(); ok {
		add("RSRQ", float64(v), "dB")
	}
	if v, ok := c.EcIo.Get(); ok {
		add("Ec/Io", float64(v), "dB")
	}
	if v, ok := c.SINR.Get(); ok {
		add("SINR", float64(v), "dB")
	}
	return strings.Join(w, ", ")
}

// sameCell tells whether two descriptions name the same cell, as far as both say.
func sameCell(a, b *cell.Cell) bool {
	if a.RAT != b.RAT {
		return false
	}
	if x, ok := a.ID.Get(); ok {
		if y, ok := b.ID.Get(); ok {
			return x == y
		}
	}
	return a.ID.Known() == b.ID.Known() && a.PCI == b.PCI && a.ARFCN == b.ARFCN
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
