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

func (d *Desk) showRerun(w http.ResponseWriter, r *http.Request) {
	if !d.evidence.CanRerun() {
		d.refuse(w, r, http.StatusNotFound, "refuse.missing")
		return
	}
	done, ok := d.takeHeavy(w, r)
	if !ok {
		return
	}
	defer done()
	x, err := d.selected(r)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	started := d.now()
	p := &rerunPage{From: x.From, To: x.To, Event: x.ID}
	if p.Pairs, err = d.evidence.Rerun(r.Context(), x); err != nil {
		d.fail(w, r, err)
		return
	}
	for _, s := range x.Sensors {
		p.Sensor = s.Name
	}
	for i := range p.Pairs {
		if p.Pairs[i].Then != nil && p.Pairs[i].Now != nil && len(p.Pairs[i].Changes) == 0 {
			p.Same++
		}
	}
	p.Took = d.now().Sub(started)
	d.render(w, r, http.StatusOK, "rerun", "rerun.title", p)
}

// takeHeavy takes one of the few places for long answers.
func (d *Desk) takeHeavy(w http.ResponseWriter, r *http.Request) (done func(), ok bool) {
	select {
	case d.heavy <- struct{}{}:
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute))
		return func() { <-d.heavy }, true
	default:
		w.Header().Set("Retry-After", "30")
		d.refuse(w, r, http.StatusServiceUnavailable, "refuse.busy")
		return nil, false
	}
}
