package review

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// Where only summaries are left, charts, baselines and cells are told from them, and say so.
func TestSummariesTakeThePlaceOfRecords(t *testing.T) {
	tw := newTown(t)
	before, err := tw.desk.baseline(t.Context(), tw.desk.o.Stores[0], "roof-1", captured.Add(-around), captured.Add(around))
	require.NoError(t, err)
	require.Zero(t, before.Sums)
	cells, err := tw.desk.cellPage(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962, time.UTC)
	require.NoError(t, err)

	for more := true; more; {
		out, err := tw.store.Purge(t.Context(), storage.Retention{FullRate: time.Hour}, captured.AddDate(0, 1, 0))
		require.NoError(t, err)
		more = out.More
	}
	d := newDesk(t, tw.store)
	after, err := d.baseline(t.Context(), d.o.Stores[0], "roof-1", captured.Add(-around), captured.Add(around))
	require.NoError(t, err)
	require.Equal(t, before.Days, after.Days)
	require.Positive(t, after.Sums)
	require.Equal(t, before.Cells, after.Cells, "an observation a minute: the summary of a minute is that observation")
	require.Equal(t, extent(before), extent(after), "when in its minute a value was is not known: slots may be others")
	require.Contains(t, get(d, "/event/"+tw.events[0].ID).Body.String(), "only summaries of a minute are left: a fall within")

	w, err := d.window(t.Context(), d.o.Stores[0], "roof-1", townStart.Add(30*time.Hour), townStart.Add(30*time.Hour+20*time.Minute), false)
	require.NoError(t, err)
	require.Empty(t, w.Records)
	require.Len(t, w.Minutes, 20)
	s := draw(w, nil)
	require.Len(t, s.Time, 20)
	require.NotNil(t, s.Level[0])
	require.NotNil(t, s.Best[0], "neighbours too")

	now, err := d.cellPage(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962, time.UTC)
	require.NoError(t, err)
	require.Equal(t, cells.Heard, now.Heard)
	require.Positive(t, now.Minutes)
	require.NotEmpty(t, now.Chart.Lines)
	require.Equal(t, cells.Forms[0].What, now.Forms[0].What)
	require.NotEmpty(t, now.Near)
}

// extent is the weakest and the strongest of a baseline.
func extent(b *baseline) [2]float64 {
	e := [2]float64{0, -200}
	for i := range b.Low {
		if b.Low[i] != nil {
			e = [2]float64{min(e[0], *b.Low[i]), max(e[1], *b.High[i])}
		}
	}
	return e
}

// Modems tell the registration of each domain by itself: that one of them stays as it is hides no refusal of the other.
func TestChartOfTwoDomains(t *testing.T) {
	w := &window{From: townStart, To: townStart.Add(10 * time.Minute)}
	for i := range 600 {
		eps := uint8(1)
		if i == 500 {
			eps = 3
		}
		w.Records = append(w.Records, &cell.Observation{Time: townStart.Add(time.Duration(i) * time.Second), Sensor: "roof", Serving: lteCell(1, 1, 1, 1300, -90),
			Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(eps)}, {Domain: cell.CS, Status: cell.Some(uint8(1))}}})
	}
	s := draw(w, nil)
	require.Len(t, s.Regs, 4, "both are told, one is denied, and accepted again")
	require.True(t, s.Regs[2].Bad)
	k := sketchOf(s, nil, time.UTC)
	require.Len(t, k.Regs, 4)
	require.True(t, k.Regs[2].Bad)
}
