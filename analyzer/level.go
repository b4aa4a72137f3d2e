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

// measured are the fields of a cell other than its identity.
const measured = cell.FieldRSRP | cell.FieldRSSI | cell.FieldRSCP | cell.FieldRSRQ | cell.FieldSINR | cell.FieldTA | cell.FieldBandwidth |
	cell.FieldBand | cell.FieldPriority
