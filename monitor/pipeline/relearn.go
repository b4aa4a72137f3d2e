package pipeline

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"vigie/analyzer"
	"vigie/storage"
)

// applyVerdicts makes lessons of the verdicts that were given since the last record, the one numbered after, and teaches them.
func (p *Pipeline) applyVerdicts(ctx context.Context, after int64) error {
	x := &p.lessons
	if x.store == nil || p.outage.began {
		return nil
	}
	fresh, gone, err := x.compare(ctx)
	if err == nil && len(fresh)+len(gone) > 0 {
		err = p.revise(ctx, fresh, gone, after)
	}
	if err == nil {
		err = p.takeRelearned(ctx, after)
	}
	if err == nil {
		err = x.teach(ctx, p.engine, after+1, p.flush)
	}
	if err != nil && p.Tolerant && temporary(err) {
		x.mark = -1
		p.Warn("a verdict waits", err)
		return nil
	}
	return err
}

// revise stores the lessons as they are now. If the engine was taught one that was taken back, an engine that learns without
// it is made to replace it.
func (p *Pipeline) revise(ctx context.Context, fresh []storage.Verdict, gone []lesson, after int64) error {
	state, seq, err := p.Store.LoadState(ctx, StateName)
	if err != nil {
		return err
	}
	next := p.lessons
	taught := next.remove(gone) || len(gone) > 0 && p.relearning != nil
	usable := state != nil && !slices.ContainsFunc(gone, func(g lesson) bool { return g.After < seq })
	if taught && !usable {
		complete, err := fromFirst(ctx, p.Store)
		if err != nil {
			return err
		}
		if !complete { // it can only be taught the opposite
			next, taught = p.lessons, false
			next.list = slices.Clone(next.list)
			for i := range next.list {
				if o := &next.list[i]; slices.Contains(gone, *o) {
					o.Settled = true
					next.list = append(next.list, lesson{o.Verdict, o.Event, !o.Benign, after, true})
				}
			}
		}
	}
	for _, v := range fresh {
		next.list = append(next.list, lesson{v.ID, v.Event, v.Judgement == storage.Benign, after, false})
	}
	if err := next.save(ctx, taught && !usable); err != nil {
		return err
	}
	p.lessons = next
	if taught {
		if !usable {
			state, seq = nil, 0
		}
		p.startRelearning(ctx, state, seq, after)
	}
	return nil
}

// relearning is a pipeline that learns again from the store while another takes what comes.
type relearning struct {
	line  *Pipeline
	found EventLog
	done  chan error
	stop  context.CancelFunc

	running sync.WaitGroup
}

// startRelearning begins with a saved state that holds the records up to seq (nil: from the first one), and learns up to and
// including the record numbered after: in the background if somebody waits for the pipeline and it may take long.
func (p *Pipeline) startRelearning(ctx context.Context, state []byte, seq, after int64) {
	p.stopRelearning() // one that is under way is about other lessons
	r := &relearning{done: make(chan error, 1)}
	r.line = New(Options{NewEngine: p.NewEngine, OnEvent: r.found.Add})
	if state != nil && r.line.engine.Restore(state) == nil {
		r.line.seq = seq
	}
	r.line.lessons = p.lessons
	r.line.lessons.open = map[string]analyzer.Event{}
	r.line.lessons.rewind(r.line.seq)
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.relearning = r
	if !p.Tolerant || r.line.seq > 0 {
		r.done <- r.learn(ctx, after)
		return
	}
	r.running.Go(func() { r.done <- r.learn(ctx, after) })
}

// learn continues up to and including the record numbered last.
func (r *relearning) learn(ctx context.Context, last int64) error {
	if last <= r.line.seq {
		return nil
	}
	_, err := r.line.learn(ctx, storage.Query{AfterSeq: r.line.seq}, last, nil)
	return err
}

// takeRelearned puts the engine that has learned again in the place of the one that was taught what was taken back.
func (p *Pipeline) takeRelearned(ctx context.Context, after int64) error {
	r := p.relearning
	if r == nil {
		return nil
	}
	select {
	case err := <-r.done:
		defer r.stop()
		if err != nil { // this process saves no state any more, and the next one learns again
			return fmt.Errorf("learning again without a verdict that was taken back: %w", err)
		}
	default:
		return nil
	}
	r.line.lessons.list = p.lessons.list // with those that came in the meantime
	if err := r.learn(ctx, after); err != nil {
		return err
	}
	for id, e := range p.lessons.open { // no longer an event, or another one
		if !r.found.Has(id) {
			e.State = analyzer.Closed
			r.found.Add(e)
		}
	}
	p.engine, p.relearning = r.line.engine, nil
	p.lessons.next, p.lessons.open = r.line.lessons.next, r.line.lessons.open
	return p.storeEvents(ctx, r.found.Sorted())
}

// stopRelearning ends what is under way in the background. The state in the store stays invalid.
func (p *Pipeline) stopRelearning() {
	if r := p.relearning; r != nil {
		r.stop()
		r.running.Wait()
	}
}
