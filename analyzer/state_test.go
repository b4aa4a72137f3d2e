package analyzer_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/analyzer/rules"
	"vigie/cell"
)

// lived is a history in which every rule that remembers something has learned: a fixed and a moving sensor, cells of three RATs
// with all that a modem may report of them, an alert, rejects, noise.
func lived(n int) (recs []cell.Record) {
	r := rand.New(rand.NewPCG(12, 12))
	recs = append(recs, roof(), &cell.Source{Version: 1, Sensor: "bag", Mode: cell.Mobile})
	at := start
	for i := range n {
		at = at.Add(2 * time.Second)
		o := &cell.Observation{Time: at, Sensor: "roof", State: cell.Idle}
		if i%3 == 0 {
			o.Sensor = "bag"
			o.Position = &cell.Position{Lat: 51.9 + float64(i)*1e-5, Lon: -8.4}
		}
		k := i / 20
		if i > n/5 && i < n/2 {
			k = 0 // quiet until events have closed
		}
		c := &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", ID: cell.Some(uint64(11000+k%9)*256 + uint64(4+k%3)), Area: cell.Some(cell.Area(4660 + k%9/7)),
			PCI: cell.Some(uint16(100 + k%9)), ARFCN: cell.Some(uint32(1300 + k%2)), Bandwidth: cell.Some(cell.KHz(5000 * (1 + k%3)))}
		level := cell.DBm(-100 + r.IntN(4) + 5*(k%4))
		switch {
		case k%11 == 10:
			c.RAT, c.PCI, c.ID, c.Bandwidth = cell.UMTS, cell.Some(uint16(300)), cell.Some(uint64(700<<16+10*k%40+1)), cell.Opt[cell.KHz]{}
			c.RSCP = cell.Some(level)
		case k%17 == 16:
			c.RAT, c.PCI, c.ID, c.Bandwidth = cell.GSM, cell.Opt[uint16]{}, cell.Some(uint64(3000+10*(k%3)+k%2)), cell.Opt[cell.KHz]{}
			c.RSSI = cell.Some(level)
		default:
			c.RSRP, c.RSRQ, c.RSSI = cell.Some(level), cell.Some(cell.DB(-9)), cell.Some(level+30)
			if i%40 > 30 {
				c.RSSI, c.RSRQ = cell.Some(level+50), cell.Some(cell.DB(-19))
			}
		}
		switch {
		case k == n/50:
			c.ID, c.Area, c.RSRP = cell.Some(uint64(402118*256+187)), cell.Some(cell.Area(39321)), cell.Some(cell.DBm(-44))
		case k%23 == 22:
			c.Area = cell.Some(cell.Area(4700 + k%2))
		}
		o.Serving = c
		if i%2 == 0 {
			o.Secondary = make([]cell.Cell, r.IntN(2))
		}
		if i%4 < 2 {
			o.Neighbours = []cell.Cell{}
			for j := range r.IntN(3) * (k % 5) {
				o.Neighbours = append(o.Neighbours, cell.Cell{RAT: c.RAT, PCI: cell.Some(uint16(100 + r.IntN(12))), ARFCN: cell.Some(uint32(1300 + j%2)), RSRP: cell.Some(level - cell.DBm(r.IntN(30)))})
			}
		}
		if i%7 == 3 {
			o.Registration = []cell.Registration{{Domain: cell.EPS, Status: cell.Some(uint8(1 + 2*(k/10%2))), Cause: cell.Some(uint16(15))}}
		}
		if i%100 == 99 {
			o.State, o.Serving = cell.Searching, nil
		}
		recs = append(recs, o)
	}
	return recs
}

// A state saved before rules had statistics restores: what was learned of places and cells is there, and learning goes on.
// testdata/state-1.gob was saved at commit 41d95fa, early in this history.
func TestStateOfVersion1(t *testing.T) {
	old, err := os.ReadFile("testdata/state-1.gob")
	require.NoError(t, err)
	recs := lived(6000)
	whole, restored := analyzer.New(rules.All(), analyzer.Options{}), analyzer.New(rules.All(), analyzer.Options{})
	for _, r := range recs[:1000] {
		whole.Feed(r)
		whole.Take()
	}
	require.NoError(t, restored.Restore(old))
	for _, part := range [][]cell.Record{nil, recs[1000:3000], recs[3000:]} {
		feed(whole, part)
		feed(restored, part)
		require.Equal(t, whole.Counts().Observations, restored.Counts().Observations)
		for i, want := range whole.Stats() {
			require.Equal(t, want.Sensor, restored.Stats()[i].Sensor)
			require.Equal(t, want.Days, restored.Stats()[i].Days)
			require.Equal(t, want.Reports, restored.Stats()[i].Reports)
		}
		got, want := restored.Places("bag"), whole.Places("bag")
		require.NotEmpty(t, want.Cells)
		require.Len(t, got.Tiles, len(want.Tiles))
		for i := range want.Tiles {
			require.Equal(t, want.Tiles[i].Corners, got.Tiles[i].Corners)
			require.Equal(t, want.Tiles[i].Stays, got.Tiles[i].Stays)
		}
		require.Len(t, got.Cells, len(want.Cells))
		for i := range want.Cells {
			require.Equal(t, want.Cells[i].Cell, got.Cells[i].Cell)
		}
	}
	again := analyzer.New(rules.All(), analyzer.Options{})
	state, err := restored.Save()
	require.NoError(t, err)
	require.NoError(t, again.Restore(state), "in the present form it is read whole")
}

// counter is a statistic that counts observations.
type counter struct{ N int }

func (c *counter) Learn(*analyzer.View, *analyzer.Lesson) { c.N++ }

type words struct{ N string }

func (w *words) Learn(*analyzer.View, *analyzer.Lesson) { w.N += "x" }

// remembering is a rule that writes to n what its statistic had counted before an observation.
func remembering(id string, n *int) analyzer.Rule {
	return analyzer.Rule{ID: id, Needs: cell.FieldRAT, Cause: id, Learns: func() analyzer.Statistic { return new(counter) },
		Observe: func(v *analyzer.View, _ *analyzer.Signal) bool {
			*n = v.Statistic().(*counter).N
			return false
		}}
}

// A rule remembers by sensor, and over a restart by its ID: in another order, and when rules come and go. If one cannot read what
// it had saved, the state is refused.
func TestStatistics(t *testing.T) {
	var a, b int
	both := []analyzer.Rule{remembering("a", &a), remembering("b", &b)}
	e := analyzer.New(both, analyzer.Options{})
	at := start
	see := func(sensor string) {
		at = at.Add(time.Second)
		e.Feed(&cell.Observation{Time: at, Sensor: sensor, State: cell.Idle, Serving: lteCell(1)})
	}
	again := func(list ...analyzer.Rule) error {
		state, err := e.Save()
		require.NoError(t, err)
		e = analyzer.New(list, analyzer.Options{})
		return e.Restore(state)
	}
	for range 5 {
		see("roof")
	}
	require.Equal(t, []int{4, 4}, []int{a, b}, "an observation is learned after the rules have seen it")
	see("bag")
	require.Zero(t, a)
	require.NoError(t, again(both[1]))
	see("roof")
	require.Equal(t, 5, b)
	require.NoError(t, again(both[1], both[0]))
	see("roof")
	require.Equal(t, []int{0, 6}, []int{a, b}, "a rule that was away begins again")
	both[0].Learns = func() analyzer.Statistic { return new(words) }
	require.ErrorContains(t, again(both...), "rule a")
	require.Zero(t, e.Counts().Observations)
}

// A cell that was forgotten leaves nothing to the one that takes its place.
func TestPerCell(t *testing.T) {
	var p analyzer.PerCell[int]
	first, second := &analyzer.Known{}, &analyzer.Known{}
	p.Renew(&analyzer.Lesson{Cell: first, NewCell: true})
	*p.Of(first) = 7
	p.Renew(&analyzer.Lesson{Cell: first})
	p.Renew(&analyzer.Lesson{})
	require.Equal(t, 7, *p.Of(first))
	p.Renew(&analyzer.Lesson{Cell: second, NewCell: true})
	require.Zero(t, *p.Of(second))
}
