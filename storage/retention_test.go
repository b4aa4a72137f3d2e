package storage_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// second is the observation of a place at a second: a cell whose level says the second, and now and then another one.
func second(i int) *cell.Observation {
	o := &cell.Observation{Time: storagetest.Start.Add(time.Duration(i) * time.Second), Sensor: "roof", State: cell.Idle,
		Serving:    &cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", ID: cell.Some(uint64(100)), RSRP: cell.Some(cell.DBm(-100 + i%60))},
		Neighbours: []cell.Cell{{RAT: cell.LTE, PCI: cell.Some(uint16(7)), ARFCN: cell.Some(uint32(1300))}},
		Raw:        []string{"+QENG: the lines of a modem, which are much the same from second to second"}}
	if i%600 == 30 {
		o.Serving = &cell.Cell{RAT: cell.GSM, MCC: "272", MNC: "03", ID: cell.Some(uint64(9)), RSSI: cell.Some(cell.DBm(-60))}
	}
	return o
}

func seconds(t testing.TB, s *storage.Store, from, n int) {
	var recs []cell.Record
	for i := range n {
		recs = append(recs, second(from+i))
	}
	require.NoError(t, s.Append(ctx, recs...))
}

func eventAt(id string, first, last int) analyzer.Event {
	at := func(i int) time.Time { return second(i).Time }
	return analyzer.Event{ID: id, Sensor: "roof", First: at(first), Opened: at(first), Last: at(last), State: analyzer.Closed,
		Findings: []analyzer.Finding{{Rule: "r", First: at(first), Last: at(last)}}}
}

func purge(t testing.TB, s *storage.Store, k storage.Retention, now time.Time) (sum storage.PurgeResult) {
	t.Helper()
	for {
		out, err := s.Purge(ctx, k, now)
		require.NoError(t, err)
		sum.Records, sum.Unsent, sum.Events, sum.WindowsDropped, sum.Summaries = sum.Records+out.Records, sum.Unsent+out.Unsent, sum.Events+out.Events, sum.WindowsDropped+out.WindowsDropped, sum.Summaries+out.Summaries
		sum.Upto, sum.Used, sum.Size, sum.Waiting, sum.BySize = out.Upto, out.Used, out.Size, out.Waiting, sum.BySize || out.BySize
		if !out.More {
			return sum
		}
	}
}

func times(t testing.TB, s *storage.Store) (all []int) {
	for e, err := range s.Records(ctx, storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		all = append(all, int(e.Record.When().Sub(storagetest.Start)/time.Second))
	}
	return all
}

// Old records become summaries; gaps, and ten minutes around every event, stay as they were. Records and summaries
// together are what was observed.
func TestPurgeByAge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, storage.Options{Create: true})
	const all = 6 * 3600
	seconds(t, s, 0, all)
	gap := &cell.Gap{Time: second(100).Time, Sensor: "roof", Reason: "unplugged"}
	require.NoError(t, s.Append(ctx, gap))
	require.NoError(t, s.PutEvents(ctx, eventAt("short", 7200, 7260), eventAt("long", 11000, 18000)))
	now := second(all).Time
	before := storage.KnownCells(t, s)

	out := purge(t, s, storage.Retention{FullRate: time.Hour}, now)
	require.Equal(t, second(5*3600).Time, out.Upto)
	kept := map[int]bool{}
	for _, w := range [][2]int{{7200 - 600, 7260 + 600}, {11000 - 600, 11000 + 600}, {18000 - 600, 18000 + 600}, {5 * 3600, all - 1}} {
		for i := w[0]; i <= w[1]; i++ {
			kept[i] = true
		}
	}
	left := times(t, s)
	require.Len(t, left, len(kept))
	for _, i := range left {
		require.True(t, kept[i], "second %d", i)
	}
	require.EqualValues(t, all-len(kept), out.Records)
	st, err := s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(kept), st.Observations)
	require.EqualValues(t, 1, st.Others, "a gap stays")

	observed, serving, changes := 0, 0, 0
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{Sensor: "roof"}) {
		require.NoError(t, err)
		observed += m.Observations
		changes += m.Changes
		require.Zero(t, m.Time.Second())
		for _, c := range m.Cells {
			if c.Role == storage.RoleServing {
				serving += c.Count
			}
		}
	}
	require.Equal(t, all-len(kept), observed)
	require.Equal(t, observed, serving)
	require.NotZero(t, changes)
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{From: storagetest.Start, To: storagetest.Start.Add(time.Minute)}) {
		require.NoError(t, err)
		require.Equal(t, storage.Summary{Time: storagetest.Start, Sensor: "roof", Observations: 60, Changes: 2, Cells: []storage.CellSummary{
			{Cell: cell.Cell{RAT: cell.LTE, MCC: "272", MNC: "03", ID: cell.Some(uint64(100))}, Count: 59,
				Min: cell.Some(cell.DBm(-100)), Median: cell.Some(cell.DBm(-71)), Max: cell.Some(cell.DBm(-41))},
			{Cell: cell.Cell{RAT: cell.GSM, MCC: "272", MNC: "03", ID: cell.Some(uint64(9))}, Count: 1,
				Min: cell.Some(cell.DBm(-60)), Median: cell.Some(cell.DBm(-60)), Max: cell.Some(cell.DBm(-60))},
			{Cell: cell.Cell{RAT: cell.LTE, PCI: cell.Some(uint16(7)), ARFCN: cell.Some(uint32(1300))}, Role: storage.RoleNeighbour, Count: 60}}}, m)
	}
	require.Equal(t, before, storage.KnownCells(t, s), "cells ever heard stay known")
	require.NoError(t, s.Check(ctx))
	require.Zero(t, purge(t, s, storage.Retention{FullRate: time.Hour}, now).Records, "a second purge finds nothing")

	// A late record is purged later and added to the summary of its minute.
	late := second(30)
	late.Time = late.Time.Add(time.Millisecond)
	require.NoError(t, s.Append(ctx, late))
	require.EqualValues(t, 1, purge(t, s, storage.Retention{FullRate: time.Hour}, now).Records)
	for m, err := range s.Summaries(ctx, storage.SummaryQuery{To: storagetest.Start.Add(time.Minute)}) {
		require.NoError(t, err)
		require.Equal(t, 61, m.Observations)
	}
	require.NoError(t, s.Close())
	s = open(t, path, storage.Options{})
	require.NoError(t, s.Check(ctx))
	next := second(all)
	require.NoError(t, s.Append(ctx, next))
	st, err = s.Stats(ctx)
	require.NoError(t, err)
	require.EqualValues(t, all+1+2+1+1, st.Seq, "no number is used twice")
}

// Nothing is deleted by age that a follower or the analyzer has not received; by size it is, and is counted.
func TestPurgeWaitsForFollowers(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	seconds(t, s, 0, 7200)
	now := second(2 * 24 * 3600).Time
	k := storage.Retention{FullRate: time.Hour, Followers: []string{"influx"}, State: "analyzer"}
	require.Zero(t, purge(t, s, k, now).Records, "nothing was analysed")
	require.NoError(t, s.SaveState(ctx, "analyzer", []byte("x"), 7200))
	out := purge(t, s, k, now)
	require.Zero(t, out.Records, "nothing was sent")
	require.True(t, out.Waiting)
	require.NoError(t, s.SetCursor(ctx, "influx", 3600))
	require.EqualValues(t, 3600, purge(t, s, k, now).Records)
	require.Equal(t, 3600, times(t, s)[0])
	require.NoError(t, s.SetCursor(ctx, "influx", 7200))
	require.EqualValues(t, 3600, purge(t, s, k, now).Records)
}

// Without room the oldest full rate is deleted first, then records around events, then summaries. Events stay, and so do the
// records around an event with a verdict.
func TestPurgeBySize(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	raw := make([]byte, 20_000)
	fat := func(from, n int) {
		var recs []cell.Record
		for i := range n {
			o := second(from + i)
			for j := range raw {
				raw[j] = byte('a' + (i*31+j*j*7+j*i)%23)
			}
			o.Raw = []string{string(raw)}
			recs = append(recs, o)
		}
		require.NoError(t, s.Append(ctx, recs...))
	}
	require.NoError(t, s.PutEvents(ctx, eventAt("judged", 1000, 1010), eventAt("other", 4000, 4010)))
	_, err := s.AddVerdict(ctx, storage.Verdict{Event: "judged", Judgement: storage.Suspicious, Time: storagetest.Start})
	require.NoError(t, err)
	k := storage.Retention{Size: storage.MinSize, Followers: []string{"influx"}, Margin: 30 * time.Second}
	fat(900, 200)
	fat(3900, 200)
	unsent := int64(0)
	for i := range 6 {
		fat(10_000+i*400, 400)
		out := purge(t, s, k, second(10_000+i*400+400+60).Time)
		unsent += out.Unsent
		require.LessOrEqual(t, out.Used, int64(storage.MinSize))
	}
	require.NotZero(t, unsent)
	left := times(t, s)
	require.Equal(t, 1000-30, left[0], "what is around a judged event stays")
	require.NotContains(t, left, 3950, "what is not around an event went")
	require.Contains(t, left, 4000, "what is around the other was not needed yet")

	k.Size = 1 // the smallest there is; and now only events are left to give
	for i := range 6 {
		at := 50_000 + i*10_000
		require.NoError(t, s.PutEvents(ctx, eventAt("e"+string(rune('0'+i)), at, at+300)))
		fat(at, 300)
	}
	out := purge(t, s, k, second(200_000).Time)
	require.NotZero(t, out.WindowsDropped)
	left = times(t, s)
	require.Equal(t, 1000-30, left[0])
	require.NotContains(t, left, 4000)
	n := 0
	for _, err := range s.Events(ctx, storage.EventQuery{}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 8, n, "events stay")
	require.NoError(t, s.Check(ctx))
}

// Events are deleted by age too if the configuration says so, with the records around them, unless they have a verdict.
func TestPurgeEventsAndSummaries(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), storage.Options{Create: true})
	seconds(t, s, 0, 7200)
	require.NoError(t, s.PutEvents(ctx, eventAt("judged", 1000, 1010), eventAt("other", 5000, 5010)))
	_, err := s.AddVerdict(ctx, storage.Verdict{Event: "judged", Judgement: storage.Benign, Time: storagetest.Start})
	require.NoError(t, err)
	now := storagetest.Start.Add(48 * time.Hour)
	purge(t, s, storage.Retention{FullRate: time.Hour}, now)
	require.Contains(t, times(t, s), 5000)
	out := purge(t, s, storage.Retention{FullRate: time.Hour, Events: 24 * time.Hour, Summaries: 24 * time.Hour}, now)
	require.EqualValues(t, 1, out.Events)
	left := times(t, s)
	require.Contains(t, left, 1000)
	require.NotContains(t, left, 5000)
	out = purge(t, s, storage.Retention{FullRate: time.Hour, Events: 24 * time.Hour, Summaries: 24 * time.Hour}, now)
	for range s.Summaries(ctx, storage.SummaryQuery{}) {
		t.Fatal("summaries are left")
	}
	require.NotZero(t, out.Summaries)
	require.NoError(t, s.Check(ctx))
}
