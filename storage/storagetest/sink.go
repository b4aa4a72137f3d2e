package storagetest

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// Subject is a Sink under test, and access to what its far end holds.
type Subject struct {
	// Open opens the sink; each time on the same far end.
	Open func(t testing.TB) storage.Sink
	// Records returns the records that the far end holds, in the order in which they arrived, repetitions included.
	Records func(t testing.TB) []cell.Record
	// Events returns the events that it holds, the last form of each. nil: the sink leaves events out.
	Events func(t testing.TB) []analyzer.Event
	// Reduced returns what the far end keeps of records, as Records reads it. nil: it keeps all of them.
	Reduced func(recs []cell.Record) []cell.Record
}

// Sink runs the suite of a Sink. create makes an empty far end.
func Sink(t *testing.T, create func(t testing.TB) Subject) {
	for name, f := range map[string]func(t *testing.T, s Subject){
		"delivers":       sinkDelivers,
		"repeats":        sinkRepeats,
		"keeps":          sinkKeeps,
		"hostile":        sinkHostile,
		"cancelled":      sinkCancelled,
		"follows":        sinkFollows,
		"closed":         sinkClosed,
		"only lent":      sinkOnlyLent,
		"nothing at all": sinkNothing,
	} {
		t.Run(name, func(t *testing.T) { f(t, create(t)) })
	}
}

func entries(recs []cell.Record, evs []analyzer.Event) (es []storage.Entry) {
	for _, r := range recs {
		es = append(es, storage.Entry{Seq: int64(len(es) + 1), Record: r})
	}
	for i := range evs {
		es = append(es, storage.Entry{Seq: int64(len(es) + 1), Event: &evs[i]})
	}
	return es
}

func (s Subject) reduced(recs []cell.Record) []cell.Record {
	if s.Reduced == nil {
		return recs
	}
	return s.Reduced(recs)
}

func (s Subject) holds(t testing.TB, recs []cell.Record, evs []analyzer.Event) {
	require.Equal(t, s.reduced(recs), s.Records(t))
	if s.Events != nil {
		require.Equal(t, evs, s.Events(t))
	}
}

func sinkDelivers(t *testing.T, s Subject) {
	day, evs := Day(1000), Events(5)
	day = append(day, &cell.Gap{Time: Start.Add(time.Hour), Sensor: "roof-1", Reason: "unplugged"},
		&cell.Health{Time: Start.Add(time.Hour), Sensor: "roof-1", Reason: "unknown_token", Count: 3, Raw: []string{"+QENG: 1"}},
		&cell.Clock{Time: Start.Add(time.Hour), Sensor: "roof-1", Offset: 1500 * time.Millisecond})
	sink := s.Open(t)
	for batch := range slices.Chunk(entries(day, evs), 300) {
		require.NoError(t, sink.Write(ctx, batch))
	}
	require.NoError(t, sink.Close())
	s.holds(t, day, evs)
}

// A repeated entry must not replace, drop or corrupt anything; the sink may hold it twice.
func sinkRepeats(t *testing.T, s Subject) {
	day, evs := Day(50), Events(3)
	sink := s.Open(t)
	for range 3 {
		require.NoError(t, sink.Write(ctx, entries(day, evs)))
	}
	evs[1].State = analyzer.Closed
	require.NoError(t, sink.Write(ctx, entries(nil, evs)))
	require.NoError(t, sink.Close())
	got := s.Records(t)
	for _, r := range s.reduced(day) {
		require.Contains(t, got, r)
	}
	if s.Events != nil {
		require.Equal(t, evs, s.Events(t))
	}
}

// Acknowledged entries stay when the sink is closed and opened again, and when it was never closed.
func sinkKeeps(t *testing.T, s Subject) {
	day := Day(30)
	sink := s.Open(t)
	require.NoError(t, sink.Write(ctx, entries(day[:10], nil)))
	s.holds(t, day[:10], nil)
	require.NoError(t, sink.Close())
	sink = s.Open(t)
	require.NoError(t, sink.Write(ctx, entries(day[10:], nil)))
	require.NoError(t, sink.Close())
	s.holds(t, day, nil)
}

// Nothing that a cell broadcasts or a modem prints may keep other entries of the same Write from arriving.
func sinkHostile(t *testing.T, s Subject) {
	var evil []cell.Record
	for _, text := range []string{"", "\\", "a\\", "\x00", "\n", "\r\n", "\xff\xfe", "\u202e", `"`, ",", "=", " ", "a b=c,d", strings.Repeat("x", 1<<20)} {
		evil = append(evil, &cell.Observation{Time: Start, Sensor: "roof-1", State: cell.State(text), Raw: []string{text, "+COPS: " + text},
			Serving:  &cell.Cell{RAT: cell.LTE, MCC: text, MNC: text, ID: cell.Some(uint64(math.MaxUint64)), RSRP: cell.Some(cell.DBm(math.NaN())), RSRQ: cell.Some(cell.DB(math.Inf(-1)))},
			Position: &cell.Position{Lat: math.NaN(), Lon: math.Inf(1), Source: text}},
			&cell.Gap{Time: Start, Sensor: "roof-1", Reason: text}, &cell.Health{Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Sensor: text, Reason: text, Detail: text},
			&cell.Gap{Sensor: "roof-1"})
	}
	bad := Events(1)
	bad[0].ID, bad[0].Summary, bad[0].Score, bad[0].Cells = "\\", "\x00\n\\", math.NaN(), []cell.Cell{{MCC: "\\"}}
	good := Day(3)
	sink := s.Open(t)
	for _, e := range append(entries(evil, bad), entries(good, nil)...) {
		require.NoError(t, sink.Write(ctx, []storage.Entry{e, {Seq: e.Seq, Record: good[1]}}))
	}
	require.NoError(t, sink.Write(ctx, append(entries(evil, bad), entries(good, nil)...)))
	require.NoError(t, sink.Close())
	got := s.Records(t)
	for _, r := range s.reduced(good) {
		require.Contains(t, got, r)
	}
}

// A Write whose context has ended either returns an error or has delivered.
func sinkCancelled(t *testing.T, s Subject) {
	day := Day(3)
	sink := s.Open(t)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	err := sink.Write(cancelled, entries(day, nil))
	require.NoError(t, sink.Close())
	if err == nil {
		s.holds(t, day, nil)
	}
}

func sinkFollows(t *testing.T, s Subject) {
	st, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer st.Close()
	day, evs := Day(700), Events(4)
	require.NoError(t, st.Append(ctx, day[:400]...))
	require.NoError(t, st.PutEvents(ctx, evs...))
	o := storage.FollowOptions{Batch: 64, UntilDone: true}
	sink := s.Open(t)
	require.NoError(t, storage.Follow(ctx, st, "test", sink, o))
	require.NoError(t, sink.Close())
	require.NoError(t, st.Append(ctx, day[400:]...))
	evs[2].State = analyzer.Closed
	require.NoError(t, st.PutEvents(ctx, evs...))
	sink = s.Open(t)
	require.NoError(t, storage.Follow(ctx, st, "test", sink, o))
	require.NoError(t, storage.Follow(ctx, st, "test", sink, o)) // nothing is left
	require.NoError(t, sink.Close())
	want := append(slices.Clone(day[:400]), day[0]) // each run repeats the source line
	s.holds(t, append(want, day[400:]...), evs)
}

func sinkClosed(t *testing.T, s Subject) {
	sink := s.Open(t)
	require.NoError(t, sink.Close())
	require.Error(t, sink.Write(ctx, entries(Day(1), nil)))
	require.Empty(t, s.Records(t))
}

// The sink must not use the entries after Write has returned.
func sinkOnlyLent(t *testing.T, s Subject) {
	day := Day(10)
	sink := s.Open(t)
	lent := entries(Day(10), nil)
	require.NoError(t, sink.Write(ctx, lent))
	for i := range lent {
		if o, ok := lent[i].Record.(*cell.Observation); ok {
			*o = cell.Observation{Sensor: "overwritten"}
		}
		lent[i] = storage.Entry{}
	}
	require.NoError(t, sink.Close())
	s.holds(t, day, nil)
}

func sinkNothing(t *testing.T, s Subject) {
	sink := s.Open(t)
	require.NoError(t, sink.Write(ctx, nil))
	require.NoError(t, sink.Close())
	s.holds(t, nil, nil)
}
