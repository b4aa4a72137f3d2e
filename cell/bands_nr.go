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

// nrBand is a line of TS 38.104 table 5.2-1 or 5.2-2, in kHz.
type nrBand struct {
	band      Band
	low, high KHz // edges of the downlink
	uplink    KHz // low edge of the uplink; equal to low in TDD; 0: none, or none at a fixed distance
}

// nrRuns holds every point of the global raster within a band, not only those where a carrier may be centred (table
// 5.4.2.3-1): modems print the SSB of a cell at least as often as its carrier, and SSBs have a raster of their own.
var nrRuns = func() []*run {
	runs := make([]*run, len(nrBands))
	for i, b := range nrBands {
		part := nrRaster[0]
		for _, p := range nrRaster[1:] {
			if b.high > p.low {
				part = p
			}
		}
		first := (max(b.low, part.low) - part.low + part.step - 1) / part.step
		last := (b.high - part.low) / part.step
		r := row{b.band, uint32(part.first) + uint32(first), uint32(part.first) + uint32(last), part.low + first*part.step, 0}
		if b.uplink != 0 {
			r.uplink = b.uplink + r.downlink - b.low
		}
		runs[i] = &run{r, part.step, 1}
	}
	return runs
}()

// TS 38.104 tables 5.2-1 and 5.2-2; 254 to 256, satellites, TS 38.101-5 table 5.2.2-1. The upper part of 66 and 70, and
// 29, 67, 75 and 76, have no uplink of their own; that of 91 to 94 and 109 is at no fixed distance. Bands without a
// downlink (80 to 84, 86, 89, 95, 97 to 99) and without base stations (47) are left out.
var nrBands = []nrBand{
	{78, 3_300_000, 3_800_000, 3_300_000},
	{77, 3_300_000, 4_200_000, 3_300_000},
	{48, 3_550_000, 3_700_000, 3_550_000},
	{79, 4_400_000, 5_000_000, 4_400_000},

	{28, 758_000, 803_000, 703_000},
	{20, 791_000, 821_000, 832_000},
	{12, 729_000, 746_000, 699_000},
	{13, 746_000, 756_000, 777_000},
	{14, 758_000, 768_000, 788_000},
	{29, 717_000, 728_000, 0},
	{85, 728_000, 746_000, 698_000},
	{67, 738_000, 758_000, 0},
	{68, 753_000, 783_000, 698_000},
	{71, 617_000, 652_000, 663_000},
	{105, 612_000, 652_000, 663_000},

	{5, 869_000, 894_000, 824_000},
	{26, 859_000, 894_000, 814_000},
	{18, 860_000, 875_000, 815_000},
	{8, 925_000, 960_000, 880_000},
	{100, 919_400, 925_000, 874_400},
	{106, 935_000, 940_000, 896_000},

	{3, 1_805_000, 1_880_000, 1_710_000},
	{39, 1_880_000, 1_920_000, 1_880_000},
	{25, 1_930_000, 1_995_000, 1_850_000},
	{2, 1_930_000, 1_990_000, 1_850_000},
	{70, 1_995_000, 2_010_000, 1_695_000},
	{70, 2_010_005, 2_020_000, 0},
	{34, 2_010_000, 2_025_000, 2_010_000},
	{101, 1_900_000, 1_910_000, 1_900_000},
	{1, 2_110_000, 2_170_000, 1_920_000},
	{66, 2_110_000, 2_180_000, 1_710_000},
	{66, 2_180_005, 2_200_000, 0},
	{65, 2_110_000, 2_200_000, 1_920_000},
	{256, 2_170_000, 2_200_000, 1_980_000},

	{40, 2_300_000, 2_400_000, 2_300_000},
	{30, 2_350_000, 2_360_000, 2_305_000},
	{41, 2_496_000, 2_690_000, 2_496_000},
	{7, 2_620_000, 2_690_000, 2_500_000},
	{38, 2_570_000, 2_620_000, 2_570_000},
	{90, 2_496_000, 2_690_000, 2_496_000},
	{53, 2_483_500, 2_495_000, 2_483_500},
	{254, 2_483_500, 2_500_000, 1_610_000},

	{75, 1_432_000, 1_517_000, 0},
	{76, 1_427_000, 1_432_000, 0},
	{74, 1_475_000, 1_518_000, 1_427_000},
	{50, 1_432_000, 1_517_000, 1_432_000},
	{51, 1_427_000, 1_432_000, 1_427_000},
	{92, 1_432_000, 1_517_000, 0},
	{94, 1_432_000, 1_517_000, 0},
	{91, 1_427_000, 1_432_000, 0},
	{93, 1_427_000, 1_432_000, 0},
	{109, 1_432_000, 1_517_000, 0},
	{255, 1_525_000, 1_559_000, 1_626_500},
	{24, 1_525_000, 1_559_000, 1_626_500},
	{54, 1_670_000, 1_675_000, 1_670_000},

	{31, 462_500, 467_500, 452_500},
	{72, 461_000, 466_000, 451_000},
	{87, 420_000, 425_000, 410_000},
	{88, 422_000, 427_000, 412_000},

	{46, 5_150_000, 5_925_000, 5_150_000},
	{96, 5_925_000, 7_125_000, 5_925_000},
	{102, 5_925_000, 6_425_000, 5_925_000},
	{104, 6_425_000, 7_125_000, 6_425_000},

	{258, 24_250_000, 27_500_000, 24_250_000},
	{257, 26_500_000, 29_500_000, 26_500_000},
	{261, 27_500_000, 28_350_000, 27_500_000},
	{260, 37_000_000, 40_000_000, 37_000_000},
	{259, 39_500_000, 43_500_000, 39_500_000},
	{262, 47_200_000, 48_200_000, 47_200_000},
	{263, 57_000_000, 71_000_000, 57_000_000},
}
