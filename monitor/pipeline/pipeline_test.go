package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// watch makes a tolerant pipeline into a new store, and returns what it warns and alarms of.
func watch(t *testing.T) (p *Pipeline, path string, warned, alarmed *[]string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s.db")
	s, err := storage.Open(t.Context(), path, storage.Options{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	warned, alarmed = new([]string), new([]string)
	p = New(Options{NewEngine: newEngine, Store: s, Tolerant: true,
		Warn:  func(text string, err error) { *warned = append(*warned, text) },
		Alarm: func(text string, err error) { *alarmed = append(*alarmed, text) }})
	return p, path, warned, alarmed
}

var start = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

// seconds are n observations, one a second from the moment after.
func seconds(after, n int) (recs []cell.Record) {
	for i := range n {
		recs = append(recs, &cell.Observation{Time: start.Add(time.Duration(after+i) * time.Second), Sensor: "roof", State: cell.Idle})
	}
	return recs
}

// stored are the times of the observations in a store.
func stored(t *testing.T, s *storage.Store) (all []time.Time) {
	t.Helper()
	for e, err := range s.Records(t.Context(), storage.Query{Kinds: storage.Observations}) {
		require.NoError(t, err)
		all = append(all, e.Record.When())
	}
	return all
}

// While the store cannot be written the analyzer continues: records and events wait, the outage is reported once, and the store is
// tried every few seconds. When it can be written again everything is stored, in order and once.
func TestOutage(t *testing.T) {
	p, path, warned, alarmed := watch(t)
	var failed []error
	var seen int
	p.NotStored = func(err error) { failed = append(failed, err) }
	p.OnRecord = func(cell.Record) { seen++ }
	feed := func(recs ...cell.Record) {
		t.Helper()
		for _, r := range recs {
			require.NoError(t, p.Feed(t.Context(), r))
		}
	}
	feed(seconds(0, 3)...)
	good := p.Store
	require.NoError(t, good.Flush())
	readOnly, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true})
	require.NoError(t, err)
	defer readOnly.Close()
	p.Store = readOnly // as a file system that became read-only
	feed(seconds(3, 12)...)
	require.Equal(t, 15, seen, "every record was analysed")
	require.Len(t, *alarmed, 1)
	require.Contains(t, (*alarmed)[0], "watching continues")
	require.Len(t, failed, 3, "at 3, 8 and 13 seconds")
	require.Contains(t, p.Outage(), "12 records and 0 events wait")
	require.NoError(t, p.storeEvents(t.Context(), []analyzer.Event{{ID: "e1", Sensor: "roof", Opened: start, First: start, Last: start, State: analyzer.Open}}))
	require.Contains(t, p.Outage(), "12 records and 1 events wait")
	require.NoError(t, p.save(t.Context()), "no state is saved during an outage")

	p.Store = good
	feed(seconds(15, 10)...)
	require.Empty(t, p.Outage())
	require.Contains(t, (*warned)[len(*warned)-1], "can be written again")
	require.NoError(t, p.Close(t.Context()))
	times := stored(t, good)
	require.Len(t, times, 25)
	for i, at := range times {
		require.Equal(t, start.Add(time.Duration(i)*time.Second), at)
	}
	e, err := good.Event(t.Context(), "e1")
	require.NoError(t, err)
	require.Equal(t, analyzer.Open, e.State)
}

// An outage that lasts until the end is reported with what was not stored; one that passes just then loses nothing.
func TestCloseDuringAnOutage(t *testing.T) {
	for _, passes := range []bool{false, true} {
		p, path, _, _ := watch(t)
		require.NoError(t, p.Feed(t.Context(), seconds(0, 1)...))
		good := p.Store
		require.NoError(t, good.Flush())
		readOnly, err := storage.Open(t.Context(), path, storage.Options{ReadOnly: true})
		require.NoError(t, err)
		p.Store = readOnly
		require.NoError(t, p.Feed(t.Context(), seconds(1, 4)...))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if passes {
			p.Store = good
			require.NoError(t, p.Close(ended), "also when the context has ended")
			require.Len(t, stored(t, good), 5)
		} else {
			require.ErrorContains(t, p.Close(ended), "at the end 4 records and 0 events wait for a store that cannot be written")
			require.Len(t, stored(t, good), 1)
		}
		require.NoError(t, readOnly.Close())
	}
}

// An error that will not pass ends the watch: a store that is closed, or damaged.
func TestErrorsThatDoNotPass(t *testing.T) {
	p, _, warned, _ := watch(t)
	require.NoError(t, p.Store.Close())
	require.ErrorIs(t, p.Feed(t.Context(), seconds(0, 1)...), storage.ErrClosed)
	require.Empty(t, *warned)
	require.False(t, temporary(storage.ErrDamaged))
	require.False(t, temporary(context.Canceled))
	require.True(t, temporary(storage.ErrFull))
}

// A recording that cannot be written any more ends, and the watch continues; without tolerance it ends the run.
func TestRecordingThatFails(t *testing.T) {
	for _, tolerant := range []bool{true, false} {
		p, _, warned, alarmed := watch(t)
		p.Tolerant = tolerant
		r, err := NewRecorder(filepath.Join(t.TempDir(), "r.ndjson"), 0)
		require.NoError(t, err)
		p.Recorder = r
		require.NoError(t, p.Feed(t.Context(), seconds(0, 2)...))
		require.NoError(t, r.file.Close())
		err = p.Feed(t.Context(), seconds(2, 2)...)
		if !tolerant {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Nil(t, p.Recorder)
		require.Len(t, *alarmed, 1)
		require.Contains(t, (*warned)[0], "recording to the file ends, watching continues")
		require.NoError(t, p.Close(t.Context()))
		require.Len(t, stored(t, p.Store), 4)
	}
}

// A compressed recording is written in batches, none of which waits for longer than it may; a plain one at once.
func TestRecorder(t *testing.T) {
	size := func(path string) int64 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Size()
	}
	plain, packed := filepath.Join(t.TempDir(), "r.ndjson"), filepath.Join(t.TempDir(), "r.ndjson.gz")
	r, err := NewRecorder(plain, 30*time.Second)
	require.NoError(t, err)
	require.NoError(t, r.Append(seconds(0, 1)...))
	require.Positive(t, size(plain))
	require.NoError(t, r.Close())

	r, err = NewRecorder(packed, 30*time.Second)
	require.NoError(t, err)
	one := seconds(0, 1)[0].(*cell.Observation)
	require.NoError(t, r.Append(one))
	one.Sensor = "changed" // the caller may use it again
	require.NoError(t, r.Append(seconds(1, 28)...))
	require.Zero(t, size(packed))
	require.NoError(t, r.Append(seconds(29, 2)...))
	written := size(packed)
	require.Positive(t, written)
	require.NoError(t, r.Append(seconds(31, 1)...))
	require.Equal(t, written, size(packed))
	require.NoError(t, r.Close())
	f, err := os.Open(packed)
	require.NoError(t, err)
	defer f.Close()
	in := cell.NewReader(f, packed)
	for i := range 32 {
		rec, err := in.Next()
		require.NoError(t, err)
		require.Equal(t, start.Add(time.Duration(i)*time.Second), rec.When())
		require.Equal(t, "roof", rec.From())
	}
	_, err = NewRecorder(filepath.Join(t.TempDir(), "nowhere", "r.ndjson"), 0)
	require.Error(t, err)
}

// Learning a store again gives its events, and what was learned can be stored with them: the next watch resumes from there.
func TestLearnAgain(t *testing.T) {
	p := newSpot(t)
	alerts := p.visitThird()
	require.NotEmpty(t, alerts)
	require.Zero(t, p.line.Duplicates())
	require.NoError(t, p.line.Feed(t.Context(), &cell.Observation{Time: p.now, Sensor: "roof"}))
	p.close()

	s, err := storage.Open(t.Context(), p.path, storage.Options{})
	require.NoError(t, err)
	var found EventLog
	l := New(Options{NewEngine: newEngine, OnEvent: found.Add})
	n, err := l.Learn(t.Context(), s, storage.Query{}, nil)
	require.NoError(t, err)
	require.Positive(t, n)
	require.GreaterOrEqual(t, l.seq, int64(n), "to the last record")
	require.True(t, found.Has(alerts[0].ID))
	require.NoError(t, s.Update(t.Context(), func(tx *storage.Tx) error { return tx.SaveState(StateName, nil, 0) }))
	require.NoError(t, l.SaveLearned(t.Context(), found.Sorted()...))
	state, seq, err := s.LoadState(t.Context(), StateName)
	require.NoError(t, err)
	want, err := l.Engine().Save()
	require.NoError(t, err)
	require.True(t, string(want) == string(state))
	require.Equal(t, l.seq, seq)
	require.NoError(t, s.Close())

	p.open()
	require.Equal(t, seq, p.line.seq, "nothing is read again")
}

// A saved state of other rules is not used: everything is learned again from the store, which is reported.
func TestStateOfOtherRules(t *testing.T) {
	p := newSpot(t)
	p.close()
	s, err := storage.Open(t.Context(), p.path, storage.Options{})
	require.NoError(t, err)
	require.NoError(t, s.SaveState(t.Context(), StateName, []byte("of another program"), 5))
	var warned []string
	l := New(Options{NewEngine: newEngine, Store: s, Warn: func(text string, _ error) { warned = append(warned, text) }})
	require.NoError(t, l.Resume(t.Context(), nil))
	require.Len(t, warned, 1)
	require.True(t, strings.Contains(warned[0], "learned again from the store"))
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, s.Close())
	p.open()
	p.sameAgain()
}

// A store that cannot be read while a verdict is looked for postpones the verdict, if the pipeline is tolerant.
func TestVerdictWaits(t *testing.T) {
	p := newSpot(t)
	require.NotEmpty(t, p.visitThird())
	bad, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "other.db"), storage.Options{Create: true})
	require.NoError(t, err)
	require.NoError(t, bad.Close())
	good := p.line.lessons.store
	p.line.lessons.store, p.line.Tolerant = bad, true
	require.ErrorIs(t, p.line.applyVerdicts(t.Context(), p.line.seq), storage.ErrClosed, "that does not pass")
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	p.line.lessons.store = good
	var warned []string
	p.line.Warn = func(text string, err error) {
		require.True(t, errors.Is(err, context.DeadlineExceeded), "%v", err)
		warned = append(warned, text)
	}
	require.NoError(t, p.line.applyVerdicts(ctx, p.line.seq))
	require.Equal(t, []string{"a verdict waits"}, warned)
}
