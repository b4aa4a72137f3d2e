package evidence

import (
	"cmp"
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
	maxRemote    = 5000             // events that are kept, unless Options.Most says otherwise
)

// remote is the last answer of the server.
type remote struct {
	mu     sync.Mutex
	list   []*Entry // newest first; replaced, never changed; nil: there was no answer yet
	failed bool     // the last question
	asked  time.Time
	asking chan struct{} // closed when the answer is there; nil: no question is open
}

// remoteEvent is an event of the server, without identities: at the recorded times, and at the corrected ones.
type remoteEvent struct {
	stored, corrected analyzer.Event
	asked             time.Time // for it
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
		go l.askAgain(x.asking)
	}
	first, asking := x.list == nil, x.asking
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
		if _, here := l.index.byID[e.ID]; !here {
			list = append(list, e)
		}
	}
	return list, failed, nil
}

// RemoteEvent returns the entry of an event that is on the shared server alone. The error wraps storage.ErrNotFound if it is not
// there.
func (l *Library) RemoteEvent(ctx context.Context, id string) (*Entry, error) {
	list, _, err := l.Remote(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(list, func(e *Entry) bool { return e.ID == id }); i >= 0 {
		return list[i], nil
	}
	return nil, fmt.Errorf("event %q: %w", PlainTo(id, 64), storage.ErrNotFound)
}

// askAgain asks the server while others use what it answered before, and closes done.
func (l *Library) askAgain(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), remoteWithin)
	defer cancel()
	go func() {
		select {
		case <-l.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := l.Ask(ctx); err != nil {
		l.o.Log.Warn("shared server", "err", l.Scrub(err.Error()))
	}
	l.remote.mu.Lock()
	defer l.remote.mu.Unlock()
	l.remote.asking = nil
	close(done)
}

// Ask asks the shared server for its events, and waits for the answer. Remote does so by itself when its answer is old.
func (l *Library) Ask(ctx context.Context) error {
	list, err := l.readRemote(ctx)
	if err == nil {
		err = l.correctRemote(ctx, list)
	}
	list = l.newest(list)
	x := &l.remote
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = l.o.Now()
	if x.failed = err != nil; !x.failed || x.list == nil {
		x.list = list
	}
	return err
}

// readRemote reads the newest events of the server, at the recorded times; with an error, those that came before it.
func (l *Library) readRemote(ctx context.Context) ([]*Entry, error) {
	list, place := []*Entry{}, map[string]int{}
	for ev, err := range l.o.Elsewhere(ctx) {
		if err != nil {
			return list, err
		}
		e := l.entry(nil, &ev)
		clean := l.CleanEvent(ev)
		e.remote = &remoteEvent{clean, clean, l.o.Now()}
		if i, again := place[e.ID]; again {
			list[i] = e
			continue
		}
		place[e.ID] = len(list)
		list = append(list, e)
		if len(list)/2 >= l.mostRemote() {
			list = l.newest(list)
			clear(place)
			for i, e := range list {
				place[e.ID] = i
			}
		}
	}
	return list, nil
}

// correctRemote sets the corrected times of events of the server.
func (l *Library) correctRemote(ctx context.Context, list []*Entry) error {
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
		e.remote.corrected = e.correctedEvent(cs, e.remote.stored)
	}
	return nil
}

func (l *Library) mostRemote() int { return cmp.Or(l.o.Most, maxRemote) }

// newest keeps the newest events.
func (l *Library) newest(list []*Entry) []*Entry {
	slices.SortFunc(list, newestFirst)
	return list[:min(len(list), l.mostRemote())]
}
