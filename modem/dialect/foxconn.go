package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// foxconn reads the modules of Foxconn, which Dell, Telit and Thales sell under their own names: ^DEBUG for the serving cell
// and the carriers, with the last EMM cause. What it prints has no prefix. Facts and sources: firmware-notes/foxconn.md.
var foxconn = &Dialect{
	Name:         "foxconn",
	Title:        "Foxconn T77W968, T99W175, Dell DW5821e, DW5931e, Telit LN940, Thales MV31-W",
	Evidence:     Recorded,
	Match:        foxconnMatch,
	Capabilities: foxconnCapabilities,
	Settings:     Settings,
	Serving: []at.Command{
		{Text: "^DEBUG?", Prefixes: []string{"^DEBUG"}, Bare: true, Timeout: engineering,
			Identity: []at.Identity{{Label: "TMSI:"}},
			Why:      "the serving cell, the carriers and the last EMM cause; the TMSI in it is stripped"},
	},
	Around: []at.Command{
		{Text: "^CA_INFO?", Prefixes: []string{"^CA_INFO"}, Bare: true, Timeout: engineering, Why: "the bands of the carriers in use"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON,
	},
	Surveys: []at.Command{scanCOPS},
	Knows:   foxconnKnows,
	once:    begins("RAT:", "EARFCN(DL/UL):"),
	parse: func(r *round, a Answer) {
		f := foxconnAnswer{round: r}
		r.each(a, f.read)
		f.end()
	},
}

// foxconnAnswer is an answer being read: the round it goes to, and the words of its lines without a prefix.
type foxconnAnswer struct {
	*round
	words []string
}

func (f *foxconnAnswer) read(w *row) {
	if w.name != "" {
		f.generic(w)
		return
	}
	if role, rest, ok := strings.Cut(w.line, " info: Band is "); ok && len(role) <= 4 {
		f.carrierInfo(w, role, rest)
		return
	}
	words := strings.FieldsFunc(w.line, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' })
	if w.cut && len(words) > 0 {
		words = words[:len(words)-1]
	}
	f.words = append(f.words, words...)
}

func (f *foxconnAnswer) end() {
	l := newLabels(f.round, f.words)
	l.find(1, "RAT", "EARFCN(DL/UL)", "lte_cell_id").explain(0, "rat")
	switch rat := l.word("RAT"); {
	case rat == "WCDMA":
		f.debugWCDMA(l)
	case rat == "NR5G_SA":
		c := cell.Cell{RAT: cell.NR}
		l.network(&c)
		l.find(1, "nr_tac").area(0, 10, &c)
		l.find(1, "nr_cell_id").cellID(0, 10, &c)
		l.debugNR(&c)
		f.debugServe(c)
	case rat == "LTE", rat == "LTE+NR", rat == "" && l.word("EARFCN(DL/UL)", "lte_cell_id") != "":
		f.debugLTE(l)
	case rat == "NO", rat == "NONE", rat == "NO_SERVICE":
		f.nothing = true
	case rat != "":
		l.find(1, "RAT").reject(UnknownToken)
	}
}

// debugLTE reads ^DEBUG on LTE [recorded: DW5821e, T99W175, MV31-W]. All is decimal. The older form has one value a line; its
// eNB and sector make the cell id:
//
//	RAT:LTE                                                          not in all firmware
//	EARFCN(DL/UL): 1300/19300
//	BAND: 3
//	BW: 20.0 MHz
//	PLMN: 452 02
//	TAC: 1107
//	eNB ID(PCI): 112819-3(16)
//	ESM CAUSE: 0
//	EMM CAUSE: -1
//	RSRP: -88.3dBm rx_diversity: 15 (-91.6dBm,-88.8dBm,-256.0dBm,-256.0dBm)
//	RSRQ: -14.1dB
//	RSSI: -52.1dBm
//	RS-SINR: 7dB                                                     also RS-SNR
//	STATUS: SRV/REGISTERED
//	SUB STATUS: NORMAL_SERVICE
//	RRC Status: CONNECTED
//	TMSI: ...
//	SCell1: BAND:7 BW:20.0MHz EARFCN:3048 PCI:12 RSRP:-88.0dBm RSRQ:-10.0dB RSSI:-60.0dBm SNR:7dB      [ROOterSource2203]
//
// The newer one repeats two lines for each carrier, and in EN-DC adds that of NR:
//
//	RAT:LTE+NR
//	mcc:222,mnc:88
//	lte_cell_id:80389889
//	lte_tac:30648
//	pcell: lte_band:3 lte_band_width:20.0MHz
//	channel:1650 pci:28
//	lte_rsrp:-84.1dBm,rsrq:-13.6dB                                   older: RSRP:, SNR:
//	lte_rssi:-50.6dBm,lte_snr:13.4dB
//	scell: lte_band:1 lte_band_width:20.0MHz
//	channel:100 pci:28
//	nr_band:n78
//	nr_band_width:80.0MHz
//	nr_channel:638016
//	nr_pci:532
//	nr_rsrp:-87dBm rx_diversity:15 (-84.8,-112.4,-84.7,-116.1)
//	nr_rsrq:-11dB
//	nr_snr:29.0dB
func (f *foxconnAnswer) debugLTE(l labels) {
	c := cell.Cell{RAT: cell.LTE}
	l.network(&c)
	l.find(1, "TAC", "lte_tac").area(0, 10, &c)
	l.find(1, "lte_cell_id").cellID(0, 10, &c)
	l.enb(&c)
	sections := l.sections("pcell", "scell", "nr_band", "SCell1", "SCell2", "SCell3", "SCell4")
	for i, s := range sections {
		switch {
		case i == 0:
			s.debugCarrier(&c)
			if len(sections) == 1 || !strings.HasPrefix(strings.ToLower(sections[1].text), " pcell:") {
				f.debugServe(c)
			}
		case strings.HasPrefix(strings.ToLower(s.text), " pcell:"):
			s.debugCarrier(&c)
			f.debugServe(c)
		case strings.HasPrefix(s.text, " nr_band:"):
			n := cell.Cell{RAT: cell.NR}
			s.debugNR(&n)
			f.debugSecond(n)
		default:
			n := cell.Cell{RAT: cell.LTE}
			s.debugCarrier(&n)
			f.debugSecond(n)
		}
	}
	f.debugState(l)
}

// sections cuts a table before each of the labels.
func (l labels) sections(names ...string) []labels {
	var all []labels
	rest := l.text
	for {
		end := len(rest)
		for _, n := range names {
			if i := indexFold(rest[min(1, len(rest)):], " "+n+":"); i >= 0 && i+1 < end {
				end = i + 1
			}
		}
		all = append(all, labels{l.r, rest[:end] + " "})
		if end == len(rest) {
			return all
		}
		rest = rest[end:]
	}
}

func (l labels) network(c *cell.Cell) {
	if w := l.find(2, "PLMN"); len(w.f) == 2 {
		w.read(c, 0, mcc, mnc)
	} else if mcc, mnc := l.find(1, "mcc"), l.find(1, "mnc"); mcc.text(0) != "" && mnc.text(0) != "" {
		mcc.f = append(mcc.f, mnc.f[0])
		mcc.plmn(0, 1, c)
	}
}

// enb reads the cell id and the PCI from one word: 112819-3(16).
func (l labels) enb(c *cell.Cell) {
	w := l.find(1, "eNB ID(PCI)")
	if w.text(0) == "" {
		return
	}
	id, rest, ok := strings.Cut(w.f[0], "(")
	enb, sector, ok2 := strings.Cut(id, "-")
	code, ok3 := strings.CutSuffix(rest, ")")
	a, ok4 := parseWhole(enb, 10)
	b, ok5 := parseWhole(sector, 10)
	if !ok || !ok2 || !ok3 || !ok4 || !ok5 || a > 1<<20-1 || b > 255 {
		w.reject(BadValue)
		return
	}
	w.f = []string{code}
	w.column(0, pci, c)
	switch v := a<<8 | b; v {
	case 0, cell.LTE.MaxCellID():
		c.Placeholder |= cell.FieldCellID
	default:
		c.ID = cell.Some(v)
		w.explain(0, "cell_id")
	}
}

// value is the row of a level without its unit.
func (l labels) value(names ...string) *row {
	w := l.find(1, names...)
	if v := w.text(0); v != "" {
		if i := strings.IndexAny(v, "dDmM"); i > 0 {
			w.f[0] = v[:i]
		}
	}
	switch w.text(0) {
	case "NA", "-256.0":
		w.f[0] = "" // no such antenna
	}
	return w
}

func (l labels) debugCarrier(c *cell.Cell) {
	l.find(1, "BAND", "lte_band").band(0, c)
	if v, ok := l.value("BW", "lte_band_width").number(0); ok && v >= 0 && v <= 20 {
		c.Bandwidth = cell.Some(cell.KHz(v*1000 + 0.5))
		l.find(1, "BW", "lte_band_width").explain(0, "bandwidth_khz")
	}
	w := l.find(1, "EARFCN(DL/UL)", "EARFCN", "channel")
	if v := w.text(0); v != "" {
		w.f[0], _, _ = strings.Cut(v, "/")
		w.column(0, arfcn, c)
		inBand(c)
	}
	l.find(1, "pci").pci(0, 10, c)
	l.value("RSRP", "lte_rsrp").column(0, rsrp, c)
	l.value("RSRQ").column(0, rsrq, c)
	l.value("RSSI", "lte_rssi").column(0, rssi, c)
	l.value("RS-SINR", "RS-SNR", "lte_snr", "SNR").column(0, sinr, c)
}

func (l labels) debugNR(c *cell.Cell) {
	if w := l.find(1, "nr_band"); w.text(0) != "" {
		w.f[0] = strings.TrimPrefix(strings.ToLower(w.f[0]), "n")
		w.column(0, band, c)
	}
	if v, ok := l.value("nr_band_width").number(0); ok && v > 0 && v <= 400 {
		c.Bandwidth = cell.Some(cell.KHz(v * 1000))
		l.find(1, "nr_band_width").explain(0, "bandwidth_khz")
	}
	l.find(1, "nr_channel").arfcn(0, 10, c)
	l.find(1, "nr_pci").pci(0, 10, c)
	w := l.value("nr_rsrp")
	w.magnitude(0)
	w.column(0, rsrp, c)
	l.value("nr_rsrq").column(0, rsrq, c)
	l.value("nr_snr").column(0, sinr, c)
}

// debugWCDMA reads ^DEBUG on UMTS, of which only the labels that a router script looks for are known [ROOterSource2203 t77data.sh].
func (f *foxconnAnswer) debugWCDMA(l labels) {
	c := cell.Cell{RAT: cell.UMTS}
	l.network(&c)
	l.find(1, "CHANNEL (DL)").arfcn(0, 10, &c)
	l.find(1, "PSC").pci(0, 10, &c)
	l.value("RSCP").column(0, rscp, &c)
	l.value("ECIO").column(0, ecio, &c)
	f.debugServe(c)
	f.debugState(l)
}

func (f *foxconnAnswer) debugServe(c cell.Cell) {
	if c.ARFCN.Known() || c.ID.Known() || c.PCI.Known() {
		f.obs.Serving = &c
	}
}

func (f *foxconnAnswer) debugSecond(c cell.Cell) {
	if c.ARFCN.Known() || c.PCI.Known() {
		f.obs.Secondary = append(f.obs.Secondary, c)
	}
}

// debugState reads the states. The cause is the last that the network gave, however long ago: it is printed while the modem
// is not registered.
func (f *foxconnAnswer) debugState(l labels) {
	status, sub := l.word("STATUS"), l.word("SUB STATUS")
	switch rrc := l.word("RRC Status"); {
	case strings.Contains(sub, "LIMITED"), strings.Contains(status, "LIMITED"):
		f.obs.State = cell.Limited
	case strings.Contains(sub, "SEARCH"):
		f.obs.State = cell.Searching
	case rrc == "CONNECTED":
		f.obs.State = cell.Connected
	case rrc == "IDLE" && status == "SRV/REGISTERED":
		f.obs.State = cell.Idle
	}
	w := l.find(1, "EMM CAUSE")
	if s := w.text(0); s == "" || s[0] == '-' || s == "0" || status == "SRV/REGISTERED" {
		return
	}
	if n := w.index(0); n > 0 && n < 255 {
		f.refused(w, uint64(n))
	}
}

// carrierInfo reads ^CA_INFO, which names bands and no channels. Nothing is added to a carrier that ^DEBUG describes in more detail.
//
//	PCC info: Band is LTE_B7, Band_width is 20.0 MHz
//	SCC1 info: Band is LTE_B3, Band_width is 10.0 MHz
func (f *foxconnAnswer) carrierInfo(w *row, role, rest string) {
	number, ok := strings.CutPrefix(rest, "LTE_B")
	number, width, ok2 := strings.Cut(number, ", Band_width is ")
	if !ok || !ok2 || w.cut {
		w.reject(UnknownLayout)
		return
	}
	width, _, _ = strings.Cut(width, " ")
	w.f = []string{number, width}
	c := w.cell(cell.LTE, 0, band)
	if v, ok := w.number(1); ok && v > 0 && v <= 20 {
		c.Bandwidth = cell.Some(cell.KHz(v*1000 + 0.5))
	}
	if w.bad || !strings.HasPrefix(role, "SCC") {
		return // that of the serving cell is in ^DEBUG
	}
	for i := range f.obs.Secondary {
		if s := &f.obs.Secondary[i]; s.RAT == cell.LTE && s.Band == c.Band {
			return
		}
	}
	f.obs.Secondary = append(f.obs.Secondary, c)
}

func foxconnMatch(id Ident) bool {
	switch {
	case id.VID == 0x413c && (id.PID == 0x81d7 || id.PID == 0x81e0), id.VID == 0x0489 && id.PID == 0xe0b4,
		id.VID == 0x1bc7 && (id.PID == 0x1900 || id.PID == 0x1901):
		return true
	}
	return strings.Contains(strings.ToUpper(id.Manufacturer), "FOXCONN") ||
		hasAnyPrefix(strings.ToUpper(id.Model), []string{"T77W", "T99W", "DW5821", "DW5829", "DW5931", "LN940", "LN960", "MV31"})
}

func foxconnCapabilities(Ident) cell.Fields {
	return standard | onAir | cell.FieldState | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP |
		cell.FieldEcIo | cell.FieldSecondary
}

// foxconnKnows goes by labels that no other family prints, and by the commands.
func foxconnKnows(line string) bool {
	return hasAnyPrefix(line, []string{"EARFCN(DL/UL):", "eNB ID(PCI):", "lte_cell_id:", "nr_cell_id:", "pcell: lte_band:",
		"PCC info: Band is "}) || hasAnyPrefix(strings.ToUpper(line), []string{"AT^DEBUG?", "AT^CA_INFO?"})
}
