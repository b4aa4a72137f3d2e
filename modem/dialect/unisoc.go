package dialect

import (
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// unisocModem reads the Cat 1 modules on RDA, Unisoc and ASR chips that speak +CCED and +EEMGINFO: Air724UG, Air720,
// Air780, ML302. (RM500U has a Unisoc chip and speaks Quectel's commands.) Facts and sources: firmware-notes/unisoc.md.
var unisocModem = &Dialect{
	Name:     "unisoc",
	Title:    "Air724UG, Air720, Air780 and other Cat 1 modules on Unisoc and ASR chips",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		return hasWord(id, "AIRM2M", "OPENLUAT", "LUATOS", "AIR724", "AIR720", "AIR780", "RDA8910")
	},
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldNeighbours | cell.FieldNeighbourIdentity
	},
	Settings: append(Settings[:len(Settings):len(Settings)], at.Setting{
		Read:  at.Command{Text: "+EEMOPT?", Prefixes: []string{"+EEMOPT"}, Why: "whether +EEMGINFO? prints cells, to put it back"},
		Write: "+EEMOPT=", Values: []string{"0", "1"}, Want: []string{"1"}, Current: current("+EEMOPT", 0, 1),
		Why: "have +EEMGINFO? print the cells"}),
	Serving: []at.Command{
		{Text: "+CCED=0,1", Prefixes: []string{"+CCED"}, Timeout: engineering, Identity: []at.Identity{{Prefix: "+CCED", Find: ccedIMSI}},
			Why: "the serving cell"},
	},
	Around: []at.Command{
		{Text: "+CCED=0,2", Prefixes: []string{"+CCED"}, Timeout: engineering, Why: "the neighbour cells, with identity"},
		{Text: "+EEMGINFO?", Prefixes: []string{"+EEMGINFO", "+EEMLTESVC", "+EEMLTEINTRA", "+EEMLTEINTER", "+EEMLTEINTERRAT",
			"+EEMUMTSSVC", "+EEMGINFOSVC"}, After: []string{"+EEMLTESVC"}, Timeout: engineering,
			Identity: []at.Identity{{Prefix: "+EEMLTESVC", Find: eemTMSI}},
			Why:      "the serving and neighbour cells, and why the network refused the modem"},
		askCEREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ, askCSQ,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"+CCED=0,2": cell.FieldNeighbours | cell.FieldNeighbourIdentity,
	},
	Knows: knows("+CCED", "+EEMGINFO", "+EEMOPT", "+EEMLTESVC", "+EEMLTEINTRA", "+EEMLTEINTER", "+EEMUMTSSVC", "*BAND", "+ECSTATUS",
		"AIRM2M_", "LUATOS-AIR"),
	once: func(line string) string {
		for _, p := range []string{"+CCED:LTE current", "+CCED:GSM current", "+EEMLTESVC:"} {
			if strings.HasPrefix(strings.Replace(line, ": ", ":", 1), p) {
				return p
			}
		}
		return ""
	},
	parse: func(r *round, a Answer) {
		u := unisocAnswer{round: r, rows: len(a.Lines)}
		for _, l := range a.Lines {
			u.serving = u.serving || strings.HasPrefix(l, "+EEMLTESVC:")
		}
		r.each(a, u.read)
	},
}

// hasWord reports whether manufacturer, model or firmware hold one of the words.
func hasWord(id Ident, words ...string) bool {
	all := strings.ToUpper(id.Manufacturer + "\n" + id.Model + "\n" + id.Firmware)
	for _, word := range words {
		if strings.Contains(all, word) {
			return true
		}
	}
	return false
}

// ccedIMSI finds the IMSI in the row of the serving LTE cell, after the PLMN.
func ccedIMSI(fields []string) []int {
	if len(fields) > 2 && strings.HasPrefix(fields[0], "LTE current cell") {
		return []int{2}
	}
	return nil
}

// eemTMSI finds the TMSI, which is the last column of +EEMLTESVC. Firmware that prints fifty columns and more has it
// somewhere after those that are read.
func eemTMSI(fields []string) (found []int) {
	if len(fields) < 50 {
		return []int{-1}
	}
	for i := 30; i < len(fields); i++ {
		found = append(found, i)
	}
	return found
}

// unisocAnswer is an answer being read.
type unisocAnswer struct {
	*round
	rows    int
	serving bool // it holds +EEMLTESVC
}

func (u *unisocAnswer) read(w *row) {
	switch w.name {
	case "+CCED":
		u.cced(w)
	case "+EEMLTESVC":
		u.eemServing(w)
	case "+EEMLTEINTRA", "+EEMLTEINTER":
		u.eemNeighbour(w)
	case "+ECSTATUS":
		u.ecstatus(w)
	case "+EEMUMTSSVC", "+EEMGINFOSVC":
		w.reject(UnknownLayout) // 3G and 2G: no source draws these rows
	default:
		u.generic(w)
	}
}

// cced reads a cell [LuatOS AT manual; printed in public notes]. All is decimal on LTE, the IMSI is struck out. On GSM the
// serving cell has area and identity in hex and a neighbour in decimal, as the manual's own example shows (18be is 6334).
// The BSIC is of unknown base, the level of a GSM neighbour of unknown scale: both stay raw. Bandwidths with an n are in
// blocks.
//
//	+CCED:LTE current cell:mcc,mnc,imsi,roaming,band,bw,earfcn,ci,rsrp,rsrq,tac,srxlev,pci
//	+CCED:LTE neighbor cell:mcc,mnc,earfcn,ci,rsrp,rsrq,tac,srxlev,pci
//	+CCED:GSM current cell info:mcc,mnc,lac,ci,bsic,rxlev,rxlev sub,arfcn
//	+CCED:GSM neighbor cell info:mcc,mnc,lac,ci,bsic,level
func (u *unisocAnswer) cced(w *row) {
	label, first, ok := strings.Cut(w.text(0), ":")
	if !ok {
		if !strings.HasPrefix(label, "(") { // the answer to +CCED=?
			w.reject(Truncated)
		}
		return
	}
	w.f[0] = strings.TrimSpace(first)
	label = strings.TrimSuffix(strings.TrimSpace(label), " info")
	f, ok := ccedRows[label]
	if !ok {
		w.reject(UnknownToken)
		return
	}
	var c cell.Cell
	switch {
	case !w.form(f, &c):
	case strings.HasSuffix(label, "current cell"):
		u.serve(w, c)
	default:
		u.listed(w, u.rows, c)
	}
}

var ccedRows = map[string]form{
	"LTE current cell": {cell.LTE, []int{13}, 0,
		[]column{mcc, mnc, skip, skip, band, nBlocks, bandARFCN, cid, dualRSRP, dualRSRQ, area, skip, pci}},
	"LTE neighbor cell": {cell.LTE, []int{9}, 0, []column{mcc, mnc, bandARFCN, cid, dualRSRP, dualRSRQ, area, skip, pci}},
	"GSM current cell":  {cell.GSM, []int{8}, 0, []column{mcc, mnc, hexArea, hexCID, skip, rxlevIndex, skip, arfcn}},
	"GSM neighbor cell": {cell.GSM, []int{6}, 0, []column{mcc, mnc, area, cid}},
}

// eemServing reads the serving LTE cell [LuatOS AT manual; recorded: Air724UG]. MCC and MNC are BCD read as a number and
// printed in decimal: 1120 is 0x460. All other columns are decimal, levels are indexes. The SINR is of unknown scale.
// Later columns differ by firmware: levels are read where there are thirty or at least fifty, the reject cause where
// there are thirty.
//
//	0   1          2   3   4   5      6         7    8  9  10         11   12   13   14..21
//	mcc,mnc digits,mnc,tac,pci,earfcn,ul earfcn,band,bw,ci,trans mode,rsrp,rsrq,sinr,levels, cqi, power, rank
//	22    23        24            25              26        27        28      29
//	error,emm state,service state,is single cause,emm cause,mme group,mme code,"m-tmsi"
func (u *unisocAnswer) eemServing(w *row) {
	if len(w.f) < 22 {
		w.reject(Truncated)
		return
	}
	if !w.filled(0, 13) {
		return
	}
	c := cell.Cell{RAT: cell.LTE}
	w.bcdPLMN(0, 1, 2, &c)
	w.read(&c, 3, area, pci, arfcn, skip, band)
	w.agrees(&c)
	w.read(&c, 8, bandwidth, cid)
	if mode, ok := w.whole(10, 10); len(w.f) != 30 && len(w.f) < 50 || w.cut {
		w.reject(UnknownLayout) // some firmware has no transmission mode: what follows is not sure
	} else if ok && mode > 0xFFFF {
		w.reject(BadValue)
	} else {
		w.read(&c, 11, rsrpIndex, rsrqIndex)
	}
	u.described(w, c)
	if len(w.f) != 30 || w.cut {
		return
	}
	if cause, ok := w.whole(26, 10); ok && cause > 0 && cause < 256 && !w.bad {
		u.refused(w, cause)
	}
}

// bcdPLMN reads an MCC and an MNC of a given number of digits.
func (w *row) bcdPLMN(mcc, digits, mnc int, c *cell.Cell) {
	country, ok := w.whole(mcc, 10)
	n, ok2 := w.whole(digits, 10)
	network, ok3 := w.whole(mnc, 10)
	switch {
	case !ok || !ok2 || !ok3:
	case country == 0 || country == 0xFFFF || country == 0xFFF:
		c.Placeholder |= cell.FieldMCC | cell.FieldMNC
	case n != 2 && n != 3 || country > 0x999 || network > 0x999:
		w.reject(BadValue)
	default:
		m, k := strconv.FormatUint(country, 16), strconv.FormatUint(network, 16)
		for len(m) < 3 {
			m = "0" + m
		}
		for len(k) < int(n) {
			k = "0" + k
		}
		w.network(m, k, c)
	}
}

// eemNeighbour reads a neighbour [LuatOS AT manual; printed in public notes]. Its PLMN has no number of digits, and stays
// raw. These rows follow +EEMLTESVC at leisure: one that comes alone is not all the neighbours there are, and stays raw.
//
//	+EEMLTEINTRA: index,pci,earfcn,rsrp,rsrq[,mcc,mnc,tac,ci]
func (u *unisocAnswer) eemNeighbour(w *row) {
	if !w.layout(5, 9) || !u.serving {
		return
	}
	c := w.cell(cell.LTE, 1, pci, bandARFCN, rsrpIndex, rsrqIndex, skip, skip, area, cid)
	u.listed(w, u.rows, c)
}

// ecstatus reads two rows of +ECSTATUS of modules on EigenComm chips [source of the EC616 firmware; no recording: experimental]. All is decimal. It
// is not asked for: another of its rows holds the IMSI, which is stripped, and another one addresses.
//
//	+ECSTATUS: PHY, DlEarfcn:2506, UlEarfcn:20506, PCI:22, Band:5, RSRP:-75, RSRQ:-10, SNR:13, ...
//	+ECSTATUS: RRC, State:"IDLE", TAC:6342, CellId:111742881
func (u *unisocAnswer) ecstatus(w *row) {
	var want []string
	switch w.text(0) {
	case "PHY":
		want = []string{"PHY", "DlEarfcn:", "UlEarfcn:", "PCI:", "Band:", "RSRP:", "RSRQ:", "SNR:"}
	case "RRC":
		want = []string{"RRC", "State:", "TAC:", "CellId:"}
	default:
		return
	}
	if w.cut || len(w.f) < len(want) {
		w.reject(Truncated)
		return
	}
	for i, label := range want {
		value, ok := strings.CutPrefix(w.text(i), label)
		if !ok {
			w.reject(UnknownLayout)
			return
		}
		w.f[i] = value
	}
	c := cell.Cell{RAT: cell.LTE}
	if len(want) == 4 {
		w.read(&c, 2, area, cid)
	} else if w.text(4) != "0" {
		w.read(&c, 4, band)
		w.read(&c, 1, bandARFCN, skip, pci, skip, rsrp, rsrq, sinr)
	}
	if c.ID.Known() || c.PCI.Known() { // zeros: no cell
		u.part(w, c)
	}
}
