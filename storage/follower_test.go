package storage_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
	"vigie/storage/storagetest"
)

// memorySink keeps what it is given. fail, when set, decides whether it is.
type memorySink struct {
	mu      sync.Mutex
	entries []storage.Entry
	most    int
	fail    func() error
	wrote   chan struct{} // gets a value after each Write that went well; nil: not wanted
}

func (m *memorySink) Write(ctx context.Context, es []storage.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most = max(m.most, len(es))
	if m.fail != nil {
		if err := m.fail(); err != nil {
			return err
		}
	}
	m.entries = append(m.entries, es...)
	if m.wrote != nil {
		m.wrote <- struct{}{}
	}
	return nil
}

func (m *memorySink) Close() error { return nil }

func memory(t testing.TB) *storage.Store { return open(t, "", storage.Options{Memory: true}) }

func TestFollowWakes(t *testing.T) {
	s := memory(t)
	running, cancel := context.WithCancel(ctx)
	sink := &memorySink{wrote: make(chan struct{})}
	done := make(chan error)
	go func() { done <- storage.Follow(running, s, "test", sink, storage.FollowOptions{}) }()
	day := storagetest.Day(100)
	for i, r := range day[1:] {
		require.NoError(t, s.Append(ctx, r))
		<-sink.wrote
		require.Equal(t, int64(i+1), sink.entries[i].Seq)
		require.Equal(t, r, sink.entries[i].Record)
	}
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	cursor, err := s.Cursor(ctx, "test")
	require.NoError(t, err)
	require.EqualValues(t, 100, cursor)
}

// Polling finds what another process writes.
func TestFollowPolls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vigie.db")
	w := open(t, path, storage.Options{Create: true})
	require.NoError(t, w.Append(ctx, storagetest.Day(3)...))
	r := open(t, path, storage.Options{ReadOnly: true})
	err := storage.Follow(ctx, r, "test", &memorySink{}, storage.FollowOptions{UntilDone: true})
	require.ErrorIs(t, err, storage.ErrReadOnly, "it cannot keep its cursor")

	running, cancel := context.WithCancel(ctx)
	defer cancel()
	sink := &memorySink{wrote: make(chan struct{}, 1)}
	done := make(chan error)
	go func() {
		done <- storage.Follow(running, w, "test", sink, storage.FollowOptions{Poll: time.Millisecond})
	}()
	<-sink.wrote
	require.NoError(t, w.Append(ctx, storagetest.Day(4)...))
	<-sink.wrote
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

type retryAfter struct{ time.Duration }

func (r retryAfter) Error() string             { return "not now" }
func (r retryAfter) RetryAfter() time.Duration { return r.Duration }

func TestFollowBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory(t)
		defer s.Close()
		require.NoError(t, s.Append(ctx, storagetest.Day(10)...))
		var waits []time.Duration
		failures := 12
		sink := &memorySink{fail: func() error {
			if failures--; failures >= 0 {
				return errors.New("down")
			}
			return nil
		}}
		start := time.Now()
		require.NoError(t, storage.Follow(ctx, s, "test", sink, storage.FollowOptions{UntilDone: true, OnError: func(err error, wait time.Duration) {
			require.EqualError(t, err, "down")
			waits = append(waits, wait)
		}}))
		require.Len(t, waits, 12)
		total := time.Duration(0)
		for i, w := range waits {
			longest := min(time.Second<<i, 5*time.Minute)
			require.LessOrEqual(t, w, longest)
			require.GreaterOrEqual(t, w, longest/2)
			total += w
		}
		require.Equal(t, total, time.Since(start))
		require.Len(t, sink.entries, 11)

		for want, after := range map[time.Duration]time.Duration{7 * time.Second: 7 * time.Second, 5 * time.Minute: 10 * time.Hour} {
			require.Equal(t, want, storage.Backoff(1, fmt.Errorf("server: %w", retryAfter{after})))
		}
		require.Positive(t, storage.Backoff(1_000_000, errors.New("down")))

		require.NoError(t, s.PutEvents(ctx, storagetest.Events(1)...))
		failures = 3
		err := storage.Follow(ctx, s, "test", sink, storage.FollowOptions{Backoff: func(n int, _ error) time.Duration {
			return map[int]time.Duration{1: time.Hour, 2: -1}[n]
		}})
		require.EqualError(t, err, "test: down")

		running, cancel := context.WithTimeout(ctx, time.Second) // in the middle of a wait
		defer cancel()
		err = storage.Follow(running, s, "test", sink, storage.FollowOptions{Backoff: func(int, error) time.Duration { return time.Hour }})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// An event is sent in its present form, and again when it has changed.
func TestFollowEvents(t *testing.T) {
	s := memory(t)
	day, evs := storagetest.Day(5), storagetest.Events(3)
	require.NoError(t, s.Append(ctx, day...))
	require.NoError(t, s.PutEvents(ctx, evs...))
	evs[0].State = analyzer.Closed
	require.NoError(t, s.PutEvents(ctx, evs...))
	sink := &memorySink{}
	o := storage.FollowOptions{UntilDone: true, Batch: 2}
	require.NoError(t, storage.Follow(ctx, s, "test", sink, o))
	var ids []string
	for _, e := range sink.entries {
		if e.Event != nil {
			ids = append(ids, e.Event.ID)
		}
	}
	require.Equal(t, []string{evs[1].ID, evs[2].ID, evs[0].ID}, ids)
	require.Equal(t, evs[0], *sink.entries[len(sink.entries)-1].Event)
	require.LessOrEqual(t, sink.most, 3)
	evs[1].Summary = "another"
	require.NoError(t, s.PutEvents(ctx, evs...))
	sink.entries = nil
	require.NoError(t, storage.Follow(ctx, s, "test", sink, o))
	require.Len(t, sink.entries, 1)
	require.Equal(t, evs[1], *sink.entries[0].Event)
	require.NoError(t, storage.Follow(ctx, s, "another", sink, o)) // another name begins with the oldest
	require.Len(t, sink.entries, 1+len(day)+3)
}

// Whatever is written, and however often the sink fails and the follower starts again, everything arrives in order.
func TestFollowLosesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := memory(t)
		defer s.Close()
		rnd := rapid.IntRange(0, 3)
		sink := &memorySink{fail: func() error {
			if rnd.Draw(rt, "fail") == 0 {
				return errors.New("down")
			}
			return nil
		}}
		evs := storagetest.Events(3)
		for range rapid.IntRange(1, 6).Draw(rt, "rounds") {
			require.NoError(rt, s.Append(ctx, rapid.SliceOfN(storagetest.Observation(), 0, 10).Draw(rt, "records")...))
			e := rapid.IntRange(0, 2).Draw(rt, "event")
			evs[e].Summary += "."
			require.NoError(rt, s.PutEvents(ctx, evs[e]))
			_ = storage.Follow(ctx, s, "test", sink, storage.FollowOptions{UntilDone: true, Batch: rapid.IntRange(1, 5).Draw(rt, "batch"),
				Backoff: func(n int, _ error) time.Duration { return time.Duration(1-n) * time.Second }}) // gives up at the second failure
		}
		sink.fail = nil
		require.NoError(rt, storage.Follow(ctx, s, "test", sink, storage.FollowOptions{UntilDone: true}))
		require.True(rt, slices.IsSortedFunc(sink.entries, func(a, b storage.Entry) int { return int(a.Seq - b.Seq) }))
		got := map[int64]cell.Record{}
		last := map[string]analyzer.Event{}
		for _, e := range sink.entries {
			if e.Event != nil {
				last[e.Event.ID] = *e.Event
			} else {
				got[e.Seq] = e.Record
			}
		}
		want := map[int64]cell.Record{}
		for e, err := range s.Records(ctx, storage.Query{}) {
			require.NoError(rt, err)
			want[e.Seq] = e.Record
		}
		require.Equal(rt, want, got)
		for e, err := range s.Events(ctx, storage.EventQuery{}) {
			require.NoError(rt, err)
			require.Equal(rt, e, last[e.ID])
		}
	})
}
