package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Store runs the suite of a Store. create makes an empty one; reopen closes it and opens it again (nil: it cannot be).
func Store(t *testing.T, create func(t testing.TB) (s *storage.Store, reopen func() *storage.Store)) {
	run := func(name string, f func(t *testing.T, s *storage.Store, reopen func() *storage.Store)) {
		t.Run(name, func(t *testing.T) {
			s, reopen := create(t)
			if reopen == nil {
				reopen = func() *storage.Store { return s }
			}
			f(t, s, reopen)
		})
	}
	run("empty", testEmpty)
	run("day", testDay)
	run("atomic", testAtomic)
	run("sources", testSources)
	run("same time", testSameTime)
	run("numbers", testNumbers)
	run("hostile", testHostile)
	run("events", testEvents)
	run("cells", testCells)
	run("verdicts", testVerdicts)
	run("state", testState)
	run("read and write", testReadAndWrite)
	run("many at once", testManyAtOnce)
	t.Run("any records", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			s, reopen := create(t)
			defer func() { require.NoError(rt, s.Close()) }()
			if reopen == nil {
				reopen = func() *storage.Store { return s }
			}
			anyRecords(rt, &s, reopen)
		})
	})
}

var ctx = context.Background()

func records(t require.TestingT, s *storage.Store, q storage.Query) (recs []cell.Record) {
	for e, err := range s.Records(ctx, q) {
		require.NoError(t, err)
		recs = append(recs, e.Record)
	}
	return recs
}

func events(t require.TestingT, s *storage.Store, q storage.EventQuery) (evs []analyzer.Event) {
	for e, err := range s.Events(ctx, q) {
		require.NoError(t, err)
		evs = append(evs, e)
	}
	return evs
}

func lastSeq(t require.TestingT, s *storage.Store) int64 {
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	return st.Seq
}

func testEmpty(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	for range 2 {
		require.Empty(t, records(t, s, storage.Query{}))
		require.Empty(t, records(t, s, storage.Query{Sensor: "x", From: Start, To: Start, AfterSeq: 7, Kinds: storage.Gaps, Limit: 3}))
		require.Empty(t, events(t, s, storage.EventQuery{Newest: true}))
		_, err := s.Event(ctx, "none")
		require.ErrorIs(t, err, storage.ErrNotFound)
		state, seq, err := s.LoadState(ctx, "none")
		require.NoError(t, err)
		require.Nil(t, state)
		require.Zero(t, seq)
		cursor, err := s.Cursor(ctx, "none")
		require.NoError(t, err)
		require.Zero(t, cursor)
		st, err := s.Stats(ctx)
		require.NoError(t, err)
		require.Zero(t, st.Observations+st.Others+st.Events+st.Cells+st.Seq)
		require.True(t, st.Newest.IsZero())
		require.NoError(t, s.Append(ctx))
		require.NoError(t, s.PutEvents(ctx))
		require.NoError(t, s.Check(ctx))
		s = reopen()
	}
}

func testDay(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	day := Day(3000)
	for batch := range slices.Chunk(day, 700) {
		require.NoError(t, s.Append(ctx, batch...))
	}
	require.Equal(t, day, records(t, s, storage.Query{}))
	s = reopen()
	require.Equal(t, day, records(t, s, storage.Query{}))
	seq := lastSeq(t, s)
	for batch := range slices.Chunk(day, 1000) { // the same file once more, cut otherwise
		require.NoError(t, s.Append(ctx, batch...))
	}
	require.Equal(t, seq, lastSeq(t, s))
	for _, r := range day[1500:1600] { // and one by one, by a store that has just been opened
		require.NoError(t, s.Append(ctx, r))
	}
	require.Equal(t, seq, lastSeq(t, s))
	require.Equal(t, day, records(t, s, storage.Query{}))
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 3000, st.Observations)
	require.Equal(t, day[1].When(), st.Oldest)
	require.Equal(t, day[3000].When(), st.Newest)

	from, to := day[1000].When(), day[2000].When()
	require.Equal(t, append([]cell.Record{day[0]}, day[1000:2000]...), records(t, s, storage.Query{From: from, To: to, Sensor: "roof-1"}))
	require.Equal(t, append([]cell.Record{day[0]}, day[1000:1010]...), records(t, s, storage.Query{From: from, Limit: 10}))
	require.Equal(t, day[2991:], records(t, s, storage.Query{AfterSeq: seq - 10, Kinds: storage.Observations}))
	require.Empty(t, records(t, s, storage.Query{Sensor: "roof-2"}))
	require.Empty(t, records(t, s, storage.Query{Kinds: storage.Gaps | storage.Clocks}))
	for _, r := range records(t, s, storage.Query{NoRaw: true, Kinds: storage.Observations}) {
		require.Nil(t, r.(*cell.Observation).Raw)
		require.NotNil(t, r.(*cell.Observation).Serving)
	}
}

func testAtomic(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	day := Day(20)
	require.NoError(t, s.Append(ctx, day[:5]...))
	seq := lastSeq(t, s)
	wrong := errors.New("wrong")
	var kept *storage.Tx
	everything := func(tx *storage.Tx) {
		kept = tx
		at, err := tx.Append(day[5:]...)
		require.NoError(t, err)
		require.Equal(t, at, tx.Seq())
		require.NoError(t, tx.PutEvents(Events(2)...))
		require.NoError(t, tx.SaveState("analyzer", []byte("state"), tx.Seq()))
		require.NoError(t, tx.SetCursor("sink", 7))
	}
	nothing := func() {
		require.Equal(t, day[:5], records(t, s, storage.Query{}))
		require.Empty(t, events(t, s, storage.EventQuery{}))
		state, _, err := s.LoadState(ctx, "analyzer")
		require.NoError(t, err)
		require.Nil(t, state)
		require.Equal(t, seq, lastSeq(t, s))
	}
	require.ErrorIs(t, s.Update(ctx, func(tx *storage.Tx) error { everything(tx); return wrong }), wrong)
	nothing()
	_, err := kept.Append(day[6])
	require.Error(t, err)
	require.Panics(t, func() {
		_ = s.Update(ctx, func(tx *storage.Tx) error { everything(tx); panic("f") })
	})
	nothing()
	cancelled, cancel := context.WithCancel(ctx)
	require.ErrorIs(t, s.Update(cancelled, func(tx *storage.Tx) error { everything(tx); cancel(); return nil }), context.Canceled)
	nothing()
	require.ErrorIs(t, s.Append(cancelled, day[6]), context.Canceled)
	require.Error(t, s.Append(ctx, day[6], nil, day[7]))
	require.Error(t, s.Append(ctx, day[6], (*cell.Gap)(nil)))
	nothing()

	require.NoError(t, s.Update(ctx, func(tx *storage.Tx) error { everything(tx); return nil }))
	s = reopen()
	require.Equal(t, day, records(t, s, storage.Query{}))
	require.Len(t, events(t, s, storage.EventQuery{}), 2)
	state, upto, err := s.LoadState(ctx, "analyzer")
	require.NoError(t, err)
	require.Equal(t, "state", string(state))
	require.EqualValues(t, len(day)-1+2, upto)
	cursor, err := s.Cursor(ctx, "sink")
	require.NoError(t, err)
	require.EqualValues(t, 7, cursor)
}

// A source line is told before the first record of its sensor that came after it, wherever a reader begins.
func testSources(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	at := func(sec int) time.Time { return Start.Add(time.Duration(sec) * time.Second) }
	obs := func(sensor string, sec int) cell.Record {
		return &cell.Observation{Sensor: sensor, Time: at(sec), State: cell.Idle}
	}
	a1 := &cell.Source{Version: 1, Sensor: "a", Firmware: "1"}
	a2 := &cell.Source{Version: 1, Sensor: "a", Firmware: "2"}
	b1 := &cell.Source{Version: 1, Sensor: "b", Reports: cell.Some(cell.FieldRAT)}
	require.NoError(t, s.Append(ctx, obs("c", 0), a1, obs("a", 1), b1, obs("b", 2), obs("a", 3), a1, obs("a", 4)))
	s = reopen()
	require.NoError(t, s.Append(ctx, obs("a", 5), a2))
	require.NoError(t, s.Append(ctx, obs("a", 6), obs("b", 7)))
	s = reopen()
	require.Equal(t, []cell.Record{obs("c", 0), a1, obs("a", 1), b1, obs("b", 2), obs("a", 3), obs("a", 4), obs("a", 5), a2, obs("a", 6), obs("b", 7)},
		records(t, s, storage.Query{}))
	require.Equal(t, []cell.Record{a1, obs("a", 5), a2, obs("a", 6), b1, obs("b", 7)}, records(t, s, storage.Query{From: at(5)}))
	require.Equal(t, []cell.Record{b1, obs("b", 2), obs("b", 7)}, records(t, s, storage.Query{Sensor: "b"}))
	require.Equal(t, []cell.Record{obs("b", 7)}, records(t, s, storage.Query{From: at(7), Kinds: storage.Observations}))
}

func testSameTime(t *testing.T, s *storage.Store, _ func() *storage.Store) {
	var want []cell.Record
	for i := range 1500 { // more than a reader takes at once
		want = append(want, &cell.Health{Time: Start, Sensor: "a", Reason: "r", Count: i})
	}
	want = append(want, &cell.Health{Time: Start.Add(1), Sensor: "a", Reason: "later"})
	require.NoError(t, s.Append(ctx, want...))
	require.NoError(t, s.Append(ctx, want...))
	require.Equal(t, want, records(t, s, storage.Query{}))
	require.Equal(t, want, records(t, s, storage.Query{From: Start}))
	require.Equal(t, want[1500:], records(t, s, storage.Query{From: Start.Add(1)}))
	other := *want[0].(*cell.Health)
	other.Sensor, other.Raw = "b", []string{"x"}
	raw := other
	raw.Raw = []string{"y"}
	none := other
	none.Raw = []string{}
	for range 2 { // records that differ in their sensor or raw lines only are different
		require.NoError(t, s.Append(ctx, &other, &raw, &none))
	}
	require.Equal(t, []cell.Record{&other, &raw, &none}, records(t, s, storage.Query{Sensor: "b"}))
}

// Sequence numbers grow with each record and each change of an event, and with nothing else.
func testNumbers(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	day, evs := Day(10), Events(2)
	require.NoError(t, s.Append(ctx, day...))
	require.EqualValues(t, 10, lastSeq(t, s))
	require.NoError(t, s.PutEvents(ctx, evs...))
	require.EqualValues(t, 12, lastSeq(t, s))
	require.NoError(t, s.PutEvents(ctx, evs...))
	require.EqualValues(t, 12, lastSeq(t, s))
	s = reopen()
	evs[0].State = analyzer.Closed
	require.NoError(t, s.PutEvents(ctx, evs...))
	require.EqualValues(t, 13, lastSeq(t, s))
	require.NoError(t, s.Append(ctx, &cell.Gap{Time: Start, Sensor: "roof-1", Reason: "unplugged"}))
	require.EqualValues(t, 14, lastSeq(t, s))
	var seqs []int64
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations | storage.Gaps}) {
		require.NoError(t, err)
		seqs = append(seqs, e.Seq)
	}
	require.Equal(t, []int64{14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, seqs)
}

func testHostile(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	mega := strings.Repeat("A\x00\xff\u202e'", 200_000)
	nan := cell.Some(cell.DBm(math.NaN()))
	far := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 1, time.UTC) }
	want := []cell.Record{
		&cell.Source{Sensor: mega, Firmware: mega, Mode: "\x00"},
		&cell.Observation{Time: far(1), Sensor: mega, Raw: []string{mega, "", mega + "x"}},
		&cell.Gap{Time: far(2), Sensor: "a\x00b", Until: far(9999), Reason: mega},
		&cell.Observation{Time: Start, Sensor: "\xff\xfe", State: cell.State(mega), Serving: &cell.Cell{RAT: 255, MCC: mega, MNC: "\x00", ID: cell.Some(uint64(math.MaxUint64))}},
		&cell.Observation{Time: Start, Neighbours: slices.Repeat([]cell.Cell{{RAT: cell.LTE, ID: cell.Some(uint64(1) << 63)}}, 10_000)},
		&cell.Observation{Time: far(9999), Sensor: "\xff\xfe", Position: &cell.Position{Lat: math.Inf(1), Lon: -1e308, Source: mega}},
	}
	require.NoError(t, s.Append(ctx, want...))
	s = reopen()
	for range 2 {
		require.Equal(t, want, records(t, s, storage.Query{}))
		require.NoError(t, s.Append(ctx, want...))
	}
	require.Len(t, records(t, s, storage.Query{Sensor: mega, To: Start}), 2)
	require.Len(t, records(t, s, storage.Query{Sensor: "a\x00b"}), 1)
	require.Empty(t, records(t, s, storage.Query{Sensor: "a"}))
	require.Len(t, records(t, s, storage.Query{To: far(9999), Kinds: storage.Observations}), 4, "the year 9999 cannot be told from 2262 by a bound")

	// NaN equals nothing, so it is compared by its bits.
	o := &cell.Observation{Time: far(2030), Sensor: "nan", Position: &cell.Position{Lat: math.NaN(), Lon: math.NaN()},
		Serving: &cell.Cell{RAT: cell.LTE, ID: cell.Some(uint64(7)), RSRP: nan}}
	require.NoError(t, s.Append(ctx, o, o))
	got := records(t, s, storage.Query{Sensor: "nan"})
	require.Len(t, got, 1)
	require.True(t, math.IsNaN(got[0].(*cell.Observation).Position.Lat))
	for k, err := range s.Cells(ctx, storage.CellQuery{ID: cell.Some(uint64(7))}) {
		require.NoError(t, err)
		require.False(t, k.Weakest.Known())
	}
	e := Events(1)[0]
	e.ID, e.Sensor, e.State, e.Summary, e.Score = mega, "a\x00b", "\xff", mega, math.NaN()
	e.Findings[0].Rule, e.First, e.Opened = "a\x00b", far(1), far(9999)
	require.NoError(t, s.PutEvents(ctx, e, e))
	back, err := s.Event(ctx, mega)
	require.NoError(t, err)
	require.True(t, math.IsNaN(back.Score))
	back.Score, e.Score = 0, 0
	require.Equal(t, e, back)
	require.Len(t, events(t, s, storage.EventQuery{Rule: "a\x00b", Sensor: "a\x00b"}), 1)
	_, err = s.Event(ctx, mega+"x")
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Less(t, len(err.Error()), 1000)
	require.NoError(t, s.Check(ctx))
}

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

// A reader may write while it reads, and stop when it likes.
func testReadAndWrite(t *testing.T, s *storage.Store, _ func() *storage.Store) {
	day := Day(1200)
	require.NoError(t, s.Append(ctx, day...))
	n := 0
	for e, err := range s.Records(ctx, storage.Query{Limit: 600}) {
		require.NoError(t, err)
		require.NoError(t, s.Append(ctx, &cell.Health{Time: Start.Add(1000 * time.Hour), Sensor: "w", Reason: fmt.Sprint(e.Seq, n)}))
		n++
	}
	require.Equal(t, 601, n)
	for range s.Records(ctx, storage.Query{}) {
		break
	}
	cancelled, cancel := context.WithCancel(ctx)
	defer cancel()
	n = 0
	for _, err := range s.Records(cancelled, storage.Query{}) {
		if n++; err != nil {
			require.ErrorIs(t, err, context.Canceled)
			break
		}
		cancel()
	}
	require.Less(t, n, 1200)
	changed := s.Changed()
	require.NoError(t, s.Append(ctx, day...)) // adds nothing
	require.NoError(t, s.SetCursor(ctx, "c", 1))
	select {
	case <-changed:
		t.Fatal("nothing has changed")
	default:
	}
	require.NoError(t, s.PutEvents(ctx, Events(1)...))
	<-changed
}

func testManyAtOnce(t *testing.T, s *storage.Store, reopen func() *storage.Store) {
	day := Day(400)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for batch := range slices.Chunk(day, 10+i) { // all write the same
				if err := s.Append(ctx, batch...); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			for range 5 {
				last := int64(0)
				for e, err := range s.Records(ctx, storage.Query{Sensor: "roof-1", Kinds: storage.Observations}) {
					if err != nil || e.Seq <= last {
						t.Error(err, e.Seq, last)
						return
					}
				}
				if _, err := s.Stats(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s = reopen()
	require.ElementsMatch(t, day, records(t, s, storage.Query{}))
}

// anyRecords compares the store with a list.
func anyRecords(t *rapid.T, s **storage.Store, reopen func() *storage.Store) {
	var model []*stored
	inForce := map[string]*cell.Source{}
	for _, batch := range rapid.SliceOfN(rapid.SliceOfN(Record(), 0, 12), 1, 4).Draw(t, "batches") {
		require.NoError(t, (*s).Append(ctx, batch...))
		for _, r := range batch {
			if src, ok := r.(*cell.Source); ok {
				inForce[src.Sensor] = src
				continue
			}
			if !slices.ContainsFunc(model, func(x *stored) bool { return reflect.DeepEqual(x.record, r) }) {
				model = append(model, &stored{r, inForce[r.From()], int64(len(model) + 1)})
			}
		}
		if rapid.Bool().Draw(t, "reopen") {
			*s = reopen()
		}
	}
	require.Equal(t, wanted(model, storage.Query{}), records(t, *s, storage.Query{}))
	q := storage.Query{
		Sensor:   Sensor().Draw(t, "sensor"),
		AfterSeq: rapid.Int64Range(0, int64(len(model))).Draw(t, "after"),
		Limit:    rapid.IntRange(0, 5).Draw(t, "limit"),
		Kinds:    storage.Kinds(rapid.Uint8Range(0, 31).Draw(t, "kinds")),
	}
	if rapid.Bool().Draw(t, "window") {
		q.From, q.To = usual().Draw(t, "from"), usual().Draw(t, "to")
	}
	require.Equal(t, wanted(model, q), records(t, *s, q), "%+v", q)
}

func usual() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(1789999990, 1790000110), func(s int64) time.Time { return time.Unix(s, 0).UTC() })
}

type stored struct {
	record cell.Record
	source *cell.Source
	seq    int64
}

func wanted(model []*stored, q storage.Query) (want []cell.Record) {
	model = slices.Clone(model)
	slices.SortStableFunc(model, func(a, b *stored) int { // what int64 nanoseconds cannot hold is equally far off
		return clamp(a.record.When()).Compare(clamp(b.record.When()))
	})
	told, n := map[string]*cell.Source{}, 0
	for _, m := range model {
		at := m.record.When()
		if q.Sensor != "" && m.record.From() != q.Sensor || m.seq <= q.AfterSeq || q.Kinds != 0 && q.Kinds&kind(m.record) == 0 ||
			!q.From.IsZero() && at.Before(q.From) || !q.To.IsZero() && !at.Before(q.To) {
			continue
		}
		if (q.Kinds == 0 || q.Kinds&storage.Sources != 0) && m.source != nil && !reflect.DeepEqual(told[m.source.Sensor], m.source) {
			told[m.source.Sensor] = m.source
			want = append(want, m.source)
		}
		want = append(want, m.record)
		if n++; n == q.Limit {
			break
		}
	}
	return want
}

func clamp(t time.Time) time.Time {
	lo, hi := time.Unix(-9223372036, 0), time.Unix(9223372036, 0)
	switch {
	case t.Before(lo):
		return lo.Add(-1)
	case !t.Before(hi):
		return hi
	}
	return t
}

func kind(r cell.Record) storage.Kinds {
	switch r.(type) {
	case *cell.Observation:
		return storage.Observations
	case *cell.Gap:
		return storage.Gaps
	case *cell.Health:
		return storage.Healths
	case *cell.Clock:
		return storage.Clocks
	}
	return storage.Sources
}
