package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

func TestCellsAreFoundByAnyIdentifier(t *testing.T) {
	k := storage.KnownCell{RAT: cell.LTE, MCC: "206", MNC: "01", Area: cell.Some(cell.Area(4660)), ID: 11016962, PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300)), Sensor: "roof-1"}
	for _, q := range []string{"11016962", "0xA81B02", "43035", "4660", "101", "1300", "206-01", "20601", "206-01-4660", "lte", "roof-1", "206"} {
		require.True(t, named(&k, q), q)
	}
	for _, q := range []string{"11016963", "5", "207", "gsm", "x"} {
		require.False(t, named(&k, q), q)
	}
}

func TestSearchCells(t *testing.T) {
	l := town(t)
	all, err := l.SearchCells(t.Context(), CellSearch{Sort: "level"})
	require.NoError(t, err)
	require.Equal(t, all.Total, all.Found)
	require.Equal(t, "206-01", all.Cells[0].PLMN)
	for i := 1; i < len(all.Cells); i++ {
		require.LessOrEqual(t, all.Cells[i].Strongest.Or(-999), all.Cells[i-1].Strongest.Or(-999))
	}
	one, err := l.SearchCells(t.Context(), CellSearch{Text: "39321", RAT: "LTE", Sort: "first"})
	require.NoError(t, err)
	require.Equal(t, 1, one.Found)
	require.Equal(t, all.Total, one.Total)
	none, err := l.SearchCells(t.Context(), CellSearch{Text: "39321", RAT: "GSM", Sort: "count"})
	require.NoError(t, err)
	require.Empty(t, none.Cells)
	require.Equal(t, 1, none.ByRAT[cell.LTE])
	_, err = l.Cell(t.Context(), cell.LTE, cell.PLMN{}, 1)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

// A cell that has been heard for days is shown over all of them, from samples; that it was once another is listed.
func TestCellOverItsWholeTime(t *testing.T) {
	l := town(t)
	odd := evidencetest.LTECell(11016962, 4660, 77, 1300, -80)
	require.NoError(t, l.stores[0].Append(t.Context(), &cell.Observation{Time: evidencetest.Now.Add(-50 * time.Minute), Sensor: "roof-1", Serving: odd}))
	p, err := l.Cell(t.Context(), cell.LTE, cell.PLMN{MCC: "206", MNC: "01"}, 11016962)
	require.NoError(t, err)
	require.NotNil(t, p.History)
	require.Equal(t, maxSlots, p.History.Slots)
	require.Positive(t, p.History.Heard)
	require.Len(t, p.History.Series.Time, p.History.Heard)
	require.Len(t, p.Forms, 2)
	require.Contains(t, p.Forms[0].Name, "PCI 101")
	require.True(t, p.Forms[0].First.Before(evidencetest.Start.Add(36*time.Hour)), p.Forms[0].First)
	require.Contains(t, p.Forms[1].Name, "PCI 77")
	require.NotEmpty(t, p.Near)
	k, err := l.stores[0].KnownCells(t.Context(), storage.CellQuery{RAT: cell.LTE}, 2)
	require.NoError(t, err)
	require.Len(t, k, 2)
}
