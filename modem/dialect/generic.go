package dialect

import (
	"regexp"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// generic uses TS 27.007, which every modem should support, and asks what many modems on Qualcomm's chips answer. It is the fallback
// for unknown modems, and the families use it for lines of the standard.
var generic = &Dialect{
	Name:     "generic",
	Title:    "any modem that speaks 3GPP TS 27.007",
	Evidence: Recorded,
	Match:    func(Ident) bool { return true },
	Capabilities: func(Ident) cell.Fields {
		return standard | cell.FieldState | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldRSSI | cell.FieldRSCP | cell.FieldEcIo |
			cell.FieldPCI | cell.FieldARFCN | cell.FieldNeighbours
	},
	Settings: Settings,
	Serving:  []at.Command{askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCESQ, askCSQ},
	Around: []at.Command{askCSCON, askCEER,
		vendor("$QCRSRP?", "PCI, channel and level of the LTE cells heard, where the chip is Qualcomm's"),
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"+CESQ": cell.FieldRSRP | cell.FieldRSRQ | cell.FieldRSCP | cell.FieldEcIo,
		"+CSQ":  cell.FieldRSSI,

		"$QCRSRP?": cell.FieldPCI | cell.FieldARFCN | cell.FieldNeighbours,
	},
	Knows: func(string) bool { return false },
	parse: func(r *round, a Answer) { r.each(a, r.generic) },
}

// vendor is a query of a vendor, whose answer begins with its name.
func vendor(text, why string) at.Command {
	name := text
	if i := strings.IndexAny(text, "=?"); i >= 0 {
		name = text[:i]
	}
	return at.Command{Text: text, Prefixes: []string{name}, Timeout: engineering, Why: why}
}

// The queries of the standard, for use by any family.
var (
	askCREG   = readRegistration("+CREG", "for calls")
	askCGREG  = readRegistration("+CGREG", "for data on GSM and UMTS")
	askCEREG  = readRegistration("+CEREG", "on LTE")
	askC5GREG = readRegistration("+C5GREG", "on 5G")
	askCOPS   = at.Command{Text: "+COPS?", Prefixes: []string{"+COPS"}, Why: "the network registered on, and the RAT"}
	askCSQ    = at.Command{Text: "+CSQ", Prefixes: []string{"+CSQ"}, Why: "how strong the serving cell is"}
	askCESQ   = at.Command{Text: "+CESQ", Prefixes: []string{"+CESQ"}, Why: "how strong the serving cell is, by RAT"}
	askCSCON  = at.Command{Text: "+CSCON?", Prefixes: []string{"+CSCON"}, Owns: ownsCSCON,
		Why: "whether the modem is connected or idle"}
	askCEER = at.Command{Text: "+CEER", Prefixes: []string{"+CEER"}, Why: "why the last call or attach failed, kept as text"}
	askCPIN = at.Command{Text: "+CPIN?", Prefixes: []string{"+CPIN"}, Timeout: 5 * time.Second,
		Why: "whether there is a SIM, and whether it is locked; nothing is ever entered"}
	scanCOPS = at.Command{Text: "+COPS=?", Kind: at.Survey, Prefixes: []string{"+COPS"}, Timeout: 200 * time.Second,
		Why: "which networks can be heard; interrupts service for up to three minutes"}
)

// Settings are the reporting switches of the standard, for any family. Each changes what the modem prints, never what
// its radio does. +COPS=3,2 sets the format in which +COPS? names the network, and neither registers nor searches
// (TS 27.007 clause 7.3). Without a registration, +COPS? does not show the current format.
var Settings = []at.Setting{
	reportRegistration("+CREG", "for calls", []string{"0", "1", "2", "3"}, []string{"3", "2"}),
	reportRegistration("+CGREG", "for data on GSM and UMTS", []string{"0", "1", "2", "3", "4", "5"}, []string{"3", "5", "2"}),
	reportRegistration("+CEREG", "on LTE", []string{"0", "1", "2", "3", "4", "5"}, []string{"3", "5", "2"}),
	reportRegistration("+C5GREG", "on 5G", []string{"0", "1", "2", "3", "4", "5"}, []string{"3", "5", "2"}),
	{Read: at.Command{Text: "+CMEE?", Prefixes: []string{"+CMEE"}, Why: "how errors are printed, to put it back"},
		Write: "+CMEE=", Values: []string{"0", "1", "2"}, Want: []string{"1"}, Current: current("+CMEE", 0, 1),
		Why: "have errors as numbers"},
	{Read: askCSCON, Write: "+CSCON=", Values: []string{"0", "1", "2", "3"}, Want: []string{"1"},
		Current: current("+CSCON", 0, 1), Why: "hear at once when the connection with the cell is set up and released"},
	{Read: askCOPS, Write: "+COPS=3,", Values: []string{"0", "1", "2"}, Want: []string{"2"}, Current: current("+COPS", 1, 2),
		Why: "have the network named by number"},
	{Read: at.Command{Text: "+CGEREP?", Prefixes: []string{"+CGEREP"}, Why: "how packet events are printed, to put it back"},
		Write: "+CGEREP=", Values: []string{"0,0", "0,1", "1,0", "1,1", "2,0", "2,1"}, Want: []string{"2,0", "1,0"},
		Current: current("+CGEREP", 0, 2), Why: "hear at once when the network detaches the modem or drops its context"},
	{Read: at.Command{Text: "+CTZR?", Prefixes: []string{"+CTZR"}, Why: "how time zone events are printed, to put it back"},
		Write: "+CTZR=", Values: []string{"0", "1", "2", "3"}, Want: []string{"1"}, Current: current("+CTZR", 0, 1),
		Why: "hear at once when a network tells its time zone, as it does after registration"},
}

// current finds columns from up to (not including) to in the answer to a read command.
func current(name string, from, to int) func([]string) (string, bool) {
	return func(lines []string) (string, bool) {
		for _, l := range lines {
			if prefix, f := at.Fields(nil, l); prefix == name && len(f) >= to {
				return strings.Join(f[from:to], ","), true
			}
		}
		return "", false
	}
}

// Once are sent after identification, on each connection.
var Once = []at.Command{askCPIN}

// standardHints are the beginnings of the lines of the standard that hint at a change. +CSCON is none: a modem that carries data
// connects and releases all day.
var standardHints = []string{"+CREG:", "+CGREG:", "+CEREG:", "+C5GREG:", "+CGEV:", "+CTZV:", "+CTZE:", "+CTZDST:", "+CNEC_EMM:",
	"NO CARRIER"}

// Hint reports whether an unsolicited line hints at a change of cell, RAT or registration.
func (d *Dialect) Hint(line string) bool {
	return hasAnyPrefix(line, standardHints) || hasAnyPrefix(line, d.Hints)
}

// oncePerRound names a row that is printed once per round; "" for any other.
func (d *Dialect) oncePerRound(line string) string {
	if once := d.owner(line).once; once != nil {
		if row := once(line); row != "" {
			return row
		}
	}
	if name, _, ok := strings.Cut(line, ":"); ok && registrationDomain(name) != "" {
		return name
	}
	return ""
}

// begins makes a Dialect.once of the beginnings of rows.
func begins(rows ...string) func(string) string {
	return func(line string) string {
		for _, row := range rows {
			if strings.HasPrefix(line, row) {
				return row
			}
		}
		return ""
	}
}

// generic reads a row of the standard, and passes over any other.
func (r *round) generic(w *row) {
	if d := registrationDomain(w.name); d != "" {
		r.registration(w, d)
		return
	}
	switch w.name {
	case "+COPS":
		r.cops(w)
	case "+CSQ":
		r.signal(w)
	case "+CESQ":
		r.extendedSignal(w)
	case "+CSCON":
		r.connection(w)
	case "+CGED":
		r.gsmCell(w)
	case "$QCRSRP":
		r.triples(w, rsrp)
	case "$QCRSRQ":
		r.triples(w, rsrq)
	case "+CGCELLI":
		r.gobiCell(w)
	default:
		w.skipped()
	}
}

// cops reads the answer to +COPS? (TS 27.007 clause 7.3), or what a scan with +COPS=? listed:
//
//	+COPS: mode [, format, "oper" [, AcT]]
func (r *round) cops(w *row) {
	if strings.HasPrefix(w.text(0), "(") {
		r.operators(w)
		return
	}
	if _, ok := w.whole(0, 10); !ok {
		return
	}
	if len(w.f) == 1 {
		r.noOper = true
		return
	}
	if !w.layout(3, 4) {
		return
	}
	var c cell.Cell
	if s := w.text(3); s != "" {
		if !validAcT(s) {
			w.reject(BadValue)
		} else {
			act, _ := parseWhole(s, 10)
			c.RAT = cell.RATByAcT(uint8(act))
		}
	}
	if w.text(1) == "2" && !(w.cut && len(w.f) == 3) {
		p, err := cell.ParsePLMN(fromUCS2(w.text(2)))
		if err != nil {
			w.reject(BadValue)
		} else {
			c.MCC, c.MNC = p.MCC, p.MNC
			w.explain(2, "mcc")
			w.explain(2, "mnc")
		}
	}
	if !w.bad {
		r.operator = c.PLMN()
	}
	if c.RAT != cell.UnknownRAT {
		r.part(w, c)
	}
}

// fromUCS2 undoes what u-blox LARA does with +CSCS="UCS2" in force: "0032003600320030..." for "2620...".
func fromUCS2(s string) string {
	if len(s) != 20 && len(s) != 24 {
		return s
	}
	digits := make([]byte, 0, 6)
	for i := 0; i < len(s); i += 4 {
		if s[i:i+3] != "003" {
			return s
		}
		digits = append(digits, s[i+3])
	}
	return string(digits)
}

// operators reads the list of a scan. Commas and parentheses go missing (Sony Ericsson TM-506 prints the AcT outside
// of them), so it looks for entries and not for the list.
//
//	+COPS: (stat,"long","short","numeric"[,AcT]),(...),,(modes),(formats)
func (r *round) operators(w *row) {
	for _, m := range operatorEntry.FindAllStringSubmatch(w.line, -1) {
		p, err := cell.ParsePLMN(m[1])
		if err != nil || m[2] == "" || !validAcT(m[2]) {
			continue
		}
		act, _ := parseWhole(m[2], 10)
		r.heard(w, cell.Cell{RAT: cell.RATByAcT(uint8(act)), MCC: p.MCC, MNC: p.MNC})
	}
}

var operatorEntry = regexp.MustCompile(`\(\d+,"[^"]*","[^"]*","(\d{5,6})"\)?(?:,(\d{1,2})\))?`)

// signal reads +CSQ: rssi, ber (TS 27.007 clause 8.5). It does not say of which RAT. TD-SCDMA modems use 100..199.
func (r *round) signal(w *row) {
	if !w.layout(2) {
		return
	}
	n := w.index(0)
	if n > 31 && n < 99 || n > 199 {
		w.reject(BadValue)
		return
	}
	if r.csq = cell.RSSIFromCSQ(n); r.csq.Known() {
		w.explain(0, "rssi")
	}
	r.silent = n == 99
}

// extendedSignal reads +CESQ (TS 27.007 clause 8.69). 99 and 255 are not known; only the group of the RAT in use holds
// values.
//
//	+CESQ: rxlev, ber, rscp, ecno, rsrq, rsrp [, ss_rsrq, ss_rsrp, ss_sinr]
func (r *round) extendedSignal(w *row) {
	if w.cut {
		w.reject(Truncated) // half a row of nine would be read as one of six
		return
	}
	if !w.layout(6, 9) {
		return
	}
	var v [9]int
	for i := range v {
		v[i] = w.index(i)
	}
	for _, lim := range [...]struct {
		what          column
		i, most, none int
	}{{rssi, 0, 63, 99}, {rscp, 2, 96, 255}, {ecio, 3, 49, 255}, {rsrq, 4, 34, 255}, {rsrp, 5, 97, 255},
		{rsrq, 6, 126, 255}, {rsrp, 7, 127, 255}, {sinr, 8, 127, 255}} {
		switch n := v[lim.i]; {
		case n > lim.most && n != lim.none:
			w.reading = lim.what
			w.outOfRange()
			w.reading, v[lim.i] = skip, -1
		case n >= 0 && n <= lim.most:
			w.explain(lim.i, limits[lim.what].name)
		}
	}
	none := len(r.levels)
	r.level(w, cell.Cell{RAT: cell.NR, RSRQ: cell.SSRSRQFromIndex(v[6]), RSRP: cell.SSRSRPFromIndex(v[7]),
		SINR: cell.SSSINRFromIndex(v[8])})
	r.level(w, cell.Cell{RAT: cell.LTE, RSRQ: cell.RSRQFromIndex(v[4]), RSRP: cell.RSRPFromIndex(v[5])})
	r.level(w, cell.Cell{RAT: cell.UMTS, RSCP: cell.RSCPFromIndex(v[2]), EcIo: cell.EcNoFromIndex(v[3])})
	r.level(w, cell.Cell{RAT: cell.GSM, RSSI: cell.RSSIFromRxLev(v[0])})
	r.silent = r.silent || len(r.levels) == none && v[0] == 99
}

// connection reads +CSCON (TS 27.007 clause 10.1.30). The reply has n before the mode, which only n of 2 and more shows;
// two columns of which the second is 0 or 1 are a reply, if it was asked for.
//
//	+CSCON: [n,] mode [, state [, access]]
func (r *round) connection(w *row) {
	if isCSCONReply(w.f) {
		if len(w.f) == 2 && r.command != "+CSCON?" {
			return // n,mode or mode,state: ambiguous
		}
		w.drop(1)
	}
	switch v, ok := w.whole(0, 10); {
	case !ok:
	case v > 1:
		w.reject(BadValue)
	default:
		r.rrc = cell.Some(v == 1)
		w.explain(0, "state")
	}
}

// ownsCSCON is for at.Command.Owns.
func ownsCSCON(line string) bool {
	var columns [8]string
	_, f := at.Fields(columns[:0], line)
	return isCSCONReply(f)
}

func isCSCONReply(fields []string) bool {
	if len(fields) < 2 {
		return false
	}
	first, second := fields[0], fields[1]
	return first != "0" && first != "1" || len(fields) == 2 && (second == "0" || second == "1" || second == "")
}

// gsmCell reads the labelled cell description that several GSM modems print. Only the first four labels are read: the
// base of the others differs between modems.
//
//	+CGED: MCC:230, MNC:  3, LAC:878c, CI:2a95, BSIC:..., ...
func (r *round) gsmCell(w *row) {
	c := cell.Cell{RAT: cell.GSM}
	w.labelled("MCC", "MNC", "LAC", "CI")
	w.read(&c, 0, mcc, mnc, hexArea, hexCID)
	if c != (cell.Cell{RAT: cell.GSM}) {
		r.serve(w, c)
	}
}

// gobiBearers are the RATs of the bearers that +CGCELLI names.
var gobiBearers = map[string]cell.RAT{"0x01": cell.GSM, "0x02": cell.GSM, "0x09": cell.GSM, "0x03": cell.UMTS, "0x04": cell.UMTS,
	"0x05": cell.UMTS, "0x0c": cell.UMTS, "0x0d": cell.UMTS, "0x0b": cell.LTE}

// gobiCell reads what two routers' scripts take of +CGCELLI of modems that once were Gobi [asuswrt modem_status.sh; 3ginfo-lite, for Askey WWHC050;
// no recording: experimental]. They name no base of LAC and Cell_ID, and no comma is safe around the PLMN, so that only levels are read. It is not asked for.
//
//	+CGCELLI:...,Cell_ID:...,RSRQ:...,RSRP:...,RSSI:...,PLMN:46001,8,1,...,BEARER:0x0B,...
func (r *round) gobiCell(w *row) {
	w.labelled("BEARER", "RSRP", "RSRQ", "SINR")
	c := cell.Cell{RAT: gobiBearers[strings.ToLower(w.text(0))]}
	if c.RAT == cell.UnknownRAT || w.cut {
		w.reject(UnknownLayout)
		return
	}
	if c.RAT == cell.LTE {
		w.read(&c, 1, rsrp, rsrq, sinr)
	}
	r.part(w, c)
}
