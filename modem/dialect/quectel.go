package dialect

import (
	"slices"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// quectel reads the modules of Quectel: +QENG for the cells, a few more for carriers, network and levels. Layouts are
// drawn above their decoders. Facts and sources: firmware-notes/quectel.md.
var quectel = &Dialect{
	Name:         "quectel",
	Title:        "Quectel EC2x, EG2x, EP06, EM12, EC200, RM5xx, RM500U, BG9x, BC26, BC28, BC660K, M95, MC60",
	Evidence:     Recorded,
	Match:        quectelMatch,
	Capabilities: quectelCapabilities,
	Settings:     append(Settings[:len(Settings):len(Settings)], reportNRCells, reportGSMCells),
	Serving: []at.Command{
		vendor(`+QENG="servingcell"`, "the serving cell, and what the modem does with it"),
		vendor("+QENG=0", "the serving cell (BC26, BC660K and other NB-IoT modules)"),
		askGSMCells,
		{Text: "+NUESTATS", Prefixes: []string{"+NUESTATS"}, Bare: true, Timeout: engineering, Why: "the serving cell (BC28, BC95 and other NB-IoT modules)"},
	},
	Around: []at.Command{
		vendor(`+QENG="neighbourcell"`, "the neighbour cells, with reselection priorities"),
		askNRCells,
		vendor("+QENG=1", "the neighbour cells (BC26, BC660K and other NB-IoT modules)"),
		{Text: "+NUESTATS=CELL", Prefixes: []string{"+NUESTATS"}, Bare: true, Timeout: engineering,
			Why: "the serving and neighbour cells (BC28, BC95 and other NB-IoT modules)"},
		vendor("+QCELL?", "the serving and neighbour cells, with identity (EC200, EC600 and other Cat 1 modules)"),
		vendor("+QCAINFO", "the carriers in use beside the serving cell"),
		{Text: "+QNWINFO", Prefixes: []string{"+QNWINFO"}, Why: "network, band and channel in use"},
		{Text: "+QSPN", Prefixes: []string{"+QSPN"}, Why: "the name and number of the network registered on"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON,
	},
	Position: []at.Command{
		vendor("+QGPSLOC=2", "the position, where GNSS is already on"),
	},
	Surveys: []at.Command{
		{Text: "+QSCAN=3,1", Kind: at.Survey, Prefixes: []string{"+QSCAN"}, Timeout: 200 * time.Second,
			Why: "all LTE and NR cells that can be heard; interrupts service"},
		{Text: "+QOPS", Kind: at.Survey, Prefixes: []string{"+QOPS"}, Bare: true, Timeout: 200 * time.Second,
			Why: "all cells that can be heard; interrupts service"},
		scanCOPS,
	},
	Only: map[string]cell.Fields{
		`+QENG="neighbourcell"`: cell.FieldNeighbours | cell.FieldNeighbourPriority | cell.FieldPriority,
		"+QGPSLOC=2":            cell.FieldPosition,
	},
	Hints: []string{`+QIND: "act"`},
	Knows: quectelKnows,
	asks:  quectelAsks,
	once: func(line string) string {
		switch {
		case strings.HasPrefix(line, "+QENG:") && strings.Contains(line, `"servingcell"`):
			return "servingcell"
		case hasAnyPrefix(line, []string{"+QENG: 0,", "+QENG:0,"}) && strings.Count(line, ",") > 1:
			return "+QENG: 0"
		}
		return ""
	},
	parse: func(r *round, a Answer) {
		q := quectelAnswer{round: r, rows: len(a.Lines)}
		r.each(a, q.read)
		q.resolveOrder()
		q.endStatistics()
		if a.Command == `+QENG="neighbourcell"` && a.Final == "OK" && len(a.Lines) == 0 {
			r.asked(0)
		}
	},
}

// engineering is how long vendor commands may take; the manual promises 300 ms.
const engineering = 5 * time.Second

// quectelAnswer is an answer being read: the round it goes to, and what rows leave for later rows of it.
type quectelAnswer struct {
	*round
	rows    int         // in the answer
	lte     bool        // a +QNWINFO row for LTE came before
	block   cell.PLMN   // the operator of the +QOPS block
	waiting []interRow  // neighbours whose last columns wait for the order
	order   columnOrder // what a row of the answer showed of it

	statistics map[string]string // labels and values of +NUESTATS
}

func quectelMatch(id Ident) bool {
	return id.VID == 0x2c7c || strings.Contains(strings.ToUpper(id.Manufacturer), "QUECTEL")
}

// isQuectel reports whether the model begins with one of the names.
func isQuectel(id Ident, models ...string) bool {
	model := strings.TrimPrefix(strings.ToUpper(id.Model), "QUECTEL_")
	return slices.ContainsFunc(models, func(m string) bool { return strings.HasPrefix(model, m) })
}

// unisoc tells the modules with a Unisoc chip, whose rows differ.
func unisoc(id Ident) bool { return isQuectel(id, "RM500U", "RG500U", "RG200U") }

func quectelCapabilities(id Ident) cell.Fields {
	f := standard | onAir | cell.FieldState | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP |
		cell.FieldEcIo | cell.FieldPriority | cell.FieldNeighbours | cell.FieldNeighbourPriority | cell.FieldSecondary |
		cell.FieldPosition
	switch {
	case quectelGSM(id):
		return standard | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSSI | cell.FieldTA | cell.FieldNeighbours | cell.FieldNeighbourIdentity
	case quectelNB(id):
		return standard | onAir | cell.FieldRSSI | cell.FieldSINR | cell.FieldNeighbours
	case isQuectel(id, "BG"):
		f &^= cell.FieldSINR | cell.FieldSecondary | cell.FieldRSCP | cell.FieldEcIo
	case unisoc(id):
		f &^= cell.FieldPriority | cell.FieldNeighbourPriority
	}
	return f
}

// quectelKnows goes by the prefixes that only Quectel prints, the commands that only Quectel takes, and the name that
// ATI prints.
func quectelKnows(line string) bool {
	line = strings.ToUpper(line)
	line = strings.TrimPrefix(line, "AT")
	return line == "QUECTEL" || slices.ContainsFunc(quectelPrefixes, func(p string) bool { return strings.HasPrefix(line, p) })
}

var quectelPrefixes = []string{"+QENG", "+QNWINFO", "+QCAINFO", "+QSPN", "+QCSQ", "+QGPSLOC", "+QSCAN", "+QOPS", "+QIND",
	"+QNWPREFCFG", "+QNWCFG", "+QCELL", "+NUESTATS", "NUESTATS:"}

func (q *quectelAnswer) read(w *row) {
	switch w.name {
	case "+QENG":
		q.qeng(w)
	case "+QCAINFO":
		q.qcainfo(w)
	case "+QNWINFO":
		q.qnwinfo(w)
	case "+QSPN":
		q.qspn(w)
	case "+QCSQ":
		q.qcsq(w)
	case "+QGPSLOC":
		q.qgpsloc(w)
	case "+QSCAN":
		q.qscan(w)
	case "+QOPS":
		q.qops(w)
	case "+QNWCFG":
		q.qnwcfg(w)
	case "+QCELL":
		q.qcell(w)
	case "+NUESTATS":
		q.nuestats(w)
	case "":
		if !q.nuestats(w) {
			q.qopsCell(w)
		}
	default:
		q.generic(w)
	}
}

// qnwinfo reads network, band and channel. In EN-DC one row for LTE and one for NR [EC2x manual 6.9, RM5xx network
// application note 3.2.1; recorded: EC200T, EP06, RM500U].
//
//	+QNWINFO: "FDD LTE","12301","LTE BAND 3",1802
//	+QNWINFO: "NR5G-SA",46011,"NR N78",633984       Unisoc
//	+QNWINFO: No Service
func (q *quectelAnswer) qnwinfo(w *row) {
	act := strings.ToUpper(w.text(0))
	if act == "NO SERVICE" || act == "NONE" {
		q.nothing = true
		return
	}
	if !w.layout(4) {
		return
	}
	c := cell.Cell{RAT: quectelRAT(act)}
	if c.RAT == cell.UnknownRAT {
		w.reject(UnknownToken)
		return
	}
	if p, err := cell.ParsePLMN(w.text(1)); err == nil {
		c.MCC, c.MNC = p.MCC, p.MNC
	} else if w.text(1) != "" {
		w.reject(BadValue)
	}
	w.bandName(2, &c)
	w.column(3, arfcn, &c)
	if c.RAT == cell.NR && q.lte {
		q.second(w, c)
		return
	}
	q.lte = c.RAT == cell.LTE
	q.part(w, c)
}

// quectelRAT is the RAT of a token of +QENG, +QNWINFO or +QCSQ, in upper case. CDMA and HDR have no place among ours.
func quectelRAT(token string) cell.RAT { return quectelRATs[token] }

var quectelRATs = map[string]cell.RAT{
	"GSM": cell.GSM, "GPRS": cell.GSM, "EDGE": cell.GSM,
	"WCDMA": cell.UMTS, "HSDPA": cell.UMTS, "HSUPA": cell.UMTS, "HSPA+": cell.UMTS, "TDSCDMA": cell.UMTS,
	"LTE": cell.LTE, "FDD LTE": cell.LTE, "TDD LTE": cell.LTE, "EMTC": cell.LTE, "CAT-M": cell.LTE, "CAT-M1": cell.LTE,
	"CAT-NB": cell.LTE, "CAT-NB1": cell.LTE, "NBIOT": cell.LTE, "NTN NBIOT": cell.LTE,
	"NR": cell.NR, "NR5G": cell.NR, "NR5G-SA": cell.NR, "NR5G-NSA": cell.NR, "FDD NR5G": cell.NR, "TDD NR5G": cell.NR,
}

// bandName reads the bands that are named by number: "LTE BAND 3", "NR5G BAND 78", "NR N78". Those of GSM and WCDMA
// are named by frequency and stay raw.
func (w *row) bandName(i int, c *cell.Cell) {
	name := strings.ToUpper(w.text(i))
	for _, p := range []string{"LTE BAND ", "NR5G BAND ", "NR N"} {
		if s, ok := strings.CutPrefix(name, p); ok {
			if v, ok := parseWhole(s, 10); ok && v > 0 && v <= 1024 {
				c.Band = cell.Some(cell.Band(v))
			} else {
				w.reject(BadValue)
			}
		}
	}
}

// qspn reads the name of the network [EC2x manual 6.10; recorded: EP06, RM520N]. Only the number is used.
//
//	+QSPN: "I TIM","TIM","",0,"22201"       full name, short name, name on the SIM, alphabet, PLMN registered on
func (q *quectelAnswer) qspn(w *row) {
	if !w.layout(5) {
		return
	}
	if s := w.text(4); s != "" {
		p, err := cell.ParsePLMN(s)
		if err != nil {
			w.reject(BadValue)
			return
		}
		q.operator = p
		w.explain(4, "mcc")
		w.explain(4, "mnc")
	}
}

// qcsq reads the levels [manual: EC2x, BG9x; seen in public notes: BG9x, RM520N on SA, which leaves out the RSSI]. The
// SINR is in fifths of a dB on some modules and in dB on others, and stays raw.
//
//	+QCSQ: "NOSERVICE"
//	+QCSQ: "GSM",rssi
//	+QCSQ: "WCDMA",rssi,rscp,ecio
//	+QCSQ: "LTE",rssi,rsrp,sinr,rsrq        also "eMTC", "CAT-M1", "CAT-NB1", "NBIoT"
//	+QCSQ: "NR5G",rsrp,sinr,rsrq
func (q *quectelAnswer) qcsq(w *row) {
	token := strings.ToUpper(w.text(0))
	if token == "NOSERVICE" {
		q.nothing = true
		return
	}
	f, ok := qcsqLevels[quectelRAT(token)]
	if !ok {
		w.reject(UnknownToken)
		return
	}
	var c cell.Cell
	if w.form(f, &c) {
		q.level(w, c)
	}
}

var qcsqLevels = map[cell.RAT]form{
	cell.GSM:  {cell.GSM, []int{2}, 1, []column{rssi}},
	cell.UMTS: {cell.UMTS, []int{4}, 1, []column{rssi, rscp, ecio}},
	cell.LTE:  {cell.LTE, []int{5}, 1, []column{rssi, rsrp, skip, rsrq}},
	cell.NR:   {cell.NR, []int{4}, 1, []column{rsrp, skip, rsrq}},
}

// qgpsloc reads the position in mode 2 [manual; recorded: BG96]. Errors 505 (GNSS off) and 516 (no fix) are no position.
// HDOP is not metres, so there is no accuracy.
//
//	+QGPSLOC: utc, lat, lon, hdop, altitude, fix, cog, km/h, knots, date, satellites
func (q *quectelAnswer) qgpsloc(w *row) {
	if !w.layout(11) {
		return
	}
	lat, ok := w.number(1)
	lon, ok2 := w.number(2)
	fix := w.index(5)
	if !ok || !ok2 {
		return
	}
	if lat < -90 || lat > 90 || lon < -180 || lon > 180 || fix != 2 && fix != 3 {
		w.reject(BadValue)
		return
	}
	p := &cell.Position{Lat: lat, Lon: lon, Source: "gnss"}
	if v, ok := w.number(7); ok && v >= 0 && v < 2000 {
		p.Speed = cell.Some(v / 3.6)
	}
	q.obs.Position = p
	w.explain(-1, "position")
}
