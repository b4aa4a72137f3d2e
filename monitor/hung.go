package monitor

import (
	"fmt"
	"sync"
	"time"

	"vigie/cell"
)

// storePatience is how long a record waits for the store before it is analysed without. It is less than the pause between two
// questions to a modem, and is waited for once, however long the store then takes.
const storePatience = 250 * time.Millisecond

// ReasonHung is the reason of a health record: the store did not answer for some time, and what came waited in memory.
const ReasonHung = "store_hung"

// hungStore reports a store that does not answer: to the log and to people while it lasts, in a record afterwards.
type hungStore struct {
	mu    sync.Mutex
	since time.Time
	timer *time.Timer // nil: the store answers
	told  bool
}

// onLate takes from the pipeline that the store did not answer in time, or that it has answered.
func (w *running) onLate(late bool) {
	w.state.setLate(late)
	h := &w.hung
	h.mu.Lock()
	defer h.mu.Unlock()
	if late {
		now := time.Now()
		h.since, h.told = now, false
		h.timer = time.AfterFunc(answerIn, func() { w.storeHangs(now) })
		return
	}
	h.timer.Stop()
	h.timer = nil
	if !h.told {
		return
	}
	now := time.Now()
	took := now.Sub(h.since).Round(time.Second)
	text := fmt.Sprintf("the store did not answer for %s; what came in that time waited in memory", took)
	w.log(text)
	select {
	case w.own <- &cell.Health{Time: now.UTC().Truncate(time.Millisecond), Sensor: w.retention.sensor, Reason: ReasonHung, Detail: text}:
	default: // the log has it
	}
}

// storeHangs is called once the store has not answered since a time for longer than it may take.
func (w *running) storeHangs(since time.Time) {
	h := &w.hung
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer == nil || h.since != since { // it has answered just now
		return
	}
	h.told = true
	text := "the store does not answer; watching continues, and what comes waits in memory"
	w.log(text)
	if w.alerts != nil && len(w.modems) > 0 {
		w.alerts.Trouble(w.modems[0].Sensor, ReasonHung, text)
	}
}
