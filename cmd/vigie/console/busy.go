package console

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// patience is after which time work that shows no progress of its own says that it goes on.
const patience = 2 * time.Second

// asking is how many questions are open, in the whole program: a progress line must not be drawn over one.
var asking atomic.Int32

// Busy shows on the progress line of p.Err that work goes on, and for how long, from two seconds on until stop is called. A progress
// line of the work itself takes its place; nothing is shown while somebody is asked something.
func (p *Program) Busy() (stop func()) {
	if !p.Err.Interactive {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				if now.Sub(began) >= patience && asking.Load() == 0 && p.Err.idle(now) && !p.Out.asks() {
					p.Err.Progress("still at work, %s; Ctrl-C stops it", Duration(now.Sub(began)))
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-done; p.Err.ClearProgress() }
}

// idle reports whether nothing has drawn on the progress line for a while, and nobody is asked anything.
func (t *Terminal) idle(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.mid && now.Sub(t.drawn) >= time.Second
}

// asks reports whether the last line is not ended: it may be a question.
func (t *Terminal) asks() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.Interactive && t.mid
}

type detailKey struct{}

// WithDetails returns a context in which Detail prints to a terminal.
func WithDetails(ctx context.Context, t *Terminal) context.Context {
	return context.WithValue(ctx, detailKey{}, t)
}

// Detail prints what a command does, a line each, where it was asked for (--verbose).
func Detail(ctx context.Context, format string, args ...any) {
	if t, ok := ctx.Value(detailKey{}).(*Terminal); ok {
		t.Printf("%s\n", t.Paint(Faint, "vigie: "+OneLine(fmt.Sprintf(format, args...))))
	}
}
