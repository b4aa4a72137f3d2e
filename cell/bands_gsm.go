package cell

import "strconv"

// ARFCN is the channel number of GSM, 0..1023, for downlink and uplink together (TS 45.005 clause 2). It is not unique:
// 512 to 810 need the band.
type ARFCN uint32

// Downlink is the carrier frequency in a band; band 0 will do outside 512 to 810.
func (n ARFCN) Downlink(band Band) (KHz, bool) { return Downlink(GSM, uint32(n), band) }

// TS 45.005 clause 2. Band 900 holds P-, E-, R- and ER-GSM, which share their numbering. T-GSM 380, 410 and 810 and
// GSM 710 are missing for good: each network maps their ARFCNs itself (TS 44.018 clause 10.5.2.11b).
var gsmRuns = spaced(200, 1, []row{
	{900, 0, 124, 935_000, 890_000},
	{900, 940, 1023, 918_200, 873_200},
	{1800, 512, 885, 1_805_200, 1_710_200},
	{1900, 512, 810, 1_930_200, 1_850_200},
	{850, 128, 251, 869_200, 824_200},
	{450, 259, 293, 460_600, 450_600},
	{480, 306, 340, 489_000, 479_000},
	{750, 438, 511, 747_200, 777_200},
})

func gsmBandName(b Band) string {
	switch b {
	case 1800:
		return "DCS 1800"
	case 1900:
		return "PCS 1900"
	}
	return "GSM " + strconv.Itoa(int(b))
}
