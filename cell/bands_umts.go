package cell

import (
	"slices"
	"strings"
)

// UARFCN is a downlink channel number of UMTS, 0..16383, FDD (TS 25.101 clause 5.4.3) or TDD (TS 25.102 clause 5.4.3).
// Where bands share a number they agree on its frequency.
type UARFCN uint32

// Downlink is the carrier frequency.
func (n UARFCN) Downlink() (KHz, bool) { return Downlink(UMTS, uint32(n), 0) }

var umtsRuns = slices.Concat(spaced(200, 1, "UMTS"), spaced(200, 25, "UMTS+"), spaced(200, 1, "TD-SCDMA"))

func umtsBandName(b Band) string {
	if b >= 33 {
		return "TD-SCDMA band " + "aabbcdfe"[b-33:b-32]
	}
	return "band " + strings.Repeat("X", int(b/10)) +
		[...]string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"}[b%10]
}
