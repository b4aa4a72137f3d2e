package storagetest

import (
	"reflect"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/cell"
	"vigie/storage"
)

// anyRecords compares the store with a list.
func anyRecords(t *rapid.T, s **storage.Store, reopen func() *storage.Store) {
	var model []*stored
	currentSource := map[string]*cell.Source{}
	for _, batch := range rapid.SliceOfN(rapid.SliceOfN(Record(), 0, 12), 1, 4).Draw(t, "batches") {
		require.NoError(t, (*s).Append(ctx, batch...))
		for _, r := range batch {
			if src, ok := r.(*cell.Source); ok {
				currentSource[src.Sensor] = src
				continue
			}
			if !slices.ContainsFunc(model, func(x *stored) bool { return reflect.DeepEqual(x.record, r) }) {
				model = append(model, &stored{r, currentSource[r.From()], int64(len(model) + 1)})
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
		Kinds:    storage.Kinds(rapid.Uint8Range(0, 127).Draw(t, "kinds")),
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
	case *cell.Message:
		return storage.Messages
	case *cell.Broadcast:
		return storage.Broadcasts
	}
	return storage.Sources
}
