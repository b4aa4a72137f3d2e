package monitor

import (
	"context"
	"errors"
	"fmt"
)

// parts are the parts of a running watch that need an end: followers, servers, the store. They are started in order and
// stopped in reverse order, so that a part may rely on those before it until it has stopped.
type parts struct {
	started []part
}

type part struct {
	name string
	stop func() error
}

// add takes a part that was started. A nil stop needs no end.
func (p *parts) add(name string, stop func() error) {
	if stop != nil {
		p.started = append(p.started, part{name, stop})
	}
}

// stop stops every part, the last one started first, and joins their errors. It may be called again and does nothing then.
func (p *parts) stop() error {
	var errs []error
	for len(p.started) > 0 {
		last := p.started[len(p.started)-1]
		p.started = p.started[:len(p.started)-1]
		if err := last.stop(); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", last.name, err))
		}
	}
	return errors.Join(errs...)
}

// run starts a part that works in the background until ctx ends or the part is stopped.
func (p *parts) run(ctx context.Context, name string, work func(context.Context)) {
	p.add(name, background(ctx, func(ctx context.Context) error {
		work(ctx)
		return nil
	}))
}

// background runs a function until ctx ends or stop is called, which returns its error. That it was cancelled is none.
func background(ctx context.Context, run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}

// stopping makes a stop of a function that cannot fail.
func stopping(stop func()) func() error { return func() error { stop(); return nil } }
