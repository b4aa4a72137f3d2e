package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// meig reads what a router script says that MeiG modules print. Nobody has recorded an answer: the dialect is never chosen
// unless the user names it. Facts and sources: firmware-notes/meig.md.
var meig = &Dialect{
	Name:     "meig",
	Title:    "MeiG SLM7xx, SLM8xx, SRM8xx (experimental)",
	Evidence: Experimental,
	Match:    func(id Ident) bool { return id.VID == 0x2dee || hasWord(id, "MEIG") },
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR | cell.FieldSecondary
	},
	Settings: Settings,
	Serving: []at.Command{
		vendor("+SGCELLINFOEX?", "the serving cell"),
	},
	Around:  []at.Command{askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ, askCSQ},
	Surveys: []at.Command{scanCOPS},
	Only:    map[string]cell.Fields{"+SGCELLINFOEX?": cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldSecondary},
	Knows:   knows("+SGCELLINFO", "+SGCELLINFOEX"),
	once:    begins("+SGCELLINFOEX:"),
	parse: func(r *round, a Answer) {
		r.byPrefix(a, meigRows)
	},
}

var meigRows = map[string]func(*round, *row){"+SGCELLINFOEX": (*round).sgcellinfoex}

// sgcellinfoex reads the columns that a router script takes [ROOter meigdata.sh; no recording]. Those between are not
// known, nor is how many there are: a row is used only if its channels lie in the bands that it names. A bandwidth
// is in blocks.
//
//	0        5   7      8      9    10 11      13   14   15   16      17   28   29   30   31   32   33 34
//	LTE,  ...pci,             ..band,bw,earfcn,rssi,rsrp,rsrq,        sinr
//	EN-DC,...the same                                                    ..rsrp,rsrq,sinr,band,arfcn,bw,pci
//	5G,   ...pci,band, bw,            ..arfcn, ....,rsrp,rsrq,sinr
func (r *round) sgcellinfoex(w *row) {
	c := cell.Cell{RAT: cell.LTE}
	ratio := -1 // the column of the SINR
	switch token := strings.ToUpper(w.text(0)); {
	case token == "5G":
		c.RAT = cell.NR
		if len(w.f) < 17 {
			w.reject(Truncated)
			return
		}
		w.column(7, band, &c)
		w.fiveGBlocks(8, &c)
	case token == "LTE" && len(w.f) >= 18, token == "EN-DC" && len(w.f) >= 35:
		w.column(9, band, &c)
		w.fiveGBlocks(10, &c)
		w.column(13, rssi, &c)
		ratio = 17
	case token == "LTE", token == "EN-DC", token == "":
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownToken)
		return
	}
	if w.cut {
		w.reject(Truncated)
		return
	}
	if !w.filled(14, 17) {
		return
	}
	w.column(5, pci, &c)
	w.read(&c, 11, arfcn, skip, skip, rsrp, rsrq)
	w.column(ratio, sinr, &c)
	w.trusted(&c)
	r.serve(w, c)
	if w.text(0) != "EN-DC" || w.bad {
		return
	}
	nr := cell.Cell{RAT: cell.NR}
	if !w.filled(28, 35) {
		return
	}
	w.read(&nr, 28, rsrp, rsrq, skip, band, arfcn)
	w.fiveGBlocks(33, &nr)
	w.column(34, pci, &nr)
	w.trusted(&nr)
	r.second(w, nr)
}

// trusted rejects a row unless it names a channel, a band that has it, and a level.
func (w *row) trusted(c *cell.Cell) {
	if !c.ARFCN.Known() || !c.Band.Known() || !c.RSRP.Known() || !c.PCI.Known() {
		w.reject(UnknownLayout)
		w.bad = true
		return
	}
	w.agrees(c)
}
