package cell

import "strconv"

// ARFCN is the channel number of GSM, 0..1023, for downlink and uplink together (TS 45.005 clause 2). It is not unique:
// 512 to 810 need the band.
type ARFCN uint32

// Downlink is the carrier frequency in a band; band 0 will do outside 512 to 810.
func (n ARFCN) Downlink(band Band) (KHz, bool) { return Downlink(GSM, uint32(n), band) }

var gsmRuns = spaced(200, 1, "GSM")

func gsmBandName(b Band) string {
	switch b {
	case 1800:
		return "DCS 1800"
	case 1900:
		return "PCS 1900"
	}
	return "GSM " + strconv.Itoa(int(b))
}
