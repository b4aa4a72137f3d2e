package alert

import (
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/storage"
)

// outbox holds the notices that wait for one destination, oldest first. It is bounded: beyond maxWaiting the oldest are only counted.
type outbox struct {
	Waiting []Notice    `json:"waiting"`
	Over    tally       `json:"over"`           // older ones that are only counted
	Sent    []time.Time `json:"sent,omitempty"` // times of the messages of the last hour
	Offered *offered    `json:"offered,omitempty"`

	busy        bool      // Offered is being sent now
	failures    int       // in a row
	waitedQuiet bool      // a notice waited for the end of quiet hours
	retry       time.Time // do not send before; zero: at once
}

// tally counts notices that are no longer held one by one.
type tally struct {
	N          int       `json:"n"`
	BySeverity [4]int    `json:"grave"` // anomalies among them, by severity
	From       time.Time `json:"from,omitzero"`
}

func (c *tally) add(n Notice) {
	c.N++
	c.From = earliest(c.From, n.Time)
	if n.Event != "" && n.Kind == Opened {
		c.BySeverity[min(n.Severity, analyzer.High)]++
	}
}

// offered is a message that was sent and may have arrived. It is sent again as it was, under the same ID, whatever was added since,
// until its outcome is known.
type offered struct {
	IDs  []string `json:"ids"`
	Over tally    `json:"over"`
	Why  string   `json:"why,omitempty"`
}

// batch holds the notices of one message.
type batch struct {
	notices []Notice
	over    tally
	why     string // why there are several: "outage", "quiet" or "many"
}

func (b *batch) folded() bool { return len(b.notices)+b.over.N > 1 }

const (
	severeExtra = 3  // messages per hour beyond PerHour, for anomalies that pass in quiet hours
	maxWaiting  = 40 // without those that are being sent
	foldAbove   = 3  // up to this number, messages are sent one by one
)

// add appends a notice, and drops those that it makes superfluous: an anomaly of which no message was sent yet makes one message, with
// its latest state. closed says whether this destination wants the end of anomalies.
func (b *outbox) add(n Notice, closed bool) {
	for i := range b.Waiting {
		old := &b.Waiting[i]
		if old.Key != n.Key || b.isOffered(old.ID) {
			continue
		}
		switch {
		case old.ID == n.ID:
			return
		case old.Kind == Blind && n.Kind == Seeing:
			*old = n
			return
		case n.Kind == Repeated:
			return // the first message has not arrived yet
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
	for i := 0; len(b.Waiting)-held > maxWaiting && i < len(b.Waiting); {
		if b.isOffered(b.Waiting[i].ID) {
			i++
			continue
		}
		b.Over.add(b.Waiting[i])
		b.Waiting = slices.Delete(b.Waiting, i, i+1)
	}
}

// isOffered reports whether a notice is part of the offered message, and so must not change.
func (b *outbox) isOffered(id string) bool {
	return b.Offered != nil && slices.Contains(b.Offered.IDs, id)
}

// offer marks a batch as being sent.
func (b *outbox) offer(out *batch) {
	b.busy, b.Offered = true, &offered{Over: out.over, Why: out.why}
	for _, n := range out.notices {
		b.Offered.IDs = append(b.Offered.IDs, n.ID)
	}
}

// due returns what to send now as one message; or nil, and when to ask again (zero: after the next add). Quiet hours do not apply to a
// machine.
func (b *outbox) due(w *policy, now time.Time, machine bool) (out *batch, again time.Time) {
	if b.busy || len(b.Waiting) == 0 {
		return nil, time.Time{}
	}
	if now.Before(b.retry) {
		return nil, b.retry
	}
	if o := b.Offered; o != nil {
		out := &batch{over: o.Over, why: o.Why}
		for _, n := range b.Waiting {
			if b.isOffered(n.ID) {
				out.notices = append(out.notices, n)
			}
		}
		if len(out.notices) == 0 { // the stored state was edited
			b.Offered = nil
			return b.due(w, now, machine)
		}
		quiet := w.quiet.until(now, w.zone)
		// A notice that passes in quiet hours must not wait behind an offered message that does not: both are sent.
		if quiet.IsZero() || machine || slices.ContainsFunc(b.Waiting, func(n Notice) bool { return n.Event != "" && n.Severity >= w.quietPasses }) {
			return out, time.Time{}
		}
		b.waitedQuiet = true
		return nil, quiet
	}
	b.Sent = slices.DeleteFunc(b.Sent, func(t time.Time) bool { return now.Sub(t) >= time.Hour || t.After(now) })
	if len(b.Sent) >= w.PerHour { // a flood of minor notices must not silence a severe one
		i := slices.IndexFunc(b.Waiting, func(n Notice) bool {
			return n.Event != "" && n.Kind != Closed && n.Severity >= w.quietPasses
		})
		if i < 0 || len(b.Sent) >= w.PerHour+severeExtra {
			return nil, b.Sent[0].Add(time.Hour)
		}
		return &batch{notices: slices.Clone(b.Waiting[i : i+1])}, time.Time{}
	}
	if quiet := w.quiet.until(now, w.zone); !quiet.IsZero() && !machine {
		i := slices.IndexFunc(b.Waiting, func(n Notice) bool { return n.Event != "" && n.Severity >= w.quietPasses })
		switch {
		case i < 0:
			b.waitedQuiet = true
			return nil, quiet
		case b.Over.N == 0:
			return &batch{notices: slices.Clone(b.Waiting[i : i+1])}, time.Time{}
		}
	}
	if b.Over.N == 0 && len(b.Waiting) <= foldAbove { // a tally needs a summary
		return &batch{notices: slices.Clone(b.Waiting[:1])}, time.Time{}
	}
	out = &batch{notices: slices.Clone(b.Waiting), over: b.Over, why: "many"}
	switch {
	case b.failures > 0:
		out.why = "outage"
	case b.waitedQuiet:
		out.why = "quiet"
	}
	return out, time.Time{}
}

// sent records the outcome of a batch; err is nil when it was accepted.
func (b *outbox) sent(out *batch, err error, now time.Time) {
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
	for i := range b.Over.BySeverity {
		b.Over.BySeverity[i] -= out.over.BySeverity[i]
	}
	if b.Over.N == 0 {
		b.Over = tally{}
	}
	if len(b.Waiting) == 0 {
		b.waitedQuiet = false
	}
}
