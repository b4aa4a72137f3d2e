package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// A source line comes before the first record of its sensor that was appended after it, wherever a reader begins.
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
