package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// zte reads the sticks of ZTE, and what Gosuncn and TOZED made of them: +ZCELLINFO for the cell, +ZRSSI for levels. Facts
// and sources: firmware-notes/zte.md.
var zte = &Dialect{
	Name:     "zte",
	Title:    "ZTE MF286, MF821, MF823, ME3630 and kin, Gosuncn",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		return id.VID == 0x19d2 || hasWord(id, "ZTE", "GOSUNCN", "TOZED")
	},
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldState | cell.FieldRSSI | cell.FieldSINR | cell.FieldRSCP | cell.FieldEcIo |
			cell.FieldSecondary
	},
	Settings: Settings,
	Serving: []at.Command{
		vendor("+ZCELLINFO?", "the serving cell"),
		{Text: "+ZRSSI", Prefixes: []string{"+ZRSSI"}, Why: "how strong the serving cell is"},
	},
	Around: []at.Command{
		vendor("+ZCAINFO?", "the carriers in use beside the serving cell"),
		{Text: "^SYSINFO", Prefixes: []string{"^SYSINFO"}, Why: "whether there is service, and of what RAT"},
		askCEREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ, askCSQ,
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"+ZCELLINFO?": cell.FieldPCI | cell.FieldARFCN | cell.FieldBand,
		"+ZRSSI":      cell.FieldSINR,
		"+ZCAINFO?":   cell.FieldSecondary,
	},
	Hints: []string{"+ZPASR:", "+ZDONR:"},
	Knows: knows("+ZCELLINFO", "+ZRSSI", "+ZCAINFO", "+ZSINR", "+ZSNT", "+ZPAS", "+ZDON", "+ZPASR", "+ZDONR", "ZTE", "GOSUNCN"),
	once:  begins("+ZCELLINFO:"),
	parse: func(r *round, a Answer) { r.byPrefix(a, zteRows) },
}

var zteRows = map[string]func(*round, *row){"+ZCELLINFO": (*round).zcellinfo, "+ZRSSI": (*round).zrssi,
	"+ZCAINFO": (*round).zcainfo, "^SYSINFO": (*round).sysinfo}

// zcellinfo reads the serving cell [public test tool's list of what it met: the first two; drive test tool: the third;
// router scripts: the last]. A number with 0x before it or a letter in it is hex; the base of others is not known, and
// they stay raw, except the channel, which is decimal. Before the modem has registered, area and cell id are fillers.
//
//	+ZCELLINFO: 0XFFFE,0XFFFFFFFF,0X00000000,LTE B3,1600       tac,ci,pci,band,earfcn
//	+ZCELLINFO: 0XFFFE,0XFFFFFFFF,PGSM_900                     lac,ci,band
//	+ZCELLINFO: ci,pci,LTE B3,1600
//	+ZCELLINFO: tac:...,cellid:...,pci:...,band:...            Gosuncn; also tac without its label
func (r *round) zcellinfo(w *row) {
	if strings.HasPrefix(w.text(0), "(") {
		return
	}
	if strings.HasPrefix(w.text(1), "cellid:") {
		w.f[0] = strings.TrimPrefix(w.text(0), "tac:")
		for i, label := range []string{"", "cellid:", "pci:", "band:"} {
			if i >= len(w.f) {
				break
			}
			s, ok := strings.CutPrefix(w.f[i], label)
			if !ok {
				w.reject(UnknownLayout)
				return
			}
			w.f[i] = strings.TrimSpace(s)
		}
		w.f = append(w.f, "")
	}
	if !w.layout(3, 4, 5) {
		return
	}
	band := len(w.f) - 2
	if len(w.f) == 3 {
		band = 2
	}
	c := cell.Cell{RAT: w.zteRAT(band)}
	if c.RAT == cell.UnknownRAT {
		if w.text(band) == "" {
			w.reject(Truncated)
		} else {
			w.reject(UnknownToken)
		}
		return
	}
	w.zteBand(band, &c)
	switch n := len(w.f); {
	case n == 3 && c.RAT == cell.LTE, n == 4 && c.RAT != cell.LTE:
		w.reject(UnknownLayout)
		return
	case n == 4:
		w.zteNumber(0, w.cellID, &c)
		w.zteNumber(1, w.pci, &c)
	default:
		w.zteNumber(0, w.area, &c)
		w.zteNumber(1, w.cellID, &c)
		if n == 5 {
			w.zteNumber(2, w.pci, &c)
		}
	}
	if band < len(w.f)-1 {
		w.arfcn(band+1, 10, &c)
		w.agrees(&c)
	}
	r.serve(w, c)
}

// zteNumber reads a hex column where it can be seen to be one.
func (w *row) zteNumber(i int, read func(i, base int, c *cell.Cell), c *cell.Cell) {
	if w.hex(i) {
		read(i, 16, c)
	}
}

// zteRAT is the RAT of a band: "LTE B3", "B3", "PGSM_900", "EGSM_900", "DCS_1800", "WCDMA_IMT_2000", "WCDMA B1".
func (w *row) zteRAT(i int) cell.RAT {
	s := strings.ToUpper(w.text(i))
	switch {
	case strings.HasPrefix(s, "LTE"), strings.HasPrefix(s, "B") && len(s) <= 3:
		return cell.LTE
	case strings.Contains(s, "GSM"), strings.HasPrefix(s, "DCS"), strings.HasPrefix(s, "PCS"):
		return cell.GSM
	case strings.HasPrefix(s, "WCDMA"), strings.HasPrefix(s, "UMTS"):
		return cell.UMTS
	}
	return cell.UnknownRAT
}

// zteBand reads a band that is named by its number or, on GSM, by its frequency.
func (w *row) zteBand(i int, c *cell.Cell) {
	s := strings.ToUpper(w.text(i))
	at := strings.LastIndexAny(s, "B_ ")
	v, ok := parseWhole(s[at+1:], 10)
	switch {
	case !ok || c.RAT == cell.UMTS:
	case c.RAT == cell.GSM && (v == 450 || v == 850 || v == 900 || v == 1800 || v == 1900),
		c.RAT == cell.LTE && v > 0 && v <= 88 && s[at] == 'B':
		c.Band = cell.Some(cell.Band(v))
	}
}

// zrssi reads the levels [router scripts; printed in public notes: LTE]. On UMTS they are magnitudes, Ec/Io and RSCP in
// halves, 1000 for none.
//
//	+ZRSSI: rsrp,rsrq,rssi,sinr        LTE: -102,-6.5,-76,19
//	+ZRSSI: rssi,ecio,rscp             UMTS: 75,12,178
func (r *round) zrssi(w *row) {
	if !w.layout(3, 4) {
		return
	}
	if len(w.f) == 4 {
		if !w.negative(0) {
			w.reject(UnknownLayout)
			return
		}
		c := w.cell(cell.LTE, 0, rsrp, rsrq, rssi, sinr)
		r.level(w, c)
		return
	}
	c := cell.Cell{RAT: cell.UMTS}
	for i := range w.f {
		if w.negative(i) {
			w.reject(UnknownLayout)
			return
		}
		if w.f[i] == "1000" {
			w.f[i] = ""
		}
	}
	w.level(0, rssi, -1, &c)
	w.level(1, ecio, -0.5, &c)
	w.level(2, rscp, -0.5, &c)
	r.level(w, c)
}

// zcainfo reads the carriers in use, with semicolons between them [router scripts]. The others have a state, 2
// for active. The third column of the first is not known.
//
//	+ZCAINFO: pci,band,?,earfcn,MHz;pci,state,band,earfcn,MHz;...
func (r *round) zcainfo(w *row) {
	_, rest, _ := strings.Cut(w.line, ":")
	if w.cut {
		w.reject(Truncated)
		return
	}
	for i, carrier := range strings.Split(rest, ";") {
		if carrier = strings.TrimSpace(carrier); carrier == "" {
			continue
		}
		if w.f = strings.Split(carrier, ","); !w.layout(5) {
			return
		}
		c := w.cell(cell.LTE, 0, pci, skip, skip, arfcn)
		if i == 0 {
			w.column(1, band, &c)
			w.agrees(&c)
			r.part(w, c)
			continue
		}
		w.column(2, band, &c)
		w.agrees(&c)
		if w.text(1) == "2" {
			r.second(w, c)
		}
	}
}
