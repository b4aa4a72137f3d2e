package cell

// EARFCN is a downlink channel number of LTE, LTE-M and NB-IoT, 0..262143 (TS 36.101 clause 5.7.3). It names its band.
// An NB-IoT carrier lies up to 47.5 kHz beside the frequency of its EARFCN (clause 5.7.3F). Old firmware prints only
// the low 16 bits: its 1000 may be 66536.
type EARFCN uint32

// Downlink is the carrier frequency.
func (n EARFCN) Downlink() (KHz, bool) { return Downlink(LTE, uint32(n), 0) }

var lteRuns = spaced(100, 1, "LTE")
