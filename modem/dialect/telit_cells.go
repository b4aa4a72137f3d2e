package dialect

import (
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// servinfo reads #SERVINFO, whose columns depend on the RAT, which it does not name [GE910, HE910, LE910, LM960 manuals,
// "AT#SERVINFO"; recorded: GE910, GL868, LM960, 3G modules]. LAC, TAC and cell id are hex, the PSC is decimal.
//
//	0     1   2    3      4    5   6   7    8    9   10  11
//	arfcn,dBm,name,"plmn",bsic,lac,ta, gprs[,pb, nom,rac,pat]        GSM
//	uarfcn,dBm,name,"plmn",psc,lac,drx,sd,  rscp[,nom,rac]           UMTS
//	earfcn,dBm,name,"plmn",id, tac,drx,sd,  rsrp                     LTE; id is the cell id on LM960, the PCI elsewhere
func (t *telitAnswer) servinfo(w *row) {
	if !w.layout(8, 9, 10, 11, 12) {
		return
	}
	var c cell.Cell
	if s := w.text(3); s != "" {
		p, err := cell.ParsePLMN(s)
		if err != nil {
			w.reject(BadValue)
			return
		}
		c.MCC, c.MNC = p.MCC, p.MNC
	}
	var ok bool
	switch n := len(w.f); {
	case n == 8, n == 12:
		ok = w.servinfoGSM(&c)
	case n >= 10:
		ok = w.servinfoUMTS(&c)
	default:
		ok = t.servinfoLong(w, &c)
	}
	if !ok {
		w.reject(UnknownLayout)
		return
	}
	t.part(w, c)
}

func (w *row) servinfoGSM(c *cell.Cell) bool {
	if g := w.text(7); g != "0" && g != "1" || len(w.f) == 8 && !isOctal(w.text(4)) {
		return false
	}
	c.RAT = cell.GSM
	w.read(c, 0, arfcn, rssi, skip, skip, octalBSIC, hexArea, ta)
	return true
}

// servinfoUMTS reads a row that can be none of LTE. -0 and -255 are levels that were not measured.
func (w *row) servinfoUMTS(c *cell.Cell) bool {
	if drx := w.text(6); drx == "" || drx[0] == '0' || len(w.text(7)) != 1 || w.text(7) > "3" {
		return false
	}
	c.RAT = cell.UMTS
	w.column(0, arfcn, c)
	if n, ok := c.ARFCN.Get(); ok && !cell.ChannelExists(cell.UMTS, n) {
		return false
	}
	w.read(c, 4, pci, hexArea)
	w.whole(6, 10)
	if level := w.text(1); level != "-0" && level != "0" {
		w.column(1, rssi, c)
	}
	if w.text(8) == "-255" {
		c.Placeholder |= cell.FieldRSCP
	} else {
		w.column(8, rscp, c)
	}
	return true
}

// servinfoLong reads the row that UMTS and LTE share. A channel that only one of them has decides, or a cell id in the
// column of the scrambling code; else the levels: between RSSI and RSCP lie at most 24 dB, and between RSSI and RSRP
// of 5 MHz and more at least 25.
func (t *telitAnswer) servinfoLong(w *row, c *cell.Cell) bool {
	channel, ok := w.whole(0, 10)
	if drx := w.text(6); !ok || drx == "" || drx[0] == '0' || len(w.text(7)) != 1 || w.text(7) > "3" {
		return false
	}
	w.byHand(4)
	id, named := parseWhole(w.text(4), 16)
	_, decimal := parseWhole(w.text(4), 10)
	dBm, heard := w.number(1)
	level, heard2 := w.number(8)
	umts := cell.ChannelExists(cell.UMTS, uint32(min(channel, 1<<31)))
	switch {
	case !umts, !decimal && w.text(4) != "", id > 0xFFF:
	case dBm-level < 25 && heard && heard2:
		return w.servinfoUMTS(c)
	case !heard || !heard2:
		return false
	}
	c.RAT = cell.LTE
	w.read(c, 0, arfcn, rssi, skip, skip, skip, hexArea)
	w.whole(6, 10)
	w.column(8, rsrp, c)
	if named && id <= uint64(cell.LTE.MaxPCI()) && !strings.HasPrefix(strings.ToUpper(t.ident.Model), "LM") {
		w.column(4, hexPCI, c)
	} else {
		w.column(4, hexCID, c)
	}
	return true
}

// octalBSIC reads a BSIC as Telit prints it: NCC and BCC as two digits, each up to 7.
func (w *row) octalBSIC(i int, c *cell.Cell) {
	s := w.text(i)
	switch n, err := strconv.ParseUint(s, 8, 16); {
	case s == "":
	case err == nil && isOctal(s):
		c.PCI = cell.Some(uint16(n))
	default: // FFFF7, FF
		c.Placeholder |= cell.FieldPCI
	}
}

func isOctal(s string) bool {
	return (len(s) == 1 || len(s) == 2) && strings.Trim(s, "01234567") == ""
}

// moni reads the rows of #MONI. What it prints depends on the RAT and on the set that #MONI=n chose; each row shows which it
// is [GM862, HE863, LE910, ME910 manuals, "AT#MONI"; recorded: GM862, LM960]. The name of the network may hold spaces. Where
// it is not known the row has Cc and Nc. LAC, TAC and ids are hex, the PSC is decimal.
//
//	#MONI: name BSIC:70 RxQual:0 LAC:55FA Id:1D23 ARFCN:736 PWR:-83 dBm TA:1
//	#MONI: Adj Cell1 [LAC:55FA Id:1297] ARFCN:983 PWR:-78 dBm
//	#MONI: name PSC:90 RSCP:-87 LAC:00DE Id:0B5D121 EcIo:-8.0 UARFCN:3011 PWR:-79 dBm DRX:64 SCR:1440
//	#MONI: PSC:90 RSCP:-87 EcIo:-8.0 UARFCN:3011 PWR:-79 dBm SCR:1440                          set 0 to 3
//	#MONI: name RSRP:-92 RSRQ:-17 TAC:8B1E Id:A204F01 EARFCN:800 PWR:-54dbm DRX:1280 [pci:321 QRxLevMin:-130]
//	#MONI: RSRP:-107 RSRQ:-18 Id:0000142 EARFCN:66786 PWR:-79dbm                               a list; Id is the PCI
//	#MONI: name NR_BAND:79 ... NR_CH:723360 ... NR_PWR:-60dbm NR_RSRP:-71 NR_RSRQ:-10 NR_PCI:11 NR_SINR:56 ...       FN980, FN990
//	#MONI: S 70 55FA 1D23 736 -83dbm 19 33 1 0 name                                            set 7
//	#MONI: N1 75 55FA 1297 983 -78dbm 26 20
func (t *telitAnswer) moni(w *row) {
	_, rest := at.Prefix(w.line)
	rest = strings.TrimSpace(rest)
	first, _, _ := strings.Cut(rest, " ")
	switch {
	case strings.HasPrefix(rest, "("), first == "Cell":
	case strings.Contains(rest, " NR_CH:"):
		t.moniNR(w, strings.Contains(rest, " EARFCN:"))
	case strings.Contains(rest, "EARFCN:"):
		t.moniLTE(w)
	case strings.Contains(rest, "UARFCN:"):
		t.moniUMTS(w)
	case strings.Contains(rest, "ARFCN:"):
		t.moniGSM(w, strings.HasPrefix(rest, "Adj Cell"))
	case strings.TrimSuffix(first, ":") == "S", len(first) == 2 && first[0] == 'N' && first[1] >= '1' && first[1] <= '9':
		t.moniTable(w, strings.Fields(rest))
	case w.cut:
		w.reject(Truncated)
	default:
		w.reject(UnknownLayout)
	}
}

// moniName reads Cc and Nc, which come after the columns that have their own place.
func (w *row) moniName(c *cell.Cell) {
	n := len(w.f)
	w.plmn(n-2, n-1, c)
}

// dBm takes the unit off a level.
func (w *row) dBm(i int) {
	if v := w.f[i]; len(v) > 3 && strings.EqualFold(v[len(v)-3:], "dbm") {
		w.f[i] = v[:len(v)-3]
	}
}

func (t *telitAnswer) moniLTE(w *row) {
	w.spaced("RSRP", "RSRQ", "TAC", "Id", "EARFCN", "PWR", "Cc", "Nc")
	c := cell.Cell{RAT: cell.LTE}
	w.dBm(5)
	w.read(&c, 0, rsrp, rsrq, skip, skip, arfcn, rssi)
	w.byHand(3)
	if w.text(0) == "" || w.text(4) == "" {
		w.reject(Truncated)
		return
	}
	if w.text(2) != "" {
		w.read(&c, 2, hexArea, hexCID)
		w.moniName(&c)
		t.part(w, c)
		return
	}
	w.column(3, hexPCI, &c)
	t.asked(8)
	if w.keeps(&c) {
		t.list = append(t.list, c)
	}
}

// moniNR reads the NR cell, which follows the LTE one in its row where NR is beside LTE [recorded in public notes: FN980, standalone]. All is
// decimal. The scale of the SINR is not known.
func (t *telitAnswer) moniNR(w *row, beside bool) {
	w.spaced("NR_BAND", "NR_CH", "NR_PWR", "NR_RSRP", "NR_RSRQ", "NR_PCI")
	w.dBm(2)
	if !w.filled(0, 2) || !w.filled(5, 6) {
		return
	}
	c := w.cell(cell.NR, 0, band, bandARFCN, rssi, rsrp, rsrq, pci)
	if !beside {
		t.part(w, c)
		return
	}
	t.second(w, c)
	t.moniLTE(w)
}

// resolveList takes the rows of a list on LTE: the first one on the serving frequency is the serving cell itself, which
// the row does not say.
func (t *telitAnswer) resolveList() {
	for i, c := range t.list {
		if s := t.obs.Serving; i == 0 && (s == nil || s.RAT == cell.LTE && s.ARFCN == c.ARFCN) {
			t.parts = append(t.parts, c)
		} else {
			t.obs.Neighbours = append(t.obs.Neighbours, c)
		}
	}
}

func (t *telitAnswer) moniUMTS(w *row) {
	w.spaced("PSC", "RSCP", "LAC", "Id", "EcIo", "UARFCN", "PWR", "Cc", "Nc")
	c := cell.Cell{RAT: cell.UMTS}
	w.dBm(6)
	w.read(&c, 0, pci, rscp, skip, skip, ecio, arfcn)
	if w.text(0) == "" || w.text(5) == "" {
		w.reject(Truncated)
		return
	}
	if w.text(2) != "" {
		w.f[2] = strings.TrimPrefix(w.f[2], ",") // so the manual prints it where the name is not known
		w.read(&c, 2, hexArea, hexCID)
		w.moniName(&c)
		t.part(w, c)
		return
	}
	t.listed(w, 8, c)
}

func (t *telitAnswer) moniGSM(w *row, adjacent bool) {
	w.spaced("BSIC", "LAC", "Id", "ARFCN", "PWR", "TA", "Cc", "Nc")
	c := cell.Cell{RAT: cell.GSM}
	w.dBm(4)
	w.read(&c, 0, octalBSIC, hexArea, hexCID, arfcn, rssi)
	if w.text(3) == "" {
		w.reject(Truncated)
		return
	}
	if adjacent {
		t.listed(w, 8, c)
		return
	}
	w.column(5, ta, &c)
	w.moniName(&c)
	t.part(w, c)
}

func (t *telitAnswer) moniTable(w *row, f []string) {
	serving := f[0][0] == 'S'
	if w.cut || serving && len(f) < 10 || !serving && len(f) != 8 && len(f) != 6 {
		w.reject(Truncated)
		return
	}
	w.f = f
	c := w.cell(cell.GSM, 1, octalBSIC, hexArea, hexCID, arfcn)
	t.asked(8)
	if !c.ARFCN.Known() {
		return // a place in the list that holds no cell
	}
	w.dBm(5)
	w.column(5, rssi, &c)
	if serving {
		w.column(8, ta, &c)
		t.part(w, c)
	} else {
		t.neighbour(w, c)
	}
}

// csurvc reads the rows of the survey #CSURVC, which have no prefix [LM960, GE910 manuals; recorded: LM960, xE310]. All is
// decimal. Whether the BSIC is octal here too is not known.
//
//	0     1    2    3   4   5   6   7   8             9   10
//	earfcn,rssi,mcc,mnc,cid,tac,pci,?,  rsrp,         rsrq,?                LTE
//	arfcn, bsic,dBm,ber,mcc,mnc,lac,cid,CELL_SUITABLE,number of channels...  GSM
func (t *telitAnswer) csurvc(w *row) {
	switch {
	default:
		w.skipped()
	case len(w.f) == 11 && w.below(8, minRSRQ):
		c := w.cell(cell.LTE, 0, arfcn, rssi, mcc, mnc, cid, area, pci, skip, rsrp, rsrq)
		t.heard(w, c)
	case strings.HasPrefix(w.text(8), "CELL_"):
		c := w.cell(cell.GSM, 0, arfcn, skip, rssi, skip, mcc, mnc, area, cid)
		t.heard(w, c)
	}
}
