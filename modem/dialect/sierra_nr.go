package dialect

import (
	"strings"

	"vigie/cell"
)

// nrinfo reads the table of !NRINFO, which has the labels that !GSTATUS has for NR [EM91xx AT command reference, at second hand; recorded:
// EM91xx]. On EM91xx the Cell ID is the PCI where NR is beside LTE, as no identity of the carrier is known there, and the EM92xx print
// the identity; so a number that could be either is neither.
//
//	Connectivity Mode: SA                   also NSA
//
//	NR5G Cell ID:    19B0 (6576)
//	NR5G band:       n78                    NR5G Carrier ID: 0
//	NR5G dl bw:      20 MHz                 NR5G ul bw:      20 MHz
//	NR5G Rx chan:    627340
//	NR5G RSRP (dBm): -110                   NR5G RSRQ (dB):  -11
//	NR5G SINR (dB):  12.0
func (s *sierraAnswer) nrinfo(l labels) {
	c := cell.Cell{RAT: cell.NR}
	mode := l.word("Connectivity Mode")
	switch mode {
	case "SA", "NSA", "ENDC", "EN-DC":
		s.gstatusNR(l, &c)
	default:
		return // "Not Available", or no NR
	}
	id, ok := c.ID.Get()
	c.ID = cell.Opt[uint64]{}
	switch small := id <= uint64(cell.NR.MaxPCI()); {
	case !ok:
	case mode == "SA" && !small:
		c.ID = cell.Some(id)
	case mode != "SA" && small:
		c.PCI = cell.Some(uint16(id))
	}
	w := l.find(1, "NR5G band")
	if mode == "SA" {
		s.part(w, c)
		return
	}
	c.Area, c.MCC, c.MNC = cell.Opt[cell.Area]{}, "", "" // of the anchor, if anything
	if c.ARFCN.Known() {
		s.second(w, c)
	}
}

// kcellColumns are the columns of a cell of +KCELL, after its type.
var kcellColumns = map[string]int{"0": 7, "1": 6}

// kcell reads the cells of +KCELL=0, all in one row that some programs wrap [HL and WP series AT commands manual, at second hand; recorded:
// WP76xx on GSM]. LAC and cell id are hex, the PLMN is as on the air (TS 24.008 clause 10.5.1.3: 64f010 is 460-01), the rest is decimal. Rows
// of other types than the two of GSM have columns of unknown bases: nothing behind the first one is read. The scale of the level is
// not known.
//
//	+KCELL: cells,0,arfcn,bsic,plmn,lac,cid,level,ta,1,arfcn,bsic,plmn,lac,cid,level,1,...
//	+KCELL: 0
func (s *sierraAnswer) kcell(words []string) {
	for i := range words {
		words[i] = strings.TrimSuffix(words[i], ",")
	}
	f := strings.Split(strings.Join(words, ","), ",")
	w := &row{r: s.round, f: f, line: "+KCELL: " + strings.Join(f, ",")}
	count, ok := w.whole(0, 10)
	if !ok || count > 64 {
		w.reject(BadValue)
		return
	}
	s.asked(int(count))
	for i := 1; i < len(f); {
		kind := f[i]
		n, known := kcellColumns[kind]
		if !known {
			w.reject(UnknownLayout)
			return
		}
		if i+1+n > len(f) {
			w.reject(Truncated)
			return
		}
		w := &row{r: s.round, f: f[i+1 : i+1+n], line: "+KCELL: " + strings.Join(f[i:i+1+n], ",")}
		i += 1 + n
		level := w.index(5)
		ends := i == len(f) || len(f[i]) == 1 // the next one begins where it should
		if !ends || len(w.f[2]) != 6 || len(w.f[3]) != 4 || len(w.f[4]) != 4 || level < 0 || level > 63 && level != 99 && level != 255 {
			w.reject(UnknownLayout)
			return
		}
		c := w.cell(cell.GSM, 0, arfcn, bsic, skip, hexArea, hexCID)
		w.airPLMN(2, &c)
		if kind == "0" {
			w.column(6, ta, &c)
			s.part(w, c)
		} else {
			s.neighbour(w, c)
		}
	}
}

// airPLMN reads a PLMN in the form in which it is sent on the air (TS 24.008 clause 10.5.1.3), in six hex digits: the digits of each octet
// are swapped, and an F stands for the third digit of an MNC of two.
func (w *row) airPLMN(i int, c *cell.Cell) {
	s := strings.ToUpper(w.text(i))
	if s == "" || strings.Trim(s, "F") == "" || strings.Trim(s, "0") == "" {
		c.Placeholder |= cell.FieldMCC | cell.FieldMNC
		return
	}
	if len(s) != 6 {
		w.reject(BadValue)
		return
	}
	mnc := strings.TrimSuffix(string([]byte{s[5], s[4], s[2]}), "F")
	w.network(string([]byte{s[1], s[0], s[3]}), mnc, c)
}
