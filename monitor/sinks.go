package monitor

import (
	"context"
	"errors"
	"sync"
	"time"

	"vigie/storage"
	"vigie/words"
)

// startSinks copies the store to every sink of the options. What a sink has not confirmed is offered again, and waits in the
// store meanwhile.
func (w *running) startSinks(ctx context.Context) error {
	for _, named := range w.Sinks {
		sink, err := named.Open()
		if err != nil {
			return err
		}
		c := &copying{Sink: sink, name: named.Name, now: time.Now}
		w.retention.mustHave(named.Name)
		w.state.follow(c.status)
		stop := background(context.WithoutCancel(ctx), func(ctx context.Context) error {
			return storage.Follow(ctx, w.Store, named.Name, c, storage.FollowOptions{})
		})
		w.parts.add("copying to "+named.Name, func() error { return errors.Join(stop(), sink.Close()) })
	}
	return nil
}

// copying is a sink that knows how it fares.
type copying struct {
	storage.Sink
	name string
	now  func() time.Time

	mu      sync.Mutex
	last    time.Time // of the last delivery
	problem error     // of the last Write
}

func (c *copying) Write(ctx context.Context, entries []storage.Entry) error {
	err := c.Sink.Write(ctx, entries)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem = err; err == nil {
		c.last = c.now()
	}
	return err
}

// status is how the sink fares, in the words of the InfluxDB sink, without what it has to deliver: see storeLook.
func (c *copying) status() SinkStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := SinkStatus{Name: c.name, State: "sending", LastSent: TimeOrNil(c.last)}
	switch {
	case c.problem != nil:
		st.State, st.Problem = "waiting", words.OneLine(c.problem.Error())
	case c.last.IsZero():
		st.State = "idle"
	}
	return st
}
