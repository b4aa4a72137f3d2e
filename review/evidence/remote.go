package evidence

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vigie/analyzer"
	"vigie/storage"
)

// Other sensors may write their events to a server that all share. They can be read here and not decided: the raw lines, and
// with them everything that a decision needs, stay in the stores of those sensors.

const (
	remoteEvery  = time.Minute      // how often the server is asked, while its events are wanted
	remoteWait   = 3 * time.Second  // how long the first question is waited for
	remoteWithin = 30 * time.Second // how long an answer may take
	maxRemote    = 5000             // events, the newest
)

// remote is the last answer of the server.
type remote struct {
	mu     sync.Mutex
	events map[string]analyzer.Event // by id, as the entry has it, at the corrected times
	list   []*Entry                  // newest first; replaced, never changed
	failed bool                      // the last question
	asked  time.Time
	asking chan struct{} // closed when the answer is there; nil: no question is open
}

// Remote lists the events that are on the shared server and in no store here, newest first; after a minute it asks again, and
// returns what it has meanwhile. failed: the server gave no complete answer.
func (l *Library) Remote(ctx context.Context) (list []*Entry, failed bool, err error) {
	if l.o.Elsewhere == nil {
		return nil, false, nil
	}
	x := &l.remote
	x.mu.Lock()
	now := l.o.Now()
	if x.asking == nil && (x.asked.IsZero() || now.Sub(x.asked) >= remoteEvery) {
		x.asked, x.asking = now, make(chan struct{})
		go l.ask(x.asking)
	}
	first, asking := x.events == nil, x.asking
	x.mu.Unlock()
	if first && asking != nil {
		wait := time.NewTimer(remoteWait)
		defer wait.Stop()
		select {
		case <-asking:
		case <-wait.C:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	if _, err := l.Entries(ctx); err != nil {
		return nil, false, err
	}
	x.mu.Lock()
	all, failed := x.list, x.failed
	x.mu.Unlock()
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	for _, e := range all {
		if l.index.byID[e.ID] == nil {
			list = append(list, e)
		}
	}
	return list, failed, nil
}

// RemoteEvent returns an event that is on the shared server alone, without identities and at the corrected times. The error wraps
// storage.ErrNotFound if it is not there.
func (l *Library) RemoteEvent(ctx context.Context, id string) (*Entry, analyzer.Event, error) {
	list, _, err := l.Remote(ctx)
	if err != nil {
		return nil, analyzer.Event{}, err
	}
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	i := slices.IndexFunc(list, func(e *Entry) bool { return e.ID == id })
	ev, ok := l.remote.events[id]
	if i < 0 || !ok {
		return nil, analyzer.Event{}, fmt.Errorf("event %q: %w", PlainTo(id, 64), storage.ErrNotFound)
	}
	return list[i], l.CleanEvent(ev), nil
}

// ask asks the server for all events, and closes done.
func (l *Library) ask(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), remoteWithin)
	defer cancel()
	go func() {
		select {
		case <-l.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	list, events, failure := l.readRemote(ctx)
	if failure == nil {
		failure = l.correctRemote(ctx, list, events)
	}
	list = newest(list, events)
	x := &l.remote
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.failed = failure != nil; !x.failed || x.events == nil {
		x.events, x.list = events, list
	}
	x.asking = nil
	close(done)
	if failure != nil {
		l.o.Log.Warn("shared server", "err", l.Scrub(failure.Error()))
	}
}

// readRemote reads the newest events of the server, at the recorded times; with an error, those that came before it.
func (l *Library) readRemote(ctx context.Context) (list []*Entry, events map[string]analyzer.Event, err error) {
	events, list = map[string]analyzer.Event{}, []*Entry{}
	for ev, err := range l.o.Elsewhere(ctx) {
		if err != nil {
			return list, events, err
		}
		e := l.entry(nil, &ev)
		if _, again := events[e.ID]; !again {
			list = append(list, e)
		}
		events[e.ID] = ev
		if len(list) >= 2*maxRemote {
			list = newest(list, events)
		}
	}
	return list, events, nil
}

// correctRemote sets the corrected times of events of the server.
func (l *Library) correctRemote(ctx context.Context, list []*Entry, events map[string]analyzer.Event) error {
	if l.o.Clocks == nil {
		return nil
	}
	sensors := map[string]bool{}
	for _, e := range list {
		sensors[e.sensor] = true
	}
	cs, err := l.o.Clocks(ctx, slices.Collect(maps.Keys(sensors)))
	if err != nil {
		return err
	}
	for _, e := range list {
		e.correct(cs)
		events[e.ID], _ = cs.Event(events[e.ID])
	}
	return nil
}

// newest keeps the newest events.
func newest(list []*Entry, events map[string]analyzer.Event) []*Entry {
	slices.SortFunc(list, newestFirst)
	for _, e := range list[min(len(list), maxRemote):] {
		delete(events, e.ID)
	}
	return list[:min(len(list), maxRemote)]
}
