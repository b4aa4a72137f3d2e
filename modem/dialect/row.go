package dialect

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// row is one information line, split at its commas. Its methods read columns: what is empty or dashes is absent, a
// reserved or filler value is absent and named in the cell's Placeholder. Anything else that is not what the column should hold is
// bad. A bad identity makes the line a Reject, and the cell is not taken: where a comma was lost, columns have shifted. Another bad
// column costs only itself where the shape of the row is sure; see spoilt. Columns count from 0, after the prefix.
type row struct {
	r       *round
	line    string   // as printed, with plain quotes
	name    string   // the prefix without its colon: "+QENG"; "" where the line has none
	f       []string // the columns, as at.Fields gives them
	labels  []string // of the values in f, where the row has labels and not columns
	quotes  uint64   // see quoted: once it is counted
	values  int      // of r.values, when the row began
	dropped int      // columns that were taken away before f
	marks
}

// marks are what is known of a row besides its text.
type marks struct {
	cut  bool // the line did not end: its last column is blank here, because it may be half a value
	said bool // it has been rejected
	bad  bool // a column was bad: nothing of the row is believed

	sure       bool   // the number of its columns, or its labels, leave no doubt which is which
	reading    column // what is being read, when it may be bad without the row being so; else skip
	scale      bool   // in a row that is not sure a number is out of its range: all levels are left out
	unmeasured bool   // the power of the cell is printed as -1
	counted    bool   // quotes is known
	used       bool   // something of the row was taken
}

// row splits a line. The row is valid until the next one is made.
func (r *round) row(line string, cut bool) *row {
	line = plainQuotes(line)
	quotes := strings.Count(line, `"`)
	w := &r.current
	w.r, w.line, w.labels, w.values, w.dropped = r, line, nil, len(r.values), 0
	w.marks = marks{cut: cut || quotes%2 != 0}
	w.name, w.f = at.Fields(r.columns[:0], line)
	if w.cut {
		w.f[len(w.f)-1] = ""
	}
	return w
}

// text is column i; "" when there is none (-1, or too few columns) or it is dashes.
func (w *row) text(i int) string {
	if i < 0 || i >= len(w.f) {
		return ""
	}
	s := w.f[i]
	if s != "" && s[len(s)-1] == '-' && isDash(s) {
		return ""
	}
	return s
}

// isDash reports whether a column is filled with dashes: "-", "--", "---".
func isDash(s string) bool {
	for i := range len(s) {
		if s[i] != '-' {
			return false
		}
	}
	return s != ""
}

// drop takes the first n columns away, as rows that begin with a label do.
func (w *row) drop(n int) {
	n = min(n, len(w.f))
	w.f = w.f[n:]
	w.dropped += n
}

// reject names the line once, for its first trouble.
func (w *row) reject(why Reason) {
	if why == BadValue && w.reading != skip && w.sure {
		w.spoilt()
		return
	}
	w.bad = w.bad || why == BadValue
	if !w.said {
		w.said = true
		w.r.rejects = append(w.r.rejects, Reject{Line: w.line, Reason: why, Used: w.used && !w.bad})
	}
}

// layout reports whether the row has one of these numbers of columns, and rejects it when it has not. The shape of a row is sure
// when no other number is next to its own: then no comma was lost or came twice.
func (w *row) layout(counts ...int) bool {
	n := len(w.f)
	if slices.Contains(counts, n) {
		w.sure = !w.cut && !slices.Contains(counts, n-1) && !slices.Contains(counts, n+1)
		return true
	}
	if w.cut || n < slices.Min(counts) {
		w.reject(Truncated)
	} else {
		w.reject(UnknownLayout)
	}
	return false
}

// whole reads a number of base 10 or 16 (there with or without 0x). An absent one is not ok, a bad one rejects the row.
func (w *row) whole(i, base int) (uint64, bool) {
	s := w.text(i)
	if s == "" {
		return 0, false
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s = s[2:]
	}
	v, ok := parseWhole(s, uint64(base))
	if !ok {
		w.reject(BadValue)
	}
	return v, ok
}

func parseWhole(s string, base uint64) (uint64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var v uint64
	for i := 0; i < len(s); i++ {
		var d uint64
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			d = uint64(c - '0')
		case base == 16 && c >= 'A' && c <= 'F':
			d = uint64(c-'A') + 10
		case base == 16 && c >= 'a' && c <= 'f':
			d = uint64(c-'a') + 10
		default:
			return 0, false
		}
		if v>>60 != 0 { // of 18 digits only hexadecimal ones reach this
			return 0, false
		}
		v = v*base + d
	}
	return v, true
}

// number reads a signed decimal number, with or without a fraction.
func (w *row) number(i int) (float64, bool) {
	s := w.text(i)
	if s == "" {
		return 0, false
	}
	digits := strings.TrimPrefix(s, "-")
	if len(digits) <= 10 {
		if v, ok := parseWhole(digits, 10); ok {
			if len(digits) < len(s) {
				return -float64(v), true
			}
			return float64(v), true
		}
	}
	for j := 0; j < len(digits); j++ {
		if c := digits[j]; (c < '0' || c > '9') && c != '.' {
			w.reject(BadValue)
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		w.reject(BadValue)
		return 0, false
	}
	return v, true
}

// index reads a small whole number, as the bucket tables of TS 27.007 take it; -1 when absent, or printed so.
func (w *row) index(i int) int {
	s := w.text(i)
	if s == "" || s == "-1" {
		return -1
	}
	switch v, ok := parseWhole(s, 10); {
	case !ok:
		w.reject(BadValue)
	case v > 255:
		w.outOfRange()
	default:
		return int(v)
	}
	return -1
}

// allOnes tells the fillers that modems print for a number they do not know: FFFF, 7FFFFFFF, FFFFFFF, ...
func allOnes(v uint64) bool {
	return v&(v+1) == 0 && (v == 1<<16-1 || v >= 1<<28-1)
}

// plmn reads MCC and MNC, each as printed. An MNC is not kept without its MCC, nor the other way round.
func (w *row) plmn(mcc, mnc int, c *cell.Cell) {
	if w.network(w.text(mcc), w.text(mnc), c) {
		w.explain(mcc, "mcc")
		w.explain(mnc, "mnc")
	}
}

// plmnPair reads an MCC and an MNC that share a column, with sep between them.
func (w *row) plmnPair(i int, sep string, c *cell.Cell) {
	mcc, mnc, ok := strings.Cut(w.text(i), sep)
	if !ok && mcc != "" {
		w.reject(BadValue)
		return
	}
	if w.network(mcc, mnc, c) {
		w.explain(i, "mcc")
		w.explain(i, "mnc")
	}
}

// network takes an MCC and an MNC, and reports whether they name one.
func (w *row) network(mcc, mnc string, c *cell.Cell) bool {
	country, ok := w.code(mcc, cell.FieldMCC, c)
	network, ok2 := w.code(mnc, cell.FieldMNC, c)
	if !ok || !ok2 {
		return false
	}
	if country[0] == '0' && strings.Trim(country, "0") == "" { // 000-00, 0-0
		c.Placeholder |= cell.FieldMCC | cell.FieldMNC
		return false
	}
	c.MCC, c.MNC = country, network
	return true
}

func (w *row) code(s string, field cell.Fields, c *cell.Cell) (string, bool) {
	if s == "" {
		return "", false
	}
	if s[0]|0x20 == 'f' && strings.Trim(s, "fF") == "" || s == "65535" {
		c.Placeholder |= field
		return "", false
	}
	if _, ok := parseWhole(s, 10); !ok || len(s) > 3 {
		w.reject(BadValue)
		return "", false
	}
	return s, true
}

// accept judges a number that was read, if it is there: a filler is named in the Placeholder, a number that does not fit makes the
// line a Reject.
func (w *row) accept(there, filler, fits bool, field cell.Fields, c *cell.Cell) bool {
	switch {
	case !there:
	case filler:
		c.Placeholder |= field
	case !fits:
		w.outOfRange()
	default:
		return true
	}
	return false
}

// area reads a LAC or TAC. c.RAT must be set.
func (w *row) area(i, base int, c *cell.Cell) {
	v, ok := w.whole(i, base)
	fits := v <= uint64(c.RAT.MaxArea())
	if w.accept(ok, fits && cell.Area(v).Reserved(c.RAT) || !fits && allOnes(v), fits, cell.FieldArea, c) {
		c.Area = cell.Some(cell.Area(v))
		w.explain(i, "area")
	}
}

// cellID reads a CI, UTRAN cell identity, ECI or NCI. c.RAT must be set.
func (w *row) cellID(i, base int, c *cell.Cell) {
	v, ok := w.whole(i, base)
	most := c.RAT.MaxCellID()
	if w.accept(ok, v == 0 || v == most || allOnes(v), v < most, cell.FieldCellID, c) {
		c.ID = cell.Some(v)
		w.explain(i, "cell_id")
	}
}

// pci reads a BSIC, PSC or PCI. c.RAT must be set. 255 fills a BSIC, 65535 any of them.
func (w *row) pci(i, base int, c *cell.Cell) {
	v, ok := w.whole(i, base)
	fits := v <= uint64(c.RAT.MaxPCI())
	if w.accept(ok, !fits && (v == 127 || v == 255 || v == 1<<15-1 || allOnes(v)), fits, cell.FieldPCI, c) {
		c.PCI = cell.Some(uint16(v))
		w.explain(i, "pci")
	}
}

// maxARFCN is the largest channel number of a RAT: TS 45.005 clause 2, TS 25.101 clause 5.4.3, TS 36.101 clause 5.7.3
// (2^18-1), TS 38.104 clause 5.4.2.1.
var maxARFCN = [...]uint32{cell.GSM: 1023, cell.UMTS: 16383, cell.LTE: 262143, cell.NR: 3279165}

// arfcn reads a channel number. c.RAT must be set.
func (w *row) arfcn(i, base int, c *cell.Cell) {
	v, ok := w.whole(i, base)
	old := c.RAT != cell.LTE && c.RAT != cell.NR
	if w.accept(ok, old && v == 1<<15-1 || allOnes(v), v <= uint64(maxARFCN[c.RAT]), cell.FieldARFCN, c) {
		c.ARFCN = cell.Some(uint32(v))
		w.explain(i, "arfcn")
	}
}

// band reads the number of an operating band.
func (w *row) band(i int, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	if w.accept(ok, v == 0 || v == 255 || v == 1<<16-1, v <= 1024, cell.FieldBand, c) {
		c.Band = cell.Some(cell.Band(v))
		w.explain(i, "band")
	}
}

// within reads a level or ratio that must lie in lo..hi once multiplied by unit: 1 where the column is in dBm or dB,
// 0.1 where it is in tenths.
func (w *row) within(i int, unit, lo, hi float64, field cell.Fields, c *cell.Cell) (float64, bool) {
	v, ok := w.number(i)
	if !ok {
		return 0, false
	}
	if v >= 99 || v <= -1920 { // nearly no level is
		switch v {
		case -32768, -32767, 32767, 65535, 255, 99, -3276, -1920, 2147483647, -2147483648:
			c.Placeholder |= field
			return 0, false
		}
	}
	switch unit {
	case 1:
	case 0.1:
		v /= 10 // -155 / 10 is -15.5, -155 * 0.1 is not
	default:
		v *= unit
	}
	switch {
	case v >= lo && v <= hi:
		return v, true
	case v == -unit: // printed as -1, where no such level can be
		w.notMeasured(field, c)
	default:
		w.outOfRange()
	}
	return 0, false
}

// threshold reads a reselection threshold in dB: 0..62 (TS 36.331, ReselectionThreshold, in steps of 2 dB).
func (w *row) threshold(i int, what column) (t cell.Opt[cell.DB]) {
	var none cell.Cell
	w.reading = what
	if v, ok := w.within(i, 1, 0, 62, 0, &none); ok {
		t = cell.Some(cell.DB(v))
		w.explain(i, spoiltNames[what])
	}
	w.reading = skip
	return t
}

// priority reads a cell reselection priority, 0..7.
func (w *row) priority(i int, c *cell.Cell) {
	w.reading = priority
	if v, ok := w.whole(i, 10); w.accept(ok, v == 255, v <= 7, cell.FieldPriority, c) {
		c.Priority = cell.Some(uint8(v))
		w.explain(i, "priority")
	}
	w.reading = skip
}

// maxTA is the largest timing advance: GSM 63 (TS 45.010 clause 5.6), LTE 1282 (TS 36.213 clause 4.2.3).
var maxTA = [...]uint64{cell.GSM: 63, cell.UMTS: 0, cell.LTE: 1282, cell.NR: 0}

// ta reads a timing advance. c.RAT must be set.
func (w *row) ta(i int, c *cell.Cell) {
	w.taIn(i, 10, c)
}

// taIn reads a timing advance in a base.
func (w *row) taIn(i, base int, c *cell.Cell) {
	w.reading = ta
	v, ok := w.whole(i, base)
	fits := v <= maxTA[c.RAT]
	if w.accept(ok, !fits && (v == 255 || allOnes(v)), fits, cell.FieldTA, c) {
		c.TA = cell.Some(uint16(v))
		w.explain(i, "ta")
	}
	w.reading = skip
}

// minutes reads a coordinate in degrees and minutes, as NMEA prints it: 5156.1360 and N is 51.9356 degrees.
func (w *row) minutes(i, side int, plus, minus string) (float64, bool) {
	v, ok := w.number(i)
	if !ok || v < 0 || v > 18000 {
		return 0, false
	}
	degrees := math.Floor(v / 100)
	v = roundDegrees(degrees + (v-100*degrees)/60)
	switch w.text(side) {
	case plus:
		return v, true
	case minus:
		return -v, true
	}
	return 0, false
}

// roundDegrees rounds to a centimetre.
func roundDegrees(v float64) float64 { return math.Round(v*1e7) / 1e7 }

// hasAnyPrefix reports whether s begins with one of the prefixes.
func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
