package dialect

import (
	"strings"

	"vigie/cell"
)

// qeng reads the rows of +QENG. The first column says what the row is.
//
//	+QENG: "servingcell","SEARCH"                          no cell
//	+QENG: "servingcell","NOCONN","LTE",...                the serving cell
//	+QENG: "servingcell","NOCONN"                          EN-DC: the state alone, then
//	+QENG: "LTE",...                                       the serving cell and
//	+QENG:"NR5G-NSA",...                                   the NR carrier
//	+QENG: "neighbourcell intra"|"neighbourcell inter"|"neighbourcell","RAT",...
//	+QENG: ("servingcell","neighbourcell")                 the answer to +QENG=?
//	+QENG: 0,...                                           the serving cell of a module that knows GSM or NB-IoT alone; 1: neighbours
func (q *quectelAnswer) qeng(w *row) {
	switch label := w.text(0); {
	case len(label) == 1 && label[0] >= '0' && label[0] <= '9':
		q.qengNumbered(w, label)
	case label == "servingcell":
		q.qengState(w)
		if w.drop(2); len(w.f) > 0 {
			q.qengServing(w)
		}
	case strings.HasPrefix(label, "neighbourcell"):
		w.drop(1)
		q.qengNeighbour(w, label)
	case strings.HasPrefix(label, "("):
	default:
		q.qengServing(w)
	}
}

func (q *quectelAnswer) qengState(w *row) {
	s := w.text(1)
	switch state, known := qengStates[s]; {
	case known:
		q.obs.State = state
		w.explain(1, "state")
	case s != "":
		w.reject(UnknownToken)
	case w.cut:
		w.reject(Truncated)
	}
}

var qengStates = map[string]cell.State{"SEARCH": cell.Searching, "LIMSRV": cell.Limited, "NOCONN": cell.Idle, "CONNECT": cell.Connected}

// qengServing reads a serving row from its RAT on.
func (q *quectelAnswer) qengServing(w *row) {
	token := strings.ToUpper(w.text(0))
	switch token {
	case "LTE", "CAT-M", "EMTC", "CAT-NB", "NBIOT", "NTN NBIOT":
		q.qengLTE(w, token)
	case "NR5G-SA":
		q.qengSA(w)
	case "NR5G-NSA":
		q.qengNSA(w)
	case "WCDMA":
		q.qengWCDMA(w)
	case "TDSCDMA":
		q.qengTDSCDMA(w)
	case "GSM":
		q.qengGSM(w)
	case "":
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
}

// qengLTE reads an LTE, LTE-M or NB-IoT serving row [EC2x manual 6.17, RM5xx note 3.2.2; recorded: BG96, BG95, EC200T,
// EP06, RM500Q, RM520N]. TAC and cell id are hex.
//
//	0    1       2   3   4       5   6      7    8    9    10  11   12   13   14
//	"LTE","FDD", mcc,mnc,cellid, pci,earfcn,band,ulbw,dlbw,tac,rsrp,rsrq,rssi,sinr           older
//	                                                                     ... ,srxlev         EC2x, EP06, EC200, BG9x
//	                                                                     ... ,cqi,tx,srxlev          RM5xx, EM12
//	                                                          ... and one more, in no recording; the last three stay raw
func (q *quectelAnswer) qengLTE(w *row, token string) {
	if !w.layout(15, 16, 18, 19) {
		q.qengBegins(w, cell.LTE, hexCID, pci, arfcn, band)
		return
	}
	if !w.duplex(1) {
		return
	}
	if len(w.f) == 15 && w.text(11) == "" {
		w.reject(Truncated) // without a level the oldest row cannot be distinguished from a longer one that lost a comma
		return
	}
	c := w.cell(cell.LTE, 2, mcc, mnc, hexCID, pci, arfcn, band)
	if token == "LTE" || token == "CAT-M" || token == "EMTC" {
		w.column(9, bandwidth, &c)
	}
	w.read(&c, 10, hexArea, rsrp, rsrq, rssi)
	switch len(w.f) {
	case 16:
		w.column(15, srxlev, &c)
	case 18:
		w.column(17, srxlev, &c)
	}
	if q.qengSINR(w, token, c.SRxLev.Known()) {
		w.column(14, sinr, &c)
	}
	q.serve(w, c)
}

// qengBegins reads the identity in a serving row of a number of columns that is not known: up to the band, which shows that
// the columns before are where they should be.
func (q *quectelAnswer) qengBegins(w *row, rat cell.RAT, columns ...column) {
	if !w.begins(2, 4+len(columns)) || !w.duplex(1) {
		return
	}
	c := w.cell(rat, 2, mcc, mnc)
	w.read(&c, 4, columns...)
	if located(&c) {
		q.serve(w, c)
	}
}

// qengSINR reports whether the SINR of an LTE row is in dB. BG9x and EP06 firmware prints an index (dB = n/5 - 20) or dB,
// and nothing in the row says which. The long layout is in dB, and so is the short one of the modules that print a
// receive level in it; where the model is known it decides.
func (q *quectelAnswer) qengSINR(w *row, token string, level bool) bool {
	switch {
	case token != "LTE" || isQuectel(q.ident, "BG", "EP06", "EG06", "EM06"):
		return false
	case len(w.f) >= 18, q.ident.Model != "":
		return true
	}
	return level
}

// duplex checks the column that is FDD or TDD, which shows that the columns are where they should be.
func (w *row) duplex(i int) bool {
	switch w.text(i) {
	case "FDD", "TDD", "":
		return true
	}
	w.reject(UnknownLayout)
	return false
}

// qengSA reads the serving row of a standalone NR cell [RM5xx note 3.2.2; recorded: RM500U]. TAC (24 bit) and cell id
// (36 bit) are hex, and a blank may precede the MCC. Qualcomm modules print the bandwidth as an index that holds
// only while connected, Unisoc modules in MHz.
//
//	0         1     2   3   4      5   6   7     8    9  10   11   12   13  14     15
//	"NR5G-SA","TDD",mcc,mnc,cellid,pci,tac,arfcn,band,bw,rsrp,rsrq,sinr,scs,srxlev
//	                                                              ... ,tx, scs,   srxlev      some Qualcomm
//	                                                              ... ,tx, srxlev,scs         Unisoc
func (q *quectelAnswer) qengSA(w *row) {
	if !w.layout(15, 16) {
		q.qengBegins(w, cell.NR, hexCID, pci, hexArea, arfcn, band)
		return
	}
	if !w.duplex(1) {
		return
	}
	if (w.text(10) == "") != (w.text(11) == "") || len(w.f) == 15 && w.text(13) != "" && !isSCS(w.text(13)) {
		w.reject(UnknownLayout) // a comma too many, or one too few
		return
	}
	c := w.cell(cell.NR, 2, mcc, mnc, hexCID, pci, hexArea, arfcn, band, skip, rsrp, rsrq, sinr)
	if len(w.f) == 15 {
		w.column(14, srxlev, &c)
		if q.obs.State == cell.Connected {
			w.nrBandwidth(9, false, &c)
		}
		q.serve(w, c)
		return
	}
	bw, _ := parseWhole(w.text(9), 10)
	before, last := isSCS(w.text(14)), isSCS(w.text(15))
	switch {
	case unisoc(q.ident), bw >= uint64(len(nrBandwidths)), last && !before:
		w.nrBandwidth(9, true, &c)
		w.column(14, srxlev, &c)
	case before && !last:
		w.column(15, srxlev, &c)
		if q.obs.State == cell.Connected {
			w.nrBandwidth(9, false, &c)
		}
	}
	q.serve(w, c)
}

// scs checks a subcarrier spacing, which shows that the columns are where they should be.
func (w *row) scs(i int) {
	if s := w.text(i); s != "" && !isSCS(s) {
		w.reject(UnknownLayout)
		w.bad = true
	}
}

// isSCS reports whether a column can be a subcarrier spacing, 0..4.
func isSCS(s string) bool { return len(s) == 1 && s[0] >= '0' && s[0] <= '4' }

// qengNSA reads the NR carrier of EN-DC [RM5xx note 3.2.2; recorded: RM500Q, RM520N]. It has neither cell id nor TAC.
// The order is RSRP, SINR, RSRQ. The early short row had the SINR in tenths (180 was 18 dB, checked against QMI) on the
// one modem that is known; there it is read only where it cannot be dB.
//
//	0          1   2   3   4    5    6    7     8    9  10
//	"NR5G-NSA",mcc,mnc,pci,rsrp,sinr,rsrq
//	                             ... ,    arfcn,band
//	                             ... ,               bw,scs
func (q *quectelAnswer) qengNSA(w *row) {
	if !w.layout(7, 9, 11) {
		return
	}
	c := w.cell(cell.NR, 1, mcc, mnc, pci, rsrp, skip, rsrq)
	if len(w.f) == 7 {
		if v, ok := parseWhole(strings.TrimPrefix(w.text(5), "-"), 10); ok && v > maxSINR {
			w.level(5, sinr, 0.1, &c)
		}
	} else {
		w.read(&c, 5, sinr, skip, arfcn, band)
	}
	if len(w.f) == 11 {
		v, _ := parseWhole(w.text(9), 10)
		w.nrBandwidth(9, unisoc(q.ident) || v >= uint64(len(nrBandwidths)), &c)
	}
	q.second(w, c)
}

// qengWCDMA [EC2x manual 6.17; recorded: EC20].
//
//	0       1   2   3   4      5      6   7   8    9    10    11 12   13     14
//	"WCDMA",mcc,mnc,lac,cellid,uarfcn,psc,rac,rscp,ecio,phych,sf,slot,speech,commod
func (q *quectelAnswer) qengWCDMA(w *row) {
	switch {
	case w.layout(15):
		q.serve(w, w.cell(cell.UMTS, 1, mcc, mnc, hexArea, hexCID, arfcn, pci, skip, rscp, ecio))
	case w.begins(1, 7, 15):
		q.serve(w, w.cell(cell.UMTS, 1, mcc, mnc, hexArea, hexCID, arfcn, pci))
	}
}

// qengTDSCDMA [EC2x manual 6.17 only].
//
//	0         1   2   3   4      5     6    7    8
//	"TDSCDMA",mcc,mnc,lac,cellid,pfreq,rssi,rscp,ecio
func (q *quectelAnswer) qengTDSCDMA(w *row) {
	if w.layout(9) {
		q.serve(w, w.cell(cell.UMTS, 1, mcc, mnc, hexArea, hexCID, arfcn, rssi, rscp, ecio))
	}
}

// qengGSM [EC2x manual 6.17; recorded: BG96, EC20, EC2x]. The BSIC is decimal. The manual gives rxlev as an index,
// firmware prints dBm. The band (0 is 1800, 1 is 1900) is absent or contradicts the channel in what was seen, and
// stays raw.
//
//	0     1   2   3   4      5    6     7    8     9   10  11  12 13 14   15  16 17 18..24
//	"GSM",mcc,mnc,lac,cellid,bsic,arfcn,band,rxlev,txp,rla,drx,c1,c2,gprs,tch,ts,ta,maio,hsn,sub and full levels,codec
//
// Shorter rows are printed in public notes: they begin the same.
func (q *quectelAnswer) qengGSM(w *row) {
	whole := w.layout(25)
	if !whole && (len(w.f) < 10 || !w.begins(1, 7, 25)) {
		return
	}
	c := w.cell(cell.GSM, 1, mcc, mnc, hexArea, hexCID, pci, arfcn)
	if whole || w.negative(8) { // else the level may be of either scale
		w.column(8, rxlev, &c)
	}
	if whole {
		w.column(17, ta, &c)
	}
	q.serve(w, c)
}

// rxlev reads a GSM level: in dBm when it is negative, else the index of TS 45.008 clause 8.1.4.
func (w *row) rxlev(i int, c *cell.Cell) {
	if w.negative(i) {
		w.level(i, rssi, 1, c)
	} else {
		w.column(i, rxlevIndex, c)
	}
}
