package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// ceng reads the rows of +CENG, whose second column holds the cell [SIM800 manual 3.2.22, SIM7000 manual 5.2.13; recorded:
// SIM800, SIM808, SIM900, SIM7000]. Cell 0 is the serving one. LAC and cell id are hex on GSM, TAC and cell id decimal
// on LTE; BSIC and channel are decimal, levels on GSM the index of TS 45.008.
//
//	+CENG: 1,1                         mode, neighbours or not
//	+CENG: 1,1,2,LTE CAT-M1            SIM7000: and the number of cells and the system
//	        0      1   2    3    4    5    6      7      8   9   10
//	+CENG: 0,"arfcn,rxl,rxq, mcc, mnc, bsic,cellid,rla,   txp,lac,ta"         serving
//	+CENG: 0,"earfcn,pci,rsrp,rssi,rsrq,sinr,tac,   cellid,mcc,mnc,txp"       serving, SIM7000 on LTE
//	+CENG: 1,"earfcn,pci,rsrp,rssi,rsrq,sinr"                                 neighbour of it
//	+CENG: 1,"arfcn,rxl,bsic,cellid,mcc,mnc,lac"                              neighbour; on SIM7000 cell 0 too
//	+CENG: 1,"arfcn,rxl,bsic,mcc,mnc,lac"                                     neighbour, SIM808
//	+CENG: 0,"mcc,mnc,lac,cellid,bsic,rxl"                                    any cell in mode 3
//
// A channel has four digits and a country three, which tells the two of six columns apart. A neighbour whose identity
// was not read has an empty or zero country, a LAC of 0 and a cell id of ffff; a list that is not full has rows of zeros.
func (s *simcomAnswer) ceng(w *row) {
	if strings.HasPrefix(w.text(0), "(") {
		return // the answer to +CENG=?
	}
	if len(w.f) == 4 {
		s.lte = strings.HasPrefix(strings.ToUpper(w.text(3)), "LTE")
	}
	if len(w.f) == 4 || len(w.f) == 2 && len(w.text(1)) == 1 {
		if w.text(1) == "1" {
			s.asked(8)
		}
		return
	}
	if !w.layout(2) {
		return
	}
	n, ok := w.whole(0, 10)
	if !ok || w.text(1) == "" {
		w.reject(Truncated)
		return
	}
	_, w.f = at.Fields(w.f[:0], w.text(1))
	c := cell.Cell{RAT: cell.GSM}
	first := w.text(0)
	switch {
	case len(w.f) == 11 && n == 0 && w.below(2, 0):
		c.RAT = cell.LTE
		w.cengLTE(&c)
		w.read(&c, 6, area, signedCID, mcc, mnc)
	case len(w.f) == 6 && n > 0 && w.below(2, 0):
		c.RAT = cell.LTE
		w.cengLTE(&c)
	case len(w.f) == 11 && n == 0 && len(first) == 4 && !s.lte:
		w.read(&c, 0, gsmChannel, cengRxl, skip, mcc, mnc, bsic, hexCID, skip, skip, hexArea, ta)
	case len(w.f) == 7 && len(first) == 4 && w.text(1) != "" && w.text(2) != "" && len(w.text(3)) == 4:
		w.read(&c, 0, gsmChannel, cengRxl, bsic, hexCID, mcc, mnc, hexArea)
	case len(w.f) == 6 && n > 0 && len(first) == 4 && w.text(1) != "" && w.text(2) != "":
		w.read(&c, 0, gsmChannel, cengRxl, bsic, mcc, mnc, hexArea)
	case len(w.f) == 6 && (len(first) == 3 || first == "") && w.text(2) != "" && w.text(3) != "":
		w.read(&c, 0, mcc, mnc, hexArea, hexCID, bsic, cengRxl)
	case w.cut || len(w.f) < 6:
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownLayout)
		return
	}
	if c.MCC == "" && c.PCI == cell.Some(uint16(0)) && c.RAT == cell.GSM {
		c.PCI = cell.Opt[uint16]{} // nothing was read of this cell, and so no BSIC
		c.Placeholder |= cell.FieldPCI
	}
	switch {
	case n == 0:
		s.part(w, c)
	case !c.ARFCN.Known() && !c.ID.Known() && !c.Area.Known() || c.ARFCN == cell.Some(uint32(0)) && c.MCC == "":
		// a place in the list that holds no cell
	default:
		s.neighbour(w, c)
	}
}

func (w *row) cengLTE(c *cell.Cell) {
	w.read(c, 0, arfcn, pci, rsrp, rssi, rsrq, snr)
}

// gsmChannel reads a channel as SIM800 prints it: 1024 is added to those of 1900 MHz, except in the row of the serving
// cell [recorded: 1709 in +CNETSCAN is 0685 in +CENG].
func (w *row) gsmChannel(i int, c *cell.Cell) {
	if n, ok := parseWhole(w.text(i), 10); ok && n >= 1024+512 && n <= 1024+810 {
		c.ARFCN = cell.Some(uint32(n - 1024))
		c.Band = cell.Some(cell.Band(1900))
		return
	}
	w.arfcn(i, 10, c)
}

// cengRxl reads a level. 64 was seen, which no table has.
func (w *row) cengRxl(i int, c *cell.Cell) {
	if n := w.index(i); n > 63 && n <= 99 {
		c.Placeholder |= cell.FieldRSSI
		return
	}
	w.rxlev(i, c)
}

// bsic reads a BSIC. It is 127 or anything else above 63 where none was read, and more than two digits only then.
func (w *row) bsic(i int, c *cell.Cell) {
	if n := w.index(i); n > int(cell.GSM.MaxPCI()) {
		c.Placeholder |= cell.FieldPCI
		return
	}
	w.pci(i, 10, c)
}

// cmgrmi reads the rows of +CMGRMI=4 [SIM7600 manual 4.2.19; recorded: SIM7600, SIM7906, SIM8300]. TAC and cell id are
// decimal, levels in tenths, and RSRQ precedes RSRP.
//
//	0            1      2   3   4   5 6      7    8    9    10 11  12   13   14   15
//	Serving_Cell,earfcn,mcc,mnc,tac,2,cellid,band,dlbw,ulbw,?, pci,rsrq,rsrp,rssi,0
//	CA_Scell,    earfcn,pci,band,dlbw,0,pci,rsrq,rsrp,rssi,0,0,0                    zeros: none
//	LTE_Intra,   1,     earfcn,pci,number of cells
//	LTE_Intra_Cell1,    pci,rsrq,rsrp,rssi,srxlev                                   the first is the serving cell
//	LTE_Inter,   number,Freq1,earfcn,...,Freq2,earfcn,...
//	LTE_InterFreq1_Cell1,pci,rsrq,rsrp,rssi,srxlev
//	GSM_Info,    0,...                                                              the same with WCDMA_Info; not read
func (s *simcomAnswer) cmgrmi(w *row) {
	label := w.text(0)
	c := cell.Cell{RAT: cell.LTE}
	switch {
	case label == "Serving_Cell":
		if !w.layout(16) {
			return
		}
		w.read(&c, 1, arfcn, mcc, mnc, area, skip, signedCID, band, bandwidth, skip, skip, pci)
		w.levels(12, 13, 14, &c)
		s.part(w, c)
	case label == "CA_Scell":
		if !w.layout(13) || w.text(1) == "0" && w.text(3) == "0" {
			return
		}
		w.read(&c, 1, arfcn, pci, band, bandwidth)
		if w.text(2) != w.text(6) {
			w.reject(UnknownLayout)
			return
		}
		w.levels(7, 8, 9, &c)
		s.second(w, c)
	case label == "LTE_Intra":
		if w.layout(5) {
			s.asked(8)
			w.column(2, arfcn, &c)
			s.intra = c.ARFCN
		}
	case strings.HasPrefix(label, "LTE_Intra_Cell"):
		c.ARFCN = s.intra
		s.cmgrmiCell(w, c)
	case label == "LTE_Inter":
		for i := 2; i+1 < len(w.f); i++ {
			if n, ok := strings.CutPrefix(w.f[i], "Freq"); ok && len(n) == 1 && n[0] >= '1' && n[0] <= '9' {
				w.arfcn(i+1, 10, &c)
				s.inter[n[0]-'1'] = c.ARFCN
			}
		}
		s.asked(8)
	case strings.HasPrefix(label, "LTE_InterFreq"):
		if n := label[len("LTE_InterFreq"):]; n != "" && n[0] >= '1' && n[0] <= '9' && strings.HasPrefix(n[1:], "_Cell") {
			c.ARFCN = s.inter[n[0]-'1']
			s.cmgrmiCell(w, c)
		} else {
			w.reject(UnknownToken)
		}
	case label == "GSM_Info", label == "WCDMA_Info":
		if w.text(1) != "0" && w.text(1) != "" {
			w.reject(UnknownLayout) // cells of which no recording shows the columns
		}
	case hasAnyPrefix(label, cmgrmiOthers):
	case label == "":
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
}

// cmgrmiOthers are the rows of +CMGRMI that hold no cell.
var cmgrmiOthers = []string{"Main_Info", "CDMA", "CDrx_Cfg", "Cqi_Cfg", "Ant_Cfg", "Idle_Drx_Cfg"}

func (s *simcomAnswer) cmgrmiCell(w *row, c cell.Cell) {
	if w.layout(6) {
		w.column(1, pci, &c)
		w.levels(2, 3, 4, &c)
		s.neighbour(w, c)
	}
}

// cnetci reads the cells of +CNETCI [A76xx manual 4.2.12; recorded: A76xx]. All is decimal; levels are indexes, as in +CPSI
// of the same modules. What was not read is 000-00, TAC 0 and cell id -1.
//
//	+CNETCISRVINFO: MCC-MNC: 252-02,TAC: 9738,cellid: 196089506,rsrp: 47,rsrq: 21, pci: 299,earfcn: 2850
//	+CNETCINONINFO: 0,MCC-MNC: 000-00,TAC: 0,cellid: -1,rsrp: 23,rsrq: 0,pci: 195,earfcn: 1602
//	+CNETCI: 0                                            whether they are also printed unasked
func (s *simcomAnswer) cnetci(w *row) {
	if w.name == "+CNETCI" {
		s.asked(8)
		return
	}
	w.labelled("MCC-MNC", "TAC", "cellid", "rsrp", "rsrq", "pci", "earfcn")
	if w.text(0) == "" || w.text(1) == "" {
		w.reject(UnknownLayout)
		return
	}
	c := cell.Cell{RAT: cell.LTE}
	w.plmnPair(0, "-", &c)
	w.read(&c, 1, area, signedCID)
	w.levels(4, 3, -1, &c)
	w.read(&c, 5, pci, arfcn)
	if w.name == "+CNETCISRVINFO" {
		s.part(w, c)
	} else {
		s.neighbour(w, c)
	}
}

// ccinfo reads the cells of +CCINFO [SIM5320 manual 4.13; recorded: SIM5320]. All is decimal; RSCP and Ec/Io lack their
// sign. The base of a BSIC is not known.
//
//	+CCINFO:[SCELL],UARFCN:4436,MCC:505,MNC:001,LAC:338,ID:14302219,PSC:214,SSC:0,RSCP:88,ECIO:8.0,RXLev:-88dbm,TXPWR:0
//	+CCINFO:[NCell1],UARFCN:4436,PSC:230,SSC:0,RSCP:97,ECIO:15.5,RXLev:-97dbm
//	+CCINFO:[SCELL],ARFCN:21,MCC:460,MNC:00,LAC:6189,ID:12401,BSIC:36,RXLev:-64dbm,...
func (s *simcomAnswer) ccinfo(w *row) {
	label := strings.ToUpper(w.text(0))
	w.labelled("UARFCN", "ARFCN", "MCC", "MNC", "LAC", "ID", "PSC", "RSCP", "ECIO", "RXLev")
	c := cell.Cell{RAT: cell.UMTS}
	switch {
	case w.text(0) != "":
		w.column(0, arfcn, &c)
		w.column(6, pci, &c)
		w.magnitude(7)
		w.magnitude(8)
		w.read(&c, 7, rscp, ecio)
	case w.text(1) != "":
		c.RAT = cell.GSM
		w.column(1, arfcn, &c)
		w.f[9] = strings.TrimSuffix(strings.ToLower(w.f[9]), "dbm")
		w.column(9, rssi, &c)
	default:
		w.reject(UnknownLayout)
		return
	}
	w.read(&c, 2, mcc, mnc, area, signedCID)
	switch {
	case label == "[SCELL]":
		s.asked(8)
		s.part(w, c)
	case strings.HasPrefix(label, "[NCELL"):
		s.neighbour(w, c)
	default:
		w.reject(UnknownToken)
	}
}
