package dialect

import "vigie/cell"

// qengNeighbour reads a neighbour row from its RAT on. Several layouts share a RAT; they are distinguished by the number of
// columns and, where that is not enough, by which columns are negative. So a row that did not end whole is not read.
func (q *quectelAnswer) qengNeighbour(w *row, label string) {
	if w.cut {
		w.reject(Truncated)
		return
	}
	var c cell.Cell
	ok, waiting := false, len(q.waiting)
	switch token := w.text(0); token {
	case "LTE":
		c.RAT = cell.LTE
		if label == "neighbourcell" {
			ok = q.lteFromElsewhere(w, &c)
		} else {
			ok = q.lteFromLTE(w, label == "neighbourcell intra", &c)
		}
	case "NR", "NR5G":
		c.RAT = cell.NR
		ok = q.nrFromNR(w, &c)
	case "WCDMA":
		c.RAT = cell.UMTS
		ok = q.wcdma(w, &c)
	case "GSM":
		c.RAT = cell.GSM
		ok = q.gsm(w, &c)
	case "":
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
	if ok && !w.bad {
		q.listed(w, q.rows, c)
	}
	if w.bad {
		q.waiting = q.waiting[:waiting]
	}
}

// lteFromLTE reads the rows of a modem camped on LTE [EC2x manual 6.17; recorded: EG25, RM520N]. RSRQ precedes RSRP,
// the other way round than in the serving row. A frequency without a measured cell has dashes. The SINR is a floor or
// of unknown scale, and stays raw.
//
//	0     1      2   3    4    5    6    7      8    9           10         11
//	"LTE",earfcn,pci,rsrq,rsrp,rssi,sinr,srxlev,prio,s_non_intra,thresh_low,s_intra       intra
//	"LTE",earfcn,pci,rsrq,rsrp,rssi,sinr,srxlev,low, high,       prio      [,-,-,-,-]     inter, EC2x
//	"LTE",earfcn,pci,rsrq,rsrp,rssi,sinr,srxlev,prio,low,        high      [,-,-,-,-]     inter, RM5xx
//	"LTE",earfcn,pci,rsrp,rsrq,srxlev,sinr,prio,low,high,rat                              RM500U [manual, at second hand]
func (q *quectelAnswer) lteFromLTE(w *row, intra bool, c *cell.Cell) bool {
	// The levels identify the last layout: RSRP is never above -44 dBm, RSRQ never below it.
	if len(w.f) == 11 && w.below(3, minRSRQ) && !w.below(4, minRSRQ) {
		w.read(c, 1, arfcn, pci, rsrp, rsrq)
		return true
	}
	if intra {
		if !w.layout(12) {
			return false
		}
	} else if !w.layout(11, 15) {
		return false
	}
	w.sure = w.sure && !w.below(3, minRSRQ) // else it may be the last one with a comma too many
	if w.text(2) == "" && w.text(4) != "" || (w.text(3) == "") != (w.text(4) == "") {
		w.reject(UnknownLayout) // a level without its PCI, or one level alone: a comma too many
		return false
	}
	for i := 11; i < len(w.f) && !intra; i++ {
		if w.text(i) != "" {
			w.reject(UnknownLayout)
			return false
		}
	}
	w.read(c, 1, arfcn, pci, rsrq, rsrp, rssi, skip, srxlev)
	if intra {
		w.read(c, 8, priority, skip, threshLow)
	} else {
		q.inter(w, c)
	}
	return true
}

// below reports whether a column is a number below limit.
func (w *row) below(i int, limit float64) bool {
	s := w.text(i)
	if len(s) < 2 || s[0] != '-' {
		return false
	}
	v, ok := parseWhole(s[1:], 10)
	return ok && -float64(v) < limit
}

// columnOrder is how the last three columns of an inter row are ordered: by model, and no list of models exists.
type columnOrder uint8

const (
	orderUnknown      columnOrder = iota
	lowHighPriority               // EC2x
	priorityLowHigh               // RM5xx
	orderContradicted             // rows of one answer disagree
)

// interRow is a neighbour that waits for its order.
type interRow struct {
	neighbour int // in obs.Neighbours
	v         [3]uint64
}

// inter finds the order in the values: a threshold is even (TS 36.331 gives it in steps of 2 dB), a priority is 0..7. A
// row that fits both orders waits for another row of the answer that fits only one.
func (q *quectelAnswer) inter(w *row, c *cell.Cell) {
	var v [3]uint64
	for i := range v {
		n, ok := w.whole(8+i, 10)
		if !ok || w.bad {
			return
		}
		v[i] = n
	}
	even := func(n uint64) bool { return n%2 == 0 && n <= 62 }
	first := even(v[0]) && even(v[1]) && v[2] <= 7
	second := v[0] <= 7 && even(v[1]) && even(v[2])
	switch {
	case !first && !second:
		w.reading = priority
		w.outOfRange()
		w.reading = skip
		return
	case first && second:
	case q.order == orderUnknown && first:
		q.order = lowHighPriority
	case q.order == orderUnknown:
		q.order = priorityLowHigh
	case first != (q.order == lowHighPriority):
		q.order = orderContradicted
	}
	q.waiting = append(q.waiting, interRow{len(q.obs.Neighbours), v})
}

// resolveOrder sets priorities and thresholds of the neighbours that wait for their order, after the last row of the answer.
func (q *quectelAnswer) resolveOrder() {
	for _, t := range q.waiting {
		n := &q.obs.Neighbours[t.neighbour]
		low, high, priority := t.v[0], t.v[1], t.v[2]
		switch q.order {
		case priorityLowHigh:
			priority, low, high = t.v[0], t.v[1], t.v[2]
		case orderUnknown, orderContradicted:
			continue
		}
		n.Priority = cell.Some(uint8(priority))
		n.ThreshLow, n.ThreshHigh = cell.Some(cell.DB(low)), cell.Some(cell.DB(high))
	}
	q.waiting = q.waiting[:0]
}

// lteFromElsewhere reads the LTE rows of a modem that is not camped on LTE [EC2x manual 6.17; RM500U manual, at second
// hand]. RSRP is first in all of them.
//
//	0     1      2   3    4    5       6      7
//	"LTE",earfcn,pci,rsrp,rsrq                          camped on GSM
//	"LTE",earfcn,pci,rsrp,rsrq,srxlev                   camped on WCDMA
//	"LTE",earfcn,pci,rsrp,rsrq,sinr,   srxlev,rat       camped on NR, Unisoc
func (q *quectelAnswer) lteFromElsewhere(w *row, c *cell.Cell) bool {
	if !w.layout(5, 6, 8) {
		return false
	}
	w.read(c, 1, arfcn, pci, rsrp, rsrq)
	return true
}

// nrFromNR reads the NR rows of Unisoc modules [recorded: RM500U]. Other layouts circulate without a recording.
//
//	0    1     2   3    4    5    6      7
//	"NR",arfcn,pci,rsrp,rsrq,sinr,srxlev,rat
func (q *quectelAnswer) nrFromNR(w *row, c *cell.Cell) bool {
	if !w.layout(8) {
		return false
	}
	w.read(c, 1, arfcn, pci, rsrp, rsrq, sinr, srxlev)
	return true
}

// wcdma reads the WCDMA rows. Levels are in tenths [EC2x manual 6.17: cpich_rscp is dBm x 10; recorded: EG25]. The two
// long layouts have the same number of columns; the level is in column 4 of the one and column 6 of the other.
//
//	0       1      2       3        4       5    6    7     8
//	"WCDMA",uarfcn,prio,   threshHi,threshLo,psc,rscp,ecno, srxlev                 camped on LTE
//	"WCDMA",uarfcn,srxqual,psc,     rscp,   ecno,set, rank, srxlev[,hi,lo,rat]     camped on WCDMA [Unisoc: 12]
//	"WCDMA",uarfcn,psc,    rscp,    ecno                                           camped on GSM
func (q *quectelAnswer) wcdma(w *row, c *cell.Cell) bool {
	if !w.layout(5, 9, 12) {
		return false
	}
	w.sure = w.sure && len(w.f) != 9
	switch {
	case len(w.f) == 5:
		w.read(c, 1, arfcn, pci)
		w.wcdmaLevels(3, c)
	case w.below(4, 0):
		w.read(c, 1, arfcn, skip, pci)
		w.wcdmaLevels(4, c)
	case len(w.f) == 9 && w.text(4) != "" && !w.below(2, 0):
		w.read(c, 1, arfcn, priority, threshHigh, threshLow, pci)
		w.wcdmaLevels(6, c)
	default:
		w.reject(UnknownLayout)
		return false
	}
	return true
}

// wcdmaLevels reads RSCP and Ec/Io in tenths. Whole numbers cannot be distinguished from tenths in Ec/Io alone, so a row whose
// RSCP is not plainly in tenths gives neither.
func (w *row) wcdmaLevels(i int, c *cell.Cell) {
	if w.below(i, minRSCP) {
		w.level(i, rscp, 0.1, c)
		w.level(i+1, ecio, 0.1, c)
	} else if w.text(i) != "" {
		w.reading = rscp
		w.outOfRange()
		w.reading = skip
	}
}

// gsm reads the GSM rows. Camped on GSM they hold the identity of the cell, idle only [EC2x manual 6.17; recorded: EC20].
// Camped on LTE they are the list that the cell broadcasts, and a level of -1920 is a cell never measured [recorded:
// EG25]; the scale of other levels is not known, and its BSIC is kept only with a measurement.
//
//	0     1     2    3          4         5   6      7    8     9      10 11  12
//	"GSM",mcc,  mnc, lac,       cellid,   bsic,arfcn,rxlev,c1,  c2,    c31,c32          camped on GSM
//	"GSM",arfcn,prio,thresh_hi, thresh_lo,ncc,band,  bsic, rssi,srxlev                  camped on LTE
//	"GSM",bsic, rssi,rxlev,     rank                                                    camped on WCDMA: no channel
func (q *quectelAnswer) gsm(w *row, c *cell.Cell) bool {
	if !w.layout(5, 10, 12) {
		return false
	}
	switch len(w.f) {
	case 12:
		w.read(c, 1, mcc, mnc, hexArea, hexCID, pci, arfcn, rxlev)
	case 10:
		if !w.below(8, 0) && w.text(8) != "" {
			w.reject(UnknownLayout)
			return false
		}
		w.read(c, 1, arfcn, priority, threshHigh, threshLow)
		w.rssiOfUnknownScale(8, c)
		if c.RSSI.Known() {
			w.column(7, pci, c)
		}
	case 5:
		w.column(1, pci, c)
	}
	return true
}

// rssiOfUnknownScale reads a level that is dBm only when it lies where no other scale can put it.
func (w *row) rssiOfUnknownScale(i int, c *cell.Cell) {
	if w.text(i) == "-1920" {
		c.Placeholder |= cell.FieldRSSI
	} else if !w.below(i, -113) {
		w.level(i, rssi, 1, c)
	}
}
