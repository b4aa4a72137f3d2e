package storage_test

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

func TestSensorsSpanAndHeard(t *testing.T) {
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	start := storagetest.Start
	other := &cell.Source{Version: 1, Sensor: "bag", Mode: cell.Mobile, Model: "EG21"}
	require.NoError(t, s.Append(ctx, storagetest.Day(60)...))
	require.NoError(t, s.Append(ctx, other, &cell.Observation{Time: start.Add(10 * time.Minute), Sensor: "bag"}, &cell.Gap{Time: start.Add(25 * time.Minute), Sensor: "bag", Reason: "silent"}))
	infos, err := s.Sensors(ctx)
	require.NoError(t, err)
	require.Len(t, infos, 2)
	require.Equal(t, storage.SensorInfo{Name: "bag", Source: other}, infos[0])
	require.Equal(t, "roof-1", infos[1].Name)
	first, last, err := s.Span(ctx, "bag")
	require.NoError(t, err)
	require.Equal(t, start.Add(10*time.Minute), first)
	require.Equal(t, start.Add(25*time.Minute), last)
	first, _, err = s.Span(ctx, "nobody")
	require.NoError(t, err)
	require.True(t, first.IsZero())
	for sensor, want := range map[string][]bool{"roof-1": {true, false, false}, "bag": {false, true, false}, "": {true, true, false}, "nobody": {false, false, false}} {
		got, err := s.Heard(ctx, sensor, start, 10*time.Minute, 3)
		require.NoError(t, err)
		require.Equal(t, want, got, "%q: a gap is no observation", sensor)
	}
}

func TestEventsSince(t *testing.T) {
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	evs := storagetest.Events(5)
	require.NoError(t, s.PutEvents(ctx, evs...))
	first, err := s.EventsSince(ctx, 0, 3)
	require.NoError(t, err)
	require.Len(t, first, 3)
	rest, err := s.EventsSince(ctx, first[2].Seq, 3)
	require.NoError(t, err)
	require.Len(t, rest, 2)
	evs[1].Score++
	require.NoError(t, s.PutEvents(ctx, evs[1]))
	changed, err := s.EventsSince(ctx, rest[1].Seq, 3)
	require.NoError(t, err)
	require.Len(t, changed, 1)
	require.Equal(t, evs[1], *changed[0].Event)
}

// A judge decides while another process, here another Store, holds the file for writing, and the writer's checkpoints bear
// it.
func TestVerdictWriterBesideAWriter(t *testing.T) {
	for name, o := range map[string]storage.Options{"plain": {}, "sealed": {Key: []byte("0123456789abcdef0123456789abcdef")}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "vigie.db")
			_, err := storage.OpenVerdictWriter(ctx, path, o)
			require.ErrorIs(t, err, storage.ErrNotFound)
			create, readOnly := o, o
			create.Create, readOnly.ReadOnly = true, true
			writer, err := storage.Open(ctx, path, create)
			require.NoError(t, err)
			require.NoError(t, writer.PutEvents(ctx, storagetest.Events(2)...))
			reader, err := storage.Open(ctx, path, readOnly)
			require.NoError(t, err)
			judge, err := storage.OpenVerdictWriter(ctx, path, o)
			require.NoError(t, err)
			before, err := reader.VerdictMark(ctx)
			require.NoError(t, err)
			v := storage.Verdict{Event: "event-0001", Judgement: storage.Benign, Reason: "a test", Author: "ada", Time: storagetest.Start}
			got, err := judge.AddVerdict(ctx, v)
			require.NoError(t, err)
			v.ID = got.ID
			require.NotZero(t, v.ID)
			require.NoError(t, writer.Append(ctx, storagetest.Day(3)...), "and the writer goes on")
			standing, err := reader.CurrentVerdicts(ctx)
			require.NoError(t, err)
			require.Equal(t, map[string]storage.Verdict{"event-0001": v}, standing)
			mark, err := reader.VerdictMark(ctx)
			require.NoError(t, err)
			require.Greater(t, mark, before)
			require.NoError(t, judge.UndoVerdict(ctx, "event-0001", "bob", storagetest.Start.Add(time.Minute)))
			all, err := writer.Verdicts(ctx, "event-0001")
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.Equal(t, "bob", all[0].UndoneBy)
			again, err := reader.VerdictMark(ctx)
			require.NoError(t, err)
			require.Greater(t, again, mark)
			require.ErrorIs(t, judge.UndoVerdict(ctx, "event-0001", "bob", storagetest.Start), storage.ErrNotFound)
			_, err = judge.AddVerdict(ctx, storage.Verdict{Event: "nothing", Judgement: storage.Benign})
			require.ErrorIs(t, err, storage.ErrNotFound)
			_, err = judge.AddVerdict(ctx, storage.Verdict{Event: "event-0001", Judgement: "guilty"})
			require.ErrorContains(t, err, "no judgement")
			require.NoError(t, judge.Close())
			require.NoError(t, reader.Close())
			require.NoError(t, writer.Close(), "whose checkpoint finds that another wrote")
			require.NoError(t, open(t, path, o).Check(ctx))
		})
	}
}

// Span is that of the stored records and summaries, whatever was counted, purged or deleted.
func TestSpanIsWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, storage.Options{Create: true})
	span := func(sensor string, from, to time.Time) {
		t.Helper()
		first, last, err := s.Span(ctx, sensor)
		require.NoError(t, err)
		require.Equal(t, []time.Time{from, to}, []time.Time{first, last}, sensor)
	}
	as := func(sensor string, i int) *cell.Observation {
		o := second(i)
		o.Sensor = sensor
		return o
	}
	at := func(i int) time.Time { return second(i).Time }
	seconds(t, s, 0, 100)
	require.NoError(t, s.Append(ctx, as("cellar", 40), as("cellar", 70)))
	span("cellar", at(40), at(70)) // not counted yet
	seconds(t, s, 100, 3000)
	require.NoError(t, s.Append(ctx, as("late", 2900)))
	span("cellar", at(40), at(70))
	span("roof", at(0), at(3099))
	span("late", at(2900), at(2900))
	span("nobody", time.Time{}, time.Time{})
	require.NoError(t, s.Append(ctx, as("cellar", 20))) // it comes late
	span("cellar", at(20), at(70))
	require.NoError(t, s.Close())
	s = open(t, path, storage.Options{})
	span("cellar", at(20), at(70))

	purge(t, s, storage.Retention{FullRate: time.Hour}, at(3600+1800))
	span("cellar", at(20).Truncate(time.Minute), at(70).Truncate(time.Minute))
	span("late", at(2900), at(2900))
	_, err := s.Delete(ctx, storage.DeleteQuery{Sensor: "cellar"}, false)
	require.NoError(t, err)
	span("cellar", time.Time{}, time.Time{})
	_, err = s.Delete(ctx, storage.DeleteQuery{From: at(2950), To: at(4000)}, false)
	require.NoError(t, err)
	span("roof", at(0).Truncate(time.Minute), at(2950)) // the gap that says so
	require.NoError(t, s.Close())
	inside(t, path, func(db *sql.DB) {
		var n int
		require.NoError(t, db.QueryRow("SELECT count(*) FROM reach WHERE sensor = 'cellar'").Scan(&n))
		require.Zero(t, n, "nothing tells that it was there")
	})
}

// BenchmarkSpan looks for a sensor that fell silent long ago, among a day of another.
func BenchmarkSpan(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "s.db"), storage.Options{Create: true})
	silent := second(0)
	silent.Sensor = "cellar"
	require.NoError(b, s.Append(ctx, silent))
	day := storagetest.Day(86400)
	for part := range slices.Chunk(day, 5000) {
		require.NoError(b, s.Append(ctx, part...))
	}
	for b.Loop() {
		_, last, err := s.Span(ctx, "cellar")
		require.NoError(b, err)
		require.Equal(b, silent.Time, last)
	}
}
