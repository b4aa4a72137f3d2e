package celldb

import (
	"bytes"
	"math"
	"strconv"

	"vigie/cell"
)

// Why a row is not taken. Each is counted by input.
const (
	badColumns  = "too few columns"
	badRadio    = "unknown radio"
	badCDMA     = "CDMA, which Vigie does not see"
	badNetwork  = "bad country or network code"
	badArea     = "bad area code"
	badID       = "bad cell identity"
	badPosition = "bad position"
	badLine     = "line too long"
)

// The columns that are read, in the order of both exports, which a header may change.
const (
	colRadio = iota
	colMCC
	colNet
	colArea
	colCell
	colUnit
	colLon
	colLat
	colRange
	colSamples
	colChangeable
	colCreated
	colUpdated
	columns
)

var columnNames = [columns]string{"radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples", "changeable", "created", "updated"}

const maxColumns = 32

// parser reads the rows of one input. The fields of both exports are numbers and names without quotes; each line stands
// for itself, so that a stray quote spoils one row and not the rest of the file, as it would with encoding/csv.
type parser struct {
	at     [columns]int // where a column is; -1: not there
	fields [maxColumns][]byte
	n      int
}

func newParser() *parser {
	p := &parser{}
	for i := range p.at {
		p.at[i] = i
	}
	return p
}

func (p *parser) split(line []byte) {
	p.n = 0
	for p.n < maxColumns {
		i := bytes.IndexByte(line, ',')
		f := line
		if i >= 0 {
			f = line[:i]
		}
		p.fields[p.n] = bytes.Trim(f, " \t\"")
		p.n++
		if i < 0 {
			return
		}
		line = line[i+1:]
	}
}

func (p *parser) field(col int) []byte {
	if i := p.at[col]; i >= 0 && i < p.n {
		return p.fields[i]
	}
	return nil
}

// header takes a line that names the columns.
func (p *parser) header() bool {
	found, at := 0, [columns]int{}
	for c, name := range columnNames {
		at[c] = -1
		for i := range p.n {
			if bytes.EqualFold(p.fields[i], []byte(name)) {
				at[c] = i
				found++
				break
			}
		}
	}
	if found < 3 || at[colMCC] < 0 {
		return false
	}
	p.at = at
	return true
}

// parse reads a line. A header gives neither a record nor a reason.
func (p *parser) parse(line []byte) (r record, ok bool, bad string) {
	p.split(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
	radio := p.field(colRadio)
	rat := radioOf(radio)
	if rat == cell.UnknownRAT && p.header() {
		return r, false, ""
	}
	if p.field(colLat) == nil || p.field(colLon) == nil || p.field(colCell) == nil {
		return r, false, badColumns
	}
	if rat == cell.UnknownRAT {
		if bytes.EqualFold(radio, []byte("CDMA")) {
			return r, false, badCDMA
		}
		return r, false, badRadio
	}
	mcc, ok1 := whole(p.field(colMCC))
	mnc, ok2 := whole(p.field(colNet))
	if !ok1 || !ok2 || mcc < 1 || mcc > 999 || mnc > 999 {
		return r, false, badNetwork
	}
	id, ok := whole(p.field(colCell))
	if !ok || id >= rat.MaxCellID() {
		return r, false, badID
	}
	area, ok := whole(p.field(colArea))
	if !ok || area > uint64(rat.MaxArea()) {
		return r, false, badArea
	}
	if cell.Area(area).Reserved(rat) {
		if rat == cell.GSM {
			return r, false, badArea // a GSM cell is named by its area too
		}
		area = 0
	}
	lat, ok1 := degrees(p.field(colLat), 90)
	lon, ok2 := degrees(p.field(colLon), 180)
	if !ok1 || !ok2 || lat == 0 && lon == 0 {
		return r, false, badPosition
	}
	r = record{key: keyOf(int(mcc), int(mnc), rat, id), area: uint32(area) << 8, lat: lat, lon: lon}
	if v, ok := whole(p.field(colRange)); ok {
		r.tens = uint16(min((v+9)/10, math.MaxUint16))
	}
	if v, ok := whole(p.field(colSamples)); ok {
		r.area |= uint32(min(v, 255))
	}
	if v, ok := whole(p.field(colUpdated)); ok {
		r.days = uint16(min(v/86400, math.MaxUint16))
	}
	return r, true, ""
}

func radioOf(b []byte) cell.RAT { return radios[string(b)] }

var radios = map[string]cell.RAT{"GSM": cell.GSM, "gsm": cell.GSM, "UMTS": cell.UMTS, "umts": cell.UMTS, "WCDMA": cell.UMTS,
	"wcdma": cell.UMTS, "LTE": cell.LTE, "lte": cell.LTE, "NR": cell.NR, "nr": cell.NR}

// whole reads a number without sign; a fraction is cut off.
func whole(b []byte) (n uint64, ok bool) {
	if i := bytes.IndexByte(b, '.'); i > 0 {
		b = b[:i]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// degrees reads a coordinate as millionths of a degree.
func degrees(b []byte, most float64) (int32, bool) {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(math.Abs(v) <= most) {
		return 0, false
	}
	return int32(math.Round(v * 1e6)), true
}
