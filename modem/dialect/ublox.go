package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// ublox reads the modules of u-blox: +UCGED for the serving cell, +UCELLINFO for neighbours on 2G and 3G. Facts and
// sources: firmware-notes/ublox.md.
var ublox = &Dialect{
	Name:     "ublox",
	Title:    "u-blox TOBY-L2/L4, LARA-R2/R6, SARA-R4/R5, SARA-U2/G4, LISA-U2",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		return id.VID == 0x1546 || id.VID == 0x05c6 && id.PID == 0x908b || strings.Contains(strings.ToUpper(id.Manufacturer), "U-BLOX")
	},
	Capabilities: ubloxCapabilities,
	Settings: slices.Concat(Settings, []at.Setting{
		{Read: askUCGED, Write: "+UCGED=", Values: []string{"0", "2", "3", "5"}, Want: []string{"2", "5"},
			Current: current("+UCGED", 0, 1), Why: "have the modem print the cell when asked"},
	}),
	Serving: []at.Command{askUCGED},
	Around: []at.Command{
		vendor("+UCELLINFO?", "the serving and neighbour cells, with identity on 2G"),
		askCEREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ, askCSQ,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"+UCGED?":     cell.FieldPCI | cell.FieldARFCN | cell.FieldBand,
		"+UCELLINFO?": cell.FieldNeighbours | cell.FieldNeighbourIdentity,
	},
	Hints: []string{"+UREG:"},
	Knows: knows("+UCGED", "+UCELLINFO", "+UREG", "+URAT", "+UPSDA", "+UPSND", "+UMNOPROF", "+UBANDMASK", "+UUPSDA", "U-BLOX"),
	once:  begins("+UCGED:"),
	parse: func(r *round, a Answer) {
		u := ubloxAnswer{round: r, rows: len(a.Lines)}
		r.each(a, u.read)
	},
}

// askUCGED is the one answer here that holds a TMSI, without a label and in a column that depends on module and RAT. It has
// eight hex digits, as no other column of the answer.
var askUCGED = at.Command{Text: "+UCGED?", Prefixes: []string{"+UCGED", "+RSRP", "+RSRQ"}, Bare: true, Timeout: engineering,
	Identity: []at.Identity{{Find: ubloxTMSI}}, Why: "the serving cell"}

// ubloxTMSI finds the TMSI in a row of +UCGED. Rows that begin with 1 or 2 are those of other makers: channels that low
// are hardly used.
func ubloxTMSI(fields []string) (found []int) {
	if len(fields) < 8 || fields[0] == "1" || fields[0] == "2" {
		return nil
	}
	for i, f := range fields {
		if _, ok := parseWhole(f, 16); ok && len(f) >= 8 {
			found = append(found, i)
		}
	}
	return found
}

func ubloxCapabilities(id Ident) cell.Fields {
	f := standard | onAir | cell.FieldRSSI | cell.FieldSINR
	model := strings.ToUpper(id.Model)
	if model == "" || strings.Contains(model, "SARA-U") || strings.Contains(model, "SARA-G") || strings.Contains(model, "LISA") ||
		strings.Contains(model, "TOBY") || strings.Contains(model, "LARA") {
		f |= cell.FieldRSCP | cell.FieldEcIo | cell.FieldTA | cell.FieldNeighbours | cell.FieldNeighbourIdentity
	}
	return f
}

// ubloxAnswer is an answer being read. The rows of +UCGED have no prefix: what they mean depends on those before.
type ubloxAnswer struct {
	*round
	rows int
	next ubloxRow  // what the next row without a prefix is
	head cell.Cell // RAT and PLMN
	svc  string    // the service state; "" is not told
}

type ubloxRow uint8

const (
	ubloxNone ubloxRow = iota
	ubloxHead          // RAT and PLMN
	ubloxCell          // the serving cell
)

func (u *ubloxAnswer) read(w *row) {
	switch w.name {
	case "+UCGED":
		u.next = ubloxNone
		if len(w.f) == 1 && (w.text(0) == "2" || w.text(0) == "3") {
			u.next = ubloxHead
		}
	case "+UCELLINFO":
		u.cellInfo(w)
	case "+RSRP":
		u.triples(w, rsrp)
	case "+RSRQ":
		u.triples(w, rsrq)
	case "":
		switch u.next {
		case ubloxHead:
			u.network(w)
		case ubloxCell:
			u.next = ubloxNone
			u.ucged(w)
		default:
			w.skipped()
		}
	default:
		u.generic(w)
	}
}

// network reads the row with RAT and PLMN, the latter fff until it was read from the cell. SARA-R422 and LARA-R6 on 2G
// leave out the service state. LTE is 6 on SARA-R4 and R5, 4 on LARA-R6; nothing else has either number.
//
//	rat[,svc],mcc,mnc
func (u *ubloxAnswer) network(w *row) {
	u.next = ubloxNone
	if !w.layout(3, 4) {
		return
	}
	u.head, u.svc = cell.Cell{RAT: ucgedRATs[w.text(0)]}, ""
	if u.head.RAT == cell.UnknownRAT {
		w.reject(UnknownToken)
		return
	}
	if len(w.f) == 4 {
		u.svc = w.text(1)
		w.drop(1)
	}
	w.plmn(1, 2, &u.head)
	if !w.bad {
		u.next = ubloxCell
	}
}

var ucgedRATs = map[string]cell.RAT{"2": cell.GSM, "3": cell.UMTS, "4": cell.LTE, "6": cell.LTE}

// ucged reads the row of the serving cell [SARA-R5, SARA-R422, LARA-R6 manuals; recorded: all three]. Area and cell id
// are hex, zeros until known, and of fixed width, which shows that the columns are where they should be. Channel and PCI
// are decimal. RSRP and RSRQ are indexes, in dBm and dB on SARA-R422 and early LARA-R6: the sign tells. The BSIC is of
// unknown base, and bandwidths are in blocks or MHz by module: both stay raw, except blocks that are no MHz.
//
//	0     1   2   3   4   5   6   7        8       9       10   11    12         13 ...
//	chan, band,ul,dl, tac,ci, pci,"mTmsi", mmegi,  mmec,   rsrp,rsrq, sinr,      ... 22 to 24     LTE; sinr in dB
//	chan, band,ul,dl, tac,pci,rsrp,rsrq,   sinr,   esm,    emm, tx,   drx,       "tmsi"           LTE, SARA-R422; sinr in 1/5 dB
//	chan, band,ci,lac,rac,psc,rrc, rssi,   ecno,   speech                                         UMTS
//	arfcn,pcs, ci,bsic,lac,rac,rxlev,grr,  ta,     speech                                         GSM
//	arfcn,pcs, ci,bsic,lac,rac,rxlev,ta,   c1,     c2,     nmo, channel type                      GSM, LARA-R6
func (u *ubloxAnswer) ucged(w *row) {
	c := u.head
	ok := false
	switch n := len(w.f); {
	case c.RAT == cell.LTE && n == 14:
		ok = w.r422(&c)
	case c.RAT == cell.LTE:
		ok = w.layout(14, 22, 23, 24) && w.ucgedLTE(&c)
	case c.RAT == cell.UMTS:
		if ok = w.layout(10) && w.widths(2, 7, 3, 4); ok {
			w.read(&c, 1, band, hexCID, hexArea, skip, pci, skip, carrierRSSI, ecnoIndex)
		}
	case c.RAT == cell.GSM:
		if ok = w.layout(10, 12) && w.widths(2, 4, 4, 4); ok {
			w.read(&c, 2, hexCID, skip, hexArea, skip, rxlevIndex)
			timing := 8
			if n == 12 {
				timing = 7
			}
			if w.text(timing) != "-1" {
				w.ta(timing, &c)
			}
		}
	}
	if !ok {
		return
	}
	w.column(0, arfcn, &c)
	empty := cell.Cell{RAT: c.RAT, Placeholder: c.Placeholder}
	switch {
	case c != empty:
		u.serve(w, c)
	case w.bad:
	case u.svc == "2":
		u.obs.State = cell.Searching
	case u.svc == "1", u.svc == "3":
		u.nothing = true
	}
}

// ucgedLTE reads the long row.
func (w *row) ucgedLTE(c *cell.Cell) bool {
	if !w.widths(4, 4, 5, 7, 8, 4, 9, 2) || !w.filled(0, 13) {
		return false
	}
	w.column(1, band, c)
	if v, ok := w.whole(3, 10); ok && (v == 25 || v == 50 || v == 75 || v == 100) {
		w.column(3, blocks, c)
	}
	w.read(c, 4, hexArea, hexCID, pci, skip, skip, skip, dualRSRP, dualRSRQ)
	if _, decimals, _ := strings.Cut(w.text(12), "."); len(decimals) == 2 { // others: a comma is amiss
		w.column(12, sinr, c)
	}
	return true
}

// r422 reads the short row.
func (w *row) r422(c *cell.Cell) bool {
	if !w.widths(4, 4) || w.text(6) != "255" && !w.negative(6) {
		w.reject(UnknownLayout)
		return false
	}
	w.read(c, 1, band, skip, skip, hexArea, pci, rsrp, rsrq, r422SINR)
	return true
}

// widths checks pairs of a column and its number of hex digits.
func (w *row) widths(pairs ...int) bool {
	for i := 0; i < len(pairs); i += 2 {
		s := w.text(pairs[i])
		if _, ok := parseWhole(s, 16); !ok || len(s) != pairs[i+1] {
			w.reject(UnknownLayout)
			return false
		}
	}
	return true
}

// cellInfo reads a cell heard [u-blox AT manual; recorded: SARA-U2, 3G]. Area and cell id are hex, the LTE ones by the
// manual only. The RSCP level begins at -116 dBm (TS 25.133 clause 9.1.1.3), 255 is unknown.
//
//	0    1   2   3   4   5     6     7         8    9
//	mode,0,  mcc,mnc,lac,ci,   rxlev[,ta,[,channel type,mode]]          GSM: 0 serves, 1 is a neighbour
//	mode,2,  mcc,mnc,lac,ci,   psc,  dl channel,rscp,ecno[,rrc]         UMTS: 2 serves, 3 is followed, 4 detected
//	mode,5,  mcc,mnc,ci, pci,  tac,  rsrp,      rsrq, rrc, ...          LTE: 5 serves
func (u *ubloxAnswer) cellInfo(w *row) {
	if len(w.f) < 2 {
		return // the answer when nothing is heard, and to the setting
	}
	kind := w.text(1)
	f, ok := cellInfoRows[kind]
	switch {
	case ok:
	case kind == "":
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownToken)
		return
	}
	var c cell.Cell
	if !w.form(f, &c) {
		return
	}
	if !w.filled(2, min(len(w.f), 10)) {
		return
	}
	w.read(&c, 2, mcc, mnc)
	switch {
	case kind != "0" && kind != "2" && kind != "5":
		u.listed(w, u.rows, c)
	default:
		u.described(w, c)
	}
}

var (
	cellInfoGSM  = form{cell.GSM, []int{7, 8, 10}, 4, []column{hexArea, hexCID, rxlevIndex, ta}}
	cellInfoUMTS = form{cell.UMTS, []int{10, 11}, 4, []column{hexArea, hexCID, pci, arfcn, rscpLevel, ecnoIndex}}
	cellInfoLTE  = form{cell.LTE, []int{9, 10, 16}, 4, []column{hexCID, pci, hexArea, dualRSRP, dualRSRQ}}
)

var cellInfoRows = map[string]form{"0": cellInfoGSM, "1": cellInfoGSM, "2": cellInfoUMTS, "3": cellInfoUMTS, "4": cellInfoUMTS,
	"5": cellInfoLTE}
