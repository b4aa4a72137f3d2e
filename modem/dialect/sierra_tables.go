package dialect

import (
	"strings"

	"vigie/cell"
)

// gstatus reads the table of !GSTATUS, whose labels depend on the RAT and on the module [EM74xx, EM75xx, EM91xx AT command
// references; recorded: MC7710, MC73xx, MC8705, MC7455, EM7455, EM7565, EM91xx]. LAC, TAC and cell id are hex, with the
// decimal number behind in most places. Neither network nor PCI is there.
//
//	System mode:   LTE             PS state:    Attached
//	LTE band:      B8              LTE bw:      5 MHz
//	LTE Rx chan:   3764            LTE Tx chan: 21764
//	LTE CA state:  ACTIVE          LTE Scell band:B12          MC74xx; LTE Scell bw, LTE Scell chan
//	LTE SSC1 state:ACTIVE          LTE SSC1 band: B12          EM75xx; LTE SSC1 bw, LTE SSC1 chan; up to 4; also SCC1
//	EMM state:     Registered      Normal Service
//	RRC state:     RRC Idle
//	PCC RxM RSSI:  -84             RSRP (dBm):  -110           EM75xx: PCC RxM RSRP; older: RSSI (dBm)
//	Tx Power:      --              TAC:         E2EA (58090)
//	RSRQ (dB):     -12.7           Cell ID:     02C3484A (46352458)
//	SINR (dB):      1.0
//
//	WCDMA band:    WCDMA 2100      GSM band:    Unknown
//	WCDMA channel: 10662           GSM channel: 65535
//	GMM (PS) state:REGISTERED      NORMAL SERVICE
//	WCDMA L1 State:L1M_PCH_SLEEP   RRC State:   DISCONNECTED
//	RX level C0:   -68             LAC:         1389 (5001)     older: RX level (dBm)
//
//	NR5G band, NR5G dl bw, NR5G Rx chan, NR5G TAC, NR5G Cell ID, NR5G MCC-MNC, NR5G RSRP (dBm), NR5G RSRQ (dB), NR5G SINR (dB)
func (s *sierraAnswer) gstatus(l labels) {
	mode := l.word("System mode")
	c := cell.Cell{}
	switch {
	case mode == "LTE", mode == "ENDC", mode == "" && l.word("LTE Rx chan") != "":
		c.RAT = cell.LTE
		s.gstatusLTE(l, &c)
	case mode == "WCDMA", mode == "UMTS", mode == "" && l.word("WCDMA channel") != "":
		c.RAT = cell.UMTS
		l.find(1, "WCDMA channel").arfcn(0, 10, &c)
		l.identity(&c, "LAC", "Cell ID")
		l.find(1, "RX level C0", "RX level (dBm)").column(0, rssi, &c)
	case mode == "GSM":
		c.RAT = cell.GSM
		l.find(1, "GSM channel").arfcn(0, 10, &c)
		l.identity(&c, "LAC", "Cell ID")
		l.find(1, "RX level C0", "RX level (dBm)").column(0, rssi, &c)
	case mode == "NR5G":
		c.RAT = cell.NR
		s.gstatusNR(l, &c)
	case mode == "UNKNOWN", mode == "NO", mode == "NONE":
		s.nothing = true
		s.gstatusState(l)
		return
	default:
		l.find(1, "System mode").reject(UnknownToken)
		return
	}
	s.gstatusState(l)
	l.find(1, "System mode").explain(0, "rat")
	if c != (cell.Cell{RAT: c.RAT}) {
		s.parts = append(s.parts, c)
	}
}

func (s *sierraAnswer) gstatusLTE(l labels, c *cell.Cell) {
	l.carrier("LTE band", "LTE bw", "LTE Rx chan", c)
	l.identity(c, "TAC", "Cell ID")
	l.find(1, "PCC RxM RSSI", "RSSI (dBm)").column(0, rssi, c)
	l.find(1, "PCC RxM RSRP", "RSRP (dBm)").column(0, rsrp, c)
	l.find(1, "RSRQ (dB)").column(0, rsrq, c)
	l.find(1, "SINR (dB)").column(0, sinr, c)
	if l.word("LTE CA state") == "ACTIVE" {
		n := cell.Cell{RAT: cell.LTE}
		l.carrier("LTE Scell band", "LTE Scell bw", "LTE Scell chan", &n)
		l.after("SCC RxM RSSI").find(1, "RSRP (dBm)").column(0, rsrp, &n)
		s.carriers(n)
	}
	for _, name := range []string{"SSC1", "SSC2", "SSC3", "SSC4", "SCC1", "SCC2", "SCC3", "SCC4"} {
		if l.word("LTE "+name+" state") == "ACTIVE" {
			n := cell.Cell{RAT: cell.LTE}
			l.carrier("LTE "+name+" band", "LTE "+name+" bw", "LTE "+name+" chan", &n)
			l.find(1, "SCC"+name[3:]+" RxM RSRP").column(0, rsrp, &n)
			s.carriers(n)
		}
	}
	n := cell.Cell{RAT: cell.NR}
	s.gstatusNR(l, &n)
	n.Area, n.ID, n.MCC, n.MNC = cell.Opt[cell.Area]{}, cell.Opt[uint64]{}, "", "" // of the anchor, if anything
	s.carriers(n)
}

func (s *sierraAnswer) gstatusNR(l labels, c *cell.Cell) {
	l.carrier("NR5G band", "NR5G dl bw", "NR5G Rx chan", c)
	l.identity(c, "NR5G TAC", "NR5G Cell ID")
	l.find(1, "NR5G MCC-MNC").plmnPair(0, "-", c)
	l.find(1, "NR5G RSRP (dBm)").column(0, rsrp, c)
	l.find(1, "NR5G RSRQ (dB)").column(0, rsrq, c)
	l.find(1, "NR5G SINR (dB)").column(0, sinr, c)
}

// carriers takes a carrier next to the serving cell that says at least its channel.
func (s *sierraAnswer) carriers(c cell.Cell) {
	if c.ARFCN.Known() {
		s.obs.Secondary = append(s.obs.Secondary, c)
	}
}

// carrier reads band, bandwidth and channel.
func (l labels) carrier(name, width, channel string, c *cell.Cell) {
	w := l.find(1, name)
	if number := strings.TrimLeft(strings.ToUpper(w.text(0)), "BN"); number != "" && number != "---" {
		w.f[0] = number
		w.column(0, band, c)
	}
	w = l.find(2, width)
	if v, ok := w.number(0); ok && strings.EqualFold(w.text(1), "MHz") {
		if v < 0 || v > 400 {
			w.reject(BadValue)
		} else {
			c.Bandwidth = cell.Some(cell.KHz(v * 1000))
			w.explain(0, "bandwidth_khz")
		}
	}
	l.find(1, channel).arfcn(0, 10, c)
	inBand(c)
}

// inBand drops a channel that is not in the band: above 65535 some firmware prints it without its upper bits, or as 0.
func inBand(c *cell.Cell) {
	n, ok := c.ARFCN.Get()
	band, ok2 := c.Band.Get()
	if !ok || !ok2 {
		return
	}
	for b := range cell.Bands(c.RAT, n) {
		if b == band {
			return
		}
	}
	c.ARFCN = cell.Opt[uint32]{}
	c.Placeholder |= cell.FieldARFCN
}

// identity reads the area and the cell id: hex, and where it is printed the same in decimal.
func (l labels) identity(c *cell.Cell, area, id string) {
	if w := l.hex(area); w != nil {
		w.column(0, hexArea, c)
	}
	if w := l.hex(id); w != nil {
		w.column(0, hexCID, c)
	}
}

func (l labels) hex(name string) *row {
	w := l.find(2, name)
	s := w.text(0)
	if s == "" || strings.HasSuffix(s, "...") || strings.Trim(s, "-") == "" {
		return nil
	}
	if decimal, ok := strings.CutPrefix(w.text(1), "("); ok {
		decimal, ok = strings.CutSuffix(decimal, ")")
		a, ok1 := parseWhole(s, 16)
		b, ok2 := parseWhole(decimal, 10)
		if !ok || !ok1 || !ok2 || a != b {
			w.reject(BadValue)
			return nil
		}
	}
	return w
}

// gstatusState reads the states of mobility management and of the connection. What has no place among ours says nothing.
func (s *sierraAnswer) gstatusState(l labels) {
	var words string
	for _, name := range []string{"EMM state", "MM5G state", "GMM (PS) state", "MM (CS) state"} {
		words += " " + strings.ToUpper(strings.Join(l.find(4, name).f, " "))
	}
	rrc := strings.ToUpper(strings.Join(l.find(2, "RRC state").f, " "))
	switch {
	case strings.Contains(words, "LIMITED SERVICE"):
		s.obs.State = cell.Limited
	case strings.Contains(words, "SEARCH"):
		s.obs.State = cell.Searching
	case strings.HasPrefix(rrc, "RRC CONNECTED"), hasAnyPrefix(rrc, []string{"CELL_", "URA_"}):
		s.obs.State = cell.Connected
	case strings.Contains(words, "NORMAL SERVICE") && (strings.HasPrefix(rrc, "RRC IDLE") || strings.HasPrefix(rrc, "DISCONNECTED")):
		s.obs.State = cell.Idle
	}
}

// lteinfo reads the table of !LTEINFO [EM74xx AT command reference; recorded: MC7455, EM7455, EM75xx]. Each section has a
// head that names its columns, and rows without anything at their ends. The TAC is decimal, the CID hex, D and U are
// bandwidths 0..5. RSRQ precedes RSRP. The first row of IntraFreq is the serving cell.
//
//	Serving:   EARFCN MCC MNC   TAC      CID Bd D U SNR PCI  RSRQ   RSRP   RSSI RXLV
//	IntraFreq:                                          PCI  RSRQ   RSRP   RSSI RXLV
//	InterFreq: EARFCN ThresholdLow ThresholdHi Priority PCI  RSRQ   RSRP   RSSI RXLV
//	GSM:       ThreshL ThreshH Prio NCC ARFCN 1900 valid BSIC RSSI RXLV          not read
//	WCDMA:     UARFCN ThreshL ThreshH Prio PSC   RSCP  ECN0 RXLV
//	CDMA 1x:   Chan BC Offset Phase Str                                          not read, and CDMA HRPD
func (s *sierraAnswer) lteinfo(words []string) {
	var section string
	var head []string
	var channel cell.Opt[uint32] // of the serving cell
	for i := 0; i < len(words); {
		if name, ok := strings.CutSuffix(words[i], ":"); ok || words[i] == "CDMA" {
			section, head = name, nil
			for i++; i < len(words) && isHead(words[i]); i++ {
				head = append(head, words[i])
			}
			continue
		}
		n := i
		for n < len(words) && n-i < max(1, len(head)) && !strings.HasSuffix(words[n], ":") {
			n++
		}
		w := &row{r: s.round, f: words[i:n], line: section + ": " + strings.Join(words[i:n], " ")}
		i = n
		switch {
		case head == nil && section == "":
			return // "Not Available"
		case len(w.f) < len(head):
			w.reject(Truncated)
			continue
		}
		switch section {
		case "Serving":
			c := s.lteinfoCell(w, head, cell.LTE)
			if !w.bad {
				channel = c.ARFCN
			}
			s.part(w, c)
		case "IntraFreq":
			c := s.lteinfoCell(w, head, cell.LTE)
			c.ARFCN = channel
			s.listed(w, 8, c)
		case "InterFreq":
			s.listed(w, 8, s.lteinfoCell(w, head, cell.LTE))
		case "WCDMA":
			s.listed(w, 8, s.lteinfoCell(w, head, cell.UMTS))
		default:
			w.reject(UnknownLayout)
		}
	}
	if section != "" {
		s.asked(0)
	}
}

// isHead reports whether a word names a column: it begins with a letter, or is the flag for 1900 MHz, and begins no section.
func isHead(word string) bool {
	first := word[0] | 0x20
	return (first >= 'a' && first <= 'z' || word == "1900") && !strings.HasSuffix(word, ":") && word != "CDMA"
}

// lteinfoColumns are the names in the heads of the sections.
var lteinfoColumns = map[string]column{
	"EARFCN": arfcn, "UARFCN": arfcn, "MCC": mcc, "MNC": mnc, "TAC": area, "CID": hexCID, "Bd": band, "D": bandwidth, "U": skip,
	"SNR": sinr, "PCI": pci, "PSC": pci, "RSRQ": rsrq, "RSRP": rsrp, "RSSI": rssi, "RSCP": rscp, "ECN0": ecio, "RXLV": srxlev,
	"ThresholdLow": threshLow, "ThreshL": threshLow, "ThresholdHi": threshHigh, "ThreshH": threshHigh,
	"Priority": priority, "Prio": priority,
}

// lteinfoCell reads a row by the names in the head of its section. Where thresholds and priority are all 0 the modem has
// not read them, and its RXLV says nothing either.
func (s *sierraAnswer) lteinfoCell(w *row, head []string, rat cell.RAT) cell.Cell {
	c := cell.Cell{RAT: rat}
	low, high, prio, level := -1, -1, -1, -1
	for i, name := range head {
		switch what, ok := lteinfoColumns[name]; {
		case !ok:
			w.reject(UnknownLayout)
		case what == threshLow:
			low = i
		case what == threshHigh:
			high = i
		case what == priority:
			prio = i
		case what == srxlev:
			level = i
		case what != mnc, i > 0 && head[i-1] == "MCC":
			w.column(i, what, &c)
		}
	}
	if low >= 0 && high >= 0 && prio >= 0 {
		if w.text(low) == "0" && w.text(high) == "0" && w.text(prio) == "0" {
			return c
		}
		w.priority(prio, &c)
		c.ThreshLow, c.ThreshHigh = w.threshold(low, threshLow), w.threshold(high, threshHigh)
	}
	w.column(level, srxlev, &c)
	return c
}
