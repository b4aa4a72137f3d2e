package dialect

import (
	"strings"

	"vigie/cell"
)

// filled checks that no column from one on up to (not including) another is empty, where none ever is: a comma that came
// twice leaves one.
func (w *row) filled(from, to int) bool {
	for i := from; i < to; i++ {
		if w.text(i) == "" {
			if w.cut {
				w.reject(Truncated)
			} else {
				w.reject(UnknownLayout)
			}
			return false
		}
	}
	return true
}

// hex reports whether a number says itself that it is hexadecimal, by 0x or by a letter.
func (w *row) hex(i int) bool { return strings.ContainsAny(w.text(i), "xXabcdefABCDEF") }

// base is 16 for a number with 0x before it, else 10.
func (w *row) base(i int) int {
	if s := w.text(i); len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		return 16
	}
	return 10
}

// in reports whether a channel lies in a band, or in any band where the band is not known.
func in(rat cell.RAT, channel uint32, band cell.Opt[cell.Band]) bool {
	for b := range cell.Bands(rat, channel) {
		if known, ok := band.Get(); !ok || known == b {
			return true
		}
	}
	return false
}

// agrees checks that channel and band fit together, which shows that the columns are where they should be.
func (w *row) agrees(c *cell.Cell) {
	if a, ok := c.ARFCN.Get(); ok && !in(c.RAT, a, c.Band) {
		w.reject(UnknownLayout)
		w.bad = true
	}
}

// exists checks that there is such a channel, which shows that no comma was lost before it.
func (w *row) exists(c *cell.Cell) {
	if a, ok := c.ARFCN.Get(); ok && !cell.ChannelExists(c.RAT, a) {
		w.reject(BadValue)
	}
}

// triples reads +RSRP and +RSRQ of u-blox SARA-R4 and Fibocom L8xx, and $QCRSRP and $QCRSRQ of Qualcomm's own firmware: PCI, EARFCN and a
// level, of the serving cell and but for u-blox of others behind it; a comma may end the row [manuals; printed in public notes: L850,
// L860, Orbic RC400L, MDM9607 modems].
//
//	+RSRP: 175,6400,"-053.70",
//	$QCRSRP: 310,2050,"-115.80",001,2050,"-118.80",263,5230,"-096.20"
func (r *round) triples(w *row, what column) {
	n := len(w.f)
	if n > 1 && w.text(n-1) == "" {
		n--
	}
	if n == 0 || n%3 != 0 || !w.filled(0, n) {
		w.reject(Truncated)
		return
	}
	w.sure = !w.cut
	var list []cell.Cell
	for i := 0; i < n; i += 3 {
		c := cell.Cell{RAT: cell.LTE}
		w.pci(i, 10, &c)
		w.arfcn(i+1, 10, &c)
		w.exists(&c)
		w.column(i+2, what, &c)
		list = append(list, c)
	}
	r.part(w, list[0])
	for _, c := range list[1:] {
		r.neighbour(w, c)
	}
}

// knows makes a Dialect.Knows of prefixes of lines and of commands, in upper case, without AT.
func knows(prefixes ...string) func(string) bool {
	return func(line string) bool {
		line = strings.TrimPrefix(strings.ToUpper(line), "AT")
		for _, p := range prefixes {
			if strings.HasPrefix(line, p) {
				return true
			}
		}
		return false
	}
}
