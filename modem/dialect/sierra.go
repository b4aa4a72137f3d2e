package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// sierra reads the modules of Sierra Wireless: !GSTATUS for what the modem does and how it hears the serving cell, !LTEINFO
// for its PCI and network and for the neighbours. Neither needs the service password, which Vigie never enters. Both
// print tables made for people, that programs in between have wrapped again: they are read by words, not by lines. Facts
// and sources: firmware-notes/sierra.md.
var sierra = &Dialect{
	Name:         "sierra",
	Title:        "Sierra Wireless EM74xx, MC74xx, EM75xx, EM91xx, MC73xx, MC77xx, HL85xx, WP76xx, Dell DW58xx",
	Evidence:     Recorded,
	Match:        sierraMatch,
	Capabilities: sierraCapabilities,
	Settings:     Settings,
	Serving: []at.Command{
		{Text: "!GSTATUS?", Prefixes: []string{"!GSTATUS"}, Bare: true, Timeout: engineering,
			Why: "what the modem does, and the serving cell"},
		{Text: "!LTEINFO?", Prefixes: []string{"!LTEINFO"}, Bare: true, Timeout: engineering,
			Why: "the serving cell with PCI and network, and the neighbour cells"},
	},
	Around: []at.Command{
		{Text: "!NRINFO?", Prefixes: []string{"!NRINFO"}, Bare: true, Timeout: engineering, Why: "the NR carrier (EM91xx, EM92xx)"},
		{Text: "+KCELL=0", Prefixes: []string{"+KCELL"}, Bare: true, Timeout: engineering,
			Why: "the serving and neighbour cells, with identity (HL and WP modules, on GSM)"},
		askCEREG, askC5GREG, askCGREG, askCREG, askCOPS, askCSCON,
	},
	Position: []at.Command{
		{Text: "!GPSLOC?", Prefixes: []string{"!GPSLOC"}, Bare: true, Timeout: engineering,
			Why: "the position, where GNSS is already on"},
	},
	Surveys: []at.Command{scanCOPS},
	Only: map[string]cell.Fields{
		"!LTEINFO?": cell.FieldNeighbours | cell.FieldNeighbourPriority | cell.FieldPCI,
		"!GPSLOC?":  cell.FieldPosition,
	},
	Knows: sierraKnows,
	asks:  sierraAsks,
	once:  begins("!GSTATUS", "!LTEINFO", "!NRINFO"),
	parse: func(r *round, a Answer) {
		s := sierraAnswer{round: r}
		switch a.Command {
		case "!GSTATUS?", "!LTEINFO?", "!NRINFO?", "!GPSLOC?":
			s.table = strings.TrimSuffix(a.Command, "?")
		}
		r.each(a, s.read)
		s.end()
	},
}

// sierraAnswer is an answer being read: the round it goes to, and the table that has begun in it.
type sierraAnswer struct {
	*round
	table string   // "!GSTATUS", "!LTEINFO", "!NRINFO" or "+KCELL"; "" when none has begun
	words []string // of the table
}

// read gathers the words of a table: the rest of the line that names it, and what follows without a prefix.
func (s *sierraAnswer) read(w *row) {
	text := w.line
	switch w.name {
	case "":
	case "!GSTATUS", "!LTEINFO", "!NRINFO", "+KCELL":
		s.end()
		_, text = at.Prefix(w.line)
		s.table = w.name
	default:
		s.end()
		s.generic(w)
		return
	}
	if s.table == "+KCELL" {
		text, _, _ = strings.Cut(text, "//") // what people note beside a row
	}
	words := strings.Fields(text)
	if w.cut && len(words) > 0 {
		words = words[:len(words)-1]
	}
	s.words = append(s.words, words...)
}

// end reads the table that has begun.
func (s *sierraAnswer) end() {
	if n := len(s.words); n > 0 && s.words[n-1] == "OK" {
		s.words = s.words[:n-1] // RouterOS puts the result on the last line
	}
	if len(s.words) > 0 {
		switch s.table {
		case "!GSTATUS":
			s.gstatus(newLabels(s.round, s.words))
		case "!LTEINFO":
			s.lteinfo(s.words)
		case "!NRINFO":
			s.nrinfo(newLabels(s.round, s.words))
		case "+KCELL":
			s.kcell(s.words)
		case "!GPSLOC":
			s.gpsloc(newLabels(s.round, s.words))
		}
	}
	s.table, s.words = "", nil
}

func sierraMatch(id Ident) bool {
	return id.VID == 0x1199 || id.VID == 0x413c && id.PID == 0x81b6 || strings.Contains(strings.ToUpper(id.Manufacturer), "SIERRA")
}

// sierraAsks leaves out what a series does not have: HL and WP modules have +KCELL, the NR table is of 5G modules.
func sierraAsks(id Ident, command string) bool {
	model := strings.ToUpper(id.Model)
	if model == "" {
		return true
	}
	small := hasAnyPrefix(model, []string{"HL", "WP"})
	switch command {
	case "+KCELL=0":
		return small
	case "!NRINFO?":
		return !small && !hasAnyPrefix(model, []string{"EM73", "EM74", "EM75", "MC7", "MC8", "DW5811"})
	}
	return true
}

func sierraCapabilities(id Ident) cell.Fields {
	f := standard | onAir | cell.FieldState | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR | cell.FieldNeighbours |
		cell.FieldNeighbourPriority | cell.FieldSecondary | cell.FieldPosition
	if hasAnyPrefix(strings.ToUpper(id.Model), []string{"MC73", "MC77", "EM73"}) {
		f &^= cell.FieldSecondary // they know one carrier
	}
	return f
}

// sierraKnows goes by the tables that only Sierra prints, the commands that only Sierra takes, and the maker's name.
func sierraKnows(line string) bool {
	line = strings.ToUpper(line)
	return strings.Contains(line, "SIERRA WIRELESS") ||
		hasAnyPrefix(strings.TrimPrefix(line, "AT"), []string{"!GSTATUS", "!LTEINFO", "!GPSLOC", "!NRINFO", "+KCELL"})
}

// gpsloc reads the position [EM74xx manual, "AT!GPSLOC"; printed by MC7455 in public notes]. Without one it says so in words.
//
//	Lat: 49 Deg 44 Min 57.00 Sec N (0x008D823D)
//	Lon: 13 Deg 22 Min 48.54 Sec E (0x00260F21)
//	Time: 2018 11 21 2 10:10:02 (GPS)
//	LocUncAngle: 0.0 deg LocUncA: 192 m LocUncP: 13 m HEPE: 192.439 m
//	3D Fix
//	Altitude: 332 m LocUncVe: 64.0 m
//	Heading: 0.0 deg VelHoriz: 0.0 m/s VelVert: 0.0 m/s
func (s *sierraAnswer) gpsloc(l labels) {
	lat, w, ok := l.degrees("Lat", "N", "S")
	lon, _, ok2 := l.degrees("Lon", "E", "W")
	if !ok || !ok2 {
		return
	}
	p := &cell.Position{Lat: lat, Lon: lon, Source: "gnss"}
	if v, ok := l.find(1, "HEPE").number(0); ok && v > 0 && v < 100_000 {
		p.Accuracy = cell.Some(v)
	}
	if v, ok := l.find(1, "VelHoriz").number(0); ok && v >= 0 && v < 500 {
		p.Speed = cell.Some(v)
	}
	s.place(w, p)
}

func (l labels) degrees(name, plus, minus string) (float64, *row, bool) {
	w := l.find(7, name)
	if len(w.f) < 7 || w.f[1] != "Deg" || w.f[3] != "Min" || w.f[5] != "Sec" {
		return 0, w, false
	}
	deg, ok := w.number(0)
	minutes, ok2 := w.number(2)
	sec, ok3 := w.number(4)
	if !ok || !ok2 || !ok3 || deg < 0 || minutes < 0 || minutes >= 60 || sec < 0 || sec >= 60 {
		w.reject(BadValue)
		return 0, w, false
	}
	v := roundDegrees(deg + minutes/60 + sec/3600)
	switch w.f[6] {
	case plus:
		return v, w, true
	case minus:
		return -v, w, true
	}
	w.reject(BadValue)
	return 0, w, false
}
