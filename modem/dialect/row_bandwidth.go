package dialect

import (
	"slices"
	"strings"

	"vigie/cell"
)

// lteBandwidths are the meanings of 0..5, and all that LTE has (TS 36.101 table 5.6-1).
var lteBandwidths = [...]cell.KHz{1400, 3000, 5000, 10000, 15000, 20000}

// lteBlocks are the same in resource blocks.
var lteBlocks = [...]uint64{6, 15, 25, 50, 75, 100}

// nrBandwidths are the meanings of 0..16 [RM5xx note 3.2.2].
var nrBandwidths = [...]cell.KHz{5000, 10000, 15000, 20000, 25000, 30000, 40000, 50000, 60000, 70000, 80000, 90000, 100000,
	200000, 400000, 35000, 45000}

// isNRBandwidth reports whether NR has a bandwidth, in kHz.
func isNRBandwidth(khz uint64) bool {
	return khz <= 400_000 && slices.Contains(nrBandwidths[:], cell.KHz(khz))
}

// bandwidth reads a downlink bandwidth that is printed as 0..5.
func (w *row) bandwidth(i int, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	if w.accept(ok, false, v < uint64(len(lteBandwidths)), 0, c) {
		c.Bandwidth = cell.Some(lteBandwidths[v])
	}
}

// nrBandwidth reads a downlink bandwidth, as an index or in MHz.
func (w *row) nrBandwidth(i int, mhz bool, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	switch {
	case !ok:
	case !mhz && v < uint64(len(nrBandwidths)):
		c.Bandwidth = cell.Some(nrBandwidths[v])
	case mhz && v <= 400 && isNRBandwidth(v*1000):
		c.Bandwidth = cell.Some(cell.KHz(v * 1000))
	default:
		w.reject(BadValue)
	}
}

// kilohertz reads a bandwidth in kHz. c.RAT must be set.
func (w *row) kilohertz(i int, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	lte := v <= 20_000 && slices.Contains(lteBandwidths[:], cell.KHz(v))
	if w.accept(ok, false, lte || c.RAT == cell.NR && isNRBandwidth(v), 0, c) {
		c.Bandwidth = cell.Some(cell.KHz(v))
	}
}

// blocks reads a bandwidth of LTE in resource blocks.
func (w *row) blocks(i int, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	n := slices.Index(lteBlocks[:], v)
	if w.accept(ok, false, n >= 0, 0, c) {
		c.Bandwidth = cell.Some(lteBandwidths[n])
	}
}

// nBlocks reads the same after an n.
func (w *row) nBlocks(i int, c *cell.Cell) {
	if n, ok := strings.CutPrefix(w.text(i), "n"); ok {
		w.f[i] = n
		w.blocks(i, c)
	}
}

// fiveGBlocks reads a downlink bandwidth in resource blocks of 15 kHz, on NR counted as if there were no guard band:
// 100 is 20 MHz on either. Any other number is passed over.
func (w *row) fiveGBlocks(i int, c *cell.Cell) {
	v, ok := w.whole(i, 10)
	n := slices.Index(lteBlocks[:], v)
	switch {
	case !ok:
	case c.RAT == cell.LTE && n >= 0:
		c.Bandwidth = cell.Some(lteBandwidths[n])
	case c.RAT == cell.NR && v <= 2000 && isNRBandwidth(v*200):
		c.Bandwidth = cell.Some(cell.KHz(v * 200))
	}
}
