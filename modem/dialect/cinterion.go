package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// cinterion reads the modules of Cinterion, which were Siemens before and Gemalto, Thales and Telit later. Those with 3G or 4G have
// ^SMONI for the serving cell and ^SMONP for the neighbours, those with 2G alone ^MONI and ^SMONC. Facts and sources:
// firmware-notes/cinterion.md.
var cinterion = &Dialect{
	Name:         "cinterion",
	Title:        "Cinterion, Gemalto, Thales: ELS61, PLS8, PLS62, PLS63, EHS5, EHS6, PHS8, MC55, TC63",
	Evidence:     Recorded,
	Match:        cinterionMatch,
	Capabilities: cinterionCapabilities,
	Settings:     Settings,
	Serving: []at.Command{
		vendor("^SMONI", "the serving cell, and what the modem does with it"),
		{Text: "^MONI", Prefixes: []string{"^MONI"}, Bare: true, Timeout: engineering, Why: "the serving cell (MC55, TC63 and other 2G modules)"},
	},
	Around: []at.Command{
		{Text: "^SMONP", Prefixes: []string{"^SMONP"}, Bare: true, Timeout: engineering, Why: "the neighbour cells, with identity on 2G"},
		vendor("^SMONC", "the serving and neighbour cells, with identity (MC55, TC63 and other 2G modules)"),
		askCEREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ, askCSQ,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"^SMONP": cell.FieldNeighbours | cell.FieldNeighbourIdentity,
		"^SMONC": cell.FieldNeighbours | cell.FieldNeighbourIdentity,
	},
	Knows: func(line string) bool { return smonpSections[line] != cell.UnknownRAT || cinterionKnows(line) },
	asks:  cinterionAsks,
	once:  begins("^SMONI", "^SMONC"),
	parse: func(r *round, a Answer) {
		c := cinterionAnswer{round: r, rows: len(a.Lines)}
		r.each(a, c.read)
	},
}

var cinterionKnows = knows("^SMONI", "^SMONP", "^SMONC", "^MONI", "^MONP", "^SYSSTART", "CINTERION")

// cinterionAnswer is an answer being read: the round it goes to, and what lines without a prefix are about.
type cinterionAnswer struct {
	*round
	rows    int      // in the answer
	section cell.RAT // of ^SMONP, from the line that names it on
	head    []string // of the table of ^MONI or ^MONP: the names of its columns
}

func cinterionMatch(id Ident) bool {
	maker := strings.ToUpper(id.Manufacturer)
	switch {
	case id.VID == 0x1e2d:
		return true
	case strings.Contains(maker, "TELIT"): // who sells both: Telit's own go to telit
		return hasAnyPrefix(strings.ToUpper(id.Model), []string{"PLS", "PLPS", "ELS", "EXS", "EHS", "TX62", "TX82"})
	}
	return strings.Contains(maker, "CINTERION") || hasAnyPrefix(maker, []string{"SIEMENS", "GEMALTO", "THALES"})
}

// cinterion2G tells the modules that know GSM alone, whose commands are older.
func cinterion2G(id Ident) bool {
	return hasAnyPrefix(strings.ToUpper(id.Model), []string{"MC", "TC", "AC", "XT", "EGS", "EES", "BG2", "BGS2", "HC15"})
}

func cinterionAsks(id Ident, command string) bool {
	if id.Model == "" {
		return true
	}
	switch command {
	case "^SMONI", "^SMONP":
		return !cinterion2G(id)
	case "^MONI", "^SMONC":
		return cinterion2G(id)
	}
	return true
}

func cinterionCapabilities(id Ident) cell.Fields {
	gsm := standard | cell.FieldState | cell.FieldPCI | cell.FieldARFCN | cell.FieldRSSI | cell.FieldTA | cell.FieldNeighbours |
		cell.FieldNeighbourIdentity
	umts := gsm | cell.FieldRSCP | cell.FieldEcIo
	switch model := strings.ToUpper(id.Model); {
	case cinterion2G(id), hasAnyPrefix(model, []string{"BGS5"}):
		return gsm
	case hasAnyPrefix(model, []string{"EHS", "EU3", "HC", "PHS", "PCS", "PVS", "AHS"}):
		return umts
	}
	return umts | onAir | cell.FieldBandwidth
}

func (c *cinterionAnswer) read(w *row) {
	if w.name != "" && !strings.HasPrefix(w.name, "^") {
		c.generic(w)
		return
	}
	switch w.name {
	case "^SMONI":
		c.smoni(w)
	case "^SMONP":
		if text := w.text(0); len(w.f) > 1 || text != "" && !strings.EqualFold(text, "Searching") {
			w.reject(UnknownLayout)
		}
	case "^SMONC":
		c.smonc(w)
	case "":
		c.bare(w)
	default:
		w.skipped()
	}
}

// smoniStates are the states that end a row of ^SMONI.
var smoniStates = map[string]cell.State{"NOCONN": cell.Idle, "CONN": cell.Connected, "LIMSRV": cell.Limited}

// smoni reads the serving cell [EHS6 manual 8.12; ofono and ModemManager, where they quote ELS61 and PLS62 manuals; recorded: ELS61, EHS6,
// PHS8]. LAC, TAC and cell ids are hex, everything else decimal; levels are in dBm and dB.
//
//	0  1      2    3    4    5     6   7   8   9   10   11     12   13
//	2G,arfcn, dBm, mcc, mnc, lac,  cid,c1, c2, ncc,bcc, gprs,                                          state
//	2G,...                                              gprs,pwr,rxlev,                                state
//	2G,...                                              gprs,          arfcn,ts,ta,dBm,q,channel mode         in a call
//	2G,...                                              gprs,pwr,rxlev,arfcn,ts,ta,dBm,q,channel mode         in a call
//	3G,uarfcn,psc, ecno,rscp,mcc,  mnc,lac,cid,squal,srxlev,                                           state
//	3G,...                                 cid,squal,srxlev,phych,sf,slot,ecno,rscp,commod,hsupa,hsdpa        in a call
//	4G,earfcn,band,dlbw,ulbw,mode, mcc,mnc,tac,cid,pci, srxlev,rsrp,rsrq,                              state [,...]
//	4G,...                                              txpower,rsrp,rsrq,                             CONN  [,...]
//	2G,SEARCH,SEARCH                   also 3G; 4G,SEARCH; Searching
//
// gprs is G, E or empty; pwr and rxlev are those of the cell's broadcast. Between calls to another RAT ecno and rscp are dashes.
func (c *cinterionAnswer) smoni(w *row) {
	token := strings.ToUpper(w.text(0))
	switch {
	case token == "SEARCHING" && len(w.f) == 1, w.text(1) == "SEARCH" && len(w.f) <= 3:
		c.obs.State = cell.Searching
	case token == "2G":
		c.smoni2G(w)
	case token == "3G":
		c.smoni3G(w)
	case token == "4G", token == "CAT.M", token == "CAT.NB", token == "NB-IOT": // the last three on modules for LTE-M and NB-IoT
		c.smoni4G(w)
	case token == "" && len(w.f) == 1: // the radio is off
	case token == "":
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
}

// last is the last column, which shows whether a row is whole.
func (w *row) last() string { return w.text(len(w.f) - 1) }

func (c *cinterionAnswer) smoni2G(w *row) {
	if !w.layout(13, 15, 18, 20) {
		return
	}
	state, idle := smoniStates[w.last()]
	if inCall := len(w.f) >= 18; idle == inCall || len(w.text(11)) > 1 {
		w.reject(UnknownLayout)
		return
	}
	cell2G := w.cell(cell.GSM, 1, arfcn, rssi, mcc, mnc, hexArea, hexCID)
	w.colours(9, 10, &cell2G)
	if !idle {
		state = cell.Connected
		w.column(len(w.f)-4, ta, &cell2G)
	}
	c.camp(w, cell2G, state)
}

func (c *cinterionAnswer) smoni3G(w *row) {
	if !w.layout(12, 19) {
		return
	}
	state, idle := smoniStates[w.last()]
	if inCall := len(w.f) == 19; idle == inCall {
		w.reject(UnknownLayout)
		return
	}
	if !idle {
		state = cell.Connected
	}
	cell3G := w.cell(cell.UMTS, 1, arfcn, pci, ecio, rscp, mcc, mnc, hexArea, hexCID)
	w.exists(&cell3G)
	c.camp(w, cell3G, state)
}

func (c *cinterionAnswer) smoni4G(w *row) {
	state, whole := smoniStates[w.text(14)]
	switch {
	case !whole && (w.cut || len(w.f) < 15):
		w.reject(Truncated)
		return
	case !whole, w.text(5) != "FDD" && w.text(5) != "TDD":
		w.reject(UnknownLayout)
		return
	}
	w.sure = !w.cut // the state and the duplex mode are where they should be
	cell4G := w.cell(cell.LTE, 1, arfcn, band)
	w.agrees(&cell4G)
	w.megahertz(3, &cell4G)
	w.read(&cell4G, 6, mcc, mnc, hexArea, hexCID, pci, skip, rsrp, rsrq)
	if state != cell.Connected {
		w.column(11, srxlev, &cell4G)
	}
	c.camp(w, cell4G, state)
}

// camp sets the serving cell and the state.
func (c *cinterionAnswer) camp(w *row, serving cell.Cell, state cell.State) {
	if !w.bad {
		c.obs.State = state
	}
	c.serve(w, serving)
}

// colours reads a BSIC that is printed as its two halves, the colour codes of network and base station.
func (w *row) colours(network, station int, c *cell.Cell) {
	ncc, ok := w.whole(network, 10)
	bcc, ok2 := w.whole(station, 10)
	switch {
	case !ok || !ok2: // right after a handover
	case ncc > 7 || bcc > 7:
		w.reject(BadValue)
	default:
		c.PCI = cell.Some(uint16(8*ncc + bcc))
	}
}

// megahertz reads a bandwidth in MHz, if LTE has it.
func (w *row) megahertz(i int, c *cell.Cell) {
	v, ok := w.number(i)
	if khz := cell.KHz(v * 1000); ok && slices.Contains(lteBandwidths[:], khz) {
		c.Bandwidth = cell.Some(khz)
	}
}
