package review

import (
	"encoding/csv"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"vigie/cell"
	"vigie/review/evidence"
)

var csvColumns = []string{"time", "sensor", "state", "rat", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "band", "rsrp_dbm", "rsrq_db", "rssi_dbm", "rscp_dbm",
	"sinr_db", "neighbours", "registration", "lat", "lon"}

// Exportable refuses a file name whose format no export has; events are wanted too.
func Exportable(name string, events bool) error {
	switch ext := strings.ToLower(filepath.Ext(strings.TrimSuffix(name, ".gz"))); {
	case name != "-" && !slices.Contains([]string{"", ".ndjson", ".jsonl", ".json", ".csv"}, ext):
		return &refusal{evidence.PlainTo(name, 200) + ": there is no export in this format", "name a .ndjson, .ndjson.gz or .csv file; vigie bundle has GeoJSON and KML, vigie report HTML"}
	case isTable(name) && events:
		return &refusal{"a table has observations only", "leave out --events, or name a .ndjson file"}
	}
	return nil
}

func isTable(name string) bool {
	return strings.EqualFold(filepath.Ext(strings.TrimSuffix(name, ".gz")), ".csv")
}

// NewExport returns how to write records into a file of this name: as a table into a .csv file, in the interchange format into others. done
// ends it, and does not close w.
func NewExport(name string, w io.Writer) (put func(cell.Record) error, done func() error) {
	if isTable(name) {
		t := NewTable(w)
		return t.Put, t.Close
	}
	var buf []byte
	var enc cell.Encoder
	return func(r cell.Record) error {
		buf = enc.Append(buf[:0], r)
		_, err := w.Write(buf)
		return err
	}, func() error { return nil }
}

// Table writes observations as CSV, a row each. Other records have no row, and neither have the modem's lines.
type Table struct{ out *csv.Writer }

// NewTable begins a table with the names of its columns.
func NewTable(w io.Writer) *Table {
	t := &Table{csv.NewWriter(w)}
	t.out.Write(csvColumns) // the writer keeps the first error for Close
	return t
}

// Put writes a record. The error is that of the writer.
func (t *Table) Put(r cell.Record) error {
	o, ok := r.(*cell.Observation)
	if !ok {
		return nil
	}
	row := make([]string, len(csvColumns))
	row[0], row[1], row[2] = string(cell.AppendTime(nil, o.Time)), cellText(o.Sensor), cellText(string(o.State))
	if c := o.Serving; c != nil {
		row[3], row[4], row[5] = c.RAT.String(), cellText(c.MCC), cellText(c.MNC)
		row[6], row[7], row[8], row[9], row[10] = whole(c.Area), whole(c.ID), whole(c.PCI), whole(c.ARFCN), whole(c.Band)
		row[11], row[12], row[13], row[14], row[15] = decimal(c.RSRP), decimal(c.RSRQ), decimal(c.RSSI), decimal(c.RSCP), decimal(c.SINR)
	}
	if o.Neighbours != nil {
		row[16] = strconv.Itoa(len(o.Neighbours))
	}
	var regs []string
	for _, g := range o.Registration {
		regs = append(regs, evidence.StatusOf(g).In("en"))
	}
	row[17] = cellText(strings.Join(regs, "; "))
	if p := o.Position; p != nil {
		row[18], row[19] = strconv.FormatFloat(p.Lat, 'f', -1, 64), strconv.FormatFloat(p.Lon, 'f', -1, 64)
	}
	return t.out.Write(row)
}

// Close writes what is left.
func (t *Table) Close() error {
	t.out.Flush()
	return t.out.Error()
}

// cellText is a text that no spreadsheet takes for a formula.
func cellText(s string) string {
	s = evidence.Plain(s)
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func whole[T ~uint16 | ~uint32 | ~uint64](o cell.Opt[T]) string {
	v, ok := o.Get()
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(v), 10)
}

func decimal[T ~float64](o cell.Opt[T]) string {
	if v := evidence.Value(o); v != nil {
		return strconv.FormatFloat(*v, 'f', -1, 64)
	}
	return ""
}
