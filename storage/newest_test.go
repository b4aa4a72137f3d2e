package storage_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
)

// A clock that was once in the future, and was set right since, leaves no record that is the newest for ever; and single records
// that come then are batched as ever.
func TestNewestAfterAClockInTheFuture(t *testing.T) {
	at := func(y int, s int) time.Time {
		return time.Date(y, 2, 7, 6, 28, 0, 0, time.UTC).Add(time.Duration(s) * time.Second)
	}
	seen := func(when time.Time) cell.Record {
		return &cell.Observation{Time: when, Sensor: "roof", State: cell.Idle}
	}
	clock := &cell.Clock{Time: at(2026, 5), Sensor: "roof", Since: at(2036, 0), Offset: at(2026, 5).Sub(at(2036, 5))}
	for name, c := range map[string]struct {
		records        []cell.Record
		truly, written time.Time
	}{
		"nothing":                  {},
		"no correction":            {[]cell.Record{seen(at(2036, 0))}, at(2036, 0), at(2036, 0)},
		"set right":                {[]cell.Record{seen(at(2036, 0)), seen(at(2036, 4)), clock, seen(at(2026, 9))}, at(2026, 9), at(2026, 9)},
		"set right, nothing since": {[]cell.Record{seen(at(2025, 0)), seen(at(2036, 0)), seen(at(2036, 4)), clock}, at(2026, 5), at(2026, 5)},
		"it was behind": {[]cell.Record{seen(at(2026, 0)), seen(at(1971, 0)), &cell.Clock{Time: at(2026, 60), Sensor: "roof", Since: at(1971, 0), Offset: at(2026, 60).Sub(at(1971, 10))}},
			at(2026, 60), at(2026, 60)},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.Append(t.Context(), c.records...))
			cs, err := s.Corrections(t.Context())
			require.NoError(t, err)
			truly, written, err := s.Newest(t.Context(), "roof", cs)
			require.NoError(t, err)
			require.Equal(t, c.truly, truly)
			require.Equal(t, c.written, written)
			all, err := s.NewestOfAll(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.truly, all)
			if len(c.records) < 3 {
				return
			}
			next := at(2026, 100)
			_, ok, err := s.AppendLater(t.Context(), seen(next)) // the first one is looked up
			require.NoError(t, err)
			if !ok {
				require.NoError(t, s.Append(t.Context(), seen(next)))
			}
			for i := range 5 {
				_, ok, err := s.AppendLater(t.Context(), seen(next.Add(time.Duration(i+1)*time.Second)))
				require.NoError(t, err)
				require.True(t, ok, "it is batched")
			}
			_, ok, err = s.AppendLater(t.Context(), seen(next.Add(time.Second)))
			require.NoError(t, err)
			require.False(t, ok, "it may be there")
			require.NoError(t, s.Append(t.Context(), seen(next.Add(time.Second))))
			require.NoError(t, s.Flush())
			n := 0
			for _, err := range s.Records(t.Context(), storage.Query{From: next, To: at(2026, 200)}) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 6, n)
		})
	}
}

// Records come in the order in which they came to be, also where a clock was once in the future, each with the time that was
// recorded and after the source line by which it is read.
func TestInOrderAfterAClockInTheFuture(t *testing.T) {
	s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	require.NoError(t, err)
	defer s.Close()
	base := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	wrong := func(minutes int) time.Time { return at(minutes).AddDate(10, 0, 0) }
	seen := func(sensor string, when time.Time) cell.Record {
		return &cell.Observation{Time: when, Sensor: sensor, State: cell.Idle}
	}
	require.NoError(t, s.Append(t.Context(),
		&cell.Source{Version: 1, Sensor: "roof", Model: "EC25"}, &cell.Source{Version: 1, Sensor: "yard", Model: "EC25"},
		seen("roof", at(0)), seen("yard", at(1)), seen("roof", wrong(2)), seen("yard", at(3)), seen("roof", wrong(4)),
		&cell.Clock{Time: at(5), Sensor: "roof", Since: wrong(1), Offset: at(5).Sub(wrong(5))},
		seen("roof", at(6)), seen("yard", at(7))))
	want := []time.Time{at(0), at(1), wrong(2), at(3), wrong(4), at(5), at(6), at(7)}
	var got []time.Time
	sources := 0
	for e, err := range s.InOrder(t.Context(), storage.Query{}) {
		require.NoError(t, err)
		if _, isSource := e.Record.(*cell.Source); isSource {
			sources++
			continue
		}
		got = append(got, e.Record.When())
	}
	require.Equal(t, want, got)
	require.Equal(t, 2, sources)
	got = nil
	for e, err := range s.InOrder(t.Context(), storage.Query{Sensor: "roof", Limit: 3, Kinds: storage.Observations}) {
		require.NoError(t, err)
		got = append(got, e.Record.When())
	}
	require.Equal(t, []time.Time{at(0), wrong(2), wrong(4)}, got)
	for range s.InOrder(t.Context(), storage.Query{}) {
		break // who stops early leaves nothing behind
	}
}
