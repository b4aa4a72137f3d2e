package analyzer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// toys are n rules that never report, and a last one that reports every stay once.
func toys(n int) []analyzer.Rule {
	list := make([]analyzer.Rule, 0, n+1)
	for i := range n {
		list = append(list, analyzer.Rule{ID: fmt.Sprintf("quiet-%d", i), Needs: cell.FieldRAT, Cause: "toy",
			Observe: func(*analyzer.View, *analyzer.Sign) bool { return false }})
	}
	return append(list, analyzer.Rule{ID: "last", Version: 1, Title: "a stay", Needs: cell.FieldRAT, Cause: "last",
		Min: analyzer.Low, Max: analyzer.High, Telling: analyzer.Defining, Innocent: []string{"none"},
		Observe: func(v *analyzer.View, s *analyzer.Sign) bool {
			on := v.On()
			if on == nil || !v.Once(on) {
				return false
			}
			s.P = 1e-4
			s.Suspect(&on.Cell)
			s.Say("%s is a cell", &on.Cell)
			return true
		}})
}

func lteCell(id uint64) *cell.Cell {
	return &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(id), RSRP: cell.Some(cell.DBm(-90))}
}

// The number of rules has no limit: a rule after the 64th is fed, and reports a stay once. A restart, even one that puts the
// rules in another order, is not a new stay.
func TestTwoHundredRules(t *testing.T) {
	rules := toys(200)
	e := analyzer.New(rules, analyzer.Options{})
	evidence := func() (n int) {
		e.Finish()
		for _, ev := range e.Take() {
			require.Equal(t, "last", ev.Findings[0].Rule)
			n += len(ev.Findings[0].Evidence)
		}
		return n
	}
	at := start
	feed := func(id uint64, n int) {
		for range n {
			at = at.Add(time.Second)
			e.Feed(&cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: lteCell(id)})
		}
	}
	feed(1, 10)
	require.Equal(t, 1, evidence())
	feed(1, 10)
	require.Equal(t, 1, evidence())
	state, err := e.Save()
	require.NoError(t, err)
	rules[0], rules[200] = rules[200], rules[0]
	e = analyzer.New(rules, analyzer.Options{})
	require.NoError(t, e.Restore(state))
	feed(1, 10)
	require.Equal(t, 1, evidence(), "the stay had been reported before the restart")
	feed(2, 10)
	feed(1, 10)
	require.Equal(t, 3, evidence(), "another cell, and the first again, are two more stays")
	o := &cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: lteCell(1)}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		o.Time = o.Time.Add(time.Second)
		e.Feed(o)
	}), "a quiet observation")
}
