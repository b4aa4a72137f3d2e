package dialect

import (
	"slices"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// nordic reads the nRF91 modules of Nordic Semiconductor (LTE-M, NB-IoT): %XMONITOR for the serving cell, %NCELLMEAS for
// the neighbours and the timing advance. Facts and sources: firmware-notes/nordic.md.
var nordic = &Dialect{
	Name:     "nordic",
	Title:    "Nordic nRF9160, nRF9161, nRF9151",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		return strings.Contains(strings.ToUpper(id.Manufacturer), "NORDIC") || strings.HasPrefix(strings.ToUpper(id.Model), "NRF91")
	},
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldState | cell.FieldSINR | cell.FieldTA | cell.FieldNeighbours
	},
	Settings: slices.Concat(Settings, []at.Setting{
		{Read: at.Command{Text: "+CNEC?", Prefixes: []string{"+CNEC"}, Why: "which network errors are reported, to put it back"},
			Write: "+CNEC=", Values: []string{"0", "8", "16", "24"}, Want: []string{"24", "8"}, Current: current("+CNEC", 0, 1),
			Why: "hear at once why the network refused the modem"},
	}),
	Serving: []at.Command{
		{Text: "%XMONITOR", Prefixes: []string{"%XMONITOR"}, Why: "the serving cell"},
	},
	Around: []at.Command{
		{Text: "%NCELLMEAS", Prefixes: []string{"%NCELLMEAS"}, After: []string{"%NCELLMEAS"}, Timeout: measuring,
			Why: "the neighbour cells and the timing advance; the modem measures for it while it is idle"},
		askCEREG, askCOPS, askCSCON, askCESQ,
	},
	Surveys: []at.Command{
		{Text: "%NCELLMEAS=5", Kind: at.Survey, Prefixes: []string{"%NCELLMEAS"}, After: []string{"%NCELLMEAS"},
			Timeout: 200 * time.Second, Why: "all cells that can be heard on all bands, with identity; leaves the serving cell"},
		scanCOPS,
	},
	Only:  map[string]cell.Fields{"%NCELLMEAS": cell.FieldNeighbours | cell.FieldTA},
	Hints: []string{"%MDMEV: SEARCH", "%MDMEV: PRACH"},
	Knows: knows("%XMONITOR", "%NCELLMEAS", "%CESQ", "%MDMEV", "%XSYSTEMMODE", "%XSNRSQ", "%XCBAND", "+CNEC_EMM", "+CNEC_ESM",
		"NORDIC SEMICONDUCTOR", "NRF91"),
	once:  begins("%XMONITOR:", "%NCELLMEAS:"),
	parse: func(r *round, a Answer) { r.byPrefix(a, nordicRows) },
}

// measuring is how long the lines after the OK of %NCELLMEAS may take.
const measuring = 6 * time.Second

var nordicRows = map[string]func(*round, *row){"%XMONITOR": (*round).xmonitor, "%NCELLMEAS": (*round).ncellmeas,
	"%CESQ": (*round).nordicLevel, "+CNEC_EMM": (*round).emmCause}

// xmonitor reads the serving cell [nRF91 AT manual 8.15; recorded: nRF9160 firmware 1.0 to 1.3]. TAC and cell id are hex.
// Without a cell only the first column is printed. The RAT (act) is 7 on LTE-M, 9 on NB-IoT, 14 on NB-IoT over satellite. What
// follows the SNR is left out from its end where the network gave nothing; strings are always in quotes.
//
//	0      1      2       3      4     5   6    7    8   9      10   11  12     13    14   15
//	status,"name","short","plmn","tac",act,band,"ci",pci,earfcn,rsrp,snr
//	                                                                    [,"edrx"[,"psm"[,"psm"[,"tau"]]]]
func (r *round) xmonitor(w *row) {
	status := w.text(0)
	if !validStat(status) {
		w.reject(BadValue)
		return
	}
	if len(w.f) > 1 && (!w.layout(12, 13, 14, 15, 16) || !w.filled(8, 12) || !w.stringsAt(xmonitorStrings)) {
		return
	}
	w.sure = !w.cut
	if s := w.text(5); s != "" && s != "7" && s != "9" && s != "14" {
		w.reject(UnknownToken)
		return
	}
	c := cell.Cell{RAT: cell.LTE}
	w.plmnDigits(3, &c)
	w.read(&c, 4, hexArea, skip, band, hexCID, pci, arfcn)
	w.agrees(&c)
	w.read(&c, 10, wideRSRP, nordicSNR)
	if c != (cell.Cell{RAT: cell.LTE}) {
		r.serve(w, c)
	}
	switch {
	case w.bad:
	case status == "3", status == "8":
		r.obs.State = cell.Limited
	case r.obs.Serving != nil:
	case status == "2":
		r.obs.State = cell.Searching
	case status == "0", status == "90": // 90: the SIM failed
		r.nothing = true
	}
}

// xmonitorStrings are the columns of %XMONITOR that are strings.
const xmonitorStrings = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<7 | 1<<12 | 1<<13 | 1<<14 | 1<<15

// stringsAt checks that columns are in quotes where they are strings and only there, which shows that no comma was lost and
// none came twice. What is empty may be either.
func (w *row) stringsAt(columns uint64) bool {
	for i, s := range w.f {
		if s != "" && w.inQuotes(i) != (columns>>i&1 != 0) {
			w.reject(UnknownLayout)
			return false
		}
	}
	return true
}

// plmnDigits reads a PLMN in one column: "26201", "310410".
func (w *row) plmnDigits(i int, c *cell.Cell) {
	s := w.text(i)
	if s == "" {
		return
	}
	p, err := cell.ParsePLMN(s)
	if err != nil {
		w.reject(BadValue)
		return
	}
	if w.network(p.MCC, p.MNC, c) {
		w.explain(i, "mcc")
		w.explain(i, "mnc")
	}
}

// nordicLevel reads the level that the modem reports by itself where asked to [recorded: nRF9160].
//
//	%CESQ: rsrp, rsrp threshold, rsrq, rsrq threshold
func (r *round) nordicLevel(w *row) {
	if w.layout(4) {
		r.level(w, w.cell(cell.LTE, 0, wideRSRP, skip, wideRSRQ))
	}
}

// emmCause reads why the network refused the modem (TS 27.007 clause 9.1B; nRF91 AT manual; no recording). The cause is
// of TS 24.301 clause 9.9.3.9.
//
//	+CNEC_EMM: cause[,cid]
func (r *round) emmCause(w *row) {
	if !w.layout(1, 2) {
		return
	}
	cause, ok := w.whole(0, 10)
	if !ok {
		return
	}
	if cause == 0 || cause > 255 {
		w.reject(BadValue)
		return
	}
	r.refused(w, cause)
}

// ncellmeas reads a measurement [nRF91 AT manual; recorded: nRF9160, nRF9161]. Two layouts share the prefix: search types
// 1 and 2, and the command without one, print the serving cell and its neighbours, types 3 to 5 ("GCI") a list of cells
// with identity, of which each brings its neighbours. The command decides; a line of which the command is not known is
// of the second layout when its counts fit to the end, which the numbers of columns of the first never do for one cell,
// nor its quotes for several. Status 0 is well, 1 failed, 2 interrupted.
//
//	status,"ci","plmn","tac",ta,earfcn,pci,rsrp,rsrq,time {,earfcn,pci,rsrp,rsrq,time}[,ta time]
//	status {,"ci","plmn","tac",ta,ta time,earfcn,pci,rsrp,rsrq,time,serving,count {,earfcn,pci,rsrp,rsrq,time}}
func (r *round) ncellmeas(w *row) {
	if n := len(w.f); n > 1 && w.f[n-1] == "" && !w.cut {
		w.f = w.f[:n-1] // firmware 1.3 and later end a list with a comma
	}
	switch w.text(0) {
	case "0", "2":
	case "1":
		return
	case "":
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownToken)
		return
	}
	if len(w.f) == 1 {
		return
	}
	for i, f := range w.f {
		if w.cut {
			w.reject(Truncated)
			return
		}
		// No column is empty, and no decimal number begins with a zero, unless a comma is amiss.
		if f == "" || len(f) > 1 && f[0] == '0' && !w.inQuotes(i) {
			w.reject(UnknownLayout)
			return
		}
	}
	cells := w.gciCells()
	asked, known := strings.CutPrefix(r.command, "%NCELLMEAS")
	survey := asked == "=3" || asked == "=4" || asked == "=5"
	switch n := len(w.f); {
	case cells != nil && (survey || !known):
		r.gci(w, cells, survey)
	case survey, n < 10, (n-10)%5 > 1:
		w.reject(UnknownLayout)
	default:
		r.measured(w)
	}
}

// gciCells gives the columns at which the cells of the second layout begin; nil when the row is not of it.
func (w *row) gciCells() (starts []int) {
	i := 1
	for i < len(w.f) {
		if i+12 > len(w.f) || !w.inQuotes(i) || !w.inQuotes(i+1) || !w.inQuotes(i+2) {
			return nil
		}
		count, ok := parseWhole(w.f[i+11], 10)
		if s := w.f[i+10]; !ok || count > 17 || s != "0" && s != "1" {
			return nil
		}
		starts = append(starts, i)
		i += 12 + 5*int(count)
	}
	if i != len(w.f) {
		return nil
	}
	return starts
}

// measured reads the first layout. Firmware from 1.3.1 on prints the time of the timing advance last. A row without it
// that ends in such a time, milliseconds since the modem was switched on, has lost a comma.
func (r *round) measured(w *row) {
	if n := len(w.f); n > 10 && (n-10)%5 == 0 {
		if v, ok := w.number(n - 1); ok && (v >= 1000 || v <= -1000) {
			w.reject(UnknownLayout)
			return
		}
	}
	c := w.measuredCell(1, 5)
	r.asked((len(w.f) - 10) / 5)
	var list []cell.Cell
	for i := 10; i+5 <= len(w.f); i += 5 {
		list = append(list, w.measuredNeighbour(i))
	}
	r.around(w, c, list)
}

// gci reads the second layout. What was asked for by a survey is a sweep; the cell that serves is the serving cell.
func (r *round) gci(w *row, cells []int, survey bool) {
	for _, i := range cells {
		c := w.measuredCell(i, i+5)
		var list []cell.Cell
		for j := i + 12; w.f[i+11] != "0" && j+5 <= len(w.f) && len(list) < w.index(i+11); j += 5 {
			list = append(list, w.measuredNeighbour(j))
		}
		switch {
		case w.f[i+10] == "1":
			r.asked(len(list))
			r.around(w, c, list)
		case survey:
			r.heard(w, c)
		default:
			r.listed(w, len(cells), c)
		}
	}
}

// around takes a serving cell that was measured, and its neighbours. %XMONITOR may have told of it before.
func (r *round) around(w *row, c cell.Cell, list []cell.Cell) {
	for _, n := range list {
		r.neighbour(w, n)
	}
	switch {
	case c.ID.Known() && r.obs.Serving == nil:
		r.serve(w, c)
	case c != (cell.Cell{RAT: cell.LTE}):
		r.part(w, c)
	}
}

// measuredCell reads a cell whose identity begins at column i and whose channel stands at column at. A cell id of all
// ones says that no cell serves.
func (w *row) measuredCell(i, at int) cell.Cell {
	c := cell.Cell{RAT: cell.LTE}
	w.cellID(i, 16, &c)
	w.plmnDigits(i+1, &c)
	w.area(i+2, 16, &c)
	w.basicTA(i+3, &c)
	w.read(&c, at, arfcn, pci, wideRSRP, wideRSRQ)
	return c
}

func (w *row) measuredNeighbour(i int) cell.Cell {
	c := w.cell(cell.LTE, i, arfcn, pci, wideRSRP, wideRSRQ)
	w.number(i + 4)
	return c
}

// basicTA reads a timing advance in basic time units, of which LTE counts 16 to a step (TS 36.213 clause 4.2.3): 0..20512,
// 65535 for none.
func (w *row) basicTA(i int, c *cell.Cell) {
	w.reading = ta
	v, ok := w.whole(i, 10)
	if w.accept(ok, v == 65534 || v == 65535, v <= 16*maxTA[cell.LTE], cell.FieldTA, c) {
		c.TA = cell.Some(uint16(v / 16))
		w.explain(i, "ta")
	}
	w.reading = skip
}
