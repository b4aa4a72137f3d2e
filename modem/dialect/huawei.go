package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// huawei reads the sticks and modules of Huawei, and the modules of others on Balong chips: ^HCSQ for levels, ^MONSC and
// ^MONNC for cells. Facts and sources: firmware-notes/huawei.md.
var huawei = &Dialect{
	Name:     "huawei",
	Title:    "Huawei E3372, E3276, ME909, MT5700M and other Balong modems",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		maker, model := strings.ToUpper(id.Manufacturer), strings.ToUpper(id.Model)
		return id.VID == 0x12d1 || strings.Contains(maker, "HUAWEI") || strings.Contains(maker, "TD TECH") ||
			strings.HasPrefix(model, "MT5700") || strings.HasPrefix(model, "ME909")
	},
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldState | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP |
			cell.FieldEcIo | cell.FieldNeighbours | cell.FieldSecondary
	},
	Settings: Settings,
	Serving: []at.Command{
		vendor("^MONSC", "the serving cell"),
		{Text: "^HCSQ?", Prefixes: []string{"^HCSQ"}, Why: "how strong the serving cell is, by RAT"},
	},
	Around: []at.Command{
		{Text: "^MONNC", Prefixes: []string{"^MONNC"}, Timeout: engineering, Why: "the neighbour cells"},
		vendor("^MONSSC", "the NR carriers beside an LTE cell"),
		{Text: "^HFREQINFO?", Prefixes: []string{"^HFREQINFO"}, Why: "band and bandwidth of the carriers in use"},
		{Text: "^SYSINFOEX", Prefixes: []string{"^SYSINFOEX"}, Why: "whether there is service, and of what RAT"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"^MONSC":      cell.FieldPCI,
		"^MONNC":      cell.FieldNeighbours,
		"^MONSSC":     cell.FieldSecondary,
		"^HFREQINFO?": cell.FieldBand | cell.FieldBandwidth,
	},
	Hints: []string{"^SRVST:", "^MODE:", "^REJINFO:"},
	Knows: knows("^HCSQ", "^MONSC", "^MONNC", "^MONSSC", "^HFREQINFO", "^SYSINFOEX", "^LTERSRP", "^REJINFO", "^NRSSBID", "HUAWEI"),
	once:  begins("^MONSC: LTE", "^MONSC: NR", "^MONSC: WCDMA", "^MONSC: GSM", "^HCSQ"),
	parse: func(r *round, a Answer) {
		h := huaweiAnswer{round: r, rows: len(a.Lines)}
		for _, l := range a.Lines {
			h.lte = h.lte || strings.HasPrefix(l, "^MONSC") && strings.Contains(l, "LTE,")
		}
		r.each(a, h.read)
	},
}

// huaweiAnswer is an answer being read.
type huaweiAnswer struct {
	*round
	rows int
	lte  bool // an LTE cell serves: one of NR is the second leg of EN-DC
}

func (h *huaweiAnswer) read(w *row) {
	switch w.name {
	case "^HCSQ":
		h.hcsq(w)
	case "^MONSC":
		h.monsc(w)
	case "^MONNC":
		h.monnc(w)
	case "^MONSSC":
		h.monssc(w)
	case "^HFREQINFO":
		h.hfreqinfo(w)
	case "^SYSINFOEX":
		h.sysinfoex(w)
	case "^SYSINFO":
		h.sysinfo(w)
	case "^RSSI":
		if len(w.f) == 1 {
			w.f = append(w.f, "99")
			h.signal(w)
		}
	case "^CSNR":
		h.csnr(w)
	case "^LTERSRP":
		h.ltersrp(w)
	case "^REJINFO":
		h.rejinfo(w)
	default:
		h.generic(w)
	}
}

// hcsq reads the levels [E3372 manual; recorded: E3372, E3372h-320, ModemManager's fixtures, MT5700M]. They are indexes,
// and 255 is unknown: RSSI, RSRP and RSCP in steps of 1 dB, SINR of 0.2 dB, RSRQ and Ec/Io of 0.5 dB. Quotes and the
// blank after the colon vary. Those of NR have a scale of their own that no source gives, and stay raw.
//
//	^HCSQ: "LTE",rssi,rsrp,sinr,rsrq
//	^HCSQ: "WCDMA",rssi,rscp,ecio          also "TD-SCDMA"
//	^HCSQ: "GSM",rssi[,255]
//	^HCSQ: "NR",rsrp,sinr,rsrq
//	^HCSQ: "NOSERVICE"
func (h *huaweiAnswer) hcsq(w *row) {
	token := strings.ToUpper(w.text(0))
	var c cell.Cell
	switch f, ok := hcsqRows[token]; {
	case ok:
		if w.form(f, &c) {
			h.level(w, c)
		}
	case token == "NOSERVICE":
		h.nothing = true
	case token == "NR":
		if w.layout(4) {
			h.part(w, cell.Cell{RAT: cell.NR})
		}
	case token == "":
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
}

var hcsqUMTS = form{cell.UMTS, []int{4}, 1, []column{balongRSSI, rscpIndex, balongEcIo}}

var hcsqRows = map[string]form{
	"LTE":   {cell.LTE, []int{5}, 1, []column{balongRSSI, rsrpIndex, balongSINR, rsrqIndex}},
	"WCDMA": hcsqUMTS, "TD-SCDMA": hcsqUMTS, "TD_SCDMA": hcsqUMTS,
	"GSM": {cell.GSM, []int{2, 3}, 1, []column{balongRSSI}},
}

// csnr reads the level that older sticks report by themselves on UMTS: RSCP in dBm, Ec/Io in dB.
//
//	^CSNR: -78,-6
func (h *huaweiAnswer) csnr(w *row) {
	if w.layout(2) {
		h.level(w, w.cell(cell.UMTS, 0, rscp, ecio))
	}
}

// ltersrp reads the level of the first LTE sticks: RSRP in dBm, RSRQ in dB.
//
//	^LTERSRP: -95,-11
func (h *huaweiAnswer) ltersrp(w *row) {
	if w.layout(2) {
		h.level(w, w.cell(cell.LTE, 0, rsrp, rsrq))
	}
}

// sysinfoex reads the service state [E3372 manual].
//
//	^SYSINFOEX: status,domain,roaming,sim,lock,sysmode,"name",submode,"name"
func (h *huaweiAnswer) sysinfoex(w *row) {
	if !w.layout(9) {
		return
	}
	h.service(w, w.text(0), map[string]cell.RAT{"1": cell.GSM, "3": cell.UMTS, "4": cell.UMTS, "6": cell.LTE}[w.text(5)])
}

// sysinfo reads the same as older sticks and those of ZTE print it [manuals].
//
//	^SYSINFO: status,domain,roaming,sysmode,sim[,lock,submode]
func (r *round) sysinfo(w *row) {
	if !w.layout(5, 6, 7) {
		return
	}
	r.service(w, w.text(0), map[string]cell.RAT{"3": cell.GSM, "5": cell.UMTS, "15": cell.UMTS, "17": cell.LTE}[w.text(3)])
}

// service takes a service status: 0 none, 1 and 3 limited, 2 valid, 4 asleep.
func (r *round) service(w *row, status string, rat cell.RAT) {
	switch status {
	case "0":
		r.nothing = r.nothing || rat == cell.UnknownRAT
	case "1", "3":
		r.obs.State = cell.Limited
	case "2", "4":
	default:
		w.reject(UnknownToken)
		return
	}
	if rat != cell.UnknownRAT {
		r.part(w, cell.Cell{RAT: rat})
	}
}

// rejinfo reads what Balong modems report when the network refuses them [MT5700M manual at second hand: no recording].
// A cause above 255 is the module's own. The report does not say how the modem is registered.
//
//	0    1      2     3   4    5              6     7     8           9
//	plmn,domain,cause,rat,type,original cause,"lac","rac","cell id"[,esm cause]
func (h *huaweiAnswer) rejinfo(w *row) {
	if !w.layout(6, 9, 10) {
		return
	}
	if !w.filled(0, 6) || len(w.f) > 6 && (!w.filled(6, 9) || !w.widths(7, 2)) {
		return
	}
	cause, ok := w.whole(2, 10)
	if !ok {
		return
	}
	var g cell.Registration
	c := cell.Cell{}
	c.RAT = map[string]cell.RAT{"0": cell.GSM, "1": cell.UMTS, "2": cell.LTE, "5": cell.NR}[w.text(3)]
	if c.RAT == cell.UnknownRAT {
		w.reject(UnknownToken)
		return
	}
	g.Domain = map[cell.RAT]cell.Domain{cell.LTE: cell.EPS, cell.NR: cell.FGS}[c.RAT]
	switch domain := w.text(1); {
	case domain != "0" && domain != "1" && domain != "2", cause == 0 || cause > 0xFFFF:
		w.reject(BadValue)
		return
	case domain == "0":
		g.Domain = cell.CS
	case g.Domain == "" && domain == "1":
		g.Domain = cell.PS
	case g.Domain == "":
		g.Domain = cell.CS
	}
	w.read(&c, 6, hexArea, skip, hexCID)
	if w.bad {
		return
	}
	g.Area, g.CellID, g.Cause, g.CauseType = c.Area, c.ID, cell.Some(uint16(cause)), cell.Some(uint8(0))
	if cause > 255 {
		g.CauseType = cell.Some(uint8(1))
	}
	w.explain(2, "registration.cause")
	h.obs.Registration = append(h.obs.Registration, g)
	h.fillers = append(h.fillers, c.Placeholder)
}
