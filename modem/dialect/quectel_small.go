package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// The modules that know GSM or NB-IoT alone, and the Cat 1 modules: each with commands of its own.

// quectelGSM tells the modules that know GSM alone.
func quectelGSM(id Ident) bool {
	return isQuectel(id, "M10", "M12", "M26", "M35", "M56", "M66", "M72", "M80", "M85", "M90", "M95", "MC20", "MC60", "MC90", "GC65")
}

// quectelNB tells the modules that know NB-IoT, and at most GSM beside it.
func quectelNB(id Ident) bool { return isQuectel(id, "BC") }

// quectelAsks leaves out what a series does not have. A small module answers +QENG=0 with its serving cell; on a GSM module that would switch
// its engineering mode off, so that an unknown model is not asked.
func quectelAsks(id Ident, command string) bool {
	if id.Model == "" {
		return command != "+QENG=0" && command != "+QENG=1"
	}
	gsm, nb := quectelGSM(id), quectelNB(id)
	neul := isQuectel(id, "BC28", "BC30", "BC35", "BC68", "BC95")
	switch command {
	case askGSMCells.Text:
		return gsm
	case "+QENG=0", "+QENG=1":
		return nb
	case "+NUESTATS", "+NUESTATS=CELL":
		return neul
	case askNRCells.Text:
		return isQuectel(id, "RM", "RG") && !unisoc(id)
	case "+QCELL?":
		return isQuectel(id, "EC200", "EC600", "EC800", "EG800", "EG912", "EG915")
	case `+QENG="servingcell"`, `+QENG="neighbourcell"`, "+QCAINFO", "+QNWINFO", "+QSPN":
		return !gsm && !nb
	}
	return true
}

// askGSMCells asks a GSM module for what its engineering mode shows.
var askGSMCells = vendor("+QENG?", "the serving and neighbour cells, with identity (M95, MC60 and other GSM modules)")

// reportGSMCells has a GSM module show its cells: the engineering mode and what it shows change what is printed, never what the radio
// does [M95 manual, "AT+QENG"].
var reportGSMCells = at.Setting{
	Read: askGSMCells, Write: "+QENG=", Values: []string{"0,0", "0,1", "1,0", "1,1"}, Want: []string{"1,1"},
	Current: func(lines []string) (string, bool) {
		for _, l := range lines {
			if prefix, f := at.Fields(nil, l); prefix == "+QENG" && len(f) == 2 {
				return f[0] + "," + f[1], true
			}
		}
		return "", false
	},
	Why: "have +QENG? print the cells (M95, MC60 and other GSM modules)",
}

// qengNumbered reads the rows of +QENG that begin with a number.
//
//	+QENG: 1,0                                     GSM modules: mode, what is shown
//	+QENG: 2,21,88    +QENG: 4,12,(8,-71,32),...   GSM modules: not read
func (q *quectelAnswer) qengNumbered(w *row, kind string) {
	n := len(w.f)
	switch {
	case w.cut:
		w.reject(Truncated)
	case n == 2, kind >= "2":
	case kind == "0" && n == 19:
		q.qengGSMServing(w)
	case kind == "0":
		q.qengNB(w)
	case n == 5:
		q.qengNBNeighbour(w)
	default:
		q.qengGSMNeighbours(w)
	}
}

// qengGSMServing reads the serving cell of a GSM module [M95 manual; recorded in public notes: M95, M66, MC60]. LAC and cell id are hex. An x
// is what a module knows in a call only.
//
//	0 1   2   3   4   5    6    7   8  9  10  11  12  13 14   15  16 17      18
//	0,mcc,mnc,lac,cid,bcch,bsic,dBm,c1,c2,txp,rla,tch,ts,maio,hsn,ta,rxq_sub,rxq_full
func (q *quectelAnswer) qengGSMServing(w *row) {
	w.blankX()
	w.sure = true // no other row has as many columns
	c := w.cell(cell.GSM, 1, mcc, mnc, hexArea, hexCID, arfcn, bsic, rssi)
	w.column(16, ta, &c)
	w.exists(&c)
	q.serve(w, c)
}

// qengGSMNeighbours reads the neighbours of a GSM module, which share a row [M95 manual; recorded in public notes: M95].
//
//	0 1 2    3   4    5  6  7   8   9   10
//	1,1,bcch,dBm,bsic,c1,c2,mcc,mnc,lac,cid,2,bcch,...
func (q *quectelAnswer) qengGSMNeighbours(w *row) {
	const columns = 10
	cells := w.f[1:]
	if len(cells)%columns != 0 || len(cells) == 0 {
		w.reject(UnknownLayout)
		return
	}
	w.blankX()
	for i := 1; i < len(w.f); i += columns {
		if number, ok := w.whole(i, 10); !ok || int(number) != i/columns+1 {
			w.reject(UnknownLayout)
			return
		}
	}
	q.asked(len(cells) / columns)
	for i := 1; i < len(w.f); i += columns {
		c := w.cell(cell.GSM, i+1, arfcn, rssi, bsic, skip, skip, mcc, mnc, hexArea, hexCID)
		w.exists(&c)
		q.neighbour(w, c)
	}
}

// blankX empties the columns that hold an x: not known.
func (w *row) blankX() {
	for i, s := range w.f {
		if s == "x" || s == "X" {
			w.f[i] = ""
		}
	}
}

// qengNB reads the serving cell of an NB-IoT module [BC26 and BC660K manuals, at second hand; recorded: BC26, BC660K]. The cell id is hex
// and in quotes, and so is the TAC; without quotes its base is not known. Early firmware prints the level of +CSQ for the RSSI.
//
//	0 1      2      3   4     5    6    7    8    9    10    11  12   13
//	0,earfcn,offset,pci,"cid",rsrp,rsrq,rssi,sinr,band,"tac",ecl,txpwr[,mode]
func (q *quectelAnswer) qengNB(w *row) {
	if !w.layout(13, 14) {
		return
	}
	if !w.inQuotes(4) {
		w.reject(UnknownLayout)
		return
	}
	w.sure = w.inQuotes(10)
	c := cell.Cell{RAT: cell.LTE}
	w.read(&c, 9, band)
	w.read(&c, 1, bandARFCN, skip, pci, hexCID, rsrp, rsrq)
	if w.negative(7) {
		w.column(7, rssi, &c)
	}
	w.column(8, sinr, &c)
	if w.inQuotes(10) {
		w.column(10, hexArea, &c)
	}
	if !c.ID.Known() && !c.Band.Known() {
		q.nothing = true // zeros: the module camps on no cell
		return
	}
	q.serve(w, c)
}

// qengNBNeighbour reads a neighbour of an NB-IoT module [BC26 and BC660K manuals, at second hand]. The signs tell the two layouts apart.
//
//	0 1      2      3    4
//	1,earfcn,offset,pci, rsrp       BC26
//	1,earfcn,pci,   rsrp,rsrq       BC660K
func (q *quectelAnswer) qengNBNeighbour(w *row) {
	c := cell.Cell{RAT: cell.LTE}
	switch {
	case w.below(3, minRSRQ):
		w.read(&c, 1, arfcn, pci, rsrp, rsrq)
	case w.below(4, minRSRQ) && w.text(3) != "":
		w.read(&c, 1, arfcn, skip, pci, rsrp)
	default:
		w.reject(UnknownLayout)
		return
	}
	w.exists(&c)
	q.listed(w, q.rows, c)
}

// qcell reads the cells of a Cat 1 module [EC200S manual, at second hand]. Area and cell id are hex, the PCI decimal. The base of a BSIC and the
// scale of the level are not known. +QCELL=1 asks Quectel's server for a position, and is never sent.
//
//	0                     1     2   3   4   5   6   7
//	"servingcell",        "LTE",mcc,mnc,tac,cid,pci,level
//	"neighbourcell intra","LTE",...                         also "neighbourcell inter"
//	"neighbourcell",      "GSM",mcc,mnc,lac,cid,bsic,level
func (q *quectelAnswer) qcell(w *row) {
	label, rat := w.text(0), quectelRATs[strings.ToUpper(w.text(1))]
	serving := label == "servingcell"
	switch {
	case !serving && !strings.HasPrefix(label, "neighbourcell"):
		if len(w.f) != 3 { // three numbers are a position
			w.reject(UnknownToken)
		}
		return
	case rat == cell.UnknownRAT || rat == cell.NR:
		w.reject(UnknownToken)
		return
	case !w.layout(8):
		return
	}
	c := w.cell(rat, 2, mcc, mnc, hexArea, hexCID)
	if rat != cell.GSM {
		w.column(6, pci, &c)
	}
	if serving {
		q.described(w, c)
	} else {
		q.listed(w, q.rows, c)
	}
}
