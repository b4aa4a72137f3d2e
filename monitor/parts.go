package monitor

import (
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

// stopping makes a stop of a function that cannot fail.
func stopping(stop func()) func() error { return func() error { stop(); return nil } }
