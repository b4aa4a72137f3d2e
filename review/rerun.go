package review

import (
	"net/http"
	"time"

	"vigie/review/evidence"
)

// rerunPage compares what the store holds with what today's rules find in the same records.
type rerunPage struct {
	From, To time.Time
	Sensor   string
	Event    string // id; empty for a period
	Pairs    []evidence.Pair
	Took     time.Duration
	Same     int
}

func (rv *Review) showRerun(w http.ResponseWriter, r *http.Request) {
	if !rv.evidence.CanRerun() {
		rv.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	done, ok := rv.takeHeavy(w, r)
	if !ok {
		return
	}
	defer done()
	show(rv, "rerun", "rerun.title", rv.rerunPage)(w, r)
}

func (rv *Review) rerunPage(r *http.Request) (*rerunPage, error) {
	x, err := rv.selected(r)
	if err != nil {
		return nil, err
	}
	started := rv.now()
	p := &rerunPage{From: x.From, To: x.To, Event: x.ID}
	if p.Pairs, err = rv.evidence.Rerun(r.Context(), x); err != nil {
		return nil, err
	}
	for _, s := range x.Sensors {
		p.Sensor = s.Name
	}
	for i := range p.Pairs {
		if p.Pairs[i].Then != nil && p.Pairs[i].Now != nil && len(p.Pairs[i].Changes) == 0 {
			p.Same++
		}
	}
	p.Took = rv.now().Sub(started)
	return p, nil
}

// takeHeavy takes one of the few places for long answers. If none is free, the request is answered and ok is false.
func (rv *Review) takeHeavy(w http.ResponseWriter, r *http.Request) (done func(), ok bool) {
	select {
	case rv.heavy <- struct{}{}:
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute))
		return func() { <-rv.heavy }, true
	default:
		w.Header().Set("Retry-After", "30")
		rv.refuse(w, r, http.StatusServiceUnavailable, "refuse.busy")
		return nil, false
	}
}
