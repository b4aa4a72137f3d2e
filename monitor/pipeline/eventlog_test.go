package pipeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
)

// Many events come back as they were, in their last form and in order, in a fraction of their size.
func TestEventLogPacksMany(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	began := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	var l EventLog
	var want []analyzer.Event
	const n = 3000
	size := 0
	for i := range n {
		opened := began.Add(time.Duration(rnd.IntN(n)) * time.Second)
		e := analyzer.Event{ID: fmt.Sprintf("%016x", i), Sensor: "roof", Severity: analyzer.High, State: analyzer.Open, First: opened, Opened: opened, Last: opened, Score: 7.5,
			Cells: []cell.Cell{{RAT: cell.LTE, MCC: "001", MNC: "01", ID: cell.Some(uint64(i))}}, Summary: fmt.Sprintf("LTE cell %d says that it belongs to a test network", i), InnocentCauses: []string{"a laboratory"},
			Findings: []analyzer.Finding{{Rule: "test-plmn", Version: 2, First: opened, Last: opened, Summary: "a test network", Evidence: []analyzer.Evidence{{Time: opened, Raw: []string{fmt.Sprint("+QENG: ", i)}}}}}}
		l.Add(e)
		if i%10 != 0 {
			e.State, e.Last = analyzer.Closed, e.Last.Add(time.Minute)
			l.Add(e)
		}
		want = append(want, e)
		size += len(e.Summary) + 400
	}
	slices.SortStableFunc(want, func(a, b analyzer.Event) int { return a.Opened.Compare(b.Opened) })
	require.Equal(t, want, l.Sorted())
	require.True(t, l.Has(want[0].ID))
	require.False(t, l.Has("nothing"))
	packed := 0
	for _, b := range l.blocks {
		packed += len(b)
	}
	require.NotZero(t, packed)
	require.Less(t, packed, size/4)

	again := want[5]
	again.Severity, again.State = analyzer.Low, analyzer.Closed
	l.Add(again)
	require.Contains(t, l.Sorted(), again, "a later form of one that is packed")
	require.Len(t, l.Sorted(), n)
}
