package analyzer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// A sensor that walked two kilometres has learned where its cells are and in which tiles it has been, and so has one that was
// restored from its state.
func TestPlaces(t *testing.T) {
	engine := analyzer.New(rules.All(), analyzer.Options{})
	engine.Feed(&cell.Source{Version: 1, Sensor: "bag", Mode: cell.Mobile})
	for i := range 600 {
		c := cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", Area: cell.Some(cell.Area(4660)), ID: cell.Some(uint64(2820612 + i/300*256)), RSRP: cell.Some(cell.DBm(-90))}
		engine.Feed(&cell.Observation{Time: time.Date(2026, 11, 23, 8, 0, i, 0, time.UTC), Sensor: "bag", Serving: &c, Position: &cell.Position{Lat: 53.34 + float64(i)*3e-5, Lon: -6.26}})
	}
	p := engine.Places("bag")
	require.Len(t, p.Cells, 2)
	require.Equal(t, uint64(2820612), p.Cells[0].Cell.ID.Or(0))
	require.InDelta(t, 53.34, p.Cells[0].Lat, 0.001)
	require.NotEmpty(t, p.Tiles)
	for _, tile := range p.Tiles {
		require.Positive(t, tile.Stays)
		for _, c := range tile.Corners {
			require.InDelta(t, 53.35, c[0], 0.05)
			require.InDelta(t, -6.26, c[1], 0.05)
		}
	}
	require.Empty(t, engine.Places("roof"))
	state, err := engine.Save()
	require.NoError(t, err)
	again := analyzer.New(rules.All(), analyzer.Options{})
	require.NoError(t, again.Restore(state))
	require.Equal(t, p, again.Places("bag"))
}
