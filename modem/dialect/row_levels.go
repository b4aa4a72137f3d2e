package dialect

import (
	"strings"

	"vigie/cell"
)

// The limits of what is believed, a little wider than what the measurement reports of TS 36.133, 38.133, 25.133 and
// 45.008 can express.
const (
	minRSRP, maxRSRP = -157, -29
	minRSRQ, maxRSRQ = -44, 20 // LTE: not above 3
	minRSSI, maxRSSI = -125, -10
	minSINR, maxSINR = -25, 45
	minRSCP, maxRSCP = -122, -20
	minEcIo, maxEcIo = -35, 0
)

// limits are those of each level, with its field. SRxLev has no word among the fields, so fillers of it only vanish.
var limits = [...]struct {
	name   string
	field  cell.Fields
	lo, hi float64
}{
	rsrp:   {"rsrp", cell.FieldRSRP, minRSRP, maxRSRP},
	rsrq:   {"rsrq", cell.FieldRSRQ, minRSRQ, maxRSRQ},
	rssi:   {"rssi", cell.FieldRSSI, minRSSI, maxRSSI},
	sinr:   {"sinr", cell.FieldSINR, minSINR, maxSINR},
	rscp:   {"rscp", cell.FieldRSCP, minRSCP, maxRSCP},
	ecio:   {"ecio", cell.FieldEcIo, minEcIo, maxEcIo},
	srxlev: {"srxlev", 0, -128, 128},
}

// level reads a level or ratio, in dBm or dB once multiplied by unit. c.RAT must be set.
func (w *row) level(i int, what column, unit float64, c *cell.Cell) {
	l := &limits[what]
	most := l.hi
	if what == rsrq && c.RAT == cell.LTE {
		most = 3
	}
	w.reading = what
	if v, ok := w.within(i, unit, l.lo, most, l.field, c); ok {
		setLevel(c, what, v)
		w.explain(i, l.name)
	}
	w.reading = skip
}

func setLevel(c *cell.Cell, what column, v float64) {
	switch what {
	case rsrp:
		c.RSRP = cell.Some(cell.DBm(v))
	case rsrq:
		c.RSRQ = cell.Some(cell.DB(v))
	case rssi:
		c.RSSI = cell.Some(cell.DBm(v))
	case sinr:
		c.SINR = cell.Some(cell.DB(v))
	case rscp:
		c.RSCP = cell.Some(cell.DBm(v))
	case ecio:
		c.EcIo = cell.Some(cell.DB(v))
	case srxlev:
		c.SRxLev = cell.Some(cell.DB(v))
	}
}

// scales are the levels that modems print as the index n of a bucket, as the measurement reports and +CESQ do. A bucket of
// lo..hi becomes its lower edge, (n + add) / per.
var scales = [...]struct {
	level  column
	lo, hi int
	add    int
	per    float64
}{
	rsrpIndex:   {rsrp, 0, 97, -141, 1}, // +CESQ (TS 27.007 clause 8.69; TS 36.133 clause 9.1.4); NR: ssRSRPIndex
	rsrqIndex:   {rsrq, 0, 34, -40, 2},  // the same (TS 36.133 clause 9.1.7); NR: ssRSRQIndex
	ssRSRPIndex: {rsrp, 0, 126, -157, 1},
	ssRSRQIndex: {rsrq, 0, 126, -87, 2},
	wideRSRP:    {rsrp, -17, 97, -141, 1}, // the extended report (TS 36.133 clause 9.1.4): below 0 a bucket begins at n-140
	wideRSRQ:    {rsrq, -30, 46, -40, 2},  // the same (clause 9.1.7): below 0 a bucket begins at (n-39)/2
	rscpIndex:   {rscp, 0, 96, -121, 1},   // +CESQ
	rscpLevel:   {rscp, -5, 91, -116, 1},  // CPICH_RSCP_LEV (TS 25.133 clause 9.1.1.3)
	ecnoIndex:   {ecio, 0, 49, -49, 2},    // +CESQ
	rxlevIndex:  {rssi, 0, 63, -111, 1},   // +CESQ (TS 45.008 clause 8.1.4)
	carrierRSSI: {rssi, 0, 76, -101, 1},   // UTRA carrier RSSI (TS 25.133 clause 9.1.3.3)
	balongRSSI:  {rssi, 0, 96, -121, 1},   // ^HCSQ: 0 is below -120 dBm, 96 is -25 dBm and more
	balongSINR:  {sinr, 0, 251, -101, 5},  // ^HCSQ
	balongEcIo:  {ecio, 0, 65, -65, 2},    // ^HCSQ
	nordicSNR:   {sinr, 0, 49, -25, 1},    // nRF91 AT manual: 0 is below -24 dB, 1 begins there, 49 is 24 dB and more
	r422SINR:    {sinr, 0, 251, -100, 5},  // SARA-R422 manual
}

// indexed reads a level that is printed as an index. What is outside its scale is a filler or bad. c.RAT must be set.
func (w *row) indexed(i int, what column, c *cell.Cell) {
	w.reading = scales[what].level
	v, ok := w.number(i)
	if ok {
		w.onScale(i, v, what, c)
	}
	w.reading = skip
}

// onScale takes the index of a level that was read from column i.
func (w *row) onScale(i int, v float64, what column, c *cell.Cell) {
	switch {
	case c.RAT != cell.NR:
	case what == rsrpIndex:
		what = ssRSRPIndex
	case what == rsrqIndex:
		what = ssRSRQIndex
	}
	s := &scales[what]
	l := &limits[s.level]
	n := int(v)
	switch {
	case float64(n) != v:
		w.outOfRange()
	case s.lo <= n && n <= s.hi:
		if n < 0 && (what == wideRSRP || what == wideRSRQ) {
			n++
		}
		setLevel(c, s.level, float64(n+s.add)/s.per)
		w.explain(i, l.name)
	case n == -1:
		w.notMeasured(l.field, c)
	case n == 255, n == 127, n == 99, n == 65535, n == -32768:
		c.Placeholder |= l.field
	default:
		w.outOfRange()
	}
}

// negative reports whether a column is below zero. No index is, every level in dBm is.
func (w *row) negative(i int) bool { return strings.HasPrefix(w.text(i), "-") }

// dualLevels reads RSRP and RSRQ of modems that print dBm and dB by one firmware and indexes by another: the sign of the
// RSRP decides for both.
func (w *row) dualLevels(i int, c *cell.Cell) {
	if w.negative(i) {
		w.read(c, i, rsrp, rsrq)
	} else {
		w.read(c, i, rsrpIndex, rsrqIndex)
	}
}
