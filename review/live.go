package review

import (
	"net/http"
	"time"
)

// An open page is notified of changes over server-sent events (WHATWG HTML, section 9.2), and then loads its list again. Another
// process may be writing, so the stores are polled every two seconds; a poll is a few index look-ups.

const (
	lookEvery   = 2 * time.Second
	beatEvery   = 20 * time.Second // detects a dead connection
	writeWithin = 10 * time.Second
)

// stream begins server-sent events. send writes at once, and returns false when the page is gone. If too many streams are open, the
// request is answered and send is nil.
func (rv *Review) stream(w http.ResponseWriter, r *http.Request) (send func(text string) bool, done func()) {
	select {
	case rv.live <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "30")
		rv.refuse(w, r, http.StatusServiceUnavailable, "refuse.busy")
		return nil, nil
	}
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	send = func(text string) bool {
		if err := out.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return false
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	return send, func() { <-rv.live }
}

func (rv *Review) streamLive(w http.ResponseWriter, r *http.Request) {
	send, done := rv.stream(w, r)
	if send == nil {
		return
	}
	defer done()
	last, err := rv.evidence.State(r.Context())
	if err != nil || !send("retry: 5000\nevent: hello\ndata: "+last+"\n\n") {
		return
	}
	look, beat := time.NewTicker(lookEvery), time.NewTicker(beatEvery)
	defer look.Stop()
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-rv.stop:
			return
		case <-beat.C:
			if !send(": \n\n") {
				return
			}
		case <-look.C:
			if !rv.stillLoggedIn(r) {
				return
			}
			now, err := rv.evidence.State(r.Context())
			if err != nil {
				return
			}
			if now != last && !send("event: changed\ndata: "+now+"\n\n") {
				return
			}
			last = now
		}
	}
}
