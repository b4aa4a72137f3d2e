package monitor

import (
	"sync"
	"time"

	"vigie/cell"
)

// view delivers updates to a function on a goroutine of its own: a terminal, a pager or a pipe that nobody reads never stops
// the watch. Its queue is bounded. When it is full the oldest update that only repeats what the next ones say again is
// dropped, then the oldest of all, and the update after it counts what is missing.
type view struct {
	show func(Update)

	mu    sync.Mutex
	queue []Update
	wake  chan struct{} // holds one; closed to end
	done  chan struct{}
}

const (
	viewMost  = 1000                   // updates that wait: a quarter of an hour of a modem that is asked every second
	viewDrain = 500 * time.Millisecond // that the end waits for what is queued
)

func newView(show func(Update)) *view {
	v := &view{show: show, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(v.done)
		for range v.wake {
			for u, ok := v.next(); ok; u, ok = v.next() {
				v.show(u)
			}
		}
	}()
	return v
}

func (v *view) next() (u Update, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.queue) == 0 {
		return u, false
	}
	u = v.queue[0]
	v.queue = v.queue[1:]
	return u, true
}

// put queues an update; it never waits.
func (v *view) put(u Update) {
	v.mu.Lock()
	v.queue = append(v.queue, u)
	if len(v.queue) > viewMost {
		v.drop()
	}
	v.mu.Unlock()
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// drop removes one update, never the newest; mu is held.
func (v *view) drop() {
	at := 0
	for i := range v.queue[:len(v.queue)-1] {
		if !v.queue[i].matters() {
			at = i
			break
		}
	}
	v.queue[at+1].Missed += v.queue[at].Missed + 1
	v.queue = append(v.queue[:at], v.queue[at+1:]...)
}

// matters reports whether a reader must not miss an update; the others are repeated by the next ones.
func (u *Update) matters() bool {
	if u.Event != nil || u.Text != "" || u.Err != nil {
		return true
	}
	switch u.Record.(type) {
	case *cell.Gap, *cell.Clock:
		return true
	}
	return false
}

// stop ends it when what is queued was shown, or soon after if nobody reads: then the goroutine stays behind.
func (v *view) stop() {
	close(v.wake)
	select {
	case <-v.done:
	case <-time.After(viewDrain):
	}
}
