package dialect

import (
	"strings"

	"vigie/cell"
)

// balongRATs are the tokens of ^MONSC and its kin.
var balongRATs = map[string]cell.RAT{"GSM": cell.GSM, "WCDMA": cell.UMTS, "LTE": cell.LTE, "NR": cell.NR}

// balong begins a row of ^MONSC or its kin. Not ok and no reject is NONE.
func (w *row) balong() (c cell.Cell, ok bool) {
	token := w.text(0)
	c.RAT = balongRATs[strings.ToUpper(token)]
	switch {
	case c.RAT != cell.UnknownRAT:
		return c, true
	case token == "":
		w.reject(Truncated)
	case !strings.EqualFold(token, "NONE"):
		w.reject(UnknownToken)
	}
	return c, false
}

// monsc reads the serving cell [Balong AT source and manual: all; recorded: MT5700M on LTE; printed in public notes: NR,
// GSM]. Cell id, area and the PCI of LTE and NR are hex, PSC, BSIC and channels decimal. Levels are in dBm and dB. What
// is not known yet is empty. In EN-DC a row of LTE and a row of NR are printed.
//
//	0     1   2   3     4     5    6   7     8    9    10   11
//	LTE,  mcc,mnc,chan, ci,   pci, tac,rsrp, rsrq,rssi
//	NR,   mcc,mnc,chan, scs,  ci,  pci,tac,  rsrp,rsrq,sinr
//	WCDMA,mcc,mnc,chan, psc,  ci,  lac,rscp, rssi,ecno,drx, ura
//	GSM,  mcc,mnc,band, arfcn,bsic,ci, lac,  rssi,qual,ta
func (h *huaweiAnswer) monsc(w *row) {
	c, ok := w.balong()
	if !ok {
		h.nothing = h.nothing || !w.said
		return
	}
	f := monscRows[c.RAT]
	switch {
	case !w.form(f, &c):
		if !w.begins(1, monscIdentity[c.RAT], f.counts...) {
			return
		}
		w.read(&c, f.from, f.columns[:monscIdentity[c.RAT]-1]...)
	case c.RAT == cell.LTE:
		w.balongLevels(7, false, &c)
	case c.RAT == cell.NR:
		w.balongLevels(8, true, &c)
	}
	w.exists(&c)
	if c.RAT == cell.NR && h.lte {
		h.second(w, c)
	} else {
		h.serve(w, c)
	}
}

var monscRows = map[cell.RAT]form{
	cell.LTE:  {cell.LTE, []int{10}, 1, []column{mcc, mnc, arfcn, hexCID, hexPCI, hexArea, skip, skip, rssi}},
	cell.NR:   {cell.NR, []int{11}, 1, []column{mcc, mnc, arfcn, scs, hexCID, hexPCI, hexArea}},
	cell.UMTS: {cell.UMTS, []int{12}, 1, []column{mcc, mnc, arfcn, pci, hexCID, hexArea, rscp, rssi, ecio}},
	cell.GSM:  {cell.GSM, []int{11}, 1, []column{mcc, mnc, skip, balongARFCN, pci, hexCID, hexArea, rssi, skip, ta}},
}

// monscIdentity are the columns up to which a row of ^MONSC says which cell it is about.
var monscIdentity = map[cell.RAT]int{cell.LTE: 7, cell.NR: 8, cell.UMTS: 7, cell.GSM: 8}

// balongBand reads a GSM band, 0..3. It is ignored if it does not contain the channel, as in the manual's own example.
func (w *row) balongBand(i int, c *cell.Cell) {
	bands := [...]cell.Band{850, 900, 1800, 1900}
	switch v, ok := w.whole(i, 10); {
	case !ok:
	case v < uint64(len(bands)):
		if a, ok := c.ARFCN.Get(); ok && in(cell.GSM, a, cell.Some(bands[v])) {
			c.Band = cell.Some(bands[v])
		}
	default:
		w.reject(BadValue)
	}
}

// balongLevels reads RSRP, RSRQ and, where the row has one, SINR. -157, -44 and -24 are the floor of what can be reported
// and stand for a cell that was not measured. Some firmware prints all three in eighths [Balong AT source: -1256, -348
// and -188 for the floor]: no RSRP in whole dBm is that low.
func (w *row) balongLevels(i int, ratio bool, c *cell.Cell) {
	unit := 1.0
	if w.below(i, -247) {
		unit = 0.125
	}
	if v, ok := w.number(i); ok && v*unit == -157 {
		c.Placeholder |= cell.FieldRSRP | cell.FieldRSRQ
		return
	}
	w.level(i, rsrp, unit, c)
	w.level(i+1, rsrq, unit, c)
	if ratio {
		w.level(i+2, sinr, unit, c)
	}
}

// monnc reads a neighbour [Balong AT source and manual: all; printed in public notes: NR, LTE]. Bases as in ^MONSC; the
// last column of LTE is no RSSI in the manual's own example, and stays raw. GSM cells have their identity only while the
// modem is on GSM.
//
//	0     1    2    3    4    5   6
//	GSM,  band,chan,bsic,ci,  lac,rssi
//	WCDMA,chan,psc, rscp,ecno
//	LTE,  chan,pci, rsrp,rsrq,rssi
//	NR,   chan,pci, rsrp,rsrq,sinr
//	NONE
func (h *huaweiAnswer) monnc(w *row) {
	c, ok := w.balong()
	if !ok {
		if !w.said {
			h.asked(0)
		}
		return
	}
	if !w.form(monncRows[c.RAT], &c) {
		return
	}
	if c.RAT == cell.LTE || c.RAT == cell.NR {
		w.balongLevels(3, c.RAT == cell.NR, &c)
	}
	w.exists(&c)
	h.listed(w, h.rows, c)
}

var monncRows = map[cell.RAT]form{
	cell.LTE:  {cell.LTE, []int{6}, 1, []column{arfcn, hexPCI}},
	cell.NR:   {cell.NR, []int{6}, 1, []column{arfcn, hexPCI}},
	cell.UMTS: {cell.UMTS, []int{5}, 1, []column{arfcn, pci, rscp, ecio}},
	cell.GSM:  {cell.GSM, []int{7}, 1, []column{skip, balongARFCN, pci, hexCID, hexArea, rssi}},
}

// monssc reads a carrier of the second leg of EN-DC [Balong AT source and manual].
//
//	^MONSSC: NR,chan,pci,rsrp,rsrq,sinr[,how measured]
//	^MONSSC: NONE
func (h *huaweiAnswer) monssc(w *row) {
	c, ok := w.balong()
	if !ok || !w.layout(6, 7) {
		return
	}
	w.read(&c, 1, arfcn, hexPCI)
	w.balongLevels(3, true, &c)
	w.exists(&c)
	h.second(w, c)
}

// hfreqinfo reads the carriers in use, seven columns each [E3372 manual; printed in public notes: MT5700M]. The mode is 6
// for LTE, 7 for NR. On NR the channel is the middle of the carrier, not that of the cell, and stays raw. Bandwidths are
// in kHz.
//
//	^HFREQINFO: n,mode,band,dl channel,dl 100 kHz,dl bandwidth,ul channel,ul 100 kHz,ul bandwidth[,band,...]
func (h *huaweiAnswer) hfreqinfo(w *row) {
	if len(w.f) < 9 || (len(w.f)-2)%7 != 0 {
		w.reject(UnknownLayout)
		return
	}
	rat := map[string]cell.RAT{"6": cell.LTE, "7": cell.NR}[w.text(1)]
	if rat == cell.UnknownRAT {
		w.reject(UnknownToken)
		return
	}
	var carriers []cell.Cell
	for i := 2; i < len(w.f); i += 7 {
		c := cell.Cell{RAT: rat}
		w.band(i, &c)
		w.arfcn(i+1, 10, &c)
		w.agrees(&c)
		w.kilohertz(i+3, &c)
		carriers = append(carriers, c)
	}
	for i, c := range carriers {
		switch {
		case rat == cell.NR && i > 0: // no channel by which to know it
		case rat == cell.NR:
			c.ARFCN = cell.Opt[uint32]{}
			h.part(w, c)
		case i == 0:
			h.part(w, c)
		default:
			h.second(w, c)
		}
	}
}
