package pipeline

import "context"

// While watching, the store is asked on a goroutine of its own. A disk may take minutes to answer, an SD card often takes a
// second: neither stamping nor analysing waits for it. What comes in the meantime waits in the outage buffer.

// request is something that the store was asked and has not answered within Options.Patience.
type request struct {
	done chan struct{} // closed when it has answered
	err  error
	late func(error) error // takes the answer, on the goroutine that owns the pipeline
}

// ask runs f, which may block and must not touch what the pipeline's own goroutine changes meanwhile. If it does not end in
// time, answered is false, and late gets its error from a later call of settle. Until then nothing else may be asked.
func (p *Pipeline) ask(f func() error, late func(error) error) (answered bool, err error) {
	if p.Patience == nil {
		return true, f()
	}
	r := launch(f)
	select {
	case <-r.done:
		return true, r.err
	case <-p.Patience():
	}
	r.late, p.late = late, r
	if p.OnLate != nil {
		p.OnLate(true)
	}
	return false, nil
}

func launch(f func() error) *request {
	r := &request{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = f()
	}()
	return r
}

// forget is for an answer that is asked for again.
func forget(error) error { return nil }

// Late is closed once the store has answered what it did not answer in time: then Continue is due. It is nil while nothing is
// unanswered.
func (p *Pipeline) Late() <-chan struct{} {
	if p.late == nil {
		return nil
	}
	return p.late.done
}

// settle takes a late answer, if it has come.
func (p *Pipeline) settle() error {
	r := p.late
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
	default:
		return nil
	}
	p.late = nil
	if p.OnLate != nil {
		p.OnLate(false)
	}
	return r.late(r.err)
}

// Continue stores what waits once the store has answered late. A store that answers with a failure is tried again with the
// next records.
func (p *Pipeline) Continue(ctx context.Context) error {
	if err := p.settle(); err != nil || p.late != nil || p.outage.began || p.outage.empty() {
		return err
	}
	_, err := p.store(ctx, nil)
	return err
}

// behind reports whether the engine has analysed what is not known to be stored.
func (p *Pipeline) behind() bool { return p.late != nil || p.outage.began || !p.outage.empty() }

// await waits for a late answer, for the end of a pipeline.
func (p *Pipeline) await() error {
	if p.late != nil {
		<-p.late.done
	}
	return p.settle()
}
