package dialect

import (
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// sequans reads the modules on Sequans Monarch chips: +SQNMONI for the serving cell and the neighbours. Facts and sources:
// firmware-notes/sequans.md.
var sequans = &Dialect{
	Name:     "sequans",
	Title:    "Sequans Monarch GM01Q, GM02S, VZ20, Pycom GPy and FiPy",
	Evidence: Recorded,
	Match: func(id Ident) bool {
		return strings.Contains(strings.ToUpper(id.Manufacturer), "SEQUANS") ||
			hasAnyPrefix(strings.ToUpper(id.Model), []string{"GM01", "GM02", "VZ20", "VZ22"})
	},
	Capabilities: func(Ident) cell.Fields {
		return standard | onAir | cell.FieldState | cell.FieldBandwidth | cell.FieldRSSI | cell.FieldSINR |
			cell.FieldNeighbours
	},
	Settings: Settings,
	Serving: []at.Command{
		vendor("+SQNMONI=9", "the serving cell"),
	},
	Around: []at.Command{
		vendor("+SQNMONI=7", "the serving and the neighbour cells"),
		askCEREG, askCOPS, askCSCON,
	},
	Surveys: []at.Command{scanCOPS},
	Only:    map[string]cell.Fields{"+SQNMONI=7": cell.FieldNeighbours},
	Knows: func(line string) bool {
		line = strings.ToUpper(line)
		return strings.HasPrefix(strings.TrimPrefix(line, "AT"), "+SQN") || strings.Contains(line, "SEQUANS")
	},
	once: func(line string) string {
		if strings.HasPrefix(line, "+SQNMONI:") && strings.Contains(line, " TAC:") {
			return "+SQNMONI"
		}
		return ""
	},
	parse: func(r *round, a Answer) {
		if a.Command == "+SQNMONI=7" && a.Final == "OK" {
			r.asked(8)
		}
		r.byPrefix(a, sequansRows)
	},
}

var sequansRows = map[string]func(*round, *row){"+SQNMONI": (*round).sqnmoni}

// sqnmoni reads a cell [recorded: Monarch in Pycom GPy, Monarch 2 in GM02SP]. All is decimal but the CID, also the TAC, for
// 64503 was printed; levels have two decimals. The name of the network may hold spaces. A row without a TAC is that of a
// neighbour [manual, at second hand].
//
//	+SQNMONI: NL KPN Cc:204 Nc:08 RSRP:-90.00 CINR:18.00 RSRQ:-7.70 TAC:64503 Id:176 EARFCN:6400 PWR:-74.52 PAGING:64
//	+SQNMONI: Singtel Cc:525 Nc:01 RSRP:-78.40 RSRQ:-15.60 TAC:678 Id:472 EARFCN:3716 PWR:-55.02 PAGING:256 CID:0xB36BC27 BAND:8 BW:20000
func (r *round) sqnmoni(w *row) {
	w.spaced("Cc", "Nc", "RSRP", "CINR", "RSRQ", "TAC", "Id", "EARFCN", "PWR", "CID", "BAND", "BW")
	c := w.cell(cell.LTE, 0, mcc, mnc, rsrp, sinr, rsrq, area, pci, arfcn, rssi, hexCID, band)
	w.kilohertz(11, &c)
	switch {
	case w.text(2) == "" && w.text(7) == "":
		w.reject(Truncated)
	case w.text(5) != "":
		r.part(w, c)
	case w.cut:
		w.reject(Truncated) // serving cell or neighbour, its rest would tell
	default:
		r.neighbour(w, c)
	}
}
