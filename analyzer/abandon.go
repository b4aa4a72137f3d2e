package analyzer

import (
	"time"

	"vigie/cell"
)

// HoldFor is how long an event stays open without evidence while its sensor is watched.
const HoldFor = holdMs * time.Millisecond

// abandon closes the events of a sensor that nobody watches any more, or that has seen nothing for long.
func (e *Engine) abandon(r *cell.Health) {
	s := e.byName[r.Sensor]
	if s == nil {
		return
	}
	for i := range s.Candidates {
		e.close(s, &s.Candidates[i])
		if n := len(e.out); s.Candidates[i].State == Closed {
			e.out[n-1].Abandon(r.Detail)
		}
	}
	s.Candidates = s.Candidates[:0]
}

// Abandon closes an event of which nothing tells any more whether it goes on, and says so in its summary. why is the detail of a
// cell.Health of that reason.
func (ev *Event) Abandon(why string) {
	ev.State = Closed
	p := phrase("nothing could be seen any more: it is not known when it ended")
	if why == cell.UnwatchedGone {
		p = phrase("nobody watches with this sensor any more: it is not known when it ended")
	}
	if ev.Phrases == nil && ev.Summary != "" { // of before phrases were kept
		ev.Summary += "; " + join([]Phrase{p}, "; ")
		return
	}
	ev.Phrases = append(ev.Phrases, p)
	ev.Summary = join(ev.Phrases, "; ")
}

// Holds reports whether an event is open and can still change.
func (e *Engine) Holds(id string) bool {
	for _, s := range e.sites {
		for i := range s.Candidates {
			if s.Candidates[i].State == Open && s.Candidates[i].ID == id {
				return true
			}
		}
	}
	return false
}
