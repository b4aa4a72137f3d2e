package analyzer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// The gaps and clocks of a collector are not out of order. A gap is recorded twice with the time at which it began, and
// unsolicited lines may come in between.
func TestGapsAndClocksAreInOrder(t *testing.T) {
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	seen := func(at time.Time) cell.Record {
		return &cell.Observation{Time: at, Serving: &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(7)), ID: cell.Some(uint64(99))}}
	}
	const offset = 40 * 24 * time.Hour
	e := analyzer.New(rules.All(), analyzer.Options{})
	for _, r := range []cell.Record{
		seen(at(0)), seen(at(1)),
		&cell.Gap{Time: at(1), Reason: "no_answer"},
		&cell.Observation{Time: at(4), Raw: []string{"+CREG: 2"}},
		&cell.Gap{Time: at(1), Until: at(9), Reason: "no_answer"},
		seen(at(9)), seen(at(10)),
		&cell.Clock{Time: at(11).Add(offset), Offset: offset},
		seen(at(11).Add(offset)), seen(at(12).Add(offset)),
		&cell.Clock{Time: at(13), Offset: -offset},
		seen(at(13)), seen(at(14)),
	} {
		e.Feed(r)
	}
	c := e.Counts()
	require.Empty(t, c.Skipped)
	require.Empty(t, c.Noted)
	require.Equal(t, 9, c.Observations)
}
