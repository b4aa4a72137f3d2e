package dialect

import (
	"math/bits"
	"strings"
	"time"

	"vigie/cell"
	"vigie/modem/at"
)

// telit reads the modules of Telit: #RFSTS for the serving cell, #SERVINFO for what it says beside that, #MONI for the
// neighbours. #RFSTS holds the IMSI, in a column that moves: it is stripped by its shape (at.Scrub), since a column that
// is declared would take the cell id of another layout with it. Facts and sources: firmware-notes/telit.md.
var telit = &Dialect{
	Name:         "telit",
	Title:        "Telit LE910, LE940, LM940, LM960, FN980, FN990, ME910, HE910, GE910, GM862",
	Evidence:     Recorded,
	Match:        telitMatch,
	Capabilities: telitCapabilities,
	Settings:     append([]at.Setting{reportMONI}, Settings...),
	Serving: []at.Command{
		vendor("#RFSTS", "the serving cell; the IMSI in it is stripped"),
	},
	Around: []at.Command{
		vendor("#SERVINFO", "the serving cell, with BSIC or scrambling code and timing advance"),
		vendor("#MONI", "the neighbour cells, and the PCI of the serving one"),
		{Text: "#CEERNET", Prefixes: []string{"#CEERNET"}, Why: "the last cause that the network gave, kept as text"},
		askCEREG, askCGREG, askCREG, askCOPS, askCSCON, askCESQ,
	},
	Position: []at.Command{
		vendor("$GPSACP?", "the position, where GNSS is already on"),
	},
	Surveys: []at.Command{
		{Text: "#CSURVC", Kind: at.Survey, Prefixes: []string{"#CSURVC"}, Bare: true, Timeout: 200 * time.Second,
			Why: "all cells that can be heard, with identity; interrupts service"},
		scanCOPS,
	},
	Only: map[string]cell.Fields{
		"#MONI":    cell.FieldNeighbours | cell.FieldNeighbourIdentity,
		"$GPSACP?": cell.FieldPosition,
	},
	Knows: telitKnows,
	once:  begins("#RFSTS", "#SERVINFO"),
	parse: func(r *round, a Answer) {
		t := telitAnswer{round: r}
		r.each(a, t.read)
		t.resolveList()
	},
}

// reportMONI has #MONI list the cells of the serving frequency on LTE. The test form tells the set that was chosen last
// [GM862, HE863 manuals]:
//
//	#MONI: (number of cells,set)
var reportMONI = at.Setting{
	Read:   at.Command{Text: "#MONI=?", Prefixes: []string{"#MONI"}, Why: "which cells #MONI prints, to put it back"},
	Write:  "#MONI=",
	Values: []string{"0", "1", "2", "3", "4", "5", "6", "7"},
	Want:   []string{"1"},
	Current: func(lines []string) (string, bool) {
		for _, l := range lines {
			prefix, f := at.Fields(nil, l)
			if prefix == "#MONI" && len(f) == 2 && strings.HasPrefix(f[0], "(") && strings.HasSuffix(f[1], ")") {
				return strings.TrimSuffix(f[1], ")"), true
			}
		}
		return "", false
	},
	Why: "have #MONI list the cells heard, not only the serving one",
}

// telitAnswer is an answer being read: the round it goes to, and the rows of an LTE list of #MONI, of which the first may
// be the serving cell.
type telitAnswer struct {
	*round
	list []cell.Cell
}

func telitMatch(id Ident) bool {
	return id.VID == 0x1bc7 || strings.Contains(strings.ToUpper(id.Manufacturer), "TELIT")
}

func telitCapabilities(id Ident) cell.Fields {
	f := standard | cell.FieldState | cell.FieldPCI | cell.FieldARFCN | cell.FieldBand | cell.FieldRSSI |
		cell.FieldNeighbours | cell.FieldPosition
	is := func(models ...string) bool { return hasAnyPrefix(strings.ToUpper(id.Model), models) }
	switch {
	case is("GE", "GL", "GM", "GC"):
		return f | cell.FieldTA | cell.FieldNeighbourIdentity
	case is("HE", "UE", "UC", "UL"):
		return f | cell.FieldRSCP | cell.FieldEcIo
	case is("LM"):
		return f | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldRSCP | cell.FieldEcIo
	}
	return f | cell.FieldRSRP | cell.FieldRSRQ | cell.FieldSINR | cell.FieldRSCP | cell.FieldEcIo
}

// telitKnows goes by the prefixes that only Telit prints, the commands that only Telit takes, and the maker's name.
func telitKnows(line string) bool {
	line = strings.ToUpper(line)
	return line == "TELIT" || hasAnyPrefix(strings.TrimPrefix(line, "AT"),
		[]string{"#RFSTS", "#SERVINFO", "#MONI", "#CSURV", "#CEERNET", "$GPSACP"})
}

func (t *telitAnswer) read(w *row) {
	switch w.name {
	case "#RFSTS":
		t.rfsts(w)
	case "#SERVINFO":
		t.servinfo(w)
	case "#MONI":
		t.moni(w)
	case "$GPSACP":
		t.gpsacp(w)
	case "":
		t.csurvc(w)
	default:
		t.generic(w)
	}
}

// rfsts reads the serving cell. TAC, LAC and cell id are hex, levels in dBm. The IMSI and the name are quoted, which tells
// the layouts apart [LE910, ME910, LM960, GE910 manuals, "AT#RFSTS"; recorded: LM960, LE910C1, ME910, 2G modules].
//
//	0         1     2    3    4    5   6   7     8   9  10  11    12   13   14 15
//	"mcc mnc",earfcn,rsrp,rssi,rsrq,tac,rac,txpwr,drx,mm,rrc,cid,  imsi,name,sd,band[,t3402,t3412[,sinr]]     LM960, LE910
//	"mcc mnc",earfcn,rsrp,rssi,rsrq,tac,txpwr,drx,mm,rrc,cid,imsi, name,sd,  band,sinr                        LE910C1, ME910
//	"mcc mnc",arfcn, dBm, lac, rac, txpwr,mm,rr,  nom,cid,imsi,name,sd, band                                  2G
//	         ,32767, dBm, ,    ,    mm,  rr, ,    ,    imsi,name,sd, band                                     no network
func (t *telitAnswer) rfsts(w *row) {
	n, quoted := len(w.f), bits.TrailingZeros64(w.quoted()&^1) // the first quoted column but the PLMN
	c := cell.Cell{RAT: cell.LTE}
	cid, sd := 11, 14
	switch {
	case (n == 16 || n == 18 || n == 19) && quoted == 12:
	case n == 16 && quoted == 11:
		cid, sd = 10, 13
	case n == 14 && quoted == 10:
		c.RAT, cid, sd = cell.GSM, 9, 12
	case n == 13 && quoted == 9 && w.text(0) == "":
		t.nothing = true
		return
	case w.cut || n < 13:
		w.reject(Truncated)
		return
	default:
		w.reject(UnknownLayout)
		return
	}
	if s := w.text(sd); s != "" && (len(s) != 1 || s[0] > '3') || s == "" && !w.cut {
		w.reject(UnknownLayout) // the service domain is 0 to 3: a comma too many, or one too few
		return
	}
	w.plmnPair(0, " ", &c)
	if c.MCC == "" && (w.text(1) == "-1" || w.text(1) == "32767") {
		t.nothing = true // the name and the level are old
		return
	}
	w.byHand(cid)
	w.cellID(cid, 16, &c)
	if c.RAT == cell.GSM {
		w.telit2G(sd+1, &c)
	} else {
		w.read(&c, 1, arfcn, rsrp, rssi, rsrq, hexArea)
		w.band(sd+1, &c)
		if last := n - 1; n == 19 || quoted == 11 {
			w.telitSINR(last, &c)
		}
	}
	t.serve(w, c)
}

// telit2G reads channel, level, LAC and band of a row of a 2G module. There the bands are 1 GSM 850, 2 GSM 900, 3 DCS 1800,
// 4 PCS 1900.
func (w *row) telit2G(band int, c *cell.Cell) {
	w.read(c, 1, arfcn, rssi, hexArea)
	bands := [...]cell.Band{850, 900, 1800, 1900}
	if n := w.index(band); n >= 1 && n <= len(bands) {
		c.Band = cell.Some(bands[n-1])
	}
}

// telitSINR reads the SINR that LE910C1 and ME910 put last: in fifths of a dB, from -20 dB on. What could be dB is left out.
func (w *row) telitSINR(i int, c *cell.Cell) {
	if n := w.index(i); n > maxSINR && n <= 250 {
		c.SINR = cell.Some(cell.DB(float64(n-100) / 5))
	}
}

// byHand drops a value that the publisher of the row cut short: A20... is no cell id.
func (w *row) byHand(i int) {
	if strings.HasSuffix(w.text(i), "...") {
		w.f[i] = ""
	}
}

// gpsacp reads the position [GE864 manual, "AT$GPSACP"]. Without a fix all but a few columns are empty.
//
//	$GPSACP: utc,4542.8269N,01344.2682E,hdop,altitude,fix,cog,km/h,knots,ddmmyy,satellites
func (t *telitAnswer) gpsacp(w *row) {
	if !w.layout(11) || w.text(1) == "" || w.text(2) == "" {
		return
	}
	w.f = append(w.f, "", "")
	for i := 1; i <= 2; i++ {
		last := len(w.f[i]) - 1
		w.f[10+i], w.f[i] = w.f[i][last:], w.f[i][:last]
	}
	lat, ok := w.minutes(1, 11, "N", "S")
	lon, ok2 := w.minutes(2, 12, "E", "W")
	if fix := w.index(5); !ok || !ok2 || fix != 2 && fix != 3 {
		w.reject(BadValue)
		return
	}
	p := &cell.Position{Lat: lat, Lon: lon, Source: "gnss"}
	if v, ok := w.number(7); ok && v >= 0 && v < 2000 {
		p.Speed = cell.Some(v / 3.6)
	}
	t.place(w, p)
}
