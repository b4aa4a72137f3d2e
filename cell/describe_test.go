package cell

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescribe(t *testing.T) {
	for want, c := range map[string]Cell{
		"?": {},
		"LTE PLMN 206-01 (Proximus) TAC 4660 ECI 11020001 (eNB 43046/225) PCI 20 EARFCN 1300 (B3)": {RAT: LTE, MCC: "206", MNC: "01", Area: Some(Area(4660)),
			ID: Some(uint64(11020001)), PCI: Some(uint16(20)), ARFCN: Some(uint32(1300)), Band: Some(Band(3))},
		"UMTS LAC 7 UCI 1311798 (RNC 20/1078) PSC 0 UARFCN 10713": {RAT: UMTS, Area: Some(Area(7)), ID: Some(uint64(1311798)), PCI: Some(uint16(0)), ARFCN: Some(uint32(10713))},
		"GSM CI 2 BSIC 17 ARFCN 62 (GSM 900)":                     {RAT: GSM, ID: Some(uint64(2)), PCI: Some(uint16(17)), ARFCN: Some(uint32(62)), Band: Some(Band(900))},
		"NR NCI 5 PCI 940 NR-ARFCN 641760 (n78)":                  {RAT: NR, ID: Some(uint64(5)), PCI: Some(uint16(940)), ARFCN: Some(uint32(641760)), Band: Some(Band(78))},
		`LTE PLMN "\u202e0\x1b-1"`:                                {RAT: LTE, MCC: "\u202e0\x1b", MNC: "1", Band: Some(Band(999))},
		"? channel 3":                                             {RAT: 9, ARFCN: Some(uint32(3))},
	} {
		require.Equal(t, want, Describe(&c))
	}
}

func TestLevels(t *testing.T) {
	for want, c := range map[string]Cell{
		"":                                       {},
		"RSRP -96 dBm, RSRQ -11.5 dB, SINR 0 dB": {RSRP: Some(DBm(-96)), RSSI: Some(DBm(-65)), RSRQ: Some(DB(-11.5)), SINR: Some(DB(0))},
		"RSCP -80 dBm, RSSI -70 dBm, Ec/Io -7 dB": {RSCP: Some(DBm(-80)), RSSI: Some(DBm(-70)), EcIo: Some(DB(-7))},
		"RSSI NaN dBm": {RSSI: Some(DBm(math.NaN()))},
	} {
		require.Equal(t, want, Levels(&c))
	}
}
