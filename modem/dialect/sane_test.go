package dialect

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"vigie/cell"
)

// sane fails when an observation holds anything that no cell can have.
func sane(t testing.TB, o *cell.Observation) {
	t.Helper()
	cells := append(append([]cell.Cell{}, o.Neighbours...), o.Secondary...)
	if o.Serving != nil {
		cells = append(cells, *o.Serving)
	}
	for i := range cells {
		saneCell(t, &cells[i])
	}
	for _, g := range o.Registration {
		if s, ok := g.Status.Get(); ok {
			require.True(t, s <= 11 || s >= 90 && s <= 99, "status %d", s)
		}
		if a, ok := g.AcT.Get(); ok {
			require.LessOrEqual(t, a, uint8(16))
		}
		if a, ok := g.Area.Get(); ok {
			require.LessOrEqual(t, a, cell.NR.MaxArea())
			require.False(t, a.Reserved(cell.LTE))
		}
		if id, ok := g.CellID.Get(); ok {
			require.NotZero(t, id)
			require.Less(t, id, cell.NR.MaxCellID())
		}
		if c, ok := g.CauseType.Get(); ok {
			require.LessOrEqual(t, c, uint8(1))
		}
	}
	if p := o.Position; p != nil {
		require.True(t, math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180)
	}
	switch o.State {
	case "", cell.Searching, cell.Limited, cell.Idle, cell.Connected, cell.NoService:
	default:
		require.Fail(t, "state", o.State)
	}
}

func saneCell(t testing.TB, c *cell.Cell) {
	t.Helper()
	require.NotEmpty(t, c.RAT.String(), "RAT")
	require.Equal(t, c.MCC == "", c.MNC == "", "MCC and MNC come together")
	require.LessOrEqual(t, len(c.MCC), 3)
	require.LessOrEqual(t, len(c.MNC), 3)
	for _, s := range []string{c.MCC, c.MNC} {
		if s != "" {
			_, ok := parseWhole(s, 10)
			require.True(t, ok, s)
		}
	}
	if a, ok := c.Area.Get(); ok {
		require.LessOrEqual(t, a, c.RAT.MaxArea())
		require.False(t, a.Reserved(c.RAT), "area %d", a)
	}
	if id, ok := c.ID.Get(); ok {
		require.NotZero(t, id)
		require.Less(t, id, c.RAT.MaxCellID())
	}
	if p, ok := c.PCI.Get(); ok {
		require.LessOrEqual(t, p, c.RAT.MaxPCI())
	}
	if a, ok := c.ARFCN.Get(); ok {
		require.LessOrEqual(t, a, maxARFCN[c.RAT])
	}
	if p, ok := c.Priority.Get(); ok {
		require.LessOrEqual(t, p, uint8(7))
	}
	if ta, ok := c.TA.Get(); ok {
		require.LessOrEqual(t, uint64(ta), maxTA[c.RAT])
	}
	if b, ok := c.Band.Get(); ok {
		require.True(t, b > 0 && (b <= 1024 || c.RAT == cell.GSM && b <= 1900), "band %d", b)
	}
	level := func(o cell.Opt[cell.DBm], lo, hi float64) {
		if v, ok := o.Get(); ok {
			require.True(t, float64(v) >= lo && float64(v) <= hi, "%v dBm", v)
		}
	}
	ratio := func(o cell.Opt[cell.DB], lo, hi float64) {
		if v, ok := o.Get(); ok {
			require.True(t, float64(v) >= lo && float64(v) <= hi, "%v dB", v)
		}
	}
	level(c.RSRP, minRSRP, maxRSRP)
	level(c.RSSI, minRSSI, maxRSSI)
	level(c.RSCP, minRSCP, maxRSCP)
	ratio(c.RSRQ, minRSRQ, maxRSRQ)
	ratio(c.SINR, minSINR, maxSINR)
	ratio(c.EcIo, minEcIo, maxEcIo)
	ratio(c.ThreshHigh, 0, 62)
	ratio(c.ThreshLow, 0, 62)
	ratio(c.SRxLev, -128, 128)
	require.Zero(t, c.Placeholder&c.Fields(), "a field is both known and a placeholder")
}

// partOf reports whether everything that part knows is what whole knows.
func partOf(part, whole *cell.Cell) bool {
	same := func(known, equal bool) bool { return !known || equal }
	return part.RAT == whole.RAT && same(part.MCC != "", part.MCC == whole.MCC) && same(part.MNC != "", part.MNC == whole.MNC) &&
		same(part.Area.Known(), part.Area == whole.Area) && same(part.ID.Known(), part.ID == whole.ID) &&
		same(part.PCI.Known(), part.PCI == whole.PCI) && same(part.ARFCN.Known(), part.ARFCN == whole.ARFCN) &&
		same(part.Band.Known(), part.Band == whole.Band) && same(part.Bandwidth.Known(), part.Bandwidth == whole.Bandwidth) &&
		same(part.RSRP.Known(), part.RSRP == whole.RSRP) && same(part.RSRQ.Known(), part.RSRQ == whole.RSRQ) &&
		same(part.RSSI.Known(), part.RSSI == whole.RSSI) && same(part.SINR.Known(), part.SINR == whole.SINR) &&
		same(part.RSCP.Known(), part.RSCP == whole.RSCP) && same(part.EcIo.Known(), part.EcIo == whole.EcIo) &&
		same(part.TA.Known(), part.TA == whole.TA) && same(part.Priority.Known(), part.Priority == whole.Priority) &&
		same(part.ThreshHigh.Known(), part.ThreshHigh == whole.ThreshHigh) && same(part.ThreshLow.Known(), part.ThreshLow == whole.ThreshLow) &&
		same(part.SRxLev.Known(), part.SRxLev == whole.SRxLev)
}
