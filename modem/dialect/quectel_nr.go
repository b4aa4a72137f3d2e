package dialect

import (
	"vigie/cell"
	"vigie/modem/at"
)

// askNRCells asks for the NR cells that a module has measured: the only neighbours that modules on Qualcomm chips tell of on NR.
var askNRCells = at.Command{Text: `+QNWCFG="nr5g_meas_info"`, Prefixes: []string{"+QNWCFG"}, Timeout: engineering,
	Why: "the NR cells measured (RM5xx, RG5xx)"}

// reportNRCells has that query print them. What the module measures is decided by the network, not by this.
var reportNRCells = at.Setting{
	Read: askNRCells, Write: `+QNWCFG="nr5g_meas_info",`, Values: []string{"0", "1"}, Want: []string{"1"},
	Current: func(lines []string) (string, bool) {
		for _, l := range lines {
			if prefix, f := at.Fields(nil, l); prefix == "+QNWCFG" && len(f) >= 2 && f[0] == "nr5g_meas_info" {
				return f[1], true
			}
		}
		return "", false
	},
	Why: "have the NR cells that are measured printed (RM5xx, RG5xx)",
}

// qnwcfg reads the NR cells measured [no manual; recorded in public notes: RG520N, RM520N]. All is decimal, levels are in dBm and dB. The serving
// cell is among them.
//
//	0                1 2      3   4    5
//	"nr5g_meas_info",1,nrarfcn,pci,rsrp,rsrq
//	"nr5g_meas_info",0                          switched off; with 1 nothing was measured
func (q *quectelAnswer) qnwcfg(w *row) {
	if w.text(0) != "nr5g_meas_info" || len(w.f) == 2 && !w.cut {
		return // another configuration, or none
	}
	if w.cut || !w.layout(6) {
		w.reject(Truncated)
		return
	}
	if w.text(1) != "1" || !w.signs(4, "--") {
		w.reject(UnknownLayout)
		return
	}
	c := w.cell(cell.NR, 2, arfcn, pci, rsrp, rsrq)
	w.exists(&c)
	if !c.PCI.Known() || !c.ARFCN.Known() { // fillers
		w.reject(BadValue)
		return
	}
	for i := range q.obs.Secondary {
		if s := &q.obs.Secondary[i]; s.RAT == cell.NR && s.PCI == c.PCI && s.ARFCN == c.ARFCN {
			return // the carrier in use
		}
	}
	q.listed(w, q.rows, c)
}
