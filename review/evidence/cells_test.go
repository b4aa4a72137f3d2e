package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/review/evidence/evidencetest"
	"vigie/storage"
)

// Events and cells are found by the same words and identifiers.
func TestSearchFinds(t *testing.T) {
	k := storage.KnownCell{RAT: cell.LTE, MCC: "206", MNC: "01", Area: cell.Some(cell.Area(4660)), ID: 11016962, PCI: cell.Some(uint16(101)), ARFCN: cell.Some(uint32(1300)), Sensor: "roof-1"}
	l := town(t)
	id := evidencetest.Events()[0].ID
	_, err := l.stores[0].AddVerdict(t.Context(), storage.Verdict{Event: id, Judgement: storage.Suspicious, Author: "Ada Lovelace", Reason: "the same on three phones", Time: evidencetest.Now})
	require.NoError(t, err)
	e, err := l.Find(t.Context(), id)
	require.NoError(t, err)
	both := []string{"206-01", "20601", "lte", "roof-1", "206", "PLMN 206-01", "proximus"}
	for _, q := range append([]string{"11016962", "0xA81B02", "a81b02", "43035", "43035/2", "4660", "101", "1300", "206-01-4660", "eNB 43035"}, both...) {
		known, found := l.stores[0].found(nil, k, ParseSearch(q))
		require.True(t, found, "%s in %s", q, known.Name)
	}
	for _, q := range append([]string{id, id[:6], "0x9999", "9999h", "eNB 0/2", "39321", "downgrade-2g", "Ada", "three phones", "suspicious", "refused the modem", "cause 15", "roof-1 39321"}, both[3:]...) {
		require.True(t, e.Finds(ParseSearch(q)), q)
	}
	for _, q := range []string{"11016963", "5", "207", "gsm", "zzz", "0xA81B03", "roof-1 207"} {
		_, found := l.stores[0].found(nil, k, ParseSearch(q))
		require.False(t, found, q)
	}
	for _, q := range []string{"393", "0x9998", "bag", "level-step", "bob", "roof-1 4711"} {
		require.False(t, e.Finds(ParseSearch(q)), q)
	}
	require.True(t, e.Finds(ParseSearch("la cellule"), "La cellule LTE"), "in the reader's language")
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
