package cell

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Channels and bands as modems printed them, side by side.
func TestBandsThatModemsPrint(t *testing.T) {
	for _, c := range []struct {
		rat     RAT
		channel uint32
		band    Band
		modem   string
	}{
		{LTE, 6300, 20, "FM150: 189C, 120"}, {LTE, 1300, 3, "FM350, DW5821e"}, {LTE, 1802, 3, "FM350, EC200T"},
		{LTE, 1721, 3, "FM350"}, {LTE, 38100, 38, "FM350: 138"}, {LTE, 350, 1, "FM350: 101"}, {LTE, 325, 1, "L850"},
		{LTE, 3350, 7, "EG06"}, {LTE, 1575, 3, "RM500Q"}, {LTE, 1350, 3, "RM520N"}, {LTE, 66536, 66, "RM520N"},
		{LTE, 275, 1, "RM520N"}, {LTE, 3764, 8, "Sierra MDM9x30"}, {LTE, 2100, 4, "Sierra EM/MC75xx"},
		{LTE, 800, 2, "MC7455, LM9x0"}, {LTE, 2850, 7, "A76xx"}, {LTE, 1650, 3, "A7670's manual, Air724UG"},
		{LTE, 1800, 3, "SIM7600G"}, {LTE, 1725, 3, "SIM7906"}, {LTE, 1825, 3, "SIM8200's manual"}, {LTE, 1600, 3, "ZTE"},
		{LTE, 6200, 20, "BG96, LTE-M"}, {LTE, 6400, 20, "SIM7000E, LTE-M"}, {LTE, 9410, 28, "SIM7000, LTE-M"},
		{LTE, 2300, 4, "nRF9160's manual, LTE-M"}, {LTE, 5110, 12, "SARA-R422, LTE-M"}, {LTE, 2525, 5, "SARA-R5, LTE-M"},
		{LTE, 3684, 8, "nRF9160, NB-IoT"}, {LTE, 3716, 8, "nRF9160, Monarch 2, NB-IoT"},
		{LTE, 2506, 5, "SIM7070's manual, NB-IoT"}, {LTE, 7685, 23, "BG95-S5, NB-IoT by satellite"},
		{NR, 641760, 78, "FM350"}, {NR, 723322, 79, "FM350: 5079"}, {NR, 633984, 78, "RM500U"}, {NR, 648768, 78, "RM520N"},
		{NR, 501390, 41, "RM551E"}, {NR, 521310, 41, "RM551E"}, {NR, 126270, 71, "RM551E"}, {NR, 520110, 41, "SIM82xx"},
		{UMTS, 10662, 1, "Sierra: WCDMA 2100"}, {UMTS, 4385, 5, "SIM5320A: WCDMA 850"}, {UMTS, 4436, 5, "SIM5320A: WCDMA 850"},
		{GSM, 27, 900, "SIM8200's manual: EGSM 900"}, {GSM, 61, 900, "SIM7000E: EGSM 900"}, {GSM, 810, 1900, "SARA-R422: PCS"},
		{GSM, 1009, 900, "LARA-R6: not PCS"},
	} {
		require.Contains(t, slices.Collect(Bands(c.rat, c.channel)), c.band, "%v %d of %s", c.rat, c.channel, c.modem)
		_, ok := Downlink(c.rat, c.channel, c.band)
		require.True(t, ok, "%v %d of %s", c.rat, c.channel, c.modem)
	}
	// A SARA-R510 without a cell printed band 13 beside EARFCN 5110: one of them is stale. The number decides.
	require.Equal(t, []Band{12}, slices.Collect(Bands(LTE, 5110)))
}

// Channels that modems printed without a band.
func TestChannelsThatModemsPrint(t *testing.T) {
	for rat, channels := range map[RAT][]uint32{
		GSM:  {0, 16, 33, 42, 50, 82, 85, 94, 98, 128, 154, 180, 233, 234, 237, 514, 616, 685, 736, 756, 848, 983, 1001},
		UMTS: {1032, 3011, 3062, 10687, 10713, 10763},
		LTE:  {100, 475, 900, 1501, 1550, 1602, 3250, 3682, 3700, 3750, 5035, 38400, 38950, 39148, 66786},
		NR:   {629952},
	} {
		for _, n := range channels {
			require.True(t, ChannelExists(rat, n), "%v %d", rat, n)
		}
	}
	for rat, fillers := range map[RAT][]uint32{GSM: {32767, 65535, 1<<32 - 1}, UMTS: {0, 65535, 1<<32 - 1},
		LTE: {65535, 1<<32 - 1}, NR: {0, 1<<32 - 1}} {
		for _, n := range fillers {
			require.False(t, ChannelExists(rat, n), "%v %d", rat, n)
		}
	}
}

func TestBandsMostUsualFirst(t *testing.T) {
	for _, c := range []struct {
		rat     RAT
		channel uint32
		want    []Band
	}{
		{GSM, 511, []Band{750}}, {GSM, 512, []Band{1800, 1900}}, {GSM, 810, []Band{1800, 1900}}, {GSM, 811, []Band{1800}},
		{GSM, 0, []Band{900}}, {GSM, 1023, []Band{900}}, {GSM, 886, nil}, {GSM, 939, nil}, {GSM, 125, nil}, {GSM, 1024, nil},
		{UMTS, 4400, []Band{5, 6}}, {UMTS, 1037, []Band{5, 6}}, {UMTS, 1038, nil}, {UMTS, 9500, []Band{39, 35}},
		{LTE, 599, []Band{1}}, {LTE, 600, []Band{2}}, {LTE, 5009, nil}, {LTE, 67135, []Band{66}}, {LTE, 18000, nil},
		{NR, 630000, []Band{78, 77}}, {NR, 640000, []Band{78, 77, 48}}, {NR, 660000, []Band{77}},
		{NR, 430000, []Band{1, 66, 65}}, {NR, 436000, []Band{66, 65, 256}}, {NR, 520110, []Band{41, 38, 90}},
		{NR, 600000, nil}, {UnknownRAT, 1, nil}, {NR + 1, 1, nil},
	} {
		require.Equal(t, c.want, slices.Collect(Bands(c.rat, c.channel)), "%v %d", c.rat, c.channel)
	}
	for range Bands(NR, 640000) { // may be left early
		break
	}
}

func TestFrequenciesBothWays(t *testing.T) {
	for _, c := range []struct {
		rat      RAT
		channel  uint32
		band     Band
		down, up KHz
	}{
		{GSM, 62, 0, 947_400, 902_400}, {GSM, 0, 900, 935_000, 890_000}, {GSM, 975, 900, 925_200, 880_200},
		{GSM, 600, 1800, 1_822_800, 1_727_800}, {GSM, 600, 1900, 1_947_800, 1_867_800},
		{UMTS, 10713, 1, 2_142_600, 1_952_600}, {UMTS, 3062, 8, 952_400, 907_400}, {UMTS, 1032, 5, 876_500, 831_500},
		{LTE, 6300, 20, 806_000, 847_000}, {LTE, 1300, 3, 1_815_000, 1_720_000}, {LTE, 38950, 40, 2_330_000, 2_330_000},
		{LTE, 229300, 256, 2_192_400, 2_002_400}, {NR, 633984, 78, 3_509_760, 3_509_760}, {NR, 501390, 41, 2_506_950, 2_506_950},
		{NR, 126270, 71, 631_350, 677_350}, {NR, 2079167, 261, 28_000_080, 28_000_080},
	} {
		f, ok := Downlink(c.rat, c.channel, c.band)
		require.True(t, ok, "%v %d", c.rat, c.channel)
		require.Equal(t, c.down, f, "%v %d", c.rat, c.channel)
		f, ok = Uplink(c.rat, c.channel, c.band)
		require.True(t, ok, "%v %d", c.rat, c.channel)
		require.Equal(t, c.up, f, "%v %d", c.rat, c.channel)
		n, ok := Channel(c.rat, c.down, c.band)
		require.True(t, ok, "%v %d", c.rat, c.channel)
		require.Equal(t, c.channel, n)
	}
}

// What depends on the band is refused without it, and given where bands agree.
func TestBandNeeded(t *testing.T) {
	_, ok := ARFCN(512).Downlink(0)
	require.False(t, ok, "DCS or PCS")
	_, ok = Uplink(GSM, 810, 0)
	require.False(t, ok)
	f, ok := ARFCN(811).Downlink(0)
	require.True(t, ok)
	require.EqualValues(t, 1_865_000, f)
	_, ok = ARFCN(811).Downlink(1900)
	require.False(t, ok, "PCS 1900 ends at 810")
	_, ok = ARFCN(62).Downlink(77)
	require.False(t, ok, "no such band")

	n, ok := Channel(GSM, 1_930_200, 0)
	require.True(t, ok, "bands of GSM share numbers, not frequencies")
	require.EqualValues(t, 512, n)
	_, ok = Channel(LTE, 2_110_000, 0)
	require.False(t, ok, "bands 1, 4, 10, 65 and 66 number it differently")
	_, ok = Channel(UMTS, 2_112_400, 0)
	require.False(t, ok, "so do bands I, IV and X")
	n, ok = Channel(NR, 2_110_000, 0)
	require.True(t, ok)
	require.EqualValues(t, 422000, n)

	f, ok = Downlink(NR, 430000, 0)
	require.True(t, ok)
	require.EqualValues(t, 2_150_000, f)
	_, ok = Uplink(NR, 430000, 0)
	require.False(t, ok, "190 MHz below in n1, 400 in n66")
	_, ok = Uplink(NR, 147700, 0)
	require.False(t, ok, "n12 has an uplink, n67 has none")
	_, ok = Uplink(LTE, 67136, 66)
	require.False(t, ok, "the downlink of band 66 is wider than its uplink")
}

func TestBandName(t *testing.T) {
	for _, c := range []struct {
		rat  RAT
		band Band
		want string
	}{
		{GSM, 900, "GSM 900"}, {GSM, 850, "GSM 850"}, {GSM, 1800, "DCS 1800"}, {GSM, 1900, "PCS 1900"}, {GSM, 3, ""},
		{UMTS, 1, "band I"}, {UMTS, 8, "band VIII"}, {UMTS, 19, "band XIX"}, {UMTS, 20, "band XX"}, {UMTS, 32, "band XXXII"},
		{UMTS, 33, "TD-SCDMA band a"}, {UMTS, 34, "TD-SCDMA band a"}, {UMTS, 36, "TD-SCDMA band b"},
		{UMTS, 37, "TD-SCDMA band c"}, {UMTS, 38, "TD-SCDMA band d"}, {UMTS, 39, "TD-SCDMA band f"},
		{UMTS, 40, "TD-SCDMA band e"}, {UMTS, 41, ""}, {UMTS, 65535, ""},
		{LTE, 3, "B3"}, {LTE, 256, "B256"}, {LTE, 15, ""}, {NR, 78, "n78"}, {NR, 257, "n257"}, {NR, 80, ""},
		{LTE, 0, ""}, {UnknownRAT, 3, ""},
	} {
		require.Equal(t, c.want, c.band.Name(c.rat), "%v %d", c.rat, c.band)
	}
	for rat := GSM; rat <= NR; rat++ {
		for _, b := range bandsOf(rat) {
			require.NotEmpty(t, b.Name(rat))
		}
	}
}

// drawRun draws a run of any band of any RAT.
func drawRun(t *rapid.T) (RAT, *run) {
	rat := RAT(rapid.IntRange(int(GSM), int(NR)).Draw(t, "rat"))
	return rat, rapid.SampledFrom(runsOf(rat)).Draw(t, "run")
}

func TestChannelToFrequencyAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rat, r := drawRun(t)
		channel := r.first + r.every*rapid.Uint32Range(0, (r.last-r.first)/r.every).Draw(t, "nth")
		f, ok := Downlink(rat, channel, r.band)
		require.True(t, ok)
		back, ok := Channel(rat, f, r.band)
		require.True(t, ok)
		require.Equal(t, channel, back)
		require.Contains(t, slices.Collect(Bands(rat, channel)), r.band)
		if any, ok := Downlink(rat, channel, 0); ok {
			require.Equal(t, f, any)
		} else {
			require.Equal(t, GSM, rat)
		}
	})
}

func TestFrequencyToChannelAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rat, r := drawRun(t)
		width := KHz(r.last-r.first) * r.step
		f := rapid.Custom(func(t *rapid.T) KHz {
			near := r.downlink + r.step*KHz(rapid.Uint32Range(0, r.last-r.first).Draw(t, "nth"))
			off := rapid.SampledFrom([]KHz{0, 0, 1, 2, 50, 100}).Draw(t, "off")
			return near + off
		}).Draw(t, "khz")
		channel, ok := Channel(rat, f, r.band)
		if !ok {
			require.True(t, (f-r.downlink)%(r.step*KHz(r.every)) != 0 || f > r.downlink+width, "a channel of the run is missing")
			return
		}
		back, ok := Downlink(rat, channel, r.band)
		require.True(t, ok)
		require.Equal(t, f, back)
	})
}

// The first and last channel of every run are in, what is one outside is in only if another run of the band has it.
func TestEdgesOfEveryBand(t *testing.T) {
	for rat := GSM; rat <= NR; rat++ {
		for _, r := range runsOf(rat) {
			all := numbers(rat, r.band)
			for _, edge := range []uint32{r.first, r.last} {
				_, ok := Downlink(rat, edge, r.band)
				require.True(t, ok, "%v %d in %d", rat, edge, r.band)
			}
			for _, outside := range []uint32{r.first - 1, r.last + 1} {
				_, in := slices.BinarySearch(all, outside)
				_, ok := Downlink(rat, outside, r.band)
				require.Equal(t, in, ok, "%v %d in %d", rat, outside, r.band)
				require.Equal(t, in, slices.Contains(slices.Collect(Bands(rat, outside)), r.band))
			}
			_, ok := Channel(rat, r.downlink-1, r.band)
			require.False(t, ok)
			require.Less(t, r.first, r.last+1)
			require.Zero(t, (r.last-r.first)%r.every)
		}
	}
}

// Whatever is asked, the answers do not contradict each other.
func TestAnyChannelAnyBand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rat := RAT(rapid.Uint8Range(0, 6).Draw(t, "rat"))
		channel := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 300000)).Draw(t, "channel")
		band := Band(rapid.OneOf(rapid.Uint16(), rapid.Uint16Range(0, 260)).Draw(t, "band"))
		khz := KHz(rapid.Uint32().Draw(t, "khz"))
		bands := slices.Collect(Bands(rat, channel))
		require.Equal(t, len(bands) > 0, ChannelExists(rat, channel))
		_, ok := Downlink(rat, channel, band)
		if band != 0 {
			require.Equal(t, slices.Contains(bands, band), ok)
		}
		if _, up := Uplink(rat, channel, band); up {
			require.True(t, ok)
		}
		if n, ok := Channel(rat, khz, band); ok {
			require.True(t, ChannelExists(rat, n))
		}
		if len(bands) > 0 {
			require.NotEmpty(t, bands[0].Name(rat))
		}
	})
}

func TestBandsDoNotAllocate(t *testing.T) {
	var sum int
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for b := range Bands(NR, 640000) {
			sum += int(b)
		}
		f, _ := Downlink(LTE, 66536, 0)
		u, _ := Uplink(GSM, 600, 1800)
		n, _ := Channel(UMTS, 2_142_600, 1)
		sum += int(f) + int(u) + int(n)
	}))
}

func BenchmarkBands(b *testing.B) {
	b.ReportAllocs()
	var sum int
	for b.Loop() {
		for band := range Bands(NR, 640000) {
			sum += int(band)
		}
	}
}

func BenchmarkDownlink(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Downlink(LTE, 66536, 0)
	}
}
