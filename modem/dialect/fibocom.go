package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// fibocom reads the modules of Fibocom: +GTCCINFO for the cells of most, +XMCI for those of the L8xx, which are built on
// Intel chips. Facts and sources: firmware-notes/fibocom.md.
var fibocom = &Dialect{
	Name:         "fibocom",
	Title:        "Fibocom L850, L860, FM150, FM160, FM350, L610",
	Evidence:     Recorded,
	Match:        fibocomMatch,
	Capabilities: fibocomCapabilities,
	Settings:     Settings,
	Serving: []at.Command{
		{Text: "+GTCCINFO?", Prefixes: []string{"+GTCCINFO"}, Bare: true, Timeout: engineering,
			Why: "the serving and neighbour cells"},
		{Text: "+XMCI=1", Prefixes: []string{"+XMCI"}, Bare: true, Timeout: engineering,
			Why: "the serving and neighbour cells, with timing advance (L8xx)"},
	},
	Around: []at.Command{
		{Text: "+GTCAINFO?", Prefixes: []string{"+GTCAINFO"}, Bare: true, Timeout: engineering,
			Why: "the carriers in use beside the serving cell"},
		{Text: "+XLEC?", Prefixes: []string{"+XLEC"}, Why: "band and bandwidth (L8xx)"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"+GTCAINFO?": cell.FieldSecondary,
		"+XMCI=1":    cell.FieldTA,
	},
	Knows: fibocomKnows,
	once:  fibocomOnce,
	parse: func(r *round, a Answer) {
		a.Lines = joinXMCI(a.Lines)
		f := fibocomAnswer{round: r, rows: len(a.Lines), base: fibocomBase(r.ident, a.Lines),
			lte: slices.ContainsFunc(a.Lines, isServingLTE)}
		r.each(a, f.read)
	},
}

// fibocomAnswer is an answer being read.
type fibocomAnswer struct {
	*round
	rows int
	base int  // of channel and PCI in +GTCCINFO; 0 is not known
	lte  bool // an LTE cell serves: one of NR is the second leg of EN-DC
}

func fibocomMatch(id Ident) bool {
	return id.VID == 0x2cb7 || id.VID == 0x0e8d && (id.PID == 0x7126 || id.PID == 0x7127) ||
		id.VID == 0x8087 && id.PID == 0x095a || id.VID == 0x1508 && id.PID == 0x1001 ||
		strings.Contains(strings.ToUpper(id.Manufacturer), "FIBOCOM")
}

// fibocomIs reports whether the model is one of those; models print "FM350-GL", "L850 LTE Module", "L610-EU".
func fibocomIs(id Ident, models ...string) bool {
	model := strings.ToUpper(id.Model)
	return slices.ContainsFunc(models, func(m string) bool { return strings.Contains(model, m) })
}

func fibocomCapabilities(id Ident) cell.Fields {
	f := standard | onAir | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldRSCP | cell.FieldEcIo | cell.FieldNeighbours
	switch {
	case fibocomIs(id, "L850", "L860"):
		f |= cell.FieldTA | cell.FieldSINR
	case fibocomIs(id, "FM"):
		f |= cell.FieldSecondary
	case id.Model == "":
		f |= cell.FieldTA | cell.FieldSINR | cell.FieldSecondary
	}
	return f
}

var fibocomPrefixes = knows("+GTCCINFO", "+GTCAINFO", "+GTACT", "+GTRAT", "+GTPKGVER", "+GTUSBMODE", "+XMCI", "+XLEC",
	"+XCCINFO", "+XCESQ", "FIBOCOM")

// fibocomKnows goes by the prefixes that only Fibocom prints, and by the rows of +GTCCINFO, which have none: two leading
// columns that are a mark and a RAT, twelve or more columns in all, and a PLMN of three and two or three digits.
func fibocomKnows(line string) bool {
	_, ok := servingRow(line)
	return ok || fibocomPrefixes(line)
}

// servingRow names a serving row of +GTCCINFO by its RAT.
func servingRow(line string) (rat string, ok bool) {
	f := strings.Split(line, ",")
	if len(f) != 14 && len(f) != 15 || f[0] != "1" || len(f[1]) != 1 || !strings.Contains("249", f[1]) {
		return "", false
	}
	if f[1] == "9" && f[2] == "" && f[3] == "" {
		return f[1], true
	}
	_, ok = parseWhole(f[2], 10)
	return f[1], ok && len(f[2]) == 3 && len(f[3]) >= 1 && len(f[3]) <= 3
}

func isServingLTE(line string) bool {
	rat, _ := servingRow(line)
	return rat == "4" || strings.HasPrefix(line, "PCC") && fibocomLTE(strings.TrimLeft(strings.TrimPrefix(line, "PCC"), ": "))
}

// fibocomLTE reports whether a row of +GTCAINFO begins with the band of an LTE carrier.
func fibocomLTE(row string) bool {
	band, _, _ := strings.Cut(row, ",")
	return len(band) == 3 && band[0] == '1'
}

func fibocomOnce(line string) string {
	if hasAnyPrefix(line, []string{"+XMCI: 0,", "+XMCI: 2,", "+XMCI: 4,"}) {
		return "+XMCI"
	}
	if rat, ok := servingRow(line); ok {
		return "serving " + rat
	}
	return begins("+GTCCINFO:")(line)
}

// joinXMCI puts rows together again that L860 firmware breaks in two after a comma.
func joinXMCI(lines []string) []string {
	for i := 1; i < len(lines); i++ {
		if !strings.HasPrefix(lines[i-1], "+XMCI:") || !strings.HasSuffix(lines[i-1], ",") || !strings.HasPrefix(lines[i], `"0x`) {
			continue
		}
		joined := slices.Clone(lines[:i])
		joined[i-1] += lines[i]
		return append(joined, joinXMCI(lines[i+1:])...)
	}
	return lines
}

func (f *fibocomAnswer) read(w *row) {
	switch w.name {
	case "+GTCCINFO":
		f.asked(f.rows)
		if w.text(0) != "" {
			f.gtccinfo(w)
		}
	case "+GTCAINFO":
		if w.text(0) != "" {
			w.reject(UnknownLayout) // L850 firmware prints rows of its own here
		}
	case "+XMCI":
		f.xmci(w)
	case "+XLEC":
		f.xlec(w)
	case "+XCCINFO":
		f.xccinfo(w)
	case "+XCESQ":
		f.xcesq(w)
	case "+RSRP":
		f.triples(w, rsrp)
	case "+RSRQ":
		f.triples(w, rsrq)
	case "":
		f.unprefixed(w)
	default:
		f.generic(w)
	}
}

// unprefixed decodes a line without a prefix: a row of +GTCCINFO or +GTCAINFO. Titles ("LTE service cell:") are skipped.
func (f *fibocomAnswer) unprefixed(w *row) {
	first := w.text(0)
	switch {
	case strings.HasPrefix(first, "PCC"), strings.HasPrefix(first, "SCC"):
		f.gtcainfo(w)
	case (first == "1" || first == "2") && len(w.f) > 8:
		f.gtccinfo(w)
	case !strings.HasSuffix(w.line, "cell:"):
		w.skipped()
	}
}

// xmci reads the cells of an L8xx [L8xx manual; recorded: L850; printed in public notes: L860]. Numbers with 0x are hex,
// the others decimal. Unknown ones are all ones. LTE levels are indexes of +CESQ, the RSSNR is in halves of a dB.
//
//	0    1   2   3   4  5    6    7   8        9    10   11    12 13
//	type,mcc,mnc,tac,ci,pci, dl,  ul, pathloss,rsrp,rsrq,rssnr,ta,cqi      4 serving, 5 neighbour, LTE
//	type,mcc,mnc,lac,ci,psc, dl,  ul, pathloss,rssi,rscp,ecno              2, 3, UMTS [Intel's source only]
//	type,mcc,mnc,lac,ci,bsic,rxlev,ber,arfcn,  reliable,ta                 0, 1, GSM [Intel's source only]
func (f *fibocomAnswer) xmci(w *row) {
	if strings.HasPrefix(w.text(0), "(") { // the answer to +XMCI=?
		return
	}
	kind := w.text(0)
	c := cell.Cell{RAT: xmciKinds[kind]}
	switch {
	case kind == "":
		w.reject(Truncated)
		return
	case c.RAT == cell.UnknownRAT:
		w.reject(UnknownToken)
		return
	}
	if !w.layout(map[cell.RAT]int{cell.GSM: 11, cell.UMTS: 12, cell.LTE: 14}[c.RAT]) {
		return
	}
	w.read(&c, 1, mcc, mnc)
	w.area(3, w.base(3), &c)
	w.cellID(4, w.base(4), &c)
	w.pci(5, w.base(5), &c)
	switch c.RAT {
	case cell.LTE:
		w.arfcn(6, w.base(6), &c)
		w.read(&c, 9, rsrpIndex, rsrqIndex)
		if w.text(11) != "255" {
			w.level(11, sinr, 0.5, &c)
		}
		w.taIn(12, w.base(12), &c)
	case cell.UMTS:
		w.arfcn(6, w.base(6), &c)
		w.read(&c, 10, rscpIndex, ecnoIndex)
	case cell.GSM:
		w.column(6, rxlevIndex, &c)
		w.arfcn(8, w.base(8), &c)
	}
	f.asked(f.rows)
	switch {
	case kind == "1", kind == "3", kind == "5":
		f.neighbour(w, c)
	default:
		f.described(w, c)
	}
}

var xmciKinds = map[string]cell.RAT{"0": cell.GSM, "1": cell.GSM, "2": cell.UMTS, "3": cell.UMTS, "4": cell.LTE, "5": cell.LTE}

// xlec reads the bandwidths, 0..5, one for each carrier, and the band of the first [L860 manual; recorded: L850].
//
//	+XLEC: n, carriers, bandwidth [, bandwidth ...], BAND_LTE_1 [, ...]
func (f *fibocomAnswer) xlec(w *row) {
	n, ok := w.whole(1, 10)
	if !ok || n == 0 {
		return
	}
	if n > 5 || len(w.f) < int(n)+3 {
		w.reject(UnknownLayout)
		return
	}
	if !w.filled(0, 2+int(n)) {
		return
	}
	name, ok := strings.CutPrefix(w.text(2+int(n)), "BAND_LTE_")
	band, whole := parseWhole(name, 10)
	if !ok || !whole || band == 0 || band > 88 {
		w.reject(UnknownLayout)
		return
	}
	c := cell.Cell{RAT: cell.LTE, Band: cell.Some(cell.Band(band))}
	w.column(2, bandwidth, &c)
	f.part(w, c)
}

// xccinfo [L8xx manual; recorded: L850]. The cell identity and the TAC are hex. The bandwidth contradicts that of +XLEC,
// and stays raw. The other columns are not known.
//
//	0    1   2   3  4  5    6   7   8   9
//	mode,mcc,mnc,ci,bw,band,lac,...,...,tac,...       band: 100 and the number of an LTE band
func (f *fibocomAnswer) xccinfo(w *row) {
	if !w.layout(18) {
		return
	}
	c := cell.Cell{RAT: cell.LTE}
	if w.gtBand(5, &c); !c.Band.Known() {
		return
	}
	w.read(&c, 1, mcc, mnc, hexCID)
	w.column(9, hexArea, &c)
	f.part(w, c)
}

// xcesq reads +CESQ with n before and an RSSNR behind it [L8xx manual; printed in public notes: L860].
//
//	+XCESQ: n, rxlev, ber, rscp, ecno, rsrq, rsrp, rssnr [, four more]
func (f *fibocomAnswer) xcesq(w *row) {
	if !w.layout(8, 12) {
		return
	}
	w.drop(1)
	w.f = w.f[:6]
	f.extendedSignal(w)
}
