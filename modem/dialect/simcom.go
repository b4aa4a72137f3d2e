package dialect

import (
	"regexp"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// simcom reads the modules of SIMCom: +CPSI for the serving cell of all that speak LTE or more, +CENG for the cells of
// SIM800 and SIM7000, +CMGRMI for the neighbours of SIM7600 and SIM8xxx, +CNETCI for those of A76xx, +CCINFO for SIM5320.
// Each module refuses what it does not have. Facts and sources: firmware-notes/simcom.md.
var simcom = &Dialect{
	Name:         "simcom",
	Title:        "SIMCom SIM7600, SIM7906, SIM82xx, SIM83xx, SIM7000, SIM7070, A76xx, SIM800, SIM900, SIM5320",
	Evidence:     Recorded,
	Match:        simcomMatch,
	Capabilities: simcomCapabilities,
	Settings:     append([]at.Setting{reportCENG}, Settings...),
	Serving: []at.Command{
		vendor("+CPSI?", "the serving cell"),
		askCENG,
	},
	Around: []at.Command{
		vendor("+CMGRMI=4", "the LTE neighbour cells and the carriers in use (SIM7600, SIM7906, SIM8xxx)"),
		{Text: "+CNETCI?", Prefixes: []string{"+CNETCI", "+CNETCISRVINFO", "+CNETCINONINFO"}, Timeout: engineering,
			Why: "the cells heard, with their identity (A76xx)"},
		{Text: "+CCINFO", Prefixes: []string{"+CCINFO"}, Timeout: engineering, Why: "the cells heard (SIM5320)"},
		{Text: "+CNSMOD?", Prefixes: []string{"+CNSMOD"}, Why: "the RAT in use"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON,
	},
	Position: []at.Command{
		{Text: "+CGPSINFO", Prefixes: []string{"+CGPSINFO"}, Timeout: engineering,
			Why: "the position, where GNSS is already on (SIM7600, SIM8xxx, SIM5320)"},
		vendor("+CGNSINF", "the position, where GNSS is already on (SIM7000, SIM7070, SIM808)"),
	},
	Surveys: []at.Command{
		{Text: "+CNETSCAN", Kind: at.Survey, Prefixes: []string{"+CNETSCAN"}, Bare: true, Timeout: 200 * time.Second,
			Why: "all GSM cells that can be heard; interrupts service (SIM800)"},
		scanCOPS,
	},
	Hints: []string{"+CNSMOD:"},
	Knows: simcomKnows,
	once: func(line string) string {
		switch {
		case cpsiServing.MatchString(line):
			return "+CPSI"
		case cengServing.MatchString(line):
			return "+CENG"
		}
		return ""
	},
	parse: func(r *round, a Answer) {
		s := simcomAnswer{round: r}
		r.each(a, s.read)
	},
}

// askCENG reads the cells that GSM modules and SIM7000 list while the mode is on.
var askCENG = vendor("+CENG?", "the serving and the neighbour cells (SIM800, SIM900, SIM7000)")

// reportCENG has +CENG? list cells; 1 is the mode with channels and timing advance, and the second number adds the
// neighbours. It changes what is printed, not what the radio does.
var reportCENG = at.Setting{
	Read:    askCENG,
	Write:   "+CENG=",
	Values:  []string{"0,0", "0,1", "1,0", "1,1", "2,0", "2,1", "3,0", "3,1"},
	Want:    []string{"1,1"},
	Current: cengMode,
	Why:     "have +CENG? list the serving and the neighbour cells",
}

// cengMode finds the mode in the first row of +CENG?, whose columns are single digits; in a row of a cell they are not.
func cengMode(lines []string) (string, bool) {
	for _, l := range lines {
		if prefix, f := at.Fields(nil, l); prefix == "+CENG" && len(f) >= 2 && len(f[0]) == 1 && len(f[1]) == 1 {
			return f[0] + "," + f[1], true
		}
	}
	return "", false
}

// The rows that are printed once a round. That of an NR carrier in EN-DC follows the one of the LTE cell.
var (
	cpsiServing = regexp.MustCompile(`^\+CPSI: *(NO SERVICE|GSM|WCDMA|LTE[^,]*|NR5G_SA|NR5G,[A-Z])`)
	cengServing = regexp.MustCompile(`^\+CENG: *0,"`)
)

// simcomAnswer is an answer being read: the round it goes to, and what rows leave for later rows of it.
type simcomAnswer struct {
	*round
	intra cell.Opt[uint32]    // the channel of the LTE_Intra rows of +CMGRMI
	inter [9]cell.Opt[uint32] // and those of the LTE_InterFreqN rows
	lte   bool                // the head of +CENG named LTE
}

func simcomMatch(id Ident) bool {
	maker, model := strings.ToUpper(id.Manufacturer), strings.ToUpper(id.Model)
	return id.VID == 0x1e0e || strings.Contains(maker, "SIMCOM") || strings.HasPrefix(model, "SIMCOM") ||
		maker == "INCORPORATED" && strings.HasPrefix(model, "A76") // A7670 leaves its name out
}

// simcomModel is the model without the maker's name: SIM7600G-H for SIMCOM_SIM7600G-H.
func simcomModel(id Ident) string {
	return strings.TrimLeft(strings.TrimPrefix(strings.ToUpper(id.Model), "SIMCOM"), "_ ")
}

func simcomCapabilities(id Ident) cell.Fields {
	const common = standard | cell.FieldState | cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldRSSI |
		cell.FieldNeighbours | cell.FieldPosition
	const umts = cell.FieldRSCP | cell.FieldEcIo
	const lte = cell.FieldRSRP | cell.FieldRSRQ | cell.FieldSINR | cell.FieldBandwidth
	is := func(models ...string) bool { return hasAnyPrefix(simcomModel(id), models) }
	switch {
	case simcomGSM.MatchString(simcomModel(id)):
		return common&^cell.FieldBand | cell.FieldTA | cell.FieldNeighbourIdentity
	case is("SIM5"):
		return common&^cell.FieldBand | umts
	case is("SIM70"):
		return common | lte | cell.FieldTA | cell.FieldNeighbourIdentity
	case is("A76"):
		return common | umts | lte | cell.FieldNeighbourIdentity
	}
	return common | umts | lte | cell.FieldSecondary
}

// simcomGSM are the modules with three digits: SIM800L, SIM808, SIM868, SIM900, but not SIM8202G.
var simcomGSM = regexp.MustCompile(`^SIM[89]\d\d(\D|$)`)

// simcomKnows goes by the prefixes that only SIMCom prints, the commands that only SIMCom takes, and the names of the
// maker and of the modules.
func simcomKnows(line string) bool {
	line = strings.ToUpper(line)
	return strings.Contains(line, "SIMCOM") || simcomFirmware.MatchString(line) ||
		hasAnyPrefix(strings.TrimPrefix(line, "AT"), simcomPrefixes)
}

var (
	simcomPrefixes = []string{"+CPSI", "+CENG", "+CNETCI", "+CMGRMI", "+CCINFO", "+CNSMOD", "+CNWINFO", "+CSYSSEL",
		"+CGPSINFO", "+CGNSINF", "+CNETSCAN"}
	simcomFirmware = regexp.MustCompile(`^(\+CGM[MR]|MODEL|REVISION):.*(SIM[5789]\d{2}|A76\d\d)`)
)

func (s *simcomAnswer) read(w *row) {
	switch w.name {
	case "+CPSI":
		s.cpsi(w)
	case "+CENG":
		s.ceng(w)
	case "+CMGRMI":
		s.cmgrmi(w)
	case "+CNETCI", "+CNETCISRVINFO", "+CNETCINONINFO":
		s.cnetci(w)
	case "+CCINFO":
		s.ccinfo(w)
	case "+CNSMOD":
		s.cnsmod(w)
	case "+CGPSINFO":
		s.cgpsinfo(w)
	case "+CGNSINF":
		s.cgnsinf(w)
	case "":
		s.cnetscan(w)
	default:
		s.generic(w)
	}
}

// cnsmod reads the RAT in use [SIM7600 manual 4.2.13; recorded: SIM8230]. Its unsolicited form has one column.
//
//	+CNSMOD: n,mode        0 no service, 1 GSM, 2 GPRS, 3 EDGE, 4 WCDMA, 5 to 7 HSPA, 8 LTE
func (s *simcomAnswer) cnsmod(w *row) {
	if !w.layout(1, 2) {
		return
	}
	switch mode := w.text(len(w.f) - 1); {
	case mode == "0":
		s.nothing = true
	case len(mode) == 1 && mode[0] >= '1' && mode[0] <= '8':
		s.part(w, cell.Cell{RAT: cnsmodRATs[mode[0]-'0']})
	case mode != "":
		w.reject(UnknownToken)
	}
}

var cnsmodRATs = [...]cell.RAT{1: cell.GSM, cell.GSM, cell.GSM, cell.UMTS, cell.UMTS, cell.UMTS, cell.UMTS, cell.LTE}

// cnetscan reads the rows of the survey +CNETSCAN, which have no prefix [recorded: SIM800]. The cell id is hex, the level
// the index of TS 45.008.
//
//	Operator:"T-Mobile USA",MCC:310,MNC:260,Rxlev:53,Cellid:CF00,Arfcn:1709
//	                                                      ,Lac:7D73,Bsic:10   with +CNETSCAN=1
func (s *simcomAnswer) cnetscan(w *row) {
	if !strings.HasPrefix(w.line, "Operator:") {
		w.skipped()
		return
	}
	w.labelled("MCC", "MNC", "Lac", "Cellid", "Arfcn", "Rxlev")
	c := w.cell(cell.GSM, 0, mcc, mnc, hexArea, hexCID, gsmChannel, rxlev)
	if w.text(0) == "" || w.text(4) == "" && !w.cut {
		w.reject(UnknownLayout)
		return
	}
	s.heard(w, c)
}

// cgpsinfo reads the position [SIM7600 manual 24.2.5]. Eight commas are no fix.
//
//	+CGPSINFO: ddmm.mmmmmm,N,dddmm.mmmmmm,E,ddmmyy,hhmmss.s,altitude,knots,course
func (s *simcomAnswer) cgpsinfo(w *row) {
	if !w.layout(9) || w.text(0) == "" {
		return
	}
	lat, ok := w.minutes(0, 1, "N", "S")
	lon, ok2 := w.minutes(2, 3, "E", "W")
	if !ok || !ok2 {
		w.reject(BadValue)
		return
	}
	p := &cell.Position{Lat: lat, Lon: lon, Source: "gnss"}
	if v, ok := w.number(7); ok && v >= 0 && v < 1000 {
		p.Speed = cell.Some(v * 1852 / 3600)
	}
	s.place(w, p)
}

// cgnsinf reads the position [SIM7000 manual 9.2; recorded: SIM808, SIM7000].
//
//	+CGNSINF: run,fix,utc,lat,lon,altitude,km/h,course,mode,,hdop,pdop,vdop,,gps in view,used,glonass,,c/n0,hpa,vpa
func (s *simcomAnswer) cgnsinf(w *row) {
	if !w.layout(21) || w.text(0) != "1" || w.text(1) != "1" {
		return
	}
	lat, ok := w.number(3)
	lon, ok2 := w.number(4)
	if !ok || !ok2 {
		w.reject(BadValue)
		return
	}
	p := &cell.Position{Lat: lat, Lon: lon, Source: "gnss"}
	if v, ok := w.number(6); ok && v >= 0 && v < 2000 {
		p.Speed = cell.Some(v / 3.6)
	}
	if v, ok := w.number(19); ok && v > 0 && v < 100_000 {
		p.Accuracy = cell.Some(v)
	}
	s.place(w, p)
}
