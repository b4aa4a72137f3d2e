package dialect

import (
	"strings"

	"vigie/cell"
)

// cpsi reads the rows of +CPSI. The first column names the system [SIM5320, SIM7000, SIM7070, SIM7600, SIM82xx, A76xx
// manuals, "AT+CPSI"; recorded: SIM5320, SIM7000, SIM7070, SIM7600, SIM7906, A76xx, SIM8202, SIM82xx].
//
//	+CPSI: NO SERVICE,Online
//	+CPSI: GSM|WCDMA|LTE|LTE CAT-M1|LTE NB-IOT|NR5G|NR5G_SA,Online,...     the serving cell
//	+CPSI: NR5G|NR5G_NSA,...                                              the NR carrier of EN-DC, after the LTE row
//	+CPSI: NOT IN EN-DC CONNECTED MODE                                    a notice
//
// Being online is being switched on: idle or connected is not told.
func (s *simcomAnswer) cpsi(w *row) {
	switch system := strings.ToUpper(w.text(0)); {
	case system == "NO SERVICE":
		s.nothing = true
	case system == "GSM":
		s.cpsiGSM(w)
	case system == "WCDMA":
		s.cpsiWCDMA(w)
	case system == "LTE", strings.HasPrefix(system, "LTE "):
		s.cpsiLTE(w, system)
	case system == "NR5G" && len(w.f) <= 7:
		s.cpsiLeg(w)
	case system == "NR5G_NSA":
		s.cpsiNSA(w)
	case system == "NR5G", system == "NR5G_SA":
		s.cpsiSA(w, system == "NR5G_SA")
	case system == "NOT IN EN-DC CONNECTED MODE", strings.HasPrefix(system, "("):
	case system == "" && w.cut:
		w.reject(Truncated)
	default:
		w.reject(UnknownToken)
	}
}

// online checks the column that says what the modem itself does, which shows that the columns are where they should be.
func (w *row) online(i int) {
	switch strings.ToUpper(w.text(i)) {
	case "", "ONLINE", "OFFLINE", "LIMITED", "FACTORY TEST MODE", "RESET", "LOW POWER MODE", "LOW POWER", "POWERING OFF":
	default:
		w.reject(UnknownToken)
	}
}

// cpsiGSM reads a GSM row. The cell id is decimal, the level in dBm.
//
//	0   1      2       3     4     5            6   7        8
//	GSM,Online,mcc-mnc,0xlac,cellid,"27 EGSM 900",dBm,track_lo,c1-c2
func (s *simcomAnswer) cpsiGSM(w *row) {
	if !w.layout(9) && !w.begins(1, 6) {
		return
	}
	w.online(1)
	c := cell.Cell{RAT: cell.GSM}
	w.plmnPair(2, "-", &c)
	w.read(&c, 3, hexArea, signedCID)
	channel, band, _ := strings.Cut(w.text(5), " ")
	w.f[5] = channel
	w.column(5, arfcn, &c)
	if n, ok := parseWhole(band[strings.LastIndexByte(band, ' ')+1:], 10); ok && n <= 1900 && cell.Band(n).Name(cell.GSM) != "" {
		c.Band = cell.Some(cell.Band(n))
	} else if band != "" {
		w.reject(UnknownToken)
	}
	if len(w.f) == 9 {
		w.column(6, rssi, &c)
	} else if !c.Band.Known() {
		return
	}
	s.serve(w, c)
}

// cpsiWCDMA reads a WCDMA row. SIM5320 and SIM7600 print Ec/Io and RSCP without their sign. The band is named by its
// frequency and stays raw.
//
//	0     1      2       3     4      5           6   7      8   9     10   11   12    13
//	WCDMA,Online,mcc-mnc,0xlac,cellid,"WCDMA 850",psc,uarfcn,ssc,ec/io,rscp,qual,rxlev,txpwr
func (s *simcomAnswer) cpsiWCDMA(w *row) {
	whole := w.layout(14)
	if !whole && (!w.begins(1, 8, 14) || !strings.HasPrefix(w.text(5), "WCDMA")) {
		return
	}
	w.online(1)
	c := cell.Cell{RAT: cell.UMTS}
	w.plmnPair(2, "-", &c)
	w.read(&c, 3, hexArea, signedCID, skip, pci, arfcn)
	if !whole {
		s.serve(w, c)
		return
	}
	w.magnitude(9)
	w.magnitude(10)
	w.read(&c, 9, ecio, rscp)
	s.serve(w, c)
}

// magnitude puts the minus sign before a level that is never positive and was printed without it.
func (w *row) magnitude(i int) {
	if v := w.text(i); v != "" && v[0] != '-' && strings.Trim(v, "0.") != "" && v != "255" && v != "32767" && v != "65535" {
		w.f[i] = "-" + v
	}
}

// signedCellID reads a cell id that is printed as a signed number: what is negative has overflowed, or is -1 for none.
func (w *row) signedCellID(i int, c *cell.Cell) {
	if v, ok := strings.CutPrefix(w.text(i), "-"); ok {
		if _, ok = parseWhole(v, 10); ok {
			c.Placeholder |= cell.FieldCellID
		} else {
			w.reject(BadValue)
		}
		return
	}
	w.cellID(i, 10, c)
}

// cpsiLTE reads an LTE, LTE-M or NB-IoT row. The TAC is hex, the cell id decimal, and RSRQ precedes RSRP.
//
//	0   1      2       3     4      5   6           7      8    9    10   11   12   13
//	LTE,Online,mcc-mnc,0xtac,cellid,pci,EUTRAN-BAND3,earfcn,dlbw,ulbw,rsrq,rsrp,rssi,snr
//
// While the modem changes cells it prints the old identity with a PCI of 0, EUTRAN-BAND0, the channel 4294967295 and
// levels of 0.
func (s *simcomAnswer) cpsiLTE(w *row, system string) {
	whole := w.layout(14)
	if !whole && !w.begins(1, 8) {
		return
	}
	w.online(1)
	c := cell.Cell{RAT: cell.LTE}
	w.plmnPair(2, "-", &c)
	w.read(&c, 3, hexArea, signedCID)
	w.bandAfter(6, "EUTRAN-BAND", &c)
	w.column(7, arfcn, &c)
	if c.Placeholder&(cell.FieldARFCN|cell.FieldBand) == cell.FieldARFCN|cell.FieldBand {
		c.Placeholder |= cell.FieldPCI | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldRSSI
		s.serve(w, c)
		return
	}
	w.column(5, pci, &c)
	if !whole {
		if located(&c) {
			s.serve(w, c)
		}
		return
	}
	if !strings.Contains(system, "NB") {
		w.column(8, bandwidth, &c)
	}
	w.levels(10, 11, 12, &c)
	w.column(13, snr, &c)
	s.serve(w, c)
}

// bandAfter reads the number of a band after a word.
func (w *row) bandAfter(i int, word string, c *cell.Cell) {
	name := w.text(i)
	if name == "" {
		return
	}
	number, ok := strings.CutPrefix(strings.ToUpper(name), word)
	if !ok {
		w.reject(BadValue)
		return
	}
	w.f[i] = number
	w.band(i, c)
}

// levels reads RSRQ, RSRP and RSSI, in columns q, p and i (-1: not there), whose scale is that of the RSRP: whole dBm on SIM7000 and SIM7070,
// tenths on SIM7600, SIM7906 and SIM82xx, the index of TS 27.007 on A76xx. No RSRP fits two of them. The scale of the
// RSSI of A76xx is not known.
func (w *row) levels(q, p, i int, c *cell.Cell) {
	w.reading = rsrp
	v, ok := w.number(p)
	w.reading = skip
	switch {
	case !ok, v == 255, v == -32768, v == 32767:
		c.Placeholder |= cell.FieldRSRP
		return
	case v >= 0 && v <= 97 && v == float64(int(v)) && c.RAT == cell.LTE:
		w.read(c, p, rsrpIndex)
		w.read(c, q, rsrqIndex)
		return
	}
	unit := 1.0
	if v < minRSRP {
		unit = 0.1
	}
	w.level(p, rsrp, unit, c)
	w.level(q, rsrq, unit, c)
	if i >= 0 {
		w.level(i, rssi, unit, c)
	}
}

// snr reads an SNR in dB. What cannot be dB is of unknown scale.
func (w *row) snr(i int, c *cell.Cell) {
	w.reading = sinr
	if v, ok := w.number(i); ok && v >= minSINR && v <= maxSINR {
		c.SINR = cell.Some(cell.DB(v))
		w.explain(i, "sinr")
	}
	w.reading = skip
}

// cpsiLeg reads the NR carrier of EN-DC as older firmware prints it [SIM8200 manual V1.00.01 4.2.14; printed by SIM8200 in
// public notes]. The levels are whole, the SNR in tenths (153) or with a point (8.5): a whole number that could be either
// is left out.
//
//	0    1   2     3    4    5
//	NR5G,pci,arfcn,rsrq,rsrp,snr
func (s *simcomAnswer) cpsiLeg(w *row) {
	if !w.layout(6) {
		return
	}
	c := w.cell(cell.NR, 1, pci, arfcn)
	w.levels(3, 4, -1, &c)
	w.nrSNR(5, &c)
	s.second(w, c)
}

// cpsiNSA reads the NR carrier of EN-DC as newer firmware prints it [seen in public notes: SIM82xx]. RSRP is first.
// Levels are in tenths, and perhaps the SNR; the numbers of the bandwidth are not known.
//
//	0        1   2           3     4    5    6   7   8
//	NR5G_NSA,pci,NR5G_BAND41,arfcn,rsrp,rsrq,snr,scs,bw
//	NR5G_NSA,pci,NR5G_BAND78,arfcn,rsrp,rsrq,snr                SIM8200 manual V1.01
//	NR5G_NSA,pci,arfcn,      rsrq, rsrp,snr                     the NR5G row under the other name, SIM8202
func (s *simcomAnswer) cpsiNSA(w *row) {
	if len(w.f) == 6 {
		s.cpsiLeg(w)
		return
	}
	whole := w.layout(7, 9)
	if !whole && !w.begins(1, 4) {
		return
	}
	c := w.cell(cell.NR, 1, pci)
	w.bandAfter(2, "NR5G_BAND", &c)
	w.column(3, arfcn, &c)
	if !whole {
		if located(&c) {
			s.second(w, c)
		}
		return
	}
	w.levels(5, 4, -1, &c)
	w.nrSNR(6, &c)
	s.second(w, c)
}

// cpsiSA reads a standalone NR row [SIM8200 manual V1.00.01 4.2.14; printed by SIM82xx in public notes]. The TAC is hex,
// the cell id decimal, and RSRP is first.
//
//	0       1      2       3     4      5   6           7      8    9    10
//	NR5G,   Online,mcc-mnc,0xtac,cellid,pci,arfcn,      rsrp,  rsrq,snr           whole
//	NR5G_SA,Online,mcc-mnc,0xtac,cellid,pci,NR5G_BAND78,arfcn, rsrp,rsrq,snr      all in tenths, since 2024
func (s *simcomAnswer) cpsiSA(w *row, newer bool) {
	whole := newer && w.layout(11) || !newer && w.layout(10)
	if !whole && !(newer && w.begins(1, 8)) {
		return
	}
	w.online(1)
	c := cell.Cell{RAT: cell.NR}
	w.plmnPair(2, "-", &c)
	w.read(&c, 3, hexArea, signedCID, pci)
	if newer {
		w.bandAfter(6, "NR5G_BAND", &c)
		w.column(7, arfcn, &c)
		if !whole && !located(&c) {
			return
		}
		if whole {
			w.levels(9, 8, -1, &c)
			w.level(10, sinr, 0.1, &c)
		}
	} else {
		w.column(6, arfcn, &c)
		w.levels(8, 7, -1, &c)
		w.column(9, snr, &c)
	}
	s.serve(w, c)
}

// nrSNR reads the SNR of an NR carrier, which comes in dB with a point, or in tenths.
func (w *row) nrSNR(i int, c *cell.Cell) {
	w.reading = sinr
	v, ok := w.number(i)
	w.reading = skip
	switch {
	case !ok:
	case strings.Contains(w.text(i), "."):
		w.snr(i, c)
	case v > maxSINR || v < minSINR:
		w.level(i, sinr, 0.1, c)
	}
}
