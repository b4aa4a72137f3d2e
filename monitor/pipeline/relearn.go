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
// They wait while the store does not answer.
func (p *Pipeline) applyVerdicts(ctx context.Context, after int64) error {
	if p.lessons.store == nil {
		return nil
	}
	for _, step := range []func(context.Context, int64) error{p.revise, p.takeRelearned, p.teach} {
		if p.behind() {
			return nil
		}
		if err := step(ctx, after); err != nil {
			if p.Tolerant && temporary(err) {
				p.lessons.mark = -1
				p.Warn("a verdict waits", err)
				return nil
			}
			return err
		}
	}
	return nil
}

// revise stores the lessons as they are now. If the engine was taught one that was taken back, an engine that learns without
// it is made to replace it. A store that answers late is asked again: then the lessons are stored again with their place.
func (p *Pipeline) revise(ctx context.Context, after int64) error {
	var next revised
	now := p.lessons
	relearning := p.relearning != nil
	answered, err := p.ask(func() error {
		r, err := now.compare(ctx)
		if err != nil {
			return err
		}
		next.lessons = now
		if !r.empty() {
			if next, err = now.revise(ctx, r, after, relearning); err != nil {
				return err
			}
		}
		next.lessons.mark = r.mark
		return nil
	}, forget)
	if err != nil || !answered {
		return err
	}
	open := p.lessons.open
	p.lessons = next.lessons
	p.lessons.open = open
	if next.taught {
		p.startRelearning(ctx, next.state, next.seq, after)
	}
	return nil
}

// revised are lessons after a revision.
type revised struct {
	lessons lessons
	taught  bool   // the engine was taught one that was taken back
	state   []byte // of an engine that was not; nil: it has to begin with the first record
	seq     int64  // that the state holds
}

// revise stores lessons as they are after a revision. It changes x in nothing.
func (x lessons) revise(ctx context.Context, r revision, after int64, relearning bool) (out revised, err error) {
	out.lessons = x
	if out.state, out.seq, err = x.store.LoadState(ctx, StateName); err != nil {
		return out, err
	}
	next := &out.lessons
	out.taught = next.remove(r.gone) || len(r.gone) > 0 && relearning
	usable := out.state != nil && !slices.ContainsFunc(r.gone, func(g lesson) bool { return g.After < out.seq })
	if out.taught && !usable {
		complete, err := fromFirst(ctx, x.store)
		if err != nil {
			return out, err
		}
		if !complete { // it can only be taught the opposite
			*next, out.taught = x, false
			next.list = slices.Clone(next.list)
			for i := range next.list {
				if o := &next.list[i]; slices.Contains(r.gone, *o) {
					o.Settled = true
					next.list = append(next.list, lesson{o.Verdict, o.Event, !o.Benign, after, true})
				}
			}
		}
	}
	next.list = slices.Clip(next.list)
	for _, v := range r.fresh {
		next.list = append(next.list, lesson{v.ID, v.Event, v.Judgement == storage.Benign, after, false})
	}
	if !usable {
		out.state, out.seq = nil, 0
	}
	return out, next.save(ctx, out.taught && !usable)
}

// teach teaches the engine the lessons that come after the record numbered after.
func (p *Pipeline) teach(ctx context.Context, after int64) error {
	x := p.lessons
	if x.next == len(x.list) {
		return nil
	}
	var found map[string]analyzer.Event
	answered, err := p.ask(func() (err error) { found, err = x.find(ctx, after+1); return err }, forget)
	if err != nil || !answered {
		return err
	}
	p.lessons.found = found
	err = p.lessons.teach(ctx, p.engine, after+1, p.flush)
	p.lessons.found = nil
	return err
}

// relearning is a pipeline that learns again from the store while another takes what comes.
type relearning struct {
	line  *Pipeline
	found EventLog
	done  chan error
	ended bool // what done gave was taken
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
	if p.Tolerant && r.line.seq == 0 {
		r.running.Go(func() { r.done <- r.learn(ctx, after) })
		return
	}
	_, _ = p.ask(func() error { r.done <- r.learn(ctx, after); return nil }, forget)
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
	if !r.ended {
		select {
		case err := <-r.done:
			if err != nil { // this process saves no state any more, and the next one learns again
				r.stop()
				return fmt.Errorf("learning again without a verdict that was taken back: %w", err)
			}
			r.ended = true
		default:
			return nil
		}
	}
	r.line.lessons.list = p.lessons.list // with those that came in the meantime
	answered, err := p.ask(func() error { return r.learn(ctx, after) }, forget)
	if !answered {
		return nil
	}
	r.stop()
	if err != nil {
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
