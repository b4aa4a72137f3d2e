package dialect

import (
	"strings"

	"vigie/cell"
)

// fibocomBase finds the base in which +GTCCINFO prints channels and PCIs. FM150 and FM160 print them in hex, FM350 in
// decimal [recorded; +GTCAINFO of the same modem proves either]. Where the model is not known the rows tell: a hex
// digit, a PCI or a channel that does not exist in the other base or not in the band that the row names. Where all this
// fits both, the titles do, which all but FM350 print [recorded: FM150, FM350; printed in public notes: FM160, L610].
func fibocomBase(id Ident, lines []string) int {
	switch {
	case fibocomIs(id, "FM350"):
		return 10
	case fibocomIs(id, "FM150", "FM160"):
		return 16
	}
	titles := false
	decimal, hex := true, true
	for _, line := range lines {
		titles = titles || strings.HasSuffix(line, "service cell:")
		f := strings.Split(strings.TrimSpace(strings.TrimPrefix(line, "+GTCCINFO:")), ",")
		if len(f) != 12 && len(f) != 14 && len(f) != 15 || f[0] != "1" && f[0] != "2" {
			continue
		}
		rat := gtRATs[f[1]]
		var c cell.Cell
		if c.RAT = rat; f[0] == "1" {
			c.Band = gtBand(rat, f[8])
		}
		d, h := gtFits(&c, f[6], f[7], 10), gtFits(&c, f[6], f[7], 16)
		if d || h { // else the row is broken and tells nothing
			decimal, hex = decimal && d, hex && h
		}
	}
	switch {
	case decimal && hex && titles, hex && !decimal:
		return 16
	case decimal:
		return 10
	}
	return 0 // the rows disagree
}

// gtFits reports whether a channel and a PCI can be in this base.
func gtFits(c *cell.Cell, channel, pci string, base uint64) bool {
	if c.RAT == cell.UnknownRAT {
		return false
	}
	a, ok := parseWhole(channel, base)
	p, ok2 := parseWhole(pci, base)
	return ok && ok2 && a <= uint64(maxARFCN[c.RAT]) && p <= uint64(c.RAT.MaxPCI()) && in(c.RAT, uint32(a), c.Band)
}

var gtRATs = map[string]cell.RAT{"1": cell.GSM, "2": cell.UMTS, "4": cell.LTE, "9": cell.NR}

// gtBand is the number of a band that is printed as itself on UMTS, with 100 added or as itself on LTE, and with 50 put
// before it or as itself on NR: 103 is B3, 5078 and 50257 are n78 and n257, 501 is n1.
func gtBand(rat cell.RAT, s string) cell.Opt[cell.Band] {
	if after, ok := strings.CutPrefix(s, "50"); ok && rat == cell.NR && after != "" {
		s = after
	}
	v, ok := parseWhole(s, 10)
	if rat == cell.LTE && v > 100 && v < 200 {
		v -= 100
	}
	if !ok || v == 0 || v > 512 {
		return cell.Opt[cell.Band]{}
	}
	return cell.Some(cell.Band(v))
}

func (w *row) gtBand(i int, c *cell.Cell) {
	if s := w.text(i); s != "" {
		if c.Band = gtBand(c.RAT, s); !c.Band.Known() {
			w.reject(BadValue)
		}
	}
}

// gtccinfo reads a row of +GTCCINFO [FM350 manual; recorded: FM150, FM350; printed in public notes: FM160, L610]. PLMN
// decimal; area and cell id hex; channel and PCI by fibocomBase. LTE and NR levels are indexes. The RSSNR of LTE and the
// SINR of NR are of unknown scale and stay raw. 1 serves, 2 is a neighbour.
//
//	0   1   2   3   4   5  6    7   8    9    10     11     12    13
//	svc,rat,mcc,mnc,tac,ci,chan,pci,band,bw,  rssnr, rxlev, rsrp, rsrq             1 and LTE or NR
//	svc,rat,mcc,mnc,tac,ci,chan,pci,bw,  rxlev,rsrp, rsrq                          2 and LTE; NR has its SINR in column 8
//	svc,rat,mcc,mnc,lac,ci,chan,psc,band,ecno,rscp,  rac,   rxlev,?,    ecio       1 and UMTS
//	svc,rat,mcc,mnc,lac,ci,chan,psc,?,   ?,   ?,     ecno,  loss, rxlev,rscp       2 and UMTS
//	2,  0,  0,  00, FFFF,...                                                       nothing heard
func (f *fibocomAnswer) gtccinfo(w *row) {
	if w.text(1) == "0" {
		return
	}
	c := cell.Cell{RAT: gtRATs[w.text(1)]}
	serves := w.text(0) == "1"
	switch {
	case !serves && w.text(0) != "2":
		w.reject(UnknownToken)
		return
	case c.RAT == cell.UnknownRAT:
		w.reject(UnknownToken)
		return
	case c.RAT == cell.GSM:
		w.reject(UnknownLayout) // no source draws this row
		return
	case c.RAT == cell.UMTS && !w.layout(15), c.RAT != cell.UMTS && !serves && !w.layout(12):
		return
	}
	whole := c.RAT == cell.UMTS || !serves || w.layout(14)
	if !whole && !w.begins(6, 9) {
		return
	}
	w.read(&c, 2, mcc, mnc, hexArea, hexCID)
	if serves {
		w.gtBand(8, &c)
	}
	if f.base != 0 {
		w.arfcn(6, f.base, &c)
		w.pci(7, f.base, &c)
		w.agrees(&c)
	}
	if !whole && !located(&c) {
		return
	}
	switch {
	case !whole:
	case c.RAT == cell.UMTS && serves:
		w.read(&c, 9, ecnoIndex, rscpIndex)
	case c.RAT == cell.UMTS:
		w.read(&c, 11, ecnoIndex, skip, skip, rscpIndex)
	case serves:
		w.fiveGBlocks(9, &c)
		w.read(&c, 12, rsrpIndex, rsrqIndex)
	default:
		w.read(&c, 10, rsrpIndex, rsrqIndex)
	}
	switch {
	case !serves:
		f.listed(w, f.rows, c)
	case c.RAT == cell.NR && f.lte:
		f.second(w, c)
	default:
		f.serve(w, c)
	}
}

// gtcainfo reads a carrier [FM350 manual; recorded: FM150, FM350]. All columns are decimal. The levels of the last
// columns are in dBm or indexes by firmware and are also printed by +GTCCINFO; they stay raw. A carrier is in use when its
// state is 2; 1 is configured and not active.
//
//	PCC:band,pci,channel,bandwidth,...                       9 to 11 columns
//	SCC 1:state,ul configured,band,pci,channel,bandwidth,... 12 to 14 columns
func (f *fibocomAnswer) gtcainfo(w *row) {
	label, value, ok := strings.Cut(w.text(0), ":")
	if !ok {
		w.reject(Truncated)
		return
	}
	w.f[0] = strings.TrimSpace(value)
	active := w.text(0) == "2"
	if label == "PCC" {
		if !w.layout(9, 10, 11) {
			return
		}
	} else {
		if _, ok := parseWhole(strings.TrimSpace(strings.TrimPrefix(label, "SCC")), 10); !ok {
			w.reject(UnknownToken)
			return
		}
		if !w.layout(12, 13, 14) || !w.filled(0, 2) {
			return
		}
		w.drop(2)
	}
	if !w.filled(0, 4) {
		return
	}
	c := cell.Cell{RAT: cell.NR}
	if fibocomLTE(w.text(0)) {
		c.RAT = cell.LTE
	}
	w.gtBand(0, &c)
	w.read(&c, 1, pci, arfcn)
	w.fiveGBlocks(3, &c)
	w.agrees(&c)
	switch {
	case label != "PCC" && !active:
	case label != "PCC", c.RAT == cell.NR && f.lte:
		f.second(w, c)
	default:
		f.part(w, c)
	}
}
