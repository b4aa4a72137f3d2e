package witness

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"vigie/cell"
)

// Columns name the columns of a table: by what Vigie calls a value (ColumnNames), the header of the column.
type Columns map[string]string

// ColumnNames are the values that a column can hold. time is required; the rest is as in docs/fields.md. neighbour is true, yes or 1 for a
// cell that is not the serving one: rows of one time belong together. sensor is who recorded the row.
var ColumnNames = []string{"time", "sensor", "neighbour", "rat", "mcc", "mnc", "area", "cell_id", "pci", "arfcn", "rsrp", "rsrq", "rssi", "rscp", "sinr", "ta", "lat", "lon", "accuracy"}

// ParseColumns reads columns as they are named on a command line: time=Date,mcc=MCC,... A name alone is also that of its column.
func ParseColumns(text string) (Columns, error) {
	c := Columns{}
	for part := range strings.SplitSeq(text, ",") {
		name, header, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named {
			header = name
		}
		if !slices.Contains(ColumnNames, name) {
			return nil, fmt.Errorf("%q is no value that a column can hold: it is one of %s", name, strings.Join(ColumnNames, ", "))
		}
		if header == "" || c[name] != "" {
			return nil, fmt.Errorf("the column of %s is named twice, or not at all", name)
		}
		c[name] = header
	}
	if c["time"] == "" {
		return nil, errors.New("no column of times is named: time=HEADER")
	}
	return c, nil
}

// mostTogether bounds the rows of one time: a phone lists a few dozen cells.
const mostTogether = cell.MaxList

// table reads the rows of a CSV file by the names of its columns.
type table struct {
	csv    *csv.Reader
	at     map[string]int // columns by their header, in lower case
	row    []string
	report *Report
}

// newTable reads the header. A column that is there twice is the first one.
func newTable(in io.Reader, comma rune, r *Report) (*table, error) {
	t := &table{csv: csv.NewReader(in), at: map[string]int{}, report: r}
	t.csv.Comma, t.csv.FieldsPerRecord, t.csv.LazyQuotes, t.csv.ReuseRecord, t.csv.TrimLeadingSpace = comma, -1, true, true, true
	head, err := t.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("the header of the table: %w", err)
	}
	for i, name := range head {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			if _, twice := t.at[name]; !twice {
				t.at[name] = i
			}
		}
	}
	return t, nil
}

// next reads the next row; io.EOF at the end. A row that is no row is left out and counted.
func (t *table) next(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := t.csv.Read()
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			t.report.Rows++
			t.report.leave("a row that cannot be read")
			continue
		case err != nil:
			return err
		}
		t.report.Rows++
		t.row = row
		return nil
	}
}

// text is a value of the row; empty if the column or the value is not there. Programs write nothing in different ways.
func (t *table) text(column string) string {
	i, ok := t.at[strings.ToLower(column)]
	if column == "" || !ok || i >= len(t.row) {
		return ""
	}
	s := strings.TrimSpace(t.row[i])
	switch strings.ToLower(s) {
	case "nil", "null", "none", "nan", "-", "n/a", "unknown":
		return ""
	}
	return s
}

// number is a whole number of the row from 0 to most. Anything else is absent, and counted unless it is how Android says that it does not
// know (2147483647, CellInfo.UNAVAILABLE, and -1).
func (t *table) number(column string, most uint64) cell.Opt[uint64] {
	s := t.text(column)
	if s == "" || s == "2147483647" || s == "9223372036854775807" || s == "-1" {
		return cell.Opt[uint64]{}
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(s, ".0"), 10, 64)
	if err != nil || n > most {
		t.report.absent(column)
		return cell.Opt[uint64]{}
	}
	return cell.Some(n)
}

// level is a number of the row within bounds.
func (t *table) level(column string, least, most float64) cell.Opt[float64] {
	s := t.text(column)
	if s == "" || s == "2147483647" {
		return cell.Opt[float64]{}
	}
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || !(v >= least && v <= most) {
		t.report.absent(column)
		return cell.Opt[float64]{}
	}
	return cell.Some(v)
}

// position is that of the row; nil if it is not known.
func (t *table) position(lat, lon, accuracy, speed, source string) *cell.Position {
	p := &cell.Position{Source: source}
	a, ok1 := t.level(lat, -90, 90).Get()
	b, ok2 := t.level(lon, -180, 180).Get()
	if !ok1 || !ok2 || a == 0 && b == 0 {
		return nil
	}
	p.Lat, p.Lon = a, b
	p.Accuracy, p.Speed = t.level(accuracy, 0, 1e6), t.level(speed, 0, 1000)
	return p
}

// identity sets what names a cell. MCC, MNC, area and cell identity that are reserved or out of range are absent.
func (t *table) identity(c *cell.Cell, mcc, mnc, area, id, pci, arfcn string) {
	if n, ok := t.number(mcc, 999).Get(); ok && n > 0 {
		c.MCC = fmt.Sprintf("%03d", n)
		if s := t.text(mnc); len(s) > 0 && len(s) <= 3 && strings.Trim(s, "0123456789") == "" {
			p := cell.PLMN{MCC: c.MCC, MNC: s}.Canonical() // programs print it as a number, without the zeros before it
			c.MCC, c.MNC = p.MCC, p.MNC
		} else if s != "" && s != "2147483647" {
			t.report.absent(mnc)
		}
	}
	if c.MNC == "" {
		c.MCC = ""
	}
	if n, ok := t.number(area, uint64(c.RAT.MaxArea())).Get(); ok && !cell.Area(n).Reserved(c.RAT) {
		c.Area = cell.Some(cell.Area(n))
	}
	if n, ok := t.number(id, math.MaxInt64).Get(); ok && n > 0 {
		switch most := c.RAT.MaxCellID(); { // all ones: not known
		case n < most:
			c.ID = cell.Some(n)
		case n > most:
			t.report.absent(id)
		}
	}
	if n, ok := t.number(pci, uint64(c.RAT.MaxPCI())).Get(); ok && c.RAT != cell.GSM {
		c.PCI = cell.Some(uint16(n))
	}
	if n, ok := t.number(arfcn, 3279165).Get(); ok && n > 0 {
		c.ARFCN = cell.Some(uint32(n))
	}
}

// levels are the bounds in which a level is believed: those of the interchange format, in dBm and dB.
func dbm(o cell.Opt[float64]) cell.Opt[cell.DBm] {
	if v, ok := o.Get(); ok {
		return cell.Some(cell.DBm(v))
	}
	return cell.Opt[cell.DBm]{}
}

func db(o cell.Opt[float64]) cell.Opt[cell.DB] {
	if v, ok := o.Get(); ok {
		return cell.Some(cell.DB(v))
	}
	return cell.Opt[cell.DB]{}
}

// together collects the rows of one time into one observation.
type together struct {
	to   Takers
	r    *Report
	open *cell.Observation
}

// add adds a cell heard at a time. The first cell that is not a neighbour is the serving one; on a phone with two cards there are two,
// and the other is kept as a neighbour that tells its identity. A place belongs to all cells of its time.
func (g *together) add(at time.Time, sensor string, c cell.Cell, neighbour bool, p *cell.Position) error {
	if g.open != nil && (!g.open.Time.Equal(at) || g.open.Sensor != sensor) {
		if err := g.flush(); err != nil {
			return err
		}
	}
	if g.open == nil {
		g.open = &cell.Observation{Time: at, Sensor: sensor}
	}
	if p != nil {
		g.open.Position = p
	}
	switch {
	case !neighbour && g.open.Serving == nil:
		g.open.Serving = &c
	case len(g.open.Neighbours) < mostTogether:
		g.open.Neighbours = append(g.open.Neighbours, c)
	default:
		g.r.leave(fmt.Sprintf("more than %d cells at one time", mostTogether))
	}
	return nil
}

// flush passes on the observation.
func (g *together) flush() error {
	if g.open == nil {
		return nil
	}
	o := g.open
	g.open = nil
	g.r.Observations++
	return g.to.Record(o)
}

// readTable reads a table whose columns are named.
func readTable(ctx context.Context, in *bufio.Reader, o Options, to Takers, r *Report) error {
	head, _ := in.Peek(headLength)
	t, err := newTable(in, separator(firstLine(head)), r)
	if err != nil {
		return err
	}
	c := o.Columns
	for name, header := range c {
		if _, there := t.at[strings.ToLower(header)]; !there {
			return fmt.Errorf("the table has no column %q for %s", header, name)
		}
	}
	g := together{to: to, r: r}
	if err := to.Record(source(o.Sensor, "table")); err != nil {
		return err
	}
	for {
		err := t.next(ctx)
		if errors.Is(err, io.EOF) {
			return g.flush()
		}
		if err != nil {
			return err
		}
		at, ok := timeOf(t.text(c["time"]))
		if !ok {
			r.leave("a row without a time that is understood")
			continue
		}
		one := cell.Cell{RAT: ratOf(t.text(c["rat"]))}
		if one.RAT == cell.UnknownRAT {
			r.leave("a row without a RAT that is known (GSM, UMTS, LTE, NR)")
			continue
		}
		t.identity(&one, c["mcc"], c["mnc"], c["area"], c["cell_id"], c["pci"], c["arfcn"])
		t.measured(&one, c["rsrp"], c["rsrq"], c["rssi"], c["rscp"], c["sinr"], c["ta"])
		sensor := o.Sensor
		if s := t.text(c["sensor"]); s != "" {
			sensor += "-" + s
		}
		if err := g.add(at, sensor, one, yes(t.text(c["neighbour"])), t.position(c["lat"], c["lon"], c["accuracy"], "", "")); err != nil {
			return err
		}
	}
}

// measured sets the levels of a cell that exist in its RAT.
func (t *table) measured(c *cell.Cell, rsrp, rsrq, rssi, rscp, sinr, ta string) {
	if c.RAT == cell.LTE || c.RAT == cell.NR {
		c.RSRP, c.RSRQ, c.SINR = dbm(t.level(rsrp, -160, -20)), db(t.level(rsrq, -45, 25)), db(t.level(sinr, -30, 50))
	}
	if c.RAT != cell.NR {
		c.RSSI = dbm(t.level(rssi, -130, 0))
	}
	if c.RAT == cell.UMTS {
		c.RSCP = dbm(t.level(rscp, -140, -10))
	}
	if n, ok := t.number(ta, 1282).Get(); ok && (c.RAT == cell.LTE || c.RAT == cell.GSM && n <= 63) {
		c.TA = cell.Some(uint16(n))
	}
}

// source is the line of a sensor whose records come from another program. What it reports is taken from what it has.
func source(sensor, program string) *cell.Source {
	return &cell.Source{Version: 1, Sensor: sensor, Mode: cell.Mobile, Model: program, Set: "import"}
}

// separator is what separates the columns of a header: the one that is there most often.
func separator(head string) rune {
	best := ','
	for _, c := range ";\t" {
		if strings.Count(head, string(c)) > strings.Count(head, string(best)) {
			best = c
		}
	}
	return best
}

func yes(s string) bool {
	switch strings.ToLower(s) {
	case "true", "yes", "1", "y":
		return true
	}
	return false
}

// ratOf is the RAT that programs call by these names; UnknownRAT for any other.
func ratOf(s string) cell.RAT {
	switch strings.ToUpper(strings.TrimSpace(s)) {
	case "GSM", "GPRS", "EDGE", "2G":
		return cell.GSM
	case "UMTS", "WCDMA", "UTRAN", "HSPA", "HSDPA", "HSUPA", "HSPA+", "TD-SCDMA", "TDSCDMA", "3G":
		return cell.UMTS
	case "LTE", "LTE-A", "E-UTRAN", "4G":
		return cell.LTE
	case "NR", "5G NR", "5G", "NR5G":
		return cell.NR
	}
	return cell.UnknownRAT
}

// Times before and after which no file of such a program was recorded: what is outside is in another unit.
var (
	earliest = time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// timeOf reads a time: RFC 3339, a date and time in UTC, or seconds or milliseconds since 1970.
func timeOf(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return inRange(t)
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 1e14 {
		return time.Time{}, false
	}
	if t, ok := seconds(v); ok {
		return t, true
	}
	return seconds(v / 1000)
}

// seconds is a time in seconds since 1970, to the millisecond.
func seconds(v float64) (time.Time, bool) {
	if v > float64(latest.Unix()) {
		return time.Time{}, false
	}
	return inRange(time.UnixMilli(int64(math.Round(v * 1000))))
}

func inRange(t time.Time) (time.Time, bool) {
	return t.UTC(), t.After(earliest) && t.Before(latest)
}
