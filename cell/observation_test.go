package cell

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLevelIsTheRATsOwn(t *testing.T) {
	rsrp, rscp, rssi := Some[DBm](-96), Some[DBm](-88), Some[DBm](-65)
	require.Equal(t, rsrp, (&Cell{RSRP: rsrp, RSCP: rscp, RSSI: rssi}).Level())
	require.Equal(t, rscp, (&Cell{RSCP: rscp, RSSI: rssi}).Level())
	require.Equal(t, rssi, (&Cell{RSSI: rssi}).Level())
	require.Equal(t, Some[DBm](0), (&Cell{RSRP: Some[DBm](0), RSSI: rssi}).Level(), "a reported zero counts")
	require.False(t, (&Cell{}).Level().Known())
}

// <stat> of TS 27.007 clause 7.2: all that mean service of some kind, and none of the others.
func TestRegistered(t *testing.T) {
	for stat, want := range []bool{0: false, 1: true, 2: false, 3: false, 4: false, 5: true, 6: true, 7: true, 8: false,
		9: true, 10: true, 11: false} {
		require.Equal(t, want, Registration{Status: Some(uint8(stat))}.Registered(), "%d", stat)
	}
	require.False(t, Registration{}.Registered(), "not reported")
}

func TestRecordsSayWhenAndFromWhom(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	for _, r := range []Record{&Observation{Time: at, Sensor: "roof"}, &Gap{Time: at, Sensor: "roof"},
		&Health{Time: at, Sensor: "roof"}, &Clock{Time: at, Sensor: "roof"}} {
		require.Equal(t, at, r.When())
		require.Equal(t, "roof", r.From())
	}
	s := &Source{Sensor: "roof"}
	require.True(t, s.When().IsZero(), "a source line has no time")
	require.Equal(t, "roof", s.From())
	require.Equal(t, PLMN{"262", "01"}, (&Cell{MCC: "262", MNC: "01"}).PLMN())
}
