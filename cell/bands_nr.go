package cell

// NRARFCN is a point of the global frequency raster of NR, 0..3279165 (TS 38.104 clause 5.4.2.1). It is a frequency
// first, and only by its frequency within one or more bands.
type NRARFCN uint32

// Frequency is the frequency of the point, within a band or not; false beyond 3279165.
func (n NRARFCN) Frequency() (KHz, bool) {
	if n > 3279165 {
		return 0, false
	}
	part := nrRaster[0]
	for _, p := range nrRaster[1:] {
		if n >= p.first {
			part = p
		}
	}
	return part.low + KHz(n-part.first)*part.step, true
}

// nrRaster is the global frequency raster, TS 38.104 table 5.4.2.1-1.
var nrRaster = [...]struct {
	first     NRARFCN
	low, step KHz
}{
	{0, 0, 5},
	{600000, 3_000_000, 15},
	{2016667, 24_250_080, 60},
}

// nrRuns holds every point of the global raster within a band, not only those where a carrier may be centred (table
// 5.4.2.3-1): modems print the SSB of a cell at least as often as its carrier, and SSBs have a raster of their own.
var nrRuns = func() []*run {
	var runs []*run
	for _, f := range bandTables["NR"] {
		low, high, uplink := KHz(f[1]), KHz(f[2]), KHz(f[3])
		part := nrRaster[0]
		for _, p := range nrRaster[1:] {
			if high > p.low {
				part = p
			}
		}
		first := (max(low, part.low) - part.low + part.step - 1) / part.step
		last := (high - part.low) / part.step
		r := row{Band(f[0]), uint32(part.first) + uint32(first), uint32(part.first) + uint32(last), part.low + first*part.step, 0}
		if uplink != 0 {
			r.uplink = uplink + r.downlink - low
		}
		runs = append(runs, &run{r, part.step, 1})
	}
	return runs
}()
