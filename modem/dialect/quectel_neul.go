package dialect

import (
	"strings"

	"vigie/cell"
)

// statisticsLabels are the labels of +NUESTATS that are read, in the order of statisticsColumns.
var statisticsLabels = []string{"earfcn", "pci", "cell id", "signal power", "rsrq", "total power", "snr", "current band"}

// nuestats reads a line of +NUESTATS of the modules on HiSilicon's Boudica chips, and reports whether it is one [BC95, BC28 and SARA-N2 manuals, at
// second hand; recorded in public notes: BC95, BC28, BC35, SARA-N211]. It prints labelled lines, with or without its name before them. Levels
// and ratios are in tenths; on chips that imitate it they are whole, which the signal power shows. The cell id is decimal.
//
//	Signal power:-758              also NUESTATS:RADIO,Signal power:-758 and +NUESTATS: Signal power:-758
//	Total power:-706               the RSSI
//	Cell ID:3535136
//	SNR:132
//	EARFCN:3518
//	PCI:22
//	RSRQ:-108
//	CURRENT BAND:8                 on some
//	NUESTATS:CELL,3547,186,1,-813,-134,-715,10
func (q *quectelAnswer) nuestats(w *row) bool {
	text, named := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(w.line), "+"), "NUESTATS:")
	text = strings.TrimSpace(strings.ReplaceAll(text, `"`, ""))
	named = named || strings.HasPrefix(q.command, "+NUESTATS")
	switch kind, rest, _ := strings.Cut(text, ","); kind {
	case "CELL":
		if named {
			q.nuestatsCell(w, rest)
		}
		return named
	case "RADIO":
		text = rest
	}
	i := strings.IndexAny(text, ":,")
	if i < 0 {
		return named
	}
	label, value := strings.ToLower(strings.TrimSpace(text[:i])), strings.TrimSpace(text[i+1:])
	if q.statistics == nil {
		if label != "signal power" {
			return named
		}
		q.statistics = map[string]string{}
	}
	if _, twice := q.statistics[label]; !twice && !w.cut {
		q.statistics[label] = value
	}
	return true
}

// endStatistics makes a cell of the lines of +NUESTATS.
func (q *quectelAnswer) endStatistics() {
	if q.statistics == nil {
		return
	}
	w := &row{r: q.round, line: "+NUESTATS"}
	for _, label := range statisticsLabels {
		w.f = append(w.f, q.statistics[label])
	}
	c := cell.Cell{RAT: cell.LTE}
	if w.text(0) == "" || w.text(1) == "" || w.text(2) == "" || w.text(3) == "" {
		w.reject(Truncated)
		return
	}
	if w.text(0) == "0" && w.text(2) == "0" {
		q.nothing = true
		return
	}
	w.read(&c, 7, band)
	w.read(&c, 0, bandARFCN, pci, cid)
	w.neulLevels(3, &c, rsrp, rsrq, rssi, sinr)
	q.part(w, c)
}

// nuestatsCell reads a cell of +NUESTATS=CELL. Of a neighbour RSSI and SNR are fillers.
//
//	0      1   2       3    4    5    6
//	earfcn,pci,serving,rsrp,rsrq,rssi,snr
func (q *quectelAnswer) nuestatsCell(w *row, columns string) {
	w.f = strings.Split(columns, ",")
	if w.cut || !w.layout(7) {
		w.reject(Truncated)
		return
	}
	if !w.signs(0, "+++--") {
		return
	}
	c := w.cell(cell.LTE, 0, arfcn, pci)
	w.exists(&c)
	switch w.text(2) {
	case "1":
		w.neulLevels(3, &c, rsrp, rsrq, rssi, sinr)
		q.asked(q.rows)
		q.part(w, c)
	case "0":
		w.neulLevels(3, &c, rsrp, rsrq)
		q.listed(w, q.rows, c)
	default:
		w.reject(UnknownToken)
	}
}

// neulLevels reads levels that are in tenths, or whole where the first one, the RSRP, cannot be in tenths.
func (w *row) neulLevels(from int, c *cell.Cell, columns ...column) {
	unit := 0.1
	if !w.below(from, minRSRP) {
		unit = 1
	}
	for i, what := range columns {
		w.level(from+i, what, unit, c)
	}
}
