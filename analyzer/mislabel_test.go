package analyzer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

func cellOf(rat cell.RAT, id uint64, channel uint32) cell.Cell {
	return cell.Cell{RAT: rat, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(12)), ID: cell.Some(id), ARFCN: cell.Some(channel)}
}

// An observation with the RAT of one moment and the identity of another is counted and seen by no rule; one that stays is believed.
func TestMislabelled(t *testing.T) {
	const lte, umts = 10805003, 700<<16 + 4711
	for name, c := range map[string]struct {
		odd  cell.Cell
		n    int // observations, one a second
		want int // of them that are mislabelled
	}{
		"the cell before, in another RAT":    {cellOf(cell.UMTS, lte, 1300), 5, 5},
		"the low bits of the cell before":    {cellOf(cell.GSM, lte&0xffff, 60), 5, 5},
		"a channel of UMTS in GSM":           {cellOf(cell.GSM, 77, 10612), 5, 5},
		"it stays":                           {cellOf(cell.UMTS, lte, 1300), 20, 15},
		"another cell":                       {cellOf(cell.UMTS, umts, 10612), 5, 0},
		"a channel that no RAT has":          {cellOf(cell.GSM, 77, 4_000_000), 5, 0},
		"the same number under another area": {func() cell.Cell { c := cellOf(cell.UMTS, lte, 10612); c.Area = cell.Some(cell.Area(9)); return c }(), 5, 0},
	} {
		seen := 0
		e := looking(func(v *analyzer.View) {
			if on := v.On(); on != nil && on.Cell.RAT == c.odd.RAT {
				seen++
			}
		})
		e.Feed(&cell.Source{Sensor: "bag", Mode: cell.Mobile})
		at := 0
		for range 20 {
			e.Feed(on("bag", at, cellOf(cell.LTE, lte, 1300)))
			at++
		}
		for range c.n {
			e.Feed(on("bag", at, c.odd))
			at++
		}
		require.EqualValues(t, c.want, e.Mislabelled("bag"), name)
		require.Equal(t, c.n-c.want, seen, name)
		require.Equal(t, c.want, e.Counts().Noted[analyzer.Disagree], name)
		e.Feed(on("bag", at, cellOf(cell.LTE, lte, 1300)))
		require.EqualValues(t, c.want, e.Mislabelled("bag"), name)
	}
	require.Zero(t, looking(func(*analyzer.View) {}).Mislabelled("nobody"))
}

// A cell of GSM that turns out to have been the next cell of UMTS, cut to 16 bits, is taken back: nothing is left of it among the
// stays, and what was found in it and not reported is dropped.
func TestUnsaid(t *testing.T) {
	const umts = 700<<16 + 4711
	var before *analyzer.Stay
	e := looking(func(v *analyzer.View) {
		if v.Arrived && v.On().Cell.RAT == cell.UMTS {
			before = v.Stay(1)
		}
	})
	e.Feed(&cell.Source{Sensor: "bag", Mode: cell.Mobile})
	e.Feed(on("bag", 0, cellOf(cell.LTE, 10805003, 1300)))
	e.Feed(on("bag", 1, cellOf(cell.GSM, umts&0xffff, 60)))
	e.Feed(on("bag", 2, cellOf(cell.UMTS, umts, 10612)))
	require.NotNil(t, before)
	require.Equal(t, cell.LTE, before.Cell.RAT)
	require.EqualValues(t, 1, e.Mislabelled("bag"))
}
