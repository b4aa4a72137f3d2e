package alert

import (
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/storage"
)

// box is what waits for one destination, oldest first. It is bounded: what is more than fits becomes a number.
type box struct {
	Waiting []Notice    `json:"waiting"`
	Over    count       `json:"over"`           // older ones, of which there were too many to keep
	Sent    []time.Time `json:"sent,omitempty"` // within the last hour
	Offered *offered    `json:"offered,omitempty"`

	busy     bool      // Offered is being sent
	failures int       // in a row
	held     bool      // something waited for the end of quiet hours
	retry    time.Time // not before; zero: at once
}

// count is what is left of notices of which there were too many.
type count struct {
	N     int       `json:"n"`
	Grave [4]int    `json:"grave"` // anomalies among them, by severity
	From  time.Time `json:"from,omitzero"`
}

func (c *count) add(n Notice) {
	c.N++
	c.From = sooner(c.From, n.Time)
	if n.Event != "" && n.Kind == Opened {
		c.Grave[min(n.Severity, analyzer.High)]++
	}
}

// offered is what was sent and may have arrived, since nobody said so or otherwise. It is sent again as it was, under the same
// ID, whatever has come since.
type offered struct {
	IDs  []string `json:"ids"`
	Over count    `json:"over"`
	Why  string   `json:"why,omitempty"`
}

// bundle is what goes out as one message.
type bundle struct {
	notices []Notice
	over    count
	why     string // it is several: "outage", "quiet" or "many"
}

func (b *bundle) folded() bool { return len(b.notices)+b.over.N > 1 }

const (
	graveBeyond = 3  // messages an hour that a grave anomaly may go beyond per_hour
	mostWaiting = 40 // beside what is on its way
	foldAbove   = 3  // so many messages may go one by one
)

// add puts a notice into the box. What it makes superfluous is dropped: a story that nobody has heard of yet is told once,
// in its last form. closed tells whether this destination wants to hear that an anomaly has ended.
func (b *box) add(n Notice, closed bool) {
	for i := range b.Waiting {
		old := &b.Waiting[i]
		if old.Key != n.Key || b.holds(old.ID) {
			continue
		}
		switch {
		case old.ID == n.ID:
			return
		case old.Kind == Blind && n.Kind == Seeing:
			*old = n
			return
		case n.Kind == Repeated:
			return // the first message has not even arrived
		case n.Kind == Escalated || n.Kind == Closed && (old.Kind == Opened || old.Kind == Escalated):
			n.Kind, n.ID = old.Kind, old.ID
			*old = n
			return
		}
	}
	if n.Kind == Closed && !closed {
		return
	}
	b.Waiting = append(b.Waiting, n)
	held := 0
	if b.Offered != nil {
		held = len(b.Offered.IDs)
	}
	for i := 0; len(b.Waiting)-held > mostWaiting && i < len(b.Waiting); {
		if b.holds(b.Waiting[i].ID) {
			i++
			continue
		}
		b.Over.add(b.Waiting[i])
		b.Waiting = slices.Delete(b.Waiting, i, i+1)
	}
}

// holds tells whether a notice is to stay as it is, since it was offered like that.
func (b *box) holds(id string) bool { return b.Offered != nil && slices.Contains(b.Offered.IDs, id) }

// offer marks a bundle as being sent.
func (b *box) offer(out *bundle) {
	b.busy, b.Offered = true, &offered{Over: out.over, Why: out.why}
	for _, n := range out.notices {
		b.Offered.IDs = append(b.Offered.IDs, n.ID)
	}
}

// due is what may go now, as one message; or nil, and when to ask again (zero: when something new comes). A machine has
// quiet hours of its own.
func (b *box) due(w *wishes, now time.Time, machine bool) (out *bundle, again time.Time) {
	if b.busy || len(b.Waiting) == 0 {
		return nil, time.Time{}
	}
	if now.Before(b.retry) {
		return nil, b.retry
	}
	if o := b.Offered; o != nil {
		out := &bundle{over: o.Over, why: o.Why}
		for _, n := range b.Waiting {
			if b.holds(n.ID) {
				out.notices = append(out.notices, n)
			}
		}
		if len(out.notices) == 0 { // a state that somebody has written to
			b.Offered = nil
			return b.due(w, now, machine)
		}
		quiet := w.quiet.until(now, w.zone)
		// What passes in quiet hours must not wait behind what does not: it takes it along.
		if quiet.IsZero() || machine || slices.ContainsFunc(b.Waiting, func(n Notice) bool { return n.Event != "" && n.Severity >= w.passes }) {
			return out, time.Time{}
		}
		b.held = true
		return nil, quiet
	}
	b.Sent = slices.DeleteFunc(b.Sent, func(t time.Time) bool { return now.Sub(t) >= time.Hour || t.After(now) })
	if len(b.Sent) >= w.PerHour { // noise must not buy an hour in which nothing grave is told
		i := slices.IndexFunc(b.Waiting, func(n Notice) bool {
			return n.Event != "" && n.Kind != Closed && n.Severity >= w.passes
		})
		if i < 0 || len(b.Sent) >= w.PerHour+graveBeyond {
			return nil, b.Sent[0].Add(time.Hour)
		}
		return &bundle{notices: slices.Clone(b.Waiting[i : i+1])}, time.Time{}
	}
	if quiet := w.quiet.until(now, w.zone); !quiet.IsZero() && !machine {
		i := slices.IndexFunc(b.Waiting, func(n Notice) bool { return n.Event != "" && n.Severity >= w.passes })
		switch {
		case i < 0:
			b.held = true
			return nil, quiet
		case b.Over.N == 0:
			return &bundle{notices: slices.Clone(b.Waiting[i : i+1])}, time.Time{}
		}
	}
	if b.Over.N == 0 && len(b.Waiting) <= foldAbove { // what is only a number goes with what is not
		return &bundle{notices: slices.Clone(b.Waiting[:1])}, time.Time{}
	}
	out = &bundle{notices: slices.Clone(b.Waiting), over: b.Over, why: "many"}
	switch {
	case b.failures > 0:
		out.why = "outage"
	case b.held:
		out.why = "quiet"
	}
	return out, time.Time{}
}

// sent tells how sending a bundle ended.
func (b *box) sent(out *bundle, err error, now time.Time) {
	b.busy = false
	if err == nil || neverArrived(err) {
		b.Offered = nil
	}
	if err != nil {
		b.failures++
		b.retry = now.Add(storage.Backoff(b.failures, err))
		return
	}
	b.failures, b.retry = 0, time.Time{}
	b.Sent = append(b.Sent, now)
	b.Waiting = slices.DeleteFunc(b.Waiting, func(n Notice) bool {
		return slices.ContainsFunc(out.notices, func(s Notice) bool { return s.ID == n.ID })
	})
	b.Over.N -= out.over.N
	for i := range b.Over.Grave {
		b.Over.Grave[i] -= out.over.Grave[i]
	}
	if b.Over.N == 0 {
		b.Over = count{}
	}
	if len(b.Waiting) == 0 {
		b.held = false
	}
}
