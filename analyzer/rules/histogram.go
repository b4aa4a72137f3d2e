package rules

import "vigie/analyzer"

// bins counts how large something was, in twelve equal steps from 0 up; the last holds all that is larger.
type bins [12]uint32

// tally counts a value, of which there is now one more in all. A value below 0 is in no bin.
func (b *bins) tally(all *uint32, width, value float64) {
	*all++
	if value >= 0 {
		b[min(int(value/width), len(b)-1)]++
	}
}

// shareFrom is the share of all values that were at least this large, shrunk towards a prior.
func (b *bins) shareFrom(all uint32, width, value, prior float64) float64 {
	n := 0.0
	for i := max(0, int(value/width)); i < len(b); i++ {
		n += float64(b[i])
	}
	return analyzer.Share(n, float64(all), prior, 20)
}
