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
	if v, ok := w.width(i); w.fits(ok, v < uint64(len(lteBandwidths)), i) {
		c.Bandwidth = cell.Some(lteBandwidths[v])
	}
}

// nrBandwidth reads a downlink bandwidth, as an index or in MHz.
func (w *row) nrBandwidth(i int, mhz bool, c *cell.Cell) {
	v, ok := w.width(i)
	switch index := !mhz && v < uint64(len(nrBandwidths)); {
	case !w.fits(ok, index || mhz && v <= 400 && isNRBandwidth(v*1000), i):
	case index:
		c.Bandwidth = cell.Some(nrBandwidths[v])
	default:
		c.Bandwidth = cell.Some(cell.KHz(v * 1000))
	}
}

// kilohertz reads a bandwidth in kHz. c.RAT must be set.
func (w *row) kilohertz(i int, c *cell.Cell) {
	v, ok := w.width(i)
	lte := v <= 20_000 && slices.Contains(lteBandwidths[:], cell.KHz(v))
	if w.fits(ok, lte || c.RAT == cell.NR && isNRBandwidth(v), i) {
		c.Bandwidth = cell.Some(cell.KHz(v))
	}
}

// blocks reads a bandwidth of LTE in resource blocks.
func (w *row) blocks(i int, c *cell.Cell) {
	v, ok := w.width(i)
	n := slices.Index(lteBlocks[:], v)
	if w.fits(ok, n >= 0, i) {
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
	v, ok := w.width(i)
	n := slices.Index(lteBlocks[:], v)
	switch {
	case !ok:
	case c.RAT == cell.LTE && n >= 0:
		c.Bandwidth = cell.Some(lteBandwidths[n])
		w.explain(i, "bandwidth_khz")
	case c.RAT == cell.NR && v <= 2000 && isNRBandwidth(v*200):
		c.Bandwidth = cell.Some(cell.KHz(v * 200))
		w.explain(i, "bandwidth_khz")
	}
}

// width reads the number of a bandwidth, whatever it means.
func (w *row) width(i int) (uint64, bool) {
	w.reading = bandwidth
	v, ok := w.whole(i, 10)
	w.reading = skip
	return v, ok
}

// fits judges a bandwidth that was read from a column, if it is there.
func (w *row) fits(there, fits bool, i int) bool {
	switch {
	case !there:
		return false
	case fits:
		w.explain(i, "bandwidth_khz")
		return true
	}
	w.reading = bandwidth
	w.outOfRange()
	w.reading = skip
	return false
}
