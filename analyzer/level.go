package analyzer

import (
	"math"

	"vigie/cell"
)

// level is the level of the serving cell in dBm. A modem that reports RSRP or RSCP in some answers and only RSSI in others
// would seem to jump by 20 dB: of the scales in which this RAT was reported, only the best counts.
func (s *site) level(e *Engine, c *cell.Cell) (float32, bool) {
	l, ok := e.level(c)
	if !ok || int(c.RAT) >= len(s.Base.RATs) {
		return 0, false
	}
	scale := uint8(1)
	if c.RSRP.Known() || c.RSCP.Known() {
		scale = 2
	}
	r := &s.Base.RATs[c.RAT]
	if scale < r.Scale {
		return 0, false
	}
	if scale > r.Scale {
		r.Scale, r.N, r.Top = scale, 0, 0
	}
	return l, true
}

// level is the level of a cell in dBm; ok is false for values that no receiver measures.
func (e *Engine) level(c *cell.Cell) (float32, bool) {
	l, ok := c.Level().Get()
	if !ok {
		return 0, false
	}
	if math.IsNaN(float64(l)) || l < -170 || l > 0 {
		e.note("impossible level")
		return 0, false
	}
	return float32(l), true
}

func levelFields(c *cell.Cell) (f cell.Fields) {
	if c.RSRP.Known() {
		f |= cell.FieldRSRP
	}
	if c.RSSI.Known() {
		f |= cell.FieldRSSI
	}
	if c.RSCP.Known() {
		f |= cell.FieldRSCP
	}
	if c.RSRQ.Known() {
		f |= cell.FieldRSRQ
	}
	if c.SINR.Known() {
		f |= cell.FieldSINR
	}
	if c.TA.Known() {
		f |= cell.FieldTA
	}
	if c.Bandwidth.Known() {
		f |= cell.FieldBandwidth
	}
	if c.Band.Known() {
		f |= cell.FieldBand
	}
	if c.Priority.Known() {
		f |= cell.FieldPriority
	}
	return f
}
