package monitor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"vigie/storage"
	"vigie/storage/storagetest"
)

// memorySink keeps what it is given, and fails while err is set.
type memorySink struct {
	err  error
	have int
}

func (m *memorySink) Write(_ context.Context, entries []storage.Entry) error {
	if m.err == nil {
		m.have += len(entries)
	}
	return m.err
}

func (m *memorySink) Close() error { return nil }

// The status of a sink shows what it has not delivered, when it last delivered, and why it does not.
func TestStatusOfASink(t *testing.T) {
	ctx := t.Context()
	s, err := storage.Open(ctx, "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Append(ctx, storagetest.Day(20)...))
	sink := &memorySink{err: errors.New("the far end\nis down")}
	c := &copying{Sink: sink, name: "toy", now: func() time.Time { return storagetest.Start }}
	once := storage.FollowOptions{UntilDone: true, Backoff: func(int, error) time.Duration { return -1 }}

	require.Equal(t, SinkStatus{Name: "toy", State: "idle"}, c.status())
	look := newStoreLook(s, []string{"toy"}, time.Now)
	require.EqualValues(t, 20, look.look(ctx).behind["toy"])
	require.Error(t, storage.Follow(ctx, s, "toy", c, once))
	st := c.status()
	require.Equal(t, "waiting", st.State)
	require.Contains(t, st.Problem, "is down")
	require.NotContains(t, st.Problem, "\n")
	require.EqualValues(t, 20, look.look(ctx).behind["toy"])
	require.Nil(t, st.LastSent)

	sink.err = nil
	require.NoError(t, storage.Follow(ctx, s, "toy", c, once))
	st = c.status()
	require.Equal(t, SinkStatus{Name: "toy", State: "sending", LastSent: &storagetest.Start}, st)
	require.Positive(t, sink.have)
	require.Zero(t, look.look(ctx).behind["toy"])
}

// A watch delivers to each sink of its options until it stops, and closes it. Retention keeps what a sink has not had.
func TestWatchFollowsItsSinks(t *testing.T) {
	s, err := storage.Open(t.Context(), "", storage.Options{Memory: true})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Append(t.Context(), storagetest.Day(20)...))
	sink := &notifyingSink{got: make(chan int, 1)}
	w := &running{Options: Options{Store: s, Sinks: []storage.NamedSink{{Name: "toy", Open: func() (storage.Sink, error) { return sink, nil }}}},
		state: NewState(time.Now), retention: &retention{}}
	require.NoError(t, w.startSinks(t.Context()))
	require.Equal(t, 21, <-sink.got, "each run repeats the source line")
	require.NoError(t, w.parts.stop())
	require.True(t, sink.closed)
	require.Equal(t, []string{"toy"}, w.retention.keep.Followers)

	w.Sinks[0].Open = func() (storage.Sink, error) { return nil, errors.New("no such file") }
	require.ErrorContains(t, w.startSinks(t.Context()), "no such file")
}

// notifyingSink reports how many entries it was given first.
type notifyingSink struct {
	got    chan int
	closed bool
}

func (n *notifyingSink) Write(_ context.Context, entries []storage.Entry) error {
	select {
	case n.got <- len(entries):
	default:
	}
	return nil
}

func (n *notifyingSink) Close() error { n.closed = true; return nil }
