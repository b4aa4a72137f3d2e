package analyzer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// looking returns an engine with one rule, which calls look for every observation and never reports.
func looking(look func(v *analyzer.View)) *analyzer.Engine {
	return analyzer.New([]analyzer.Rule{{ID: "look", Observe: func(v *analyzer.View, _ *analyzer.Signal) bool {
		look(v)
		return false
	}}}, analyzer.Options{})
}

func on(sensor string, second int, c cell.Cell) *cell.Observation {
	return &cell.Observation{Time: start.Add(time.Duration(second) * time.Second), Sensor: sensor, State: cell.Idle, Serving: &c}
}

// The area of a source that updates area and cell id at different moments counts after three seconds.
func TestSkewedAreaIsWithheld(t *testing.T) {
	var area []cell.Area
	e := looking(func(v *analyzer.View) {
		require.True(t, v.Skewed())
		area = append(area, v.On().Cell.Area)
	})
	e.Feed(&cell.Source{Sensor: "phone", Mode: cell.Mobile, Skew: true})
	c := *lteCell(1)
	for i := range 5 {
		e.Feed(on("phone", i, c))
	}
	c.Area = cell.Some(cell.Area(4661))
	for i := range 5 {
		e.Feed(on("phone", 5+i, c))
	}
	require.Equal(t, []cell.Area{0, 0, 0, 4660, 4660, 4660, 4660, 4660, 4661, 4661}, area)
}

// A cell without its network is the known one of that identity, or else one of the network that the modem was on.
func TestNetworkIsInferred(t *testing.T) {
	var plmn []cell.PLMN
	arrived := 0
	e := looking(func(v *analyzer.View) {
		plmn = append(plmn, v.PLMN(&v.On().Cell))
		if v.Arrived {
			arrived++
		}
	})
	bare := func(id uint64) cell.Cell {
		c := *lteCell(id)
		c.MCC, c.MNC = "", ""
		return c
	}
	other := *lteCell(2)
	other.MNC = "05"
	for i, c := range []cell.Cell{other, *lteCell(1), bare(1), bare(2), bare(3)} {
		e.Feed(on("roof", i, c))
	}
	ours, theirs := cell.PLMN{MCC: "272", MNC: "03"}, cell.PLMN{MCC: "272", MNC: "05"}
	require.Equal(t, []cell.PLMN{theirs, ours, ours, theirs, theirs}, plmn)
	require.Equal(t, 4, arrived, "an unsolicited line about the present cell is no change of cell")
}

// A network begins when it is first seen, also if it registers the modem at that moment.
func TestNetworkBeginsWhenSeen(t *testing.T) {
	var first int64
	e := looking(func(v *analyzer.View) {
		if n := v.Base.Network(&v.On().Cell); n != nil {
			first = n.First
		}
	})
	for i := range 2 {
		o := on("roof", i, *lteCell(1))
		o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1))}}
		e.Feed(o)
	}
	require.Equal(t, start.UnixMilli(), first)
}

// Of the other modems of the kit the one on the latest RAT counts, as long as it is heard.
func TestOtherModem(t *testing.T) {
	var seen []string
	e := looking(func(v *analyzer.View) {
		if m, ok := v.OtherModem(); ok {
			seen = append(seen, fmt.Sprintf("%s %s %.0f dBm %.0f s", m.Sensor, m.Cell.RAT, m.Level, m.Seconds))
		} else {
			seen = append(seen, "")
		}
	})
	for _, sensor := range []string{"a", "b", "c"} {
		e.Feed(&cell.Source{Sensor: sensor, Mode: cell.Mobile, Kit: "bag"})
	}
	e.Feed(&cell.Source{Sensor: "d", Mode: cell.Mobile})
	gsm := cell.Cell{RAT: cell.GSM, ID: cell.Some(uint64(7)), RSSI: cell.Some(cell.DBm(-70))}
	for i := range 3 {
		e.Feed(on("a", i, *lteCell(1)))
		e.Feed(on("b", i, gsm))
		e.Feed(on("d", i, *lteCell(1)))
	}
	seen = nil
	for _, o := range []*cell.Observation{on("c", 3, gsm), on("d", 3, gsm), on("c", 17, gsm), on("c", 18, gsm)} {
		e.Feed(o)
	}
	require.Equal(t, []string{"a LTE -90 dBm 2 s", "", "a LTE -90 dBm 2 s", ""}, seen)
}

// The number of sensors is bounded: the one not heard for longest is forgotten.
func TestSensorsAreBounded(t *testing.T) {
	e := looking(func(*analyzer.View) {})
	for i := range 1025 {
		e.Feed(on(fmt.Sprint("s", i), i, *lteCell(1)))
	}
	stats := e.Stats()
	require.Len(t, stats, 1024)
	require.Equal(t, "s1", stats[0].Sensor)
	require.Equal(t, 1, e.Counts().Noted["sensor forgotten"])
}

func TestStats(t *testing.T) {
	fed := analyzer.Rule{ID: "fed", Version: 1, Needs: cell.FieldRAT, Cause: "a", Min: analyzer.Info, Max: analyzer.High, Telling: analyzer.Supporting,
		Observe: func(v *analyzer.View, s *analyzer.Signal) bool {
			s.P = 0.05
			return v.Arrived
		}}
	rules := []analyzer.Rule{fed, {ID: "hungry", Needs: cell.FieldTA | cell.FieldRAT}}
	e := analyzer.New(rules, analyzer.Options{AlertsPerMonth: 0.4})
	e.Feed(&cell.Source{Sensor: "roof", Mode: cell.Fixed})
	for i := range 1000 {
		e.Feed(on("roof", i, *lteCell(1)))
	}
	require.Len(t, e.Stats(), 1)
	s := e.Stats()[0]
	require.InDelta(t, 999.0/86400, s.Days, 1e-9)
	require.Equal(t, 4.0, s.Floor, "a tenth of the alerts costs a decade")
	require.Equal(t, s.Floor, s.Threshold)
	require.Equal(t, uint32(1), s.Rules[0].Seen, "the first arrival, which alerted nobody")
	require.Equal(t, start, s.Rules[0].Last)
	require.Zero(t, s.Rules[0].Missing)
	require.Equal(t, cell.FieldTA, s.Rules[1].Missing)
	require.Equal(t, cell.FieldTA, analyzer.Available(rules, cell.FieldRAT)[1].Missing)
	require.Zero(t, analyzer.Available(rules, cell.FieldRAT)[0].Missing)
}

func TestSeverityIsTextInBothDirections(t *testing.T) {
	for s := analyzer.Info; s <= analyzer.High; s++ {
		text, err := s.MarshalText()
		require.NoError(t, err)
		require.Equal(t, s.String(), string(text))
		var back analyzer.Severity
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, s, back)
	}
	_, err := analyzer.Severity(9).MarshalText()
	require.ErrorContains(t, err, "no such severity")
	require.ErrorContains(t, new(analyzer.Severity).UnmarshalText([]byte("huge")), "want info, low, medium or high")
}
