package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// Where only summaries are left, charts, baselines and cells are made from them, and say so.
func TestSummariesTakeThePlaceOfRecords(t *testing.T) {
	l := town(t)
	before, err := l.stores[0].Baseline(t.Context(), "roof-1", evidencetest.Captured.Add(-Margin), evidencetest.Captured.Add(Margin))
	require.NoError(t, err)
	require.Zero(t, before.Summaries)
	cells, err := l.Cell(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962)
	require.NoError(t, err)

	for more := true; more; {
		out, err := l.stores[0].Purge(t.Context(), storage.Retention{FullRate: time.Hour}, evidencetest.Captured.AddDate(0, 1, 0))
		require.NoError(t, err)
		more = out.More
	}
	d := over(t, l.stores[0].Store)
	after, err := d.stores[0].Baseline(t.Context(), "roof-1", evidencetest.Captured.Add(-Margin), evidencetest.Captured.Add(Margin))
	require.NoError(t, err)
	require.Equal(t, before.Days, after.Days)
	require.Positive(t, after.Summaries)
	require.Equal(t, before.Cells, after.Cells, "an observation a minute: the summary of a minute is that observation")
	require.Equal(t, extent(before), extent(after), "when in its minute a value was is not known: slots may be others")

	w, err := d.stores[0].Window(t.Context(), "roof-1", evidencetest.Start.Add(30*time.Hour), evidencetest.Start.Add(30*time.Hour+20*time.Minute), false)
	require.NoError(t, err)
	require.Empty(t, w.Records)
	require.Len(t, w.Minutes, 20)
	s := w.Series(nil)
	require.Len(t, s.Time, 20)
	require.NotNil(t, s.Level[0])
	require.NotNil(t, s.Best[0], "neighbours too")

	now, err := d.Cell(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962)
	require.NoError(t, err)
	require.Equal(t, cells.Heard, now.Heard)
	require.Positive(t, now.Minutes)
	require.NotEmpty(t, now.Series.Time)
	require.Equal(t, cells.Forms[0].Name, now.Forms[0].Name)
	require.NotEmpty(t, now.Near)
}

// extent is the weakest and the strongest of a baseline.
func extent(b *Baseline) [2]float64 {
	e := [2]float64{0, -200}
	for i := range b.Low {
		if b.Low[i] != nil {
			e = [2]float64{min(e[0], *b.Low[i]), max(e[1], *b.High[i])}
		}
	}
	return e
}

// Modems report the registration of each domain separately: that one of them stays as it is hides no refusal of the other.
func TestChartOfTwoDomains(t *testing.T) {
	w := &Window{From: evidencetest.Start, To: evidencetest.Start.Add(10 * time.Minute)}
	for i := range 600 {
		eps := uint8(1)
		if i == 500 {
			eps = 3
		}
		w.Records = append(w.Records, &cell.Observation{Time: evidencetest.Start.Add(time.Duration(i) * time.Second), Sensor: "roof", Serving: evidencetest.LTECell(1, 1, 1, 1300, -90),
			Registration: []cell.Registration{{Domain: cell.EPS, Status: cell.Some(eps)}, {Domain: cell.CS, Status: cell.Some(uint8(1))}}})
	}
	s := w.Series(nil)
	require.Len(t, s.Regs, 4, "both are told, one is denied, and accepted again")
	require.True(t, s.Regs[2].Denied)
}
