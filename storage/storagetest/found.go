package storagetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

func testEvents(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	evs := Events(40)
	for i := range evs {
		evs[i].Sensor = []string{"roof-1", "bag"}[i%2]
		evs[i].State = []analyzer.State{analyzer.Open, analyzer.Closed}[i/20]
	}
	shuffled := append(slices.Clone(evs[17:]), evs[:17]...)
	require.NoError(t, s.PutEvents(ctx, shuffled...))
	s = reopen()
	for _, e := range evs {
		got, err := s.Event(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
	choose := func(ok func(int, analyzer.Event) bool) (want []analyzer.Event) {
		for i, e := range evs {
			if ok(i, e) {
				want = append(want, e)
			}
		}
		return want
	}
	for name, c := range map[string]struct {
		q  storage.EventQuery
		ok func(int, analyzer.Event) bool
	}{
		"all":      {storage.EventQuery{}, func(int, analyzer.Event) bool { return true }},
		"sensor":   {storage.EventQuery{Sensor: "bag"}, func(_ int, e analyzer.Event) bool { return e.Sensor == "bag" }},
		"severity": {storage.EventQuery{Severity: analyzer.Medium}, func(_ int, e analyzer.Event) bool { return e.Severity >= analyzer.Medium }},
		"state":    {storage.EventQuery{State: analyzer.Closed}, func(_ int, e analyzer.Event) bool { return e.State == analyzer.Closed }},
		"rule":     {storage.EventQuery{Rule: "rule-2"}, func(i int, _ analyzer.Event) bool { return i%3 == 2 }},
		"cell":     {storage.EventQuery{Cell: cell.Some(uint64(2 + 9))}, func(i int, _ analyzer.Event) bool { return i == 9 }},
		"rat":      {storage.EventQuery{RAT: cell.GSM}, func(int, analyzer.Event) bool { return false }},
		"time": {storage.EventQuery{From: evs[10].Last, To: evs[20].First}, func(_ int, e analyzer.Event) bool {
			return !e.Last.Before(evs[10].Last) && e.First.Before(evs[20].First)
		}},
		"two": {storage.EventQuery{Sensor: "bag", Rule: "rule-0"}, func(i int, e analyzer.Event) bool { return i%3 == 0 && e.Sensor == "bag" }},
	} {
		t.Run(name, func(t *testing.T) {
			want := choose(c.ok)
			require.Equal(t, want, events(t, s, c.q))
			c.q.Newest = true
			slices.Reverse(want)
			require.Equal(t, want, events(t, s, c.q))
			c.q.Limit = 3
			require.Equal(t, want[:min(3, len(want))], events(t, s, c.q))
		})
	}
	// An event that changes is found by what it is now, and only by that.
	changed := evs[2]
	changed.Findings = []analyzer.Finding{{Rule: "new"}, {Rule: "new"}}
	changed.Cells = []cell.Cell{{RAT: cell.GSM}}
	changed.State = analyzer.Closed
	require.NoError(t, s.PutEvents(ctx, changed))
	s = reopen()
	require.Equal(t, []analyzer.Event{changed}, events(t, s, storage.EventQuery{Rule: "new"}))
	require.Equal(t, []analyzer.Event{changed}, events(t, s, storage.EventQuery{RAT: cell.GSM}))
	require.NotContains(t, events(t, s, storage.EventQuery{Rule: "rule-2"}), changed)
	require.Len(t, events(t, s, storage.EventQuery{}), 40)

	rapid.Check(t, func(rt *rapid.T) {
		e := Event().Draw(rt, "event")
		require.NoError(rt, s.PutEvents(ctx, e))
		got, err := s.Event(ctx, e.ID)
		require.NoError(rt, err)
		require.Equal(rt, e, got)
	})
	all, asc := events(t, s, storage.EventQuery{Newest: true}), events(t, s, storage.EventQuery{})
	slices.Reverse(all)
	require.Equal(t, asc, all)
	require.NoError(t, s.Check(ctx))
}

func testCells(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	day := Day(2500) // some of it counted, some not yet
	for batch := range slices.Chunk(day, 300) {
		require.NoError(t, s.Append(ctx, batch...))
	}
	want := map[uint64]*storage.KnownCell{}
	for _, r := range day[1:] {
		o := r.(*cell.Observation)
		c := o.Serving
		k := want[c.ID.Or(0)]
		if k == nil {
			k = &storage.KnownCell{RAT: c.RAT, MCC: c.MCC, MNC: c.MNC, Area: c.Area, ID: c.ID.Or(0), First: o.Time, Weakest: c.RSRP, Strongest: c.RSRP}
			want[k.ID] = k
		}
		k.PCI, k.ARFCN, k.Last, k.Sensor = c.PCI, c.ARFCN, o.Time, o.Sensor
		k.Count++
		k.Serving++
		k.Weakest, k.Strongest = cell.Some(min(k.Weakest.Or(0), c.RSRP.Or(0))), cell.Some(max(k.Strongest.Or(-999), c.RSRP.Or(0)))
	}
	require.Greater(t, len(want), 3)
	read := func(q storage.CellQuery) map[uint64]*storage.KnownCell {
		got := map[uint64]*storage.KnownCell{}
		last := uint64(0)
		for k, err := range s.Cells(ctx, q) {
			require.NoError(t, err)
			require.Greater(t, k.ID, last)
			last = k.ID
			got[k.ID] = &k
		}
		return got
	}
	require.Equal(t, want, read(storage.CellQuery{}))
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(want), st.Cells)
	require.NoError(t, s.Append(ctx, day...))
	s = reopen()
	require.Equal(t, want, read(storage.CellQuery{}))
	require.Equal(t, want, read(storage.CellQuery{RAT: cell.LTE, Area: cell.Some(cell.Area(4660))}))
	require.Empty(t, read(storage.CellQuery{RAT: cell.NR}))
	require.Empty(t, read(storage.CellQuery{Area: cell.Some(cell.Area(1))}))
	first := want[day[1].(*cell.Observation).Serving.ID.Or(0)]
	require.Equal(t, map[uint64]*storage.KnownCell{first.ID: first}, read(storage.CellQuery{ID: cell.Some(first.ID)}))

	// Another area code makes another cell; a neighbour with an identity counts too, once a record.
	c := cell.Cell{RAT: cell.GSM, MCC: "272", MNC: "01", ID: cell.Some(uint64(5)), RSSI: cell.Some(cell.DBm(-70))}
	d := c
	d.Area = cell.Some(cell.Area(9))
	require.NoError(t, s.Append(ctx, &cell.Observation{Time: Start.Add(100 * time.Hour), Sensor: "bag", Neighbours: []cell.Cell{c, d, c, {RAT: cell.GSM, ARFCN: cell.Some(uint32(3))}}}))
	var got []storage.KnownCell
	for k, err := range s.Cells(ctx, storage.CellQuery{RAT: cell.GSM}) {
		require.NoError(t, err)
		got = append(got, k)
	}
	require.Len(t, got, 2)
	require.Equal(t, []int64{1, 1}, []int64{got[0].Count, got[1].Count})
	require.Zero(t, got[0].Serving)
	require.False(t, got[0].Area.Known())
}

func testVerdicts(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	require.NoError(t, s.PutEvents(ctx, Events(2)...))
	id := Events(1)[0].ID
	v := func(j storage.Judgement, minutes int) storage.Verdict {
		return storage.Verdict{Event: id, Judgement: j, Reason: "the operator's van", Author: "ann", Time: Start.Add(time.Duration(minutes) * time.Minute)}
	}
	_, err := s.AddVerdict(ctx, v("guilty", 1))
	require.Error(t, err)
	none := v(storage.Benign, 1)
	none.Event = "none"
	_, err = s.AddVerdict(ctx, none)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, s.UndoVerdict(ctx, id, "ann", Start), storage.ErrNotFound)

	first, err := s.AddVerdict(ctx, v(storage.Unsure, 1))
	require.NoError(t, err)
	second, err := s.AddVerdict(ctx, v(storage.Benign, 2))
	require.NoError(t, err)
	s = reopen()
	counts := func(want storage.Verdict) {
		got, ok, err := s.VerdictOf(ctx, id)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, want.ID != 0, ok)
	}
	counts(second)
	require.Len(t, events(t, s, storage.EventQuery{Verdict: storage.Benign}), 1)
	require.Empty(t, events(t, s, storage.EventQuery{Verdict: storage.Unsure}))
	require.NoError(t, s.UndoVerdict(ctx, id, "bob", Start.Add(time.Hour)))
	counts(first)
	require.Len(t, events(t, s, storage.EventQuery{Verdict: storage.Unsure}), 1)
	require.NoError(t, s.UndoVerdict(ctx, id, "bob", Start.Add(2*time.Hour)))
	counts(storage.Verdict{})
	// An event that changes keeps its verdicts, and the event itself never holds them.
	third, err := s.AddVerdict(ctx, v(storage.Suspicious, 3))
	require.NoError(t, err)
	e := Events(1)[0]
	e.State = analyzer.Closed
	require.NoError(t, s.PutEvents(ctx, e))
	s = reopen()
	counts(third)
	all, err := s.Verdicts(ctx, id)
	require.NoError(t, err)
	second.Undone, second.UndoneBy = Start.Add(time.Hour), "bob"
	first.Undone, first.UndoneBy = Start.Add(2*time.Hour), "bob"
	require.Equal(t, []storage.Verdict{first, second, third}, all)
}

func testState(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	mega := []byte(strings.Repeat("state\x00", 1<<20))
	require.NoError(t, s.SaveState(ctx, "a", mega, 7))
	require.NoError(t, s.SaveState(ctx, "b", nil, 0))
	require.NoError(t, s.SaveState(ctx, "a", mega[1:], 8))
	require.NoError(t, s.SetCursor(ctx, "c", 5))
	require.NoError(t, s.SetCursor(ctx, "c", 4))
	s = reopen()
	state, seq, err := s.LoadState(ctx, "a")
	require.NoError(t, err)
	require.EqualValues(t, 8, seq)
	require.True(t, slices.Equal(mega[1:], state))
	state, seq, err = s.LoadState(ctx, "b")
	require.NoError(t, err)
	require.Zero(t, seq)
	require.Empty(t, state)
	cursor, err := s.Cursor(ctx, "c")
	require.NoError(t, err)
	require.EqualValues(t, 4, cursor)
}
