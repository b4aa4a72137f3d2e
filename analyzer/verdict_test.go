package analyzer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// A cell that a reviewer called benign is known from then on; any other is still unusual.
func TestVerdict(t *testing.T) {
	for _, benign := range []bool{true, false} {
		e := analyzer.New(rules.All(), analyzer.Options{})
		e.Feed(roof())
		at := start
		var alert *analyzer.Event
		stay := func(d, step time.Duration, area cell.Area, id uint64, level cell.DBm) (alerts int) {
			for end := at.Add(d); at.Before(end); at = at.Add(step) {
				c := lteCell(id)
				c.Area, c.RSRP = cell.Some(area), cell.Some(level)
				e.Feed(&cell.Observation{Time: at, Sensor: "roof", State: cell.Idle, Serving: c})
				for _, ev := range e.Take() {
					if ev.Severity >= analyzer.Medium {
						alert = &ev
						alerts++
					}
				}
			}
			return alerts
		}
		home := func(d time.Duration) int { return stay(d, 10*time.Second, 4660, 2820612, -94) }
		stranger := func() int { return stay(time.Minute, time.Second, 39321, 90112345, -60) }
		for range 6 {
			require.Zero(t, home(30*time.Minute)+stay(30*time.Minute, 10*time.Second, 4660, 2820868, -97))
		}
		require.Positive(t, home(time.Minute)+stranger()+home(time.Hour))
		e.Verdict(alert, benign)
		require.Equal(t, benign, stranger()+home(time.Minute) == 0)
	}
}
