package cell

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the specifications say of each band in another table than the one that the code holds: edges where the code has
// channel numbers, channel numbers where the code has edges, offsets where the code has frequencies.

// mhz is exact for the tenths and half tenths of MHz that the tables have.
func mhz(f float64) KHz { return KHz(f*1000 + 0.5) }

func numbers(rat RAT, b Band) (n []uint32) {
	for _, r := range runsOf(rat) {
		for ch := r.first; r.band == b && ch <= r.last; ch += r.every {
			n = append(n, ch)
		}
	}
	slices.Sort(n)
	return n
}

func bandsOf(rat RAT) (bands []Band) {
	for _, r := range runsOf(rat) {
		bands = append(bands, r.band)
	}
	slices.Sort(bands)
	return slices.Compact(bands)
}

// TS 45.005 clause 2: the formulas.
func TestGSMBands(t *testing.T) {
	bands := []struct {
		band        Band
		first, last int
		up          float64 // of the channel numbered zero
		zero        int
		duplex      float64
	}{
		{450, 259, 293, 450.6, 259, 10},
		{480, 306, 340, 479.0, 306, 10},
		{750, 438, 511, 777.2, 438, -30}, // phones transmit above base stations: TS 45.001 clause 9 vi
		{850, 128, 251, 824.2, 128, 45},
		{900, 0, 124, 890, 0, 45},       // P and E
		{900, 975, 1023, 890, 1024, 45}, // E
		{900, 955, 1023, 890, 1024, 45}, // R
		{900, 940, 1023, 890, 1024, 45}, // ER
		{1800, 512, 885, 1710.2, 512, 95},
		{1900, 512, 810, 1850.2, 512, 80},
	}
	count := map[Band]int{}
	for _, b := range bands {
		for n := b.first; n <= b.last; n++ {
			up := b.up + 0.2*float64(n-b.zero)
			f, ok := ARFCN(n).Downlink(b.band)
			require.True(t, ok, "%d in %d", n, b.band)
			require.Equal(t, mhz(up+b.duplex), f, "%d in %d", n, b.band)
			f, ok = Uplink(GSM, uint32(n), b.band)
			require.True(t, ok)
			require.Equal(t, mhz(up), f, "%d in %d", n, b.band)
		}
		count[b.band] = b.last - b.first + 1
	}
	count[900] += 125
	for b, want := range count {
		require.Len(t, numbers(GSM, b), want, "%d", b)
	}
	require.Len(t, bandsOf(GSM), len(count))
}

// TS 25.101 table 5.1: N = 5 * (F - offset), for F from low to high MHz; and the edges of the uplink.
func TestUMTSBands(t *testing.T) {
	for _, l := range []struct {
		band              Band
		offset, low, high float64
		up, upEnd         float64 // 0: none
		first, last       uint32  // table 5.2
	}{
		{1, 0, 2112.4, 2167.6, 1922.4, 1977.6, 10562, 10838},
		{2, 0, 1932.4, 1987.6, 1852.4, 1907.6, 9662, 9938},
		{3, 1575, 1807.4, 1877.6, 1712.4, 1782.6, 1162, 1513},
		{4, 1805, 2112.4, 2152.6, 1712.4, 1752.6, 1537, 1738},
		{5, 0, 871.4, 891.6, 826.4, 846.6, 4357, 4458},
		{6, 0, 877.4, 882.6, 832.4, 837.6, 4387, 4413},
		{7, 2175, 2622.4, 2687.6, 2502.4, 2567.6, 2237, 2563},
		{8, 340, 927.4, 957.6, 882.4, 912.6, 2937, 3088},
		{9, 0, 1847.4, 1877.4, 1752.4, 1782.4, 9237, 9387},
		{10, 1490, 2112.4, 2167.6, 1712.4, 1767.6, 3112, 3388},
		{11, 736, 1478.4, 1493.4, 1430.4, 1445.4, 3712, 3787},
		{12, -37, 731.4, 743.6, 701.4, 713.6, 3842, 3903},
		{13, -55, 748.4, 753.6, 779.4, 784.6, 4017, 4043},
		{14, -63, 760.4, 765.6, 790.4, 795.6, 4117, 4143},
		{19, 735, 877.4, 887.6, 832.4, 842.6, 712, 763},
		{20, -109, 793.4, 818.6, 834.4, 859.6, 4512, 4638},
		{21, 1326, 1498.4, 1508.4, 1450.4, 1460.4, 862, 912},
		{22, 2580, 3512.4, 3587.6, 3412.4, 3487.6, 4662, 5038},
		{25, 910, 1932.4, 1992.6, 1852.4, 1912.6, 5112, 5413},
		{26, -291, 861.4, 891.6, 816.4, 846.6, 5762, 5913},
		{32, 131, 1454.4, 1493.6, 0, 0, 6617, 6813},
	} {
		for n := l.first; n <= l.last; n++ {
			f, ok := Downlink(UMTS, n, l.band)
			require.True(t, ok, "%d in %d", n, l.band)
			require.Equal(t, mhz(float64(n)/5+l.offset), f, "%d in %d", n, l.band)
		}
		for n, want := range map[uint32]float64{l.first: l.low, l.last: l.high} {
			f, _ := Downlink(UMTS, n, l.band)
			require.Equal(t, mhz(want), f, "edge of %d", l.band)
		}
		for n, want := range map[uint32]float64{l.first: l.up, l.last: l.upEnd} {
			f, ok := Uplink(UMTS, n, l.band)
			require.Equal(t, l.up != 0, ok)
			require.Equal(t, mhz(want), f, "uplink edge of %d", l.band)
		}
	}
}

// TS 25.101 tables 5.1A and 5.2: the additional channels, one by one.
func TestUMTSAdditionalChannels(t *testing.T) {
	steps := func(first, last uint32) (n []uint32) {
		for ; first <= last; first += 25 {
			n = append(n, first)
		}
		return n
	}
	for band, l := range map[Band]struct {
		offset, duplex float64
		channels       []uint32
	}{
		2:  {1850.1, 80, []uint32{412, 437, 462, 487, 512, 537, 562, 587, 612, 637, 662, 687}},
		4:  {1735.1, 400, []uint32{1887, 1912, 1937, 1962, 1987, 2012, 2037, 2062, 2087}},
		5:  {670.1, 45, []uint32{1007, 1012, 1032, 1037, 1062, 1087}},
		6:  {670.1, 45, []uint32{1037, 1062}},
		7:  {2105.1, 120, steps(2587, 2912)},
		10: {1430.1, 400, steps(3412, 3687)},
		12: {-54.9, 30, []uint32{3932, 3957, 3962, 3987, 3992}},
		13: {-64.9, -31, []uint32{4067, 4092}},
		14: {-72.9, -30, []uint32{4167, 4192}},
		19: {720.1, 45, []uint32{787, 812, 837}},
		25: {674.1, 80, steps(6292, 6592)},
		26: {-325.9, 45, []uint32{5937, 5962, 5987, 5992, 6012, 6017, 6037, 6042, 6062, 6067, 6087}},
		32: {87.1, 0, []uint32{6837, 6862, 6887, 6912, 6937, 6962, 6987, 7012}},
	} {
		var odd []uint32 // on the other side of the 200 kHz raster
		for _, n := range numbers(UMTS, band) {
			if f, _ := Downlink(UMTS, n, band); f%200 != 0 {
				odd = append(odd, n)
			}
		}
		require.Equal(t, l.channels, odd, "band %d", band)
		for _, n := range l.channels {
			f, _ := Downlink(UMTS, n, band)
			require.Equal(t, mhz(float64(n)/5+l.offset), f, "%d", n)
			up, ok := Uplink(UMTS, n, band)
			require.Equal(t, l.duplex != 0, ok)
			if ok {
				require.Equal(t, mhz(float64(n)/5+l.offset-l.duplex), up, "%d", n)
			}
		}
	}
}

// TS 25.102 clause 5.2: edges of the bands, in which channels keep 0.8 MHz from either edge; N = 5 * MHz.
func TestTDSCDMABands(t *testing.T) {
	for band, edges := range map[Band][2]uint32{33: {1900, 1920}, 34: {2010, 2025}, 35: {1850, 1910}, 36: {1930, 1990},
		37: {1910, 1930}, 38: {2570, 2620}, 39: {1880, 1920}, 40: {2300, 2400}} {
		n := numbers(UMTS, band)
		require.EqualValues(t, edges[0]*5+4, n[0])
		require.EqualValues(t, edges[1]*5-4, n[len(n)-1])
		for _, ch := range n {
			f, ok := UARFCN(ch).Downlink()
			require.True(t, ok)
			require.EqualValues(t, ch*200, f)
			f, ok = Uplink(UMTS, ch, band)
			require.True(t, ok)
			require.EqualValues(t, ch*200, f)
		}
	}
}

// TS 36.101 table 5.5-1: edges in MHz, downlink and uplink; up 0: none. 255 and 256 from TS 36.102.
func TestLTEBands(t *testing.T) {
	lines := []struct {
		band                 Band
		low, high, up, upEnd float64
	}{
		{1, 2110, 2170, 1920, 1980}, {2, 1930, 1990, 1850, 1910}, {3, 1805, 1880, 1710, 1785}, {4, 2110, 2155, 1710, 1755},
		{5, 869, 894, 824, 849}, {6, 875, 885, 830, 840}, {7, 2620, 2690, 2500, 2570}, {8, 925, 960, 880, 915},
		{9, 1844.9, 1879.9, 1749.9, 1784.9}, {10, 2110, 2170, 1710, 1770}, {11, 1475.9, 1495.9, 1427.9, 1447.9},
		{12, 729, 746, 699, 716}, {13, 746, 756, 777, 787}, {14, 758, 768, 788, 798}, {17, 734, 746, 704, 716},
		{18, 860, 875, 815, 830}, {19, 875, 890, 830, 845}, {20, 791, 821, 832, 862}, {21, 1495.9, 1510.9, 1447.9, 1462.9},
		{22, 3510, 3590, 3410, 3490}, {23, 2180, 2200, 2000, 2020}, {24, 1525, 1559, 1626.5, 1660.5},
		{25, 1930, 1995, 1850, 1915}, {26, 859, 894, 814, 849}, {27, 852, 869, 807, 824}, {28, 758, 803, 703, 748},
		{29, 717, 728, 0, 0}, {30, 2350, 2360, 2305, 2315}, {31, 462.5, 467.5, 452.5, 457.5}, {32, 1452, 1496, 0, 0},
		{33, 1900, 1920, 1900, 1920}, {34, 2010, 2025, 2010, 2025}, {35, 1850, 1910, 1850, 1910},
		{36, 1930, 1990, 1930, 1990}, {37, 1910, 1930, 1910, 1930}, {38, 2570, 2620, 2570, 2620},
		{39, 1880, 1920, 1880, 1920}, {40, 2300, 2400, 2300, 2400}, {41, 2496, 2690, 2496, 2690},
		{42, 3400, 3600, 3400, 3600}, {43, 3600, 3800, 3600, 3800}, {44, 703, 803, 703, 803}, {45, 1447, 1467, 1447, 1467},
		{46, 5150, 5925, 5150, 5925}, {47, 5855, 5925, 5855, 5925}, {48, 3550, 3700, 3550, 3700},
		{49, 3550, 3700, 3550, 3700}, {50, 1432, 1517, 1432, 1517}, {51, 1427, 1432, 1427, 1432},
		{52, 3300, 3400, 3300, 3400}, {53, 2483.5, 2495, 2483.5, 2495}, {54, 1670, 1675, 1670, 1675},
		{65, 2110, 2200, 1920, 2010}, {66, 2110, 2200, 1710, 1780}, {67, 738, 758, 0, 0}, {68, 753, 783, 698, 728},
		{69, 2570, 2620, 0, 0}, {70, 1995, 2020, 1695, 1710}, {71, 617, 652, 663, 698}, {72, 461, 466, 451, 456},
		{73, 460, 465, 450, 455}, {74, 1475, 1518, 1427, 1470}, {75, 1432, 1517, 0, 0}, {76, 1427, 1432, 0, 0},
		{85, 728, 746, 698, 716}, {87, 420, 425, 410, 415}, {88, 422, 427, 412, 417}, {103, 757, 758, 787, 788},
		{106, 935, 940, 896, 901}, {111, 1820, 1830, 1800, 1810}, {255, 1525, 1559, 1626.5, 1660.5},
		{256, 2170, 2200, 1980, 2010},
	}
	for _, l := range lines {
		var last, lastUp KHz
		for i, n := range numbers(LTE, l.band) {
			f, ok := EARFCN(n).Downlink()
			require.True(t, ok)
			require.Equal(t, mhz(l.low)+KHz(100*i), f, "%d in %d", n, l.band)
			last = f
			if up, ok := Uplink(LTE, n, l.band); ok {
				require.Equal(t, mhz(l.up)+KHz(100*i), up, "%d in %d", n, l.band)
				lastUp = up + 100
			}
		}
		require.Equal(t, mhz(l.high), last+100, "width of %d", l.band)
		require.Equal(t, mhz(l.upEnd), lastUp, "uplink of %d", l.band)
	}
	require.Len(t, bandsOf(LTE), len(lines))
	for n, owners := uint32(0), 0; n < 1<<18; n, owners = n+1, 0 {
		for range Bands(LTE, n) {
			owners++
		}
		require.LessOrEqual(t, owners, 1, "EARFCN %d", n)
	}
}

// TS 38.104 tables 5.4.2.3-1 and 5.4.2.3-2: first and last NR-ARFCN of the downlink on the finest raster of the band.
// Differences that the code is meant to have: 41 ends with the band, 538000, not with the last multiple of its raster,
// and 263, for which the table lists single carriers, has all points between its edges. 254 to 256 from TS 38.101-5.
func TestNRBands(t *testing.T) {
	lines := []struct {
		band        Band
		first, last uint32
		duplex      float64 // downlink less uplink, MHz
	}{
		{1, 422000, 434000, 190}, {2, 386000, 398000, 80}, {3, 361000, 376000, 95}, {5, 173800, 178800, 45},
		{7, 524000, 538000, 120}, {8, 185000, 192000, 45}, {12, 145800, 149200, 30}, {13, 149200, 151200, -31},
		{14, 151600, 153600, -30}, {18, 172000, 175000, 45}, {20, 158200, 164200, -41}, {24, 305000, 311800, -101.5},
		{25, 386000, 399000, 80}, {26, 171800, 178800, 45}, {28, 151600, 160600, 55}, {29, 143400, 145600, 0},
		{30, 470000, 472000, 45}, {31, 92500, 93500, 10}, {34, 402000, 405000, 0}, {38, 514000, 524000, 0},
		{39, 376000, 384000, 0}, {40, 460000, 480000, 0}, {41, 499200, 538000, 0}, {46, 743334, 795000, 0},
		{48, 636667, 646666, 0}, {50, 286400, 303400, 0}, {51, 285400, 286400, 0}, {53, 496700, 499000, 0},
		{54, 334000, 335000, 0}, {65, 422000, 440000, 190}, {66, 422000, 440000, 400}, {67, 147600, 151600, 0},
		{68, 150600, 156600, 55}, {70, 399000, 404000, 300}, {71, 123400, 130400, -46}, {72, 92200, 93200, 10},
		{74, 295000, 303600, 48}, {75, 286400, 303400, 0}, {76, 285400, 286400, 0}, {77, 620000, 680000, 0},
		{78, 620000, 653333, 0}, {79, 693334, 733333, 0}, {85, 145600, 149200, 30}, {87, 84000, 85000, 10},
		{88, 84400, 85400, 10}, {90, 499200, 538000, 0}, {91, 285400, 286400, 0}, {92, 286400, 303400, 0},
		{93, 285400, 286400, 0}, {94, 286400, 303400, 0}, {96, 795000, 875000, 0}, {100, 183880, 185000, 45},
		{101, 380000, 382000, 0}, {102, 795000, 828333, 0}, {104, 828334, 875000, 0}, {105, 122400, 130400, -51},
		{106, 187000, 188000, 39}, {109, 286400, 303400, 0},
		{254, 496700, 500000, 873.5}, {255, 305000, 311800, -101.5}, {256, 434000, 440000, 190},
		{257, 2054166, 2104165, 0}, {258, 2016667, 2070832, 0}, {259, 2270833, 2337499, 0}, {260, 2229166, 2279165, 0},
		{261, 2070833, 2084999, 0}, {262, 2399166, 2415832, 0}, {263, 2562499, 2795832, 0},
	}
	for _, l := range lines {
		n := numbers(NR, l.band)
		require.Equal(t, l.first, n[0], "n%d", l.band)
		require.Equal(t, l.last, n[len(n)-1], "n%d", l.band)
		require.Len(t, n, int(l.last-l.first)+1, "n%d has a hole", l.band)
		for _, ch := range []uint32{l.first, (l.first + l.last) / 2, l.last} {
			global, ok := NRARFCN(ch).Frequency()
			require.True(t, ok)
			f, ok := Downlink(NR, ch, l.band)
			require.True(t, ok)
			require.Equal(t, global, f)
			if up, ok := Uplink(NR, ch, l.band); ok {
				require.EqualValues(t, int(l.duplex*1000), int(f)-int(up), "n%d", l.band)
			}
		}
	}
	require.Len(t, bandsOf(NR), len(lines))
	for _, sdl := range []Band{29, 67, 75, 76, 91, 92, 93, 94, 109} {
		_, ok := Uplink(NR, numbers(NR, sdl)[0], sdl)
		require.False(t, ok, "n%d", sdl)
	}
}

// TS 38.104 table 5.4.2.1-1: the joints of the global raster, and the points beside them.
func TestNRGlobalRaster(t *testing.T) {
	for n, want := range map[NRARFCN]KHz{0: 0, 1: 5, 599999: 2_999_995, 600000: 3_000_000, 600001: 3_000_015,
		2016666: 24_249_990, 2016667: 24_250_080, 2016668: 24_250_140, 3279165: 99_999_960} {
		f, ok := n.Frequency()
		require.True(t, ok)
		require.Equal(t, want, f, "%d", n)
	}
	for _, n := range []NRARFCN{3279166, 1<<32 - 1} {
		_, ok := n.Frequency()
		require.False(t, ok)
	}
}

// No channel of a band is listed twice, in any RAT.
func TestNoChannelTwiceInABand(t *testing.T) {
	for rat := GSM; rat <= NR; rat++ {
		for _, b := range bandsOf(rat) {
			n := numbers(rat, b)
			require.Len(t, slices.Compact(slices.Clone(n)), len(n), "%v %d", rat, b)
		}
	}
}

// Bands of UMTS share numbers (V and VI, II and TDD) but never mean different frequencies by them.
func TestUARFCNNeedsNoBand(t *testing.T) {
	for n := range uint32(1 << 14) {
		f, ok := UARFCN(n).Downlink()
		require.Equal(t, ChannelExists(UMTS, n), ok, "%d", n)
		for b := range Bands(UMTS, n) {
			inBand, ok := Downlink(UMTS, n, b)
			require.True(t, ok)
			require.Equal(t, f, inBand, "%d", n)
		}
	}
}

func TestBandTablesAreWhole(t *testing.T) {
	widths := map[string]int{"GSM": 5, "UMTS": 5, "UMTS+": 5, "TD-SCDMA": 5, "LTE": 5, "NR": 4}
	for line := range strings.Lines(bandsText) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		require.Len(t, f[1:], widths[f[0]], line)
		for _, s := range f[1:] {
			require.True(t, digits(s) && len(s) < 10, line)
		}
	}
	require.Len(t, bandTables, len(widths))
}
