package monitor

import (
	"context"
	"maps"
	"path/filepath"
	"sync"
	"time"

	"vigie/storage"
	"vigie/words"
)

// storeLook looks at the store, at its disk and at what its followers have to deliver, on a goroutine of its own: a disk that
// hangs must not keep waiting who asks how the watch is. One look at a time is under way.
type storeLook struct {
	see func() storeSeen
	now func() time.Time

	mu    sync.Mutex
	last  storeSeen
	began time.Time     // of the look that is under way; zero: none is
	done  chan struct{} // closed when it ends
}

// storeSeen is what one look saw.
type storeSeen struct {
	StoreStatus
	at     time.Time
	behind map[string]int64 // by follower: entries of the store that it has not delivered
}

const (
	lookMost  = time.Second      // how long who asks waits for a look
	lookEvery = 10 * time.Second // how old what was seen may be where nobody waits for it
	answerIn  = 5 * time.Second  // a store that has not answered for longer is failing
)

func newStoreLook(s *storage.Store, followers []string, now func() time.Time) *storeLook {
	see := func() storeSeen {
		ctx := context.Background() // a look that is under way goes on for who asks next
		seen := storeSeen{StoreStatus: StoreStatusOf(ctx, s), behind: map[string]int64{}}
		for _, name := range followers {
			if n, err := s.Behind(ctx, name); err == nil {
				seen.behind[name] = n
			}
		}
		return seen
	}
	return &storeLook{see: see, now: now, last: storeSeen{StoreStatus: StoreStatus{Path: s.Path()}}}
}

// start begins a look, unless one is under way, and returns what is closed at its end.
func (l *storeLook) start() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.began.IsZero() {
		return l.done
	}
	done := make(chan struct{})
	l.began, l.done = l.now(), done
	go func() {
		seen := l.see()
		l.mu.Lock()
		defer l.mu.Unlock()
		seen.at, l.began = l.now(), time.Time{}
		l.last = seen
		close(done)
	}()
	return done
}

// look looks, and returns what was seen last if that takes long.
func (l *storeLook) look(ctx context.Context) storeSeen {
	select {
	case <-l.start():
	case <-time.After(lookMost):
	case <-ctx.Done():
	}
	return l.seen()
}

// recent is what was seen last. If that is old a look begins, for who asks next.
func (l *storeLook) recent() storeSeen {
	seen := l.seen()
	if l.now().Sub(seen.at) > lookEvery {
		l.start()
	}
	return seen
}

func (l *storeLook) seen() storeSeen {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.last
	seen.behind = maps.Clone(seen.behind)
	return seen
}

// waits is since when a look has been under way; zero: none is.
func (l *storeLook) waits() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.began
}

// room is how much of the disk is free, as was seen last.
func (l *storeLook) room() (free, all int64) {
	seen := l.recent()
	return seen.Free, seen.Disk
}

// StoreStatusOf looks at a store.
func StoreStatusOf(ctx context.Context, s *storage.Store) StoreStatus {
	st := StoreStatus{Path: s.Path()}
	if stats, err := s.Stats(ctx); err != nil {
		st.Problem = words.OneLine(err.Error())
	} else {
		st.Bytes, st.Records, st.Events = stats.Bytes+stats.LogBytes, stats.Observations+stats.Others, stats.Events
	}
	st.Free, st.Disk = DiskOf(filepath.Dir(s.Path()))
	return st
}
