package cell

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseName(t *testing.T) {
	for name, want := range map[string]Cell{
		"LTE:206-01:4660:11020001": {RAT: LTE, MCC: "206", MNC: "01", Area: Some(Area(4660)), ID: Some(uint64(11020001))},
		"lte::40122:11016962":      {RAT: LTE, Area: Some(Area(40122)), ID: Some(uint64(11016962))},
		"NR:310-260::68719476735":  {RAT: NR, MCC: "310", MNC: "260", ID: Some(uint64(68719476735))},
		"GSM:::0":                  {RAT: GSM, ID: Some(uint64(0))},
	} {
		got, err := ParseName(name)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "LTE", "LTE:206-01:4660", "5G:206-01:1:2", "LTE:20601:1:2", "LTE:206-:1:2", "LTE:206-0x:1:2", "LTE:2060-01:1:2",
		"LTE:::", "LTE:::-1", "LTE:::268435456", "GSM::65536:1", "LTE::4660:1:2", "LTE::0x10:1"} {
		_, err := ParseName(name)
		require.ErrorContains(t, err, "is not a cell", name)
	}
}
