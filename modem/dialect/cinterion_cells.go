package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
)

// bare reads a line without a prefix: of ^SMONP, or of the tables of ^MONI and ^MONP.
func (c *cinterionAnswer) bare(w *row) {
	text := strings.TrimSpace(w.line)
	if rat, ok := smonpSections[text]; ok {
		c.section = rat
		c.asked(c.rows)
		return
	}
	words := strings.Fields(text)
	switch {
	case len(words) == 0, strings.HasPrefix(text, "Serving Cell"), c.command == "^SMONP" && strings.EqualFold(text, "Searching"):
	case strings.EqualFold(words[0], "chann"):
		if c.head = monitorHead(words); !slices.Contains(c.head, "LAC") {
			c.asked(c.rows)
		}
	case c.head != nil:
		c.monitor(w, words)
	case c.section != cell.UnknownRAT:
		c.smonp(w)
	case c.command == "^SMONP", c.command == "^MONI":
		w.reject(UnknownLayout) // the line that says what it is has been lost
	default:
		w.skipped()
	}
}

var smonpSections = map[string]cell.RAT{"2G:": cell.GSM, "3G:": cell.UMTS, "4G:": cell.LTE}

// smonp reads a neighbour [EHS6 manual 8.13, of which =255 is the enhanced form; recorded in public notes: EHS6, PLS62, PLS83]. LAC, TAC and
// cell ids are hex. A section without a cell has one row of dashes, and an undecoded column has dashes too. The section says what the
// row is, and so do the signs in it: a row that is not of its section is refused.
//
//	^SMONP: Searching
//	2G:
//	arfcn,rs,dBm,mcc,mnc,ncc,bcc,c1,c2,lac,cid[,c31,c32]
//	3G:
//	uarfcn,psc,ecno,rscp[,squal,srxlev]
//	4G:
//	earfcn,rsrq,rsrp,srxlev,pci[,?[,cid,mcc,mnc,tac]]
func (c *cinterionAnswer) smonp(w *row) {
	if !slices.ContainsFunc(w.f, func(s string) bool { return s != "" && !isDash(s) }) {
		return
	}
	var n cell.Cell
	switch c.section {
	case cell.GSM:
		if !w.layout(11, 13) || !w.signs(1, "+-") {
			return
		}
		n = w.cell(cell.GSM, 0, arfcn, skip, rssi, mcc, mnc, skip, skip, skip, skip, hexArea, hexCID)
		w.colours(5, 6, &n)
	case cell.UMTS:
		if !w.layout(4, 6) || !w.signs(0, "++") {
			return
		}
		n = w.cell(cell.UMTS, 0, arfcn, pci, ecio, rscp)
	case cell.LTE:
		if !w.layout(5, 6, 10) || !w.signs(0, "+--") {
			return
		}
		n = w.cell(cell.LTE, 0, arfcn, rsrq, rsrp, srxlev, pci)
		w.read(&n, 6, hexCID, mcc, mnc, hexArea)
	}
	w.exists(&n)
	c.listed(w, c.rows, n)
}

// signs checks columns that show by their sign which row this is: + is a number that is never below zero, - one that always is.
func (w *row) signs(from int, signs string) bool {
	for i, sign := range signs {
		if w.text(from+i) == "" || w.negative(from+i) != (sign == '-') {
			w.reject(UnknownLayout)
			return false
		}
	}
	return true
}

// smoncColumns is how many columns a cell of ^SMONC has.
const smoncColumns = 9

// smonc reads up to seven cells in one row, of which the first is the serving one [TC35, MC55, TC63 manuals]. LAC and cell id are four
// hex digits, zeros where they are not decoded; a channel of 0 is no cell. Whether the BSIC is octal is not known: it stays raw.
//
//	0   1   2   3   4    5     6    7  8
//	mcc,mnc,lac,cid,bsic,arfcn,rssi,c1,c2,mcc,mnc,...
func (c *cinterionAnswer) smonc(w *row) {
	n := len(w.f)
	if w.cut || n < smoncColumns {
		w.reject(Truncated)
		return
	}
	if n%smoncColumns != 0 || n > 7*smoncColumns {
		w.reject(UnknownLayout)
		return
	}
	for i := 0; i < n; i += smoncColumns {
		if len(w.text(i)) != 3 || len(w.text(i+2)) != 4 || len(w.text(i+3)) != 4 || len(w.text(i+4)) != 2 {
			w.reject(UnknownLayout)
			return
		}
	}
	c.asked(c.rows)
	for i := 0; i < n; i += smoncColumns {
		if w.text(i+5) == "0" {
			continue
		}
		x := w.cell(cell.GSM, i, mcc, mnc, hexArea, hexCID, skip, arfcn, rxlevIndex)
		if i == 0 {
			c.described(w, x)
		} else {
			c.neighbour(w, x)
		}
	}
}

// monitorHead is the part of the head of a table that is about a cell: what follows an I is about the dedicated channel.
func monitorHead(words []string) []string {
	if i := slices.IndexFunc(words, isBar); i >= 0 {
		words = words[:i]
	}
	return words
}

// isBar reports whether a word is the line between the two halves of the table, drawn with a letter.
func isBar(word string) bool { return word == "I" || word == "|" }

// monitorColumns are the names in the heads of the tables.
var monitorColumns = map[string]column{"chann": arfcn, "Chann": arfcn, "rs": skip, "dBm": rssi, "MCC": mcc, "MNC": mnc, "LAC": hexArea, "cell": hexCID,
	"NCC": skip, "BCC": skip, "PWR": skip, "RXLev": skip, "C1": skip, "C2": skip}

// monitor reads a row of the tables of ^MONI, the serving cell, and ^MONP, the neighbours [TC35, MC55, TC63, AC75 manuals]. Older
// firmware has the PLMN in one column. LAC and cell id are hex.
//
//	chann rs  dBm MCC MNC  LAC cell NCC BCC PWR RXLev  C1 I chann TS timAdv PWR dBm Q ChMod
//	 1013 21  -71 001  01 1001 0103   7   7  33  -105  33 I No connection
//	 1013 19  -76 001  01 1001 0103   7   7  33  -105  33 I  1015  1      0   5 -76 0 S_HR
//	                                                        Searching
//	chann rs  dBm MCC MNC BCC C1 C2
//	  653 26  -84 262  07   0 22 22
func (c *cinterionAnswer) monitor(w *row, words []string) {
	if words[len(words)-1] == "Searching" {
		c.obs.State = cell.Searching
		return
	}
	var beyond []string
	if i := slices.IndexFunc(words, isBar); i >= 0 {
		words, beyond = words[:i], words[i+1:]
	}
	if w.f = words; !w.layout(len(c.head)) {
		return
	}
	x := cell.Cell{RAT: cell.GSM}
	for i, name := range c.head {
		what, ok := monitorColumns[name]
		switch {
		case name == "PLMN":
			w.plmnDigits(i, &x)
		case !ok:
			w.reject(UnknownLayout)
			return
		default:
			w.read(&x, i, what)
		}
	}
	if !slices.Contains(c.head, "LAC") {
		c.listed(w, c.rows, x)
		return
	}
	if ncc := slices.Index(c.head, "NCC"); ncc >= 0 {
		w.colours(ncc, ncc+1, &x)
	}
	state := w.dedicated(beyond, &x)
	c.camp(w, x, state)
}

// dedicated reads what ^MONI says of the dedicated channel: its state in words, or the channel with the timing advance.
func (w *row) dedicated(words []string, c *cell.Cell) cell.State {
	switch strings.Join(words, " ") {
	case "No connection":
		return cell.Idle
	case "Limited Service":
		return cell.Limited
	case "Cell Reselection", "in Reselecting":
		return ""
	}
	if len(words) != 7 {
		w.reject(UnknownLayout)
		return ""
	}
	w.f = words
	w.column(2, ta, c)
	return cell.Connected
}
