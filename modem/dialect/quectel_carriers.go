package dialect

import (
	"strings"

	"vigie/cell"
)

// qcainfo reads the carriers in use: PCC is the serving cell, SCC the others [EC2x manual; RM5xx note 3.2.3; recorded:
// RM500U, RM520N, RM551E]. The bandwidth is in resource blocks on LTE, an index on NR, MHz on Unisoc. The levels of NR
// rows are nonsense on RM551E, and the SINR of LTE rows has another scale than that of +QENG: both stay raw.
//
//	0     1    2  3             4     5   6    7    8    9    10
//	"PCC",freq,bw,"LTE BAND 1", state,pci,rsrp,rsrq,rssi,sinr
//	"SCC",freq,bw,"LTE BAND 3", state,pci,rsrp,rsrq,rssi,sinr[,ul configured,ul bw,ul earfcn]
//	"SCC",freq,bw,"NR5G BAND 78",pci                                    also "PCC"
//	"PCC",freq,bw,"NR5G BAND 41",pci,rsrp,rsrq,sinr                     verbose
//	"SCC",freq,bw,"NR5G BAND 71",state,pci,ul configured,ul bw,ul arfcn[,rsrp,rsrq[,sinr]]
//	"PCC",freq,bw,"NR N78",     state,pci,rsrp,rsrq,rssi,sinr           Unisoc
//
// The state of a PCC is its registration, that of an SCC is 0 not configured, 1 configured, 2 active.
func (q *quectelAnswer) qcainfo(w *row) {
	label := strings.ToUpper(w.text(0))
	if label != "PCC" && label != "SCC" {
		w.reject(UnknownToken)
		return
	}
	var c cell.Cell
	name := strings.ToUpper(w.text(3))
	switch {
	case strings.HasPrefix(name, "LTE BAND "):
		c.RAT = cell.LTE
	case strings.HasPrefix(name, "NR5G BAND "), strings.HasPrefix(name, "NR N"):
		c.RAT = cell.NR
	case name == "":
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownToken)
		return
	}
	ok, whole := false, true
	if c.RAT == cell.LTE {
		if whole = w.layout(10, 13); whole {
			w.read(&c, 2, blocks, skip, skip, pci, rsrp, rsrq, rssi)
		} else if w.begins(1, 6) {
			w.column(5, pci, &c)
		}
		ok = whole || c.PCI.Known()
	} else {
		ok = w.nrCarrier(name, label, &c)
	}
	if !ok {
		return
	}
	w.column(1, arfcn, &c)
	w.bandName(3, &c)
	switch {
	case !whole && !located(&c):
	case label == "PCC":
		q.part(w, c)
	case len(w.f) > 5 && w.text(4) == "0": // not configured: not in use
	default:
		q.second(w, c)
	}
}

func (w *row) nrCarrier(name, label string, c *cell.Cell) bool {
	if !w.layout(5, 8, 9, 10, 11, 12) {
		return false
	}
	switch n := len(w.f); {
	case strings.HasPrefix(name, "NR N") && n == 10:
		w.read(c, 5, pci, rsrp, rsrq, rssi)
		w.nrBandwidth(2, true, c)
	case strings.HasPrefix(name, "NR N"), n == 10, n == 8 && (label != "PCC" || !w.below(5, 0)), n >= 9 && len(w.text(4)) != 1:
		w.reject(UnknownLayout)
		return false
	case n == 5, n == 8:
		w.column(4, pci, c)
		w.nrBandwidth(2, false, c)
	default:
		w.column(5, pci, c)
		w.nrBandwidth(2, false, c)
	}
	return true
}

// qscan reads the rows of the survey +QSCAN [RM5xx manual 5; printed by RM520N in public notes]. TAC and cell id are
// hex. The bandwidth is in resource blocks on LTE and of unknown meaning on NR.
//
//	0     1   2   3    4   5    6    7      8     9      10  11 12
//	"LTE",mcc,mnc,freq,pci,rsrp,rsrq,srxlev,squal
//	"LTE",mcc,mnc,freq,pci,rsrp,rsrq,srxlev,squal,cellid,tac,rb,band
//	"NR5G",                 the same with scs (0..4) for squal, and three columns more on RM520N
func (q *quectelAnswer) qscan(w *row) {
	c := cell.Cell{RAT: quectelRAT(strings.ToUpper(w.text(0)))}
	switch {
	case strings.HasPrefix(w.text(0), "("): // the answer to +QSCAN=?
		return
	case c.RAT != cell.LTE && c.RAT != cell.NR:
		w.reject(UnknownToken)
		return
	case c.RAT == cell.LTE && !w.layout(9, 11, 13), c.RAT == cell.NR && !w.layout(9, 11, 13, 16):
		return
	case c.RAT == cell.NR && w.text(8) != "" && !isSCS(w.text(8)):
		w.reject(UnknownLayout)
		return
	}
	w.read(&c, 1, mcc, mnc, arfcn, pci, rsrp, rsrq, srxlev, skip, hexCID, hexArea)
	if c.RAT == cell.LTE {
		w.column(11, blocks, &c)
	}
	w.column(12, band, &c)
	q.heard(w, c)
}

// qops reads the head of a block of the survey +QOPS; the cells of that operator follow without a prefix.
//
//	+QOPS: "CHINA MOBILE","CMCC","46000"
func (q *quectelAnswer) qops(w *row) {
	q.block = cell.PLMN{}
	if !w.layout(3) {
		return
	}
	p, err := cell.ParsePLMN(w.text(2))
	if err != nil {
		w.reject(BadValue)
		return
	}
	q.block = p
}

// qopsCell reads a cell of +QOPS [EC2x manual 6.15]. Area and cell id are hex, the manual's word "decimal" for the TAC
// notwithstanding. The scale of 2G rxlev and 3G ecno is not told.
//
//	0     1    2    3   4   5    6     7    8
//	index,"2G",freq,lac,ci, bsic,rxlev,c1,  cba,gprs
//	index,"3G",freq,psc,lac,ci,  rscp, ecno,cba
//	index,"4G",freq,pci,tac,ci,  rsrp, rsrq,[rssi,]cba
func (q *quectelAnswer) qopsCell(w *row) {
	f, ok := qopsCells[w.text(1)]
	if !ok || q.block == (cell.PLMN{}) {
		w.skipped()
		return
	}
	c := cell.Cell{MCC: q.block.MCC, MNC: q.block.MNC}
	if !w.form(f, &c) {
		return
	}
	if c.RAT == cell.LTE && len(w.f) == 10 {
		w.column(8, rssi, &c)
	}
	q.heard(w, c)
}

var qopsCells = map[string]form{
	"2G": {cell.GSM, []int{10}, 2, []column{arfcn, hexArea, hexCID, pci}},
	"3G": {cell.UMTS, []int{9}, 2, []column{arfcn, pci, hexArea, hexCID, rscp}},
	"4G": {cell.LTE, []int{9, 10}, 2, []column{arfcn, pci, hexArea, hexCID, rsrp, rsrq}},
}
