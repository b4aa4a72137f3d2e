package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
	"vigie/modem/at"
)

// outOfRange takes a number that its column cannot hold. Where the shape of the row is not sure it may belong to another
// column: keeps then decides what of the row is left.
func (w *row) outOfRange() {
	if w.reading == skip || w.sure {
		w.reject(BadValue)
		return
	}
	w.scale = true
	w.spoilt()
}

// spoilt names the column that is being read: its value is bad, and costs that column alone.
func (w *row) spoilt() {
	list := &w.r.rejects
	if !w.said {
		w.said = true
		*list = append(*list, Reject{Line: w.line, Reason: BadValue, Columns: spoiltNames[w.reading], Used: w.used})
		return
	}
	if last, name := &(*list)[len(*list)-1], spoiltNames[w.reading]; !strings.Contains(last.Columns, name) {
		last.Columns = strings.TrimPrefix(last.Columns+", "+name, ", ")
	}
}

// spoiltNames are the columns that may be bad without the row being so, as the interchange format names them.
var spoiltNames = map[column]string{rsrp: "rsrp", rsrq: "rsrq", rssi: "rssi", sinr: "sinr", rscp: "rscp", ecio: "ecio", srxlev: "srxlev",
	priority: "priority", threshLow: "thresh_low", threshHigh: "thresh_high", ta: "ta", bandwidth: "bandwidth_khz"}

// begins reports whether a row of another number of columns than is known can be read up to column n, which is left out: it
// ended by itself, and nothing is empty from column one on. A row one column longer or shorter than these counts has a comma too many or too few.
func (w *row) begins(one, n int, counts ...int) bool {
	columns := len(w.f)
	if w.cut || columns < n || slices.Contains(counts, columns-1) || slices.Contains(counts, columns+1) {
		return false
	}
	for i := one; i < n; i++ {
		if w.text(i) == "" {
			return false
		}
	}
	return true
}

// located reports whether channel and band are there and agree, which shows that the columns up to them are where they
// should be.
func located(c *cell.Cell) bool {
	return c.ARFCN.Known() && c.Band.Known() && in(c.RAT, c.ARFCN.Or(0), c.Band)
}

// notMeasured takes a level that is printed as -1.
func (w *row) notMeasured(field cell.Fields, c *cell.Cell) {
	c.Placeholder |= field
	w.unmeasured = w.unmeasured || field == cell.FieldRSRP || field == cell.FieldRSCP
}

// keeps reports whether the cell of a row is taken, and takes off what is not believed. A number out of its range in a row
// whose shape is not sure costs all that is not an identity, and the row too unless channel and band agree, which shows
// that the columns up to them are where they should be. Where the power was not measured a ratio of -1 was neither.
func (w *row) keeps(c *cell.Cell) bool {
	if w.scale && !w.sure && !w.bad {
		if !located(c) {
			w.disbelieve()
		} else {
			*c = cell.Cell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, ID: c.ID, PCI: c.PCI, ARFCN: c.ARFCN, Band: c.Band,
				Placeholder: c.Placeholder & (cell.FieldMCC | cell.FieldMNC | cell.FieldCellID | cell.FieldPCI)}
		}
	}
	if w.bad {
		w.disbelieve()
		return false
	}
	if w.unmeasured {
		for _, r := range [...]struct {
			v     *cell.Opt[cell.DB]
			field cell.Fields
		}{{&c.RSRQ, cell.FieldRSRQ}, {&c.SINR, cell.FieldSINR}, {&c.EcIo, cell.FieldEcIo}} {
			if *r.v == cell.Some(cell.DB(-1)) {
				*r.v = cell.Opt[cell.DB]{}
				c.Placeholder |= r.field
			}
		}
	}
	w.use()
	if w.r.explains {
		w.explainRest(c)
	}
	return true
}

// use notes that something of the row was taken, also where it was rejected before.
func (w *row) use() {
	w.used = true
	if w.said {
		w.r.rejects[len(w.r.rejects)-1].Used = true
	}
}

// disbelieve gives a row up: nothing of it is taken.
func (w *row) disbelieve() {
	w.bad = true
	if w.said {
		last := &w.r.rejects[len(w.r.rejects)-1]
		last.Columns, last.Used = "", false
	}
	w.r.values = w.r.values[:min(w.values, len(w.r.values))]
}

// quoted tells which columns of the row are in quotes: bit i for column i, counted in the line.
func (w *row) quoted() uint64 {
	if !w.counted {
		_, rest := at.Prefix(w.line)
		w.quotes, w.counted = quotedColumns(rest), true
	}
	return w.quotes
}

// inQuotes reports whether column i is quoted.
func (w *row) inQuotes(i int) bool { return w.quoted()>>(i+w.dropped)&1 != 0 }

// quotedColumns tells it of the columns of a line without its prefix. A quote within a column is not one around it.
func quotedColumns(rest string) (set uint64) {
	column, begins := 0, true
	for {
		opening := strings.IndexByte(rest, '"')
		if opening < 0 {
			return set
		}
		before := rest[:opening]
		column += strings.Count(before, ",")
		if before = strings.TrimRight(before, " \t"); before != "" {
			begins = before[len(before)-1] == ','
		}
		if begins {
			set |= 1 << column
		}
		closing := strings.IndexByte(rest[opening+1:], '"')
		if closing < 0 {
			return set
		}
		rest, begins = rest[opening+closing+2:], false
	}
}

// plainQuotes makes the quotes of a line plain that a word processor or a forum has turned into others. A name may hold such
// quotes: a line that has plain ones is left as it is, unless it holds no name.
func plainQuotes(line string) string {
	if strings.IndexByte(line, 0xE2) < 0 && strings.IndexByte(line, 0xC2) < 0 {
		return line
	}
	if name, _ := at.Prefix(line); strings.IndexByte(line, '"') >= 0 && registrationDomain(name) == "" {
		return line
	}
	return typographicQuotes.Replace(line)
}

var typographicQuotes = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "«", `"`, "»", `"`, "‘", `"`, "’", `"`)

// escapesQuotes reports whether the line is one that a program printed with its quotes escaped: where its columns end is not sure.
func escapesQuotes(line string) bool {
	return strings.IndexByte(line, '\\') >= 0 && strings.Contains(line, `\"`)
}

// skipped notes a line that no reader takes, if somebody asks.
func (w *row) skipped() {
	if w.r.explains && w.line != "" {
		w.r.unread = append(w.r.unread, w.line)
	}
}

// Value is one value of an answer, and where it comes from.
type Value struct {
	Field    string `json:"field"`              // as the interchange format names it; "registration.status" is one of a registration
	Text     string `json:"printed,omitempty"`  // as printed
	Column   int    `json:"column,omitempty"`   // from 1, after the prefix; 0 where a label or the row as a whole tells the value
	Label    string `json:"label,omitempty"`    // before the value, where the row has labels
	Line     string `json:"line"`               // the row
	Document string `json:"document,omitempty"` // what the reading rests on
}

// explain notes that a field was read from column i, if somebody asks.
func (w *row) explain(i int, field string) {
	if w.r.explains {
		w.noteValue(i, field)
	}
}

func (w *row) noteValue(i int, field string) {
	if i >= 0 && w.text(i) == "" {
		return
	}
	v := Value{Field: field, Text: w.text(i), Line: w.line, Column: i + w.dropped + 1, Document: w.r.dialect.Document(w.name)}
	if w.labels != nil || i < 0 {
		v.Column = 0
	}
	if i >= 0 && i < len(w.labels) {
		v.Label = w.labels[i]
	}
	w.r.values = append(w.r.values, v)
}

// explainRest notes the values of a cell for which no column of the row was noted: its first word tells them, or several columns do.
func (w *row) explainRest(c *cell.Cell) {
	noted := w.r.values[min(w.values, len(w.r.values)):]
	for _, field := range c.Fields().Words() {
		if !slices.ContainsFunc(noted, func(v Value) bool { return v.Field == field }) {
			w.noteValue(-1, field)
		}
	}
}
